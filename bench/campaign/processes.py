"""Processes that are started again whenever they end, as a supervisor of production would."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

RESTART_SECONDS: Final = 0.5
LOOK_AGAIN_SECONDS: Final = 0.1
STOP_SECONDS: Final = 8.0


class Process:
    """One command, its process group and its log. A `Supervisor` keeps it running."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.starts = 0
        self.extra: dict[str, str] = {}
        self._command = command
        self._environment = environment
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None
        self._ended_at = 0.0

    @property
    def pid(self) -> int | None:
        """The leader's id while it runs."""
        running = self._running
        return running.pid if running is not None and running.poll() is None else None

    def children(self) -> list[int]:
        """Return the ids of the leader's children, oldest first."""
        pid = self.pid
        with suppress(OSError):
            return [int(word) for word in _read(f"/proc/{pid}/task/{pid}/children").split()]
        return []

    def start(self) -> None:
        """Start it, with the further environment variables in `extra`."""
        with self._log.open("ab") as output:
            self._running = subprocess.Popen(
                self._command,
                env={**self._environment, **self.extra},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.starts += 1
        self._ended_at = 0.0

    def kill(self) -> None:
        """Kill it and all that it has started."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)

    def look_after(self) -> None:
        """Start it again some time after it ended, without whatever it left behind."""
        if self._running is None or self._running.poll() is None:
            return
        if not self._ended_at:
            self.kill()
            self._ended_at = time.monotonic()
        elif time.monotonic() - self._ended_at >= RESTART_SECONDS:
            self.start()

    def ask_to_stop(self) -> None:
        """Let it end by itself."""
        if self._running is not None:
            self._running.terminate()

    def wait_or_kill(self, until: float) -> None:
        """Return once it is gone; kill it when the time (monotonic) has come."""
        if self._running is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._running.wait(max(0.0, until - time.monotonic()))
        self.kill()
        self._running.wait()


class Supervisor:
    """Looks after processes from a thread of its own, from `start` to `stop`."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self.processes = {process.name: process for process in processes}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._look_after, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start every process."""
        for process in self.processes.values():
            process.start()
        self._thread.start()

    def restart(self, name: str, extra: Mapping[str, str]) -> None:
        """Kill a process and start it with these further environment variables."""
        with self._lock:
            process = self.processes[name]
            process.extra = dict(extra)
            process.kill()

    def stop(self) -> None:
        """End every process; harmless when repeated."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for process in self.processes.values():
            process.ask_to_stop()
        until = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            process.wait_or_kill(until)

    def _look_after(self) -> None:
        while not self._stopping.wait(LOOK_AGAIN_SECONDS):
            with self._lock:
                for process in self.processes.values():
                    process.look_after()


def _read(path: str) -> str:
    return Path(path).read_text()

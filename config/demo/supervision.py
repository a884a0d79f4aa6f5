"""Runs processes side by side: passes their lines on, restarts those that die, stops them all."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

RESTART_SECONDS = 1.0  # long enough not to spin, short enough not to be waited for
STOP_SECONDS = 15.0

Report = Callable[[str, str], None]  # called with the process's name and one line


class SupervisedProcess:
    """One command that is kept running until it is stopped.

    It leads a process group of its own. Whatever is left of the group when the process ends is
    killed, so that no child outlives its parent.
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], report: Report
    ) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._report = report
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name=name, daemon=True)
        self._process = self._spawn()
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process that runs now, or ran last."""
        return self._process.pid

    def kill(self) -> None:
        """Kill the process and its children with SIGKILL; it is started again soon after."""
        if self._process.poll() is None:
            _signal_group(self.pid, signal.SIGKILL)

    def ask_to_stop(self) -> None:
        """Let the process end by itself, and not start again."""
        self._stopping.set()
        self._process.terminate()

    def stop(self) -> None:
        """Return when the process is gone; after 15 seconds it is killed."""
        self.ask_to_stop()
        self._thread.join(STOP_SECONDS)
        while self._thread.is_alive():
            self.kill()
            self._thread.join(RESTART_SECONDS)

    def _keep_running(self) -> None:
        while True:
            self._pass_lines_on()
            if self._stopping.wait(RESTART_SECONDS):
                return
            self._report(self.name, f"ended with status {self._process.returncode}; starting again")
            self._process = self._spawn()
            if self._stopping.is_set():  # asked to stop while it was being started
                self.kill()

    def _spawn(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that Ctrl-C reaches us alone
        )

    def _pass_lines_on(self) -> None:
        """Report every line, and return when the process has ended and its group is swept."""
        process = self._process
        sweeper = threading.Thread(target=_sweep_after, args=[process], daemon=True)
        sweeper.start()
        with process:
            for line in process.stdout or ():
                self._report(self.name, line.rstrip())
        sweeper.join()


def _sweep_after(process: subprocess.Popen[str]) -> None:
    # Orphans would hold the pipe open, and their port: what a killed parent leaves is killed too.
    process.wait()
    _signal_group(process.pid, signal.SIGKILL)


def _signal_group(pid: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, what)

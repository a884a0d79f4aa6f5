"""One server process: started in a session of its own, waited for, stopped for certain."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from config.devserver.faults import NoServers

START_SECONDS = 60  # a first start on a slow disk, or a recovery after a crash
STOP_SECONDS = 30
LOOK_AGAIN_SECONDS = 0.02


class ServerFailed(NoServers):
    """A server did not come up; the message ends with the last lines of its log."""


def launch(command: list[str], *, log: Path, answers: Callable[[], bool]) -> None:
    """Start a server that may outlive us, and return once it answers; else it is gone again."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # so that Ctrl-C reaches us and not the servers
            cwd=log.parent,
        )
    try:
        wait_until(answers, log=log, gives_up=lambda: process.poll() is not None)
    except BaseException:  # an interruption too: no pid file speaks for the process yet
        process.kill()
        process.wait()
        raise
    # From here on the pid files speak for the process: the one who stops it may be somebody else.
    process.returncode = 0


def wait_until(
    answers: Callable[[], bool], *, log: Path, gives_up: Callable[[], bool] = lambda: False
) -> None:
    """Return once the server answers; raise `ServerFailed` when it gave up or 60 s are over."""
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if gives_up() or time.monotonic() > deadline:
            last_lines = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise ServerFailed(f"A server did not start. The end of {log}:\n{last_lines}")
        time.sleep(LOOK_AGAIN_SECONDS)


def stop(pid: int, how: signal.Signals) -> None:
    """Send the signal and return once the process is gone; after 30 seconds it is killed."""
    _send(pid, how)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(pid):
        if time.monotonic() > deadline:
            _send(pid, signal.SIGKILL)
        time.sleep(LOOK_AGAIN_SECONDS)


def is_running(pid: int) -> bool:
    """Say whether the process lives; a child of ours that has ended is reaped first."""
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _is_defunct(pid)


def _is_defunct(pid: int) -> bool:
    """Say whether it has ended, and whoever started it has not taken note (seen on Linux alone)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"


def _send(pid: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, what)

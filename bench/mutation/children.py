"""Does something in a child of this process, within limits, and tells how that ended."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CRASHED: Final = 3  # as pytest names a fault of its own
WAIT_SECONDS: Final = 1800
MOST_SAID: Final = 4096


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its status (negative: the signal), and what it took of a processor."""

    status: int
    cpu_seconds: float
    said: str


def in_child(task: Callable[[int], int], *, cpu_seconds: float) -> Ended:
    """Run a task, which returns a status, in a silent child; return how it ended.

    What the task writes to the descriptor that it is given is what it said. A child is ended by
    SIGXCPU once it has used up `cpu_seconds`, and by SIGALRM where it waits for half an hour.
    """
    ear, mouth = os.pipe()
    child = os.fork()
    if not child:
        status = CRASHED
        try:
            _limit(cpu_seconds)
            status = task(mouth)
        finally:
            os._exit(status)
    os.close(mouth)
    _, status, used = os.wait4(child, 0)
    said = _heard(ear)
    os.close(ear)
    return Ended(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, said)


def _heard(ear: int) -> str:
    os.set_blocking(ear, False)  # whom the child started may outlive it, and then nobody closes
    try:
        return os.read(ear, MOST_SAID).decode()
    except BlockingIOError:
        return ""


def _limit(cpu_seconds: float) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    signal.alarm(WAIT_SECONDS)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds), hard))

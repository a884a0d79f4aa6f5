"""Turns Ctrl-C, a termination or a closed terminal into an event that long work looks at.

An exception out of a signal handler could strike between the start of a process and the note that
it has to be stopped; an event cannot.
"""

import signal
import threading
from types import FrameType


class Stopped(Exception):
    """We were asked to stop before the work was done."""


def stop_requests() -> threading.Event:
    """Return the event that the signals set from now on."""
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask)
    return asked

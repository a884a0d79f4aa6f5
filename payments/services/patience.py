"""Waits for a PSP no longer than a person can be asked to, and lets what takes longer go on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Final, TypeVar

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connection

log = structlog.get_logger()

Result = TypeVar("Result")

# Calls that outlive the shopper's patience go on in these threads. More than a web process has
# request threads, so that a PSP that hangs for some leaves room for others.
THREADS: Final = 32


class Unanswered(Enum):
    """Why there is no answer in time."""

    LATE = "late"  # it will be recorded when it comes
    NO_THREAD = "no_thread"  # nothing was begun


LATE: Final = Unanswered.LATE
NO_THREAD: Final = Unanswered.NO_THREAD


def within(
    patience: timedelta,
    errand: Callable[[], Result],
    *,
    late: Callable[[Result], object],
    name: str,
) -> Result | Unanswered:
    """Run an errand in a thread, and wait for it no longer than `patience`.

    What comes later is handed to `late`, in that thread. `name` says in logs what it was about.
    """
    future = threads().submit(errand)
    try:
        return future.result(timeout=patience.total_seconds())
    except OutOfTime:
        if future.cancel():
            return NO_THREAD
        future.add_done_callback(lambda done: _record_late(done, late, name))
        return LATE


def _record_late(done: Future[Result], late: Callable[[Result], object], name: str) -> None:
    """Record, in a thread of the pool, an answer that came after the shopper was answered.

    Where the database is away it is lost: what is due is done again by a worker.
    """
    close_old_connections()
    try:
        late(done.result())
    except (OperationalError, InterfaceError) as away:
        log.warning("late_answer_not_recorded", about=name, why=str(away))
    finally:
        connection.close()


@cache
def threads() -> ThreadPoolExecutor:
    """Return the threads of this process."""
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="psp")

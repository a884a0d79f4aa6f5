"""How the database is read: one snapshot, read-only, no statement longer than it may be."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

STATEMENT_SECONDS: Final = 5.0
SET_TIMEOUT: Final = "SELECT set_config('statement_timeout', %s, true)"


class OutOfTime(Exception):
    """A statement took longer than it may; or no time was left to begin one."""


@contextmanager
def snapshot() -> Iterator[None]:
    """See the database as it is now, however long the look takes, and be unable to write."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


class Reader:
    """Runs statements until its time is over."""

    def __init__(self, *, seconds: float, statement_seconds: float = STATEMENT_SECONDS) -> None:
        self._until = time.monotonic() + seconds
        self._statement_seconds = statement_seconds

    @property
    def seconds_left(self) -> float:
        """How long it may go on."""
        return self._until - time.monotonic()

    def rows(self, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return what a statement selects. Raises OutOfTime; the transaction goes on after it."""
        with self.timed(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Bound every statement inside. Raises OutOfTime; the transaction goes on after it."""
        seconds = min(self._statement_seconds, self.seconds_left)
        if seconds <= 0:
            raise OutOfTime("no time was left")
        try:
            with transaction.atomic():
                _limit(seconds)
                yield
        except OperationalError as error:
            if isinstance(error.__cause__, QueryCanceled):
                raise OutOfTime(f"a statement took longer than {seconds:.1f} s") from error
            raise


def _limit(seconds: float) -> None:
    milliseconds: Sequence[str] = [f"{max(int(seconds * 1000), 1)}ms"]
    with connection.cursor() as cursor:
        cursor.execute(SET_TIMEOUT, milliseconds)

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
    """A statement took longer than any may."""


class NoTimeLeft(OutOfTime):
    """The look is over: a statement could not begin, or not end, in the time that was left."""


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
        """Return what a statement selects. Raises as `timed` does."""
        with self.timed(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Bound every statement inside. The transaction goes on after one that was too long.

        Raises OutOfTime, or NoTimeLeft where it had less time than others have.
        """
        left = self.seconds_left
        if left <= 0:
            raise NoTimeLeft("no time was left")
        seconds = min(self._statement_seconds, left)
        try:
            with transaction.atomic():
                _limit(seconds)
                yield
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            kind = NoTimeLeft if left < self._statement_seconds else OutOfTime
            raise kind(f"a statement took longer than {seconds:.1f} s") from error


def _limit(seconds: float) -> None:
    milliseconds: Sequence[str] = [f"{max(int(seconds * 1000), 1)}ms"]
    with connection.cursor() as cursor:
        cursor.execute(SET_TIMEOUT, milliseconds)

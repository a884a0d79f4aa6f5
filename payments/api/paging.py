"""Cursor paging: a page starts where the last one ended, however large the table."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from payments.api.problems import ProblemRaised, invalid
from payments.models import Event, PaymentSession

PAGE_SIZE: Final = 50


def page_of_sessions(
    sessions: QuerySet[PaymentSession], cursor: str
) -> tuple[list[PaymentSession], str | None]:
    """Return a page of sessions, newest first, and the cursor of the next page."""
    if cursor:
        at, key = _read(cursor, 2)
        try:
            made_at, row_id = _instant(at), UUID(str(key))
        except ValueError as error:
            raise ProblemRaised(_bad_cursor()) from error
        # The outer bound says it again, so that PostgreSQL begins in the index where it must.
        later_in_page = Q(created_at__lt=made_at) | Q(pk__lt=row_id)
        sessions = sessions.filter(later_in_page, created_at__lte=made_at)
    rows = list(sessions[: PAGE_SIZE + 1])
    if len(rows) <= PAGE_SIZE:
        return rows, None
    last = rows[PAGE_SIZE - 1]
    return rows[:PAGE_SIZE], _write(last.created_at.isoformat(), str(last.pk))


def page_of_events(events: QuerySet[Event], cursor: str) -> tuple[list[Event], str | None]:
    """Return a page of events, oldest first, and the cursor of the next page."""
    if cursor:
        (position,) = _read(cursor, 1)
        if not isinstance(position, int):
            raise ProblemRaised(_bad_cursor())
        events = events.filter(position__gt=position)
    rows = list(events.order_by("position")[: PAGE_SIZE + 1])
    if len(rows) <= PAGE_SIZE:
        return rows, None
    return rows[:PAGE_SIZE], _write(rows[PAGE_SIZE - 1].position)


def instant_parameter(name: str, words: str) -> datetime:
    """Read a query parameter that names an instant, or raise ProblemRaised naming it."""
    try:
        return _instant(words)
    except ValueError as error:
        raise ProblemRaised(invalid((name, "must be an RFC 3339 instant with its zone"))) from error


def _write(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _read(cursor: str, length: int) -> list[Any]:
    try:
        values = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise ProblemRaised(_bad_cursor()) from error
    if not isinstance(values, list) or len(values) != length:
        raise ProblemRaised(_bad_cursor())
    return values


def _instant(words: Any) -> datetime:
    """Return an instant with its zone, in UTC. Raises ValueError for anything else."""
    at = parse_datetime(words) if isinstance(words, str) else None
    if at is None or at.tzinfo is None:
        raise ValueError("not an instant")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error


def _bad_cursor() -> Any:
    return invalid(("cursor", "is not one that BPS gave out"))

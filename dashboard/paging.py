"""Pages of sessions: each starts where the last one ended, however large the table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from payments.models import PaymentSession

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some sessions, and the cursor of those that come after; empty if none do."""

    sessions: list[PaymentSession]
    cursor: str


def page_of(sessions: QuerySet[PaymentSession], cursor: str) -> Page:
    """Return the page behind a cursor, newest first; the first one if it is empty.

    Raises Http404 for a cursor that was not given out here.
    """
    if cursor:
        sessions = _after(sessions, cursor)
    rows = list(sessions.order_by("-created_at", "-pk")[: PAGE_SIZE + 1])
    if len(rows) <= PAGE_SIZE:
        return Page(rows, "")
    last = rows[PAGE_SIZE - 1]
    return Page(rows[:PAGE_SIZE], f"{last.created_at.isoformat()}~{last.pk}")


def _after(sessions: QuerySet[PaymentSession], cursor: str) -> QuerySet[PaymentSession]:
    at, _, key = cursor.partition("~")
    try:
        made_at, row_id = datetime.fromisoformat(at), UUID(key)
    except ValueError as error:
        raise Http404("This page does not exist.") from error
    if made_at.tzinfo is None:
        raise Http404("This page does not exist.")
    # The first condition alone bounds the index scan; PostgreSQL does not see that in the second.
    return sessions.filter(
        Q(created_at__lte=made_at) & (Q(created_at__lt=made_at) | Q(pk__lt=row_id))
    )

"""Reads lists: a page from where the last one ended, and how many rows each tab has.

No read grows with the table. A page without conditions is the next stretch of an index. With
conditions at most LOOKED_AT rows are looked at; the page then says how far it looked, and leads on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from dashboard.lists.declared import Tab
from payments.selectors import count_each

PAGE_SIZE: Final = 50
LOOKED_AT: Final = 20_000
COUNTED: Final = 1_000

Rows = QuerySet[Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of what comes after; empty if nothing does.

    `looked_back_to` is set where the page ended for having looked at enough, not for being full.
    """

    rows: list[Any]
    cursor: str
    looked_back_to: datetime | None = None


def page_of(within: Rows, further: Q, cursor: str, *, size: int = PAGE_SIZE) -> Page:
    """Return the page behind a cursor, newest first; the first one if it is empty.

    Raises Http404 for a cursor that was not given out here.
    """
    rows = _newest_first(within.filter(_before(cursor)) if cursor else within)
    floor = None
    if further:
        floor = next(iter(rows.values_list("created_at", "pk")[LOOKED_AT - 1 : LOOKED_AT]), None)
        rows = rows.filter(further, _down_to(*floor) if floor else Q())
    found = list(rows[: size + 1])
    if len(found) > size:
        last = found[size - 1]
        return Page(found[:size], _cursor(last.created_at, last.pk))
    if floor:
        return Page(found, _cursor(*floor), looked_back_to=floor[0])
    return Page(found, "")


def count_tabs(rows: Rows, tabs: Mapping[str, Tab], further: Q) -> dict[str, str]:
    """Return how many rows each tab has, as people read it: "17", or "1,000+".

    Of each tab the newest thousand are looked at. A plus says that it has more.
    """
    asked: dict[str, Rows] = {}
    for key, tab in tabs.items():
        newest = _newest_first(rows.filter(tab.within)).values("pk")
        asked[f"all {key}"] = newest[: COUNTED + 1]
        if condition := tab.also & further:
            fitting = rows.filter(condition, pk__in=newest[:COUNTED])
            asked[f"fitting {key}"] = fitting.order_by().values("pk")
    counts = count_each(asked)
    return {
        key: _as_read(counts[f"all {key}"], counts.get(f"fitting {key}", COUNTED)) for key in tabs
    }


def _as_read(total: int, fitting: int) -> str:
    return f"{fitting:,}+" if total > COUNTED else f"{min(total, fitting):,}"


def _newest_first(rows: Rows) -> Rows:
    return rows.order_by("-created_at", "-pk")


def _cursor(at: datetime, key: UUID) -> str:
    return f"{at.isoformat()}~{key}"


def _before(cursor: str) -> Q:
    at, _, key = cursor.partition("~")
    try:
        made_at, row_id = datetime.fromisoformat(at), UUID(key)
    except ValueError as error:
        raise Http404("This page does not exist.") from error
    if made_at.tzinfo is None:
        raise Http404("This page does not exist.")
    # The first condition alone bounds the index scan; PostgreSQL does not see that in the second.
    return Q(created_at__lte=made_at) & (Q(created_at__lt=made_at) | Q(pk__lt=row_id))


def _down_to(at: datetime, key: UUID) -> Q:
    return Q(created_at__gte=at) & (Q(created_at__gt=at) | Q(pk__gte=key))

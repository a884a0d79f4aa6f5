"""Reads lists: a page from where the last one ended, and how many rows each tab has.

No read grows with the table. A page without conditions is the next stretch of an index. With
conditions at most LOOKED_AT rows are looked at; the page then says how far it looked, and leads on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.http import Http404

from dashboard.lists.declared import Tab
from payments.selectors import count_fitting

PAGE_SIZE: Final = 50
LOOKED_AT: Final = 20_000
COUNTED: Final = 1_000

ROW_BY_ROW: Final = """
    SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
           set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
"""

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
    with _row_by_row():
        if further:
            last = rows.values_list("created_at", "pk")[LOOKED_AT - 1 : LOOKED_AT]
            floor = next(iter(last), None)
            rows = rows.filter(further, _down_to(*floor) if floor else Q())
        found = list(rows[: size + 1])
    if len(found) > size:
        last_shown = found[size - 1]
        return Page(found[:size], _cursor(last_shown.created_at, last_shown.pk))
    if floor:
        return Page(found, _cursor(*floor), looked_back_to=floor[0])
    return Page(found, "")


def count_tabs(rows: Rows, tabs: Mapping[str, Tab], further: Q) -> dict[str, str]:
    """Return how many rows each tab has, as people read it: "17", or "1,000+".

    Of each tab the newest thousand are looked at. A plus says that it has more.
    """
    # The condition is asked of each row that the index gives, and of no other.
    selections = {
        key: _newest_first(rows.filter(tab.within))
        .annotate(fits=_asked(tab.also & further))
        .values("fits")[: COUNTED + 1]
        for key, tab in tabs.items()
    }
    with _row_by_row():
        counts = count_fitting(selections)
    return {key: _as_read(total, fitting) for key, (total, fitting) in counts.items()}


@contextmanager
def _row_by_row() -> Iterator[None]:
    """Have PostgreSQL look up what a row belongs to, row by row in the order of the list.

    Where it thinks that many rows are needed, it would read the other table through instead. Nor
    is anything compiled: that takes longer than these reads.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ROW_BY_ROW)
        yield


def _asked(condition: Q) -> Combinable:
    holds = ExpressionWrapper(condition, output_field=BooleanField())
    return holds if condition else Value(value=True)


def _as_read(total: int, fitting: int) -> str:
    return f"{min(fitting, COUNTED):,}{'+' if total > COUNTED else ''}"


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

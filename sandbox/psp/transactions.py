"""Lists what the PSP did, oldest first, a page at a time: for the merchant's reconciliation.

A cursor names the last line that was seen, so that lines booked meanwhile shift nothing.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, Self

from django.db.models import Q

from sandbox.psp.errors import Refused, invalid_request
from sandbox.psp.fields import parse_instant
from sandbox.psp.models import Charge, Refund
from sandbox.psp.money import decimal_string
from sandbox.psp.wire import instant

PAGE = 100


class Place(NamedTuple):
    """Where a line stands. Of lines booked at one instant, charges come before refunds."""

    booked_at: datetime
    kind: str
    row_id: int

    @classmethod
    def parse(cls, cursor: str) -> Self:
        """Return the place that a cursor names, or raise Refused."""
        try:
            booked_at, kind, row_id = base64.urlsafe_b64decode(cursor).decode().split(" ")
            return cls(parse_instant(booked_at, field="cursor"), kind, int(row_id))
        except (binascii.Error, ValueError, Refused) as error:
            raise invalid_request("This is no cursor of ours.", field="cursor") from error

    def cursor(self) -> str:
        """Return the cursor that names this place."""
        words = f"{instant(self.booked_at)} {self.kind} {self.row_id}"
        return base64.urlsafe_b64encode(words.encode()).decode()


@dataclass(frozen=True, slots=True)
class Span:
    """From when, until before when, and behind which line to list. All may be open."""

    since: datetime | None = None
    until: datetime | None = None
    behind: Place | None = None

    def covers(self, kind: str) -> Q:
        """Return the condition on lines of this kind."""
        condition = Q()
        if self.since:
            condition &= Q(booked_at__gte=self.since)
        if self.until:
            condition &= Q(booked_at__lt=self.until)
        if self.behind:
            condition &= _behind(self.behind, kind)
        return condition


def page(span: Span) -> dict[str, Any]:
    """Return one page of lines, and the cursor of the next one if there is one."""
    lines = dict(sorted([*_charges(span), *_refunds(span)]))
    shown = list(islice(lines, PAGE))
    return {
        "data": [lines[place] for place in shown],
        "next_cursor": shown[-1].cursor() if len(lines) > PAGE else None,
    }


def _charges(span: Span) -> Iterator[tuple[Place, dict[str, Any]]]:
    rows = Charge.objects.select_related("session").filter(span.covers("charge"))
    for row in rows.order_by("booked_at", "id")[: PAGE + 1]:
        line = _line("charge", row.charge_id, row)
        line |= {
            "status": "successful",
            "fee": decimal_string(row.fee_minor, row.session.currency),
        }
        yield Place(row.booked_at, "charge", row.pk), line


def _refunds(span: Span) -> Iterator[tuple[Place, dict[str, Any]]]:
    rows = Refund.objects.select_related("session").filter(span.covers("refund"))
    for row in rows.order_by("booked_at", "id")[: PAGE + 1]:
        line = _line("refund", row.refund_id, row)
        line |= {
            "status": str(row.status),
            "fee": decimal_string(0, row.session.currency),
        }
        yield Place(row.booked_at, "refund", row.pk), line


def _line(kind: str, line_id: str, row: Charge | Refund) -> dict[str, Any]:
    currency = row.session.currency
    return {
        "kind": kind,
        "id": line_id,
        "reference": row.session.reference,
        "token": row.session.token,
        "amount": decimal_string(row.amount_minor, currency),
        "currency": currency,
        "booked_at": instant(row.booked_at),
    }


def _behind(place: Place, kind: str) -> Q:
    later = Q(booked_at__gt=place.booked_at)
    if kind > place.kind:
        return later | Q(booked_at=place.booked_at)
    if kind < place.kind:
        return later
    return later | Q(booked_at=place.booked_at, pk__gt=place.row_id)

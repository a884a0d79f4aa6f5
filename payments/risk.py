"""Money at risk: purchases of which nobody knows yet whether the shopper was charged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from payments.domain.lifecycle import Phase, PurchaseStatus
from payments.models import Purchase

# The most dangerous first. An authorised sum is reserved, and that it is, is known; so it is that
# nothing was taken of a purchase that waits for the shopper.
AT_RISK: Final = (Phase.IN_DOUBT, Phase.SUBMITTING, Phase.PENDING)
# Where one bucket of ages ends and the next begins.
AGES: Final = (timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))

BOARD: Final = """
SELECT purchase.phase, session.psp, purchase.currency,
       width_bucket(extract(epoch FROM %(now)s - purchase.created_at)::float, %(ages)s::float[]),
       count(*), sum(purchase.amount::numeric), min(purchase.created_at), min(purchase.due_at)
  FROM payments_purchase AS purchase
  JOIN payments_paymentsession AS session ON session.id = purchase.session_id
 WHERE purchase.status = 'started' AND purchase.phase = ANY(%(phases)s)
   AND NOT purchase.awaits_shopper
 GROUP BY 1, 2, 3, 4
"""


@dataclass(slots=True)
class Sums:
    """How many purchases, and their sums by currency, which are never added up."""

    count: int = 0
    amounts: Counter[str] = field(default_factory=Counter)

    def add(self, count: int, amount: Decimal, currency: str) -> None:
        """Count some purchases of one currency in."""
        self.count += count
        self.amounts[currency] += amount  # type: ignore[assignment]


@dataclass(slots=True)
class Line:
    """What is at risk in one phase at one PSP, by age, youngest first, and in all."""

    phase: str
    psp: str
    by_age: list[Sums] = field(default_factory=lambda: [Sums() for _ in range(len(AGES) + 1)])
    total: Sums = field(default_factory=Sums)
    oldest: datetime | None = None
    next_check: datetime | None = None


def money_at_risk(*, now: datetime) -> list[Line]:
    """Return a line for each phase and PSP where something is at risk."""
    asked: dict[str, Any] = {
        "now": now,
        "ages": [age.total_seconds() for age in AGES],
        "phases": [phase.value for phase in AT_RISK],
    }
    with connection.cursor() as cursor:
        cursor.execute(BOARD, asked)
        rows = cursor.fetchall()
    lines: dict[tuple[str, str], Line] = {}
    for phase, psp, currency, age, count, amount, oldest, due in rows:
        line = lines.setdefault((phase, psp), Line(phase, psp))
        for sums in (line.by_age[age], line.total):
            sums.add(count, amount, currency)
        line.oldest = min(oldest, line.oldest or oldest)
        line.next_check = min(filter(None, (due, line.next_check)), default=None)
    return sorted(lines.values(), key=lambda line: (AT_RISK.index(Phase(line.phase)), line.psp))


def oldest_at_risk() -> QuerySet[Purchase]:
    """Return the purchases at risk with their sessions, oldest first."""
    started = Purchase.objects.filter(
        status=PurchaseStatus.STARTED, phase__in=AT_RISK, awaits_shopper=False
    )
    return started.select_related("session").order_by("created_at")

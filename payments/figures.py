"""How business goes: what happened in a period, and in the one before, for charts and tables.

Sums of different currencies are never added up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from payments.models import Measure
from payments.psp_health import OTHER, ROADS
from payments.tallies import BUCKETS_A_DOUBLING, HOUR, Counted, counts

# Length, and of how long a span each column of a chart tells.
PERIODS: Final[dict[str, tuple[timedelta, timedelta]]] = {
    "day": (timedelta(days=1), HOUR),
    "week": (timedelta(days=7), timedelta(days=1)),
    "month": (timedelta(days=30), timedelta(days=1)),
}


@dataclass(frozen=True, slots=True)
class Period:
    """A time and its spans. It ends with the hour, or day, that runs now."""

    since: datetime
    until: datetime
    step: timedelta

    @property
    def spans(self) -> list[datetime]:
        """When each span begins."""
        return [
            self.since + number * self.step
            for number in range((self.until - self.since) // self.step)
        ]


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in a period: everything is counted in the hour in which it happened."""

    registered: int
    bought: int
    successful: int
    by_span: dict[datetime, int]  # successes
    taken: dict[str, Decimal]  # by currency
    taken_by_span: dict[str, dict[datetime, Decimal]]
    ended_at: dict[str, tuple[int, int]]  # by PSP: successes, and all ends
    reasons: Counter[str]  # of failures
    roads: dict[str, Counter[str]]  # by PSP: what told of ends
    latencies: dict[str, Counter[int]]  # by PSP: calls by bucket


def period_of(name: str, now: datetime) -> Period:
    """Return one of PERIODS as it is now. Raises KeyError for another."""
    length, step = PERIODS[name]
    begins = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if step > HOUR:
        begins = begins.replace(hour=0)
    until = begins + step
    return Period(until - length, until, step)


def figures(period: Period, now: datetime) -> tuple[Figures, Figures]:
    """Return the figures of a period, and of the one before up to the same time in it."""
    length = period.until - period.since
    so_far = min(period.until, now.replace(minute=0, second=0, microsecond=0) + HOUR)
    current = counts(period.since, so_far, step=period.step)
    before = counts(period.since - length, so_far - length, step=period.step)
    return _figures(current), _figures(before)


def _figures(found: Iterable[Counted]) -> Figures:
    totals: Counter[str] = Counter()
    by_span: Counter[datetime] = Counter()
    taken: dict[str, Decimal] = {}
    taken_by_span: dict[str, dict[datetime, Decimal]] = {}
    ends: dict[str, Counter[str]] = {}
    reasons: Counter[str] = Counter()
    roads: dict[str, Counter[str]] = {}
    latencies: dict[str, Counter[int]] = {}
    for row in found:
        count = int(row.times)
        totals[row.measure] += count
        if row.measure == Measure.SUCCESSFUL:
            by_span[row.at] += count
            taken[row.currency] = taken.get(row.currency, Decimal(0)) + row.amount
            spans = taken_by_span.setdefault(row.currency, {})
            spans[row.at] = spans.get(row.at, Decimal(0)) + row.amount
        if row.measure in {Measure.SUCCESSFUL, Measure.FAILED}:
            ends.setdefault(row.psp, Counter())[row.measure] += count
        if row.measure == Measure.FAILED:
            reasons[row.word] += count
        if row.measure == Measure.KNOWN:
            roads.setdefault(row.psp, Counter())[ROADS.get(row.word, OTHER)] += count
        if row.measure == Measure.LATENCY:
            latencies.setdefault(row.psp, Counter())[int(row.word)] += count
    return Figures(
        registered=totals[Measure.REGISTERED],
        bought=totals[Measure.BOUGHT],
        successful=totals[Measure.SUCCESSFUL],
        by_span=dict(by_span),
        taken=taken,
        taken_by_span=taken_by_span,
        ended_at={
            psp: (counted[Measure.SUCCESSFUL], counted.total()) for psp, counted in ends.items()
        },
        reasons=reasons,
        roads=roads,
        latencies=latencies,
    )


def about_ms(buckets: Counter[int], share: float) -> int | None:
    """Return, to about a fifth, the time within which this share of calls was answered."""
    total, seen = buckets.total(), 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= share * total:
            return round(2 ** ((bucket + 0.5) / BUCKETS_A_DOUBLING))
    return None

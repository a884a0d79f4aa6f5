"""How business goes: what happened in a period, and in the one before, for charts and tables.

Sums of different currencies are never added up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Final

from payments.domain.days import LONGEST_PERIOD, whole_days
from payments.models import Measure
from payments.psp_health import OTHER, ROADS
from payments.tallies import BUCKETS_A_DOUBLING, DAY, HOUR, Counted, counts, tallied_until

# Length, and of how long a span each column of a chart tells.
PERIODS: Final[dict[str, tuple[timedelta, timedelta]]] = {
    "day": (DAY, HOUR),
    "week": (timedelta(days=7), DAY),
    "month": (timedelta(days=30), DAY),
}
# Of the rows so much is counted while somebody waits: the longest of PERIODS and the one before.
COUNTED_NOW_AT_MOST: Final = 2 * timedelta(days=30)
# Of how long a span each column tells where a time is at most so long: some sixty columns at most.
STEPS: Final = (
    (DAY, HOUR),
    (timedelta(days=62), DAY),
    (LONGEST_PERIOD, timedelta(days=7)),
)


@dataclass(frozen=True, slots=True)
class Period:
    """A time and its spans, of which the last may be cut short."""

    since: datetime
    until: datetime
    step: timedelta

    @property
    def spans(self) -> list[datetime]:
        """When each span begins."""
        return [
            self.since + number * self.step
            for number in range(ceil((self.until - self.since) / self.step))
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
    """Return one of PERIODS that ends with the hour, or day, which runs now.

    Raises KeyError for another.
    """
    length, step = PERIODS[name]
    begins = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if step > HOUR:
        begins = begins.replace(hour=0)
    until = begins + step
    return Period(until - length, until, step)


def period_of_days(first: date, last: date) -> Period:
    """Return the time of two days and all between them, in UTC. Raises PeriodRefused."""
    since, until = whole_days(first, last)
    step = next(step for longest, step in STEPS if until - since <= longest)
    return Period(since, until, step)


def can_be_told(period: Period, now: datetime) -> bool:
    """Tell whether a period and the one before need no more counting than a page may do.

    What is not tallied is counted from the rows. That is an hour or two, unless nobody tallied.
    """
    since = period.since - (period.until - period.since)
    tallied = max(since, tallied_until() or since)
    return min(period.until, now) - tallied <= COUNTED_NOW_AT_MOST


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

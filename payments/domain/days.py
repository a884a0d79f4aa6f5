"""Whole days as people name them, the last one included, as a time that ends before an instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

# A year that begins on any day. Nobody reads through the differences of several years at once,
# nor through their charts, and what is read for them has a limit.
LONGEST_PERIOD: Final = timedelta(days=366)


class PeriodRefused(ValueError):
    """Two days do not make a period that can be asked for."""


def whole_days(first: date, last: date) -> tuple[datetime, datetime]:
    """Return from when until before when two days and all between them last, in UTC.

    Raises PeriodRefused.
    """
    if first > last:
        raise PeriodRefused(f"the first day, {first}, comes after the last, {last}")
    if last - first >= LONGEST_PERIOD:
        raise PeriodRefused(f"{first} to {last} is longer than {LONGEST_PERIOD.days} days")
    since = datetime.combine(first, time.min, tzinfo=UTC)
    return since, since + (last - first) + timedelta(days=1)

"""A period of whole days..."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from payments.domain.days import PeriodRefused, whole_days

MIDNIGHT = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_lasts_from_midnight_to_midnight():
    first, last = date(2030, 1, 1), date(2030, 1, 2)

    assert whole_days(first, first) == (MIDNIGHT, MIDNIGHT + DAY)
    assert whole_days(first, last) == (MIDNIGHT, MIDNIGHT + 2 * DAY)


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        (
            date(2030, 1, 2),
            date(2030, 1, 1),
            "the first day, 2030-01-02, comes after the last, 2030-01-01",
        ),
        (
            date(2030, 1, 1),
            date(2031, 1, 2),
            "2030-01-01 to 2031-01-02 is longer than 366 days",
        ),
    ],
)
def test_is_refused_if_nobody_could_mean_it(first: date, last: date, why: str):
    with pytest.raises(PeriodRefused) as refused:
        whole_days(first, last)

    assert str(refused.value) == why


def test_may_last_a_leap_year():
    assert whole_days(date(2028, 1, 1), date(2028, 12, 31))

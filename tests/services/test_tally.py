"""Hours that are over..."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from payments.domain.lifecycle import Phase
from payments.figures import about_ms, figures, period_of, period_of_days
from payments.models import Event, Measure, PaymentSession, Tally
from payments.services.tally import tally_hours
from payments.tallies import Counted, counts, tallied_until
from tests.builders import make_event, make_psp_call, make_purchase, make_session

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZERO = Decimal(0)


def bought(at: datetime, cause: str = "receipt") -> PaymentSession:
    """Return a session that was made, bought and paid at an instant."""
    session = make_session(status="completed", created_at=at)
    purchase = make_purchase(session, phase=Phase.CAPTURED, created_at=at)
    make_event(session, purchase=purchase, cause_kind=cause, created_at=at)
    return session


@pytest.fixture(autouse=True)
def events_have_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests say when an event was: rows are append-only, and cannot be dated back."""
    field = Event._meta.get_field("created_at")  # noqa: SLF001 - public by its docs
    monkeypatch.setattr(field, "auto_now_add", False)
    monkeypatch.setattr(field, "default", lambda: NOW)


def tallied(measure: str) -> list[tuple[datetime, str, int, Decimal]]:
    """Return what was kept of a measure."""
    rows = Tally.objects.filter(measure=measure, hours=1).order_by("hour", "word")
    return [(row.hour, row.word, row.count, row.amount) for row in rows]


def added_up(found: list[Counted]) -> Counter[tuple[datetime, str]]:
    """Return how often each thing happened in each span."""
    sums: Counter[tuple[datetime, str]] = Counter()
    for row in found:
        sums[row.at, row.measure] += row.times
    return sums


def test_are_counted_once_and_kept():
    bought(NOW - 2 * HOUR)
    bought(NOW - 2 * HOUR)

    assert tally_hours(now=NOW) == 2
    assert tally_hours(now=NOW) == 0

    hour = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert tallied(Measure.REGISTERED) == [(hour, "", 2, ZERO)]
    assert tallied(Measure.BOUGHT) == [(hour, "", 2, ZERO)]
    assert tallied(Measure.SUCCESSFUL) == [(hour, "", 2, Decimal("39.98"))]
    assert tallied(Measure.KNOWN) == [(hour, "receipt", 2, ZERO)]
    assert tallied_until() == hour + 2 * HOUR


def test_are_left_alone_for_five_minutes_more():
    bought(datetime(2026, 3, 2, 11, 59, tzinfo=UTC))

    assert tally_hours(now=datetime(2026, 3, 2, 12, 4, 59, tzinfo=UTC)) == 0
    assert tally_hours(now=datetime(2026, 3, 2, 12, 5, tzinfo=UTC)) == 1


def test_are_none_where_nothing_ever_happened():
    assert tally_hours(now=NOW) == 0
    assert tallied_until() is None


def test_are_caught_up_with_a_day_at_a_time_up_to_a_limit():
    bought(NOW - 60 * HOUR)

    # The rest of the first day, and the next; then the day of now, up to its last full hour.
    assert tally_hours(now=NOW, days_at_most=2) == 48
    assert tally_hours(now=NOW, days_at_most=2) == 12
    assert Tally.objects.filter(measure=Measure.HOUR, hours=1).count() == 60


def test_are_added_up_once_their_day_is_over():
    for hour in (3, 23):
        bought(datetime(2026, 3, 1, hour, tzinfo=UTC))

    tally_hours(now=NOW)

    days = Tally.objects.filter(hours=24, measure=Measure.SUCCESSFUL)
    assert [(day.hour, day.count, day.amount) for day in days] == [
        (datetime(2026, 3, 1, tzinfo=UTC), 2, Decimal("39.98"))
    ]


def test_know_failures_by_their_reasons_and_sessions_that_no_psp_took():
    at = NOW - 2 * HOUR
    make_session(status="failed", created_at=at)
    for name, reason in (("declined", "lost_card"), ("cancelled", ""), ("errored", "")):
        session = make_session(status="completed", created_at=at)
        make_purchase(session, phase=Phase(name), reason_code=reason, created_at=at)
        make_event(session, f"purchase.{name}", cause_kind="poll", created_at=at)

    tally_hours(now=NOW)

    hour = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert tallied(Measure.REGISTERED) == [(hour, "", 3, ZERO)]
    assert tallied(Measure.FAILED) == [
        (hour, "cancelled", 1, ZERO),
        (hour, "errored", 1, ZERO),
        (hour, "lost_card", 1, ZERO),
    ]
    # That nothing happened we proved ourselves; no PSP told.
    assert tallied(Measure.KNOWN) == [(hour, "poll", 2, ZERO)]


def test_know_how_long_calls_took_unless_they_were_never_sent():
    at = NOW - 2 * HOUR
    make_session(created_at=at)
    for milliseconds in (0, 1, 100, 110, 25_000):
        make_psp_call(make_session(), operation="fetch", duration_ms=milliseconds, answered_at=at)
    make_psp_call(make_session(), operation="fetch", outcome="not_sent", answered_at=at)

    tally_hours(now=NOW)

    assert [(word, count) for _, word, count, _ in tallied(Measure.LATENCY)] == [
        ("0", 2),
        ("13", 2),
        ("29", 1),
    ]


@pytest.mark.parametrize("step", [HOUR, 24 * HOUR])
def test_and_those_since_are_told_alike(step: timedelta):
    for hours in (0, 1, 3, 14, 30, 31):
        bought(NOW - hours * HOUR)
    since = datetime(2026, 3, 1, tzinfo=UTC)
    until = datetime(2026, 3, 2, 13, tzinfo=UTC)

    live = added_up(counts(since, until, step=step))
    tally_hours(now=NOW)

    assert Tally.objects.filter(hours=24).exists()
    assert added_up(counts(since, until, step=step)) == live
    assert live[since if step > HOUR else NOW.replace(minute=0), "successful"] == (
        3 if step > HOUR else 1
    )
    assert live[since, "registered"] == 6


class TestAPeriod:
    def test_ends_with_what_runs_now(self):
        day, month = period_of("day", NOW), period_of("month", NOW)

        assert (day.since, day.until) == (
            datetime(2026, 3, 1, 13, tzinfo=UTC),
            datetime(2026, 3, 2, 13, tzinfo=UTC),
        )
        assert (month.since, month.until) == (
            datetime(2026, 2, 1, tzinfo=UTC),
            datetime(2026, 3, 3, tzinfo=UTC),
        )
        assert (len(day.spans), len(month.spans)) == (24, 30)

    def test_is_compared_with_the_one_before_up_to_the_same_hour(self):
        bought(NOW)
        bought(NOW - timedelta(days=7))
        bought(NOW - timedelta(days=7) + HOUR)

        now, before = figures(period_of("week", NOW), NOW)

        assert (now.successful, before.successful) == (1, 1)
        assert now.by_span == {datetime(2026, 3, 2, tzinfo=UTC): 1}
        assert now.taken == {"EUR": Decimal("19.99")}


class TestAnyDays:
    @pytest.mark.parametrize(
        ("last", "step", "spans"),
        [
            (date(2025, 1, 1), HOUR, 24),
            (date(2025, 1, 2), 24 * HOUR, 2),
            (date(2025, 3, 3), 24 * HOUR, 62),
            (date(2025, 3, 4), 7 * 24 * HOUR, 9),
            (date(2026, 1, 1), 7 * 24 * HOUR, 53),
        ],
    )
    def test_have_as_many_columns_as_can_be_read(self, last: date, step: timedelta, spans: int):
        period = period_of_days(date(2025, 1, 1), last)

        assert (period.since, period.step) == (datetime(2025, 1, 1, tzinfo=UTC), step)
        assert period.until == datetime(last.year, last.month, last.day, tzinfo=UTC) + 24 * HOUR
        assert len(period.spans) == spans
        assert period.spans[-1] < period.until <= period.spans[-1] + step

    def test_are_told_by_weeks_of_their_own_beside_those_before(self):
        first, last = date(2025, 11, 1), date(2026, 2, 28)
        since = datetime(2025, 11, 1, tzinfo=UTC)
        bought(since - timedelta(days=120))
        bought(since + timedelta(days=13, hours=23))
        bought(since + timedelta(days=14))
        bought(since + timedelta(days=120))
        tally_hours(now=NOW, days_at_most=400)

        now, before = figures(period_of_days(first, last), NOW)

        assert (now.successful, now.bought, before.successful) == (2, 2, 1)
        assert now.by_span == {since + timedelta(days=7): 1, since + timedelta(days=14): 1}
        assert before.by_span == {since - timedelta(days=120): 1}


class TestAboutHowLong:
    def test_is_nothing_where_nothing_was_called(self):
        assert about_ms(Counter(), 0.5) is None

    @pytest.mark.parametrize(("share", "milliseconds"), [(0.5, 108), (0.95, 2435)])
    def test_is_read_from_the_buckets(self, share: float, milliseconds: int):
        assert about_ms(Counter({13: 90, 22: 10}), share) == milliseconds

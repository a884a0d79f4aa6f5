"""Counts the hours that are over, once each, for the charts of the mid-office."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction

from payments.models import Measure, PaymentSession, Tally
from payments.tallies import DAY, HOUR, Counted, added_up, count_hours, tallied_until

# No transaction lasts so long: whatever happened in an hour is visible by then.
AFTER: Final = timedelta(minutes=5)


def tally_hours(*, now: datetime, days_at_most: int = 20) -> int:
    """Count the hours that are over and were not counted; return how many.

    Repeatable, and may run twice at once: an hour that is over is counted alike by both. What
    exceeds the limit is left to the next run.
    """
    over = _hour_of(now - AFTER)
    since = tallied_until() or _first_hour() or over
    tallied = 0
    for _ in range(days_at_most):
        until = min(_day_of(since) + DAY, over)
        if until <= since:
            break
        _keep(since, until)
        tallied += (until - since) // HOUR
        since = until
    return tallied


def _keep(since: datetime, until: datetime) -> None:
    """Keep some hours of one day, and the day itself where they are its last."""
    hours = [since + number * HOUR for number in range((until - since) // HOUR)]
    with transaction.atomic():
        _insert(count_hours(since, until), hours=1)
        Tally.objects.bulk_create(
            (Tally(hour=hour, measure=Measure.HOUR, count=1) for hour in hours),
            ignore_conflicts=True,
        )
        if until.hour == 0:
            _insert(added_up(until - DAY), hours=24)


def _insert(counted: list[Counted], *, hours: int) -> None:
    Tally.objects.bulk_create(
        (
            Tally(
                hours=hours,
                hour=row.at,
                measure=row.measure,
                psp=row.psp,
                currency=row.currency,
                word=row.word,
                count=row.times,
                amount=row.amount,
            )
            for row in counted
        ),
        batch_size=1_000,
        ignore_conflicts=True,
    )


def _first_hour() -> datetime | None:
    sessions = PaymentSession.objects.order_by("created_at", "pk")
    first = sessions.values_list("created_at", flat=True).first()
    return _hour_of(first) if first else None


def _day_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _hour_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)

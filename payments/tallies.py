"""Counts what happened, hour by hour: from the rows themselves, each by an index in time.

The same statement counts hours that are over, to be kept, and the hours since, each time anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection

from payments.models import ENDING_EVENTS, OUTCOME_EVENTS, Measure, Tally

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# Two buckets double the time, so that a bucket's middle is at most a fifth away.
BUCKETS_A_DOUBLING: Final = 2


def _names(events: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in events)


# Names of events stand in the statement itself, so that the index of ends is seen to fit.
COUNT: Final = f"""
SELECT date_trunc('hour', session.created_at, 'UTC') AS hour, 'registered' AS measure,
       session.psp, session.currency, '' AS word, count(*), 0::numeric AS amount
  FROM payments_paymentsession AS session
 WHERE session.created_at >= %(since)s AND session.created_at < %(until)s
   AND session.psp_token IS NOT NULL
 GROUP BY 1, 3, 4
UNION ALL
SELECT date_trunc('hour', purchase.created_at, 'UTC'), 'bought',
       session.psp, session.currency, '', count(*), 0
  FROM payments_purchase AS purchase
  JOIN payments_paymentsession AS session ON session.id = purchase.session_id
 WHERE purchase.created_at >= %(since)s AND purchase.created_at < %(until)s
 GROUP BY 1, 3, 4
UNION ALL
SELECT date_trunc('hour', event.created_at, 'UTC'),
       CASE event.name WHEN 'purchase.captured' THEN 'successful' ELSE 'failed' END,
       session.psp, session.currency,
       CASE WHEN event.name = 'purchase.captured' THEN ''
            WHEN purchase.reason_code <> '' THEN purchase.reason_code
            ELSE split_part(event.name, '.', 2) END,
       count(*),
       sum(CASE event.name WHEN 'purchase.captured' THEN purchase.captured_amount ELSE 0 END)
  FROM payments_event AS event
  JOIN payments_paymentsession AS session ON session.id = event.session_id
  JOIN payments_purchase AS purchase ON purchase.session_id = event.session_id
 WHERE event.name IN ({_names(ENDING_EVENTS)})
   AND event.created_at >= %(since)s AND event.created_at < %(until)s
 GROUP BY 1, 2, 3, 4, 5
UNION ALL
SELECT date_trunc('hour', event.created_at, 'UTC'), 'known',
       session.psp, '', event.cause_kind, count(*), 0
  FROM payments_event AS event
  JOIN payments_paymentsession AS session ON session.id = event.session_id
 WHERE event.name IN ({_names(OUTCOME_EVENTS)})
   AND event.created_at >= %(since)s AND event.created_at < %(until)s
 GROUP BY 1, 3, 5
UNION ALL
SELECT date_trunc('hour', call.answered_at, 'UTC'), 'latency', call.psp, '',
       floor({BUCKETS_A_DOUBLING} * log(2, greatest(call.duration_ms, 1)::numeric))::int::text,
       count(*), 0
  FROM payments_pspcall AS call
 WHERE call.psp = ANY(%(psps)s) AND call.outcome <> 'not_sent' AND call.duration_ms IS NOT NULL
   AND call.answered_at >= %(since)s AND call.answered_at < %(until)s
 GROUP BY 1, 3, 5
"""  # noqa: S608 - the names and the number are ours

# Only successes are drawn over time. Added up by PostgreSQL, the rest of a year is few rows.
KEPT: Final = """
SELECT CASE measure WHEN 'successful' THEN date_bin(%(step)s, hour, %(origin)s)
            ELSE %(origin)s END,
       measure, psp, currency, word, sum(count)::bigint, sum(amount)
  FROM payments_tally
 WHERE hours = %(hours)s AND hour >= %(since)s AND hour < %(until)s AND measure <> 'hour'
 GROUP BY 1, 2, 3, 4, 5
"""


class Counted(NamedTuple):
    """How often something happened in a span of time that begins at `at`."""

    at: datetime
    measure: str
    psp: str
    currency: str
    word: str
    times: int
    amount: Decimal


def count_hours(since: datetime, until: datetime) -> list[Counted]:
    """Count, from the rows, what happened from `since` until before `until`, hour by hour."""
    asked: dict[str, Any] = {"since": since, "until": until, "psps": settings.BPS_PSPS}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, asked)
        return [Counted(*row) for row in cursor.fetchall()]


def counts(since: datetime, until: datetime, *, step: timedelta) -> list[Counted]:
    """Return what happened in a period: successes by spans of `step`, all else as of `since`.

    Days and hours that are over come from tallies, the others are counted now. `since` begins an
    hour, or where `step` is a number of days, a day.
    """
    kept_until = max(since, min(until, tallied_until() or since))
    days_until = since + (kept_until - since) // DAY * DAY if step >= DAY else since
    days = _kept(since, days_until, hours=24, origin=since, step=step)
    hours = _kept(days_until, kept_until, hours=1, origin=since, step=step)
    live = count_hours(kept_until, until) if kept_until < until else []
    return days + hours + [row._replace(at=_span(row, since, step)) for row in live]


def added_up(day: datetime) -> list[Counted]:
    """Return the tallies of the hours of a day, added up to those of the day."""
    return _kept(day, day + DAY, hours=1, origin=day, step=DAY)


def _kept(
    since: datetime, until: datetime, *, hours: int, origin: datetime, step: timedelta
) -> list[Counted]:
    """Return what tallies of hours (1) or of days (24) that begin in a period add up to."""
    if since >= until:
        return []
    asked: dict[str, Any] = {"since": since, "until": until, "hours": hours}
    asked |= {"origin": origin, "step": step}
    with connection.cursor() as cursor:
        cursor.execute(KEPT, asked)
        return [Counted(*row) for row in cursor.fetchall()]


def _span(row: Counted, origin: datetime, step: timedelta) -> datetime:
    is_drawn = row.measure == Measure.SUCCESSFUL
    return origin + (row.at - origin) // step * step if is_drawn else origin


def tallied_until() -> datetime | None:
    """Return the end of the last hour that was tallied; None before the first."""
    hours = Tally.objects.filter(measure=Measure.HOUR, hours=1).order_by("-hour")
    last = hours.values_list("hour", flat=True).first()
    return last + HOUR if last else None

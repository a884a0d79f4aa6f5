"""When what is due: waiting times as data. The clock and the randomness are passed in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

# Not sent, so asking again costs nothing. Quick at first, for a PSP that restarts; then at the
# pace at which an outage is worth probing.
SUBMISSION_RETRIES: Final = tuple(_SECOND * n for n in (1, 2, 5, 10, 30, 60, 120, 300))

# An answer was lost: the shopper waits at the page, so the first looks come soon.
IN_DOUBT_POLLS: Final = (
    15 * _SECOND,
    30 * _SECOND,
    *(_MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * n for n in (1, 2, 4, 8)),
)
# The PSP has it and promised a webhook: polls only stand in for a lost one.
PENDING_POLLS: Final = (
    *(_MINUTE * n for n in (1, 5, 15, 30)),
    *(_HOUR * n for n in (1, 2, 4, 8)),
)
LATER_POLLS: Final = 12 * _HOUR
POLL_FOR: Final = timedelta(days=7)

# About three days, as the PSPs do for us.
NOTIFICATION_RETRIES: Final = (
    5 * _SECOND,
    5 * _MINUTE,
    30 * _MINUTE,
    *(_HOUR * n for n in (2, 5, 10, 14, 20, 24)),
)
NOTIFICATION_JITTER: Final = 0.1

# A stored webhook that could not be worked on: our database or the PSP's look-up was away.
RECEIPT_RETRIES: Final = tuple(_SECOND * n for n in (2, 5, 15, 60, 300, 900, 3600))

# News of what happened before a session's time was over may still be on its way.
NEWS_MARGIN: Final = 60 * _MINUTE

SESSION_LIFETIME: Final = 60 * _MINUTE
SESSION_LIFETIME_LIMITS: Final = (15 * _MINUTE, 24 * _HOUR)


def retry_delay(schedule: tuple[timedelta, ...], attempts: int) -> timedelta:
    """Return the wait after the given number of tries; the last one repeats."""
    return schedule[min(max(attempts, 1), len(schedule)) - 1]


def next_poll(*, answered: bool, polls: int, since: datetime, now: datetime) -> datetime | None:
    """Return when to ask the PSP next, or None once a person must look.

    `answered` tells whether the PSP has said that it has the purchase or refund; `polls` counts
    the looks since the phase was entered at `since`.
    """
    if now - since >= POLL_FOR:
        return None
    schedule = PENDING_POLLS if answered else IN_DOUBT_POLLS
    return now + (schedule[polls] if polls < len(schedule) else LATER_POLLS)


def next_notification_try(*, attempts: int, now: datetime, jitter: float) -> datetime | None:
    """Return when to deliver again after `attempts` failed tries, or None to give up.

    `jitter` in [-1, 1] spreads the tries of a shop that comes back, by a tenth either way.
    """
    if attempts > len(NOTIFICATION_RETRIES):
        return None
    wait = retry_delay(NOTIFICATION_RETRIES, attempts)
    return now + wait * (1 + NOTIFICATION_JITTER * jitter)

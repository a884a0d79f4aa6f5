"""Whether background work goes on: when a worker last swept, and what waits to be taken.

Kept in Redis beside the circuits: it may be lost, and only tells people.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from payments.broker import broker

SWEPT: Final = "bps:swept"
KEEP_SECONDS: Final = 7 * 24 * 3600
# Where Celery's transport keeps what no worker has taken.
QUEUE: Final = "celery"


def note_sweep(*, at: datetime) -> None:
    """Note that beat asked for a sweep and a worker made it."""
    broker().ask("SET", SWEPT, at.isoformat(), "EX", KEEP_SECONDS)


def last_sweep() -> datetime | None:
    """Return when a worker last swept; None where nobody did, or where Redis is away."""
    kept = broker().ask("GET", SWEPT)
    return datetime.fromisoformat(kept.decode()) if kept else None


def messages_waiting() -> int | None:
    """Return how many messages no worker has taken yet; None where Redis is away."""
    waiting = broker().ask("LLEN", QUEUE)
    return None if waiting is None else int(waiting)

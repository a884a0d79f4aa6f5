"""Work that must not be lost: rows that are due, claimed with a lease.

The row carries the work; Celery and Redis carry only hints that somebody might look. A worker
that dies leaves a lease that lapses, and the next sweep claims the row again. Handlers may
therefore run once, never or several times for one due row, and must be repeatable.
"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from typing import Final, overload
from uuid import UUID

import structlog
from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Min, Q

from payments.broker import broker
from payments.crash_points import CrashPoint, passing
from payments.models import (
    Instruction,
    PaymentSession,
    Purchase,
    ReconciliationRun,
    Refund,
    ShopNotification,
    WebhookReceipt,
)

DueModel = (
    type[PaymentSession]
    | type[Purchase]
    | type[Refund]
    | type[Instruction]
    | type[WebhookReceipt]
    | type[ShopNotification]
    | type[ReconciliationRun]
)

log = structlog.get_logger()

# In the order of their urgency, in which a worker takes turns among them.
KINDS: Final[dict[str, DueModel]] = {
    "purchase": Purchase,
    "receipt": WebhookReceipt,
    "refund": Refund,
    "instruction": Instruction,
    "session": PaymentSession,
    "notification": ShopNotification,
    "reconciliation": ReconciliationRun,
}
CLAIM: Final = """
    UPDATE {table} SET leased_until = %(lease_end)s, attempts = attempts + 1
     WHERE id = (SELECT id FROM {table}
                  WHERE due_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)
                  ORDER BY due_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id
"""
DRAIN_TASK: Final = "payments.tasks.drain"


def lease_end(now: datetime) -> datetime:
    """Return until when work claimed now is left to its claimer."""
    return now + timedelta(seconds=settings.BPS_LEASE_SECONDS)


@overload
def sooner(at: datetime, now: datetime) -> datetime: ...
@overload
def sooner(at: None, now: datetime) -> None: ...
def sooner(at: datetime | None, now: datetime) -> datetime | None:
    """Shorten a wait by BPS_SCHEDULE_SPEED, so that a demo need not take hours."""
    return at and now + (at - now) / settings.BPS_SCHEDULE_SPEED


def count_due(kind: str, *, now: datetime, at_most: int) -> int:
    """Count rows that wait for a worker, up to a limit."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    return KINDS[kind].objects.filter(free, due_at__lte=now)[:at_most].count()


def overdue(kind: str, *, now: datetime, at_most: int) -> tuple[int, datetime | None]:
    """Return how many rows wait for a worker, up to a limit, and since when the first does."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    waiting = KINDS[kind].objects.filter(free, due_at__lte=now).order_by("due_at")
    found = waiting[:at_most].aggregate(count=Count("pk"), first=Min("due_at"))
    return found["count"], found["first"]


def claim_due(kind: str, *, now: datetime) -> UUID | None:
    """Claim the row of a kind that has been due longest, for one lease. None if there is none.

    SKIP LOCKED lets any number of workers claim at once without waiting for each other.
    """
    table = connection.ops.quote_name(KINDS[kind]._meta.db_table)  # noqa: SLF001 - public by its docs
    with connection.cursor() as cursor:
        cursor.execute(CLAIM.format(table=table), {"now": now, "lease_end": lease_end(now)})
        claimed: tuple[UUID] | None = cursor.fetchone()
    if claimed is None:
        return None
    passing(CrashPoint.AFTER_CLAIM)
    return claimed[0]


def release(kind: str, row_id: UUID, *, due_at: datetime | None) -> None:
    """Give a claimed row back, due again at `due_at`, or done."""
    KINDS[kind].objects.filter(pk=row_id).update(due_at=due_at, leased_until=None)


def hint() -> None:
    """Tell a worker, once the transaction commits, that something is due.

    Never waits and never fails: a hint that cannot be sent is dropped, and the sweeper finds the
    row within seconds.
    """
    transaction.on_commit(lambda: _hints().drop_in())


class _HintSender:
    """Sends hints from a thread of its own, since a broker that hangs blocks whoever calls it."""

    # Each hint has a worker do all that is due, so a few that wait to be sent say everything.
    WAITING_AT_MOST: Final = 4

    def __init__(self) -> None:
        self._waiting: queue.Queue[None] = queue.Queue(self.WAITING_AT_MOST)
        threading.Thread(target=self._send_all, name="hints", daemon=True).start()

    def drop_in(self) -> None:
        with suppress(queue.Full):
            self._waiting.put_nowait(None)

    def _send_all(self) -> None:
        while True:
            self._waiting.get()
            # To try costs much, even for nothing: of what requests could do with the time.
            if not broker().is_away():
                self._send()

    def _send(self) -> None:
        try:
            current_app.send_task(DRAIN_TASK, retry=False)
        except Exception as error:  # noqa: BLE001 - whatever ails the broker, the row is safe
            broker().was_lost()
            log.warning("hint_not_sent", error=type(error).__name__)


@cache
def _hints() -> _HintSender:
    return _HintSender()

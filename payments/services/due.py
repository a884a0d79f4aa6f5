"""Work that must not be lost: rows that are due, claimed with a lease.

The row carries the work; Celery and Redis carry only hints that somebody might look. A worker
that dies leaves a lease that lapses, and the next sweep claims the row again. Handlers may
therefore run once, never or several times for one due row, and must be repeatable.
"""

from __future__ import annotations

import queue
import threading
from datetime import datetime, timedelta
from functools import cache
from typing import Final, overload
from uuid import UUID

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from payments.crash_points import CrashPoint, passing
from payments.models import PaymentSession, Purchase, ShopNotification, WebhookReceipt

DueModel = type[PaymentSession] | type[Purchase] | type[WebhookReceipt] | type[ShopNotification]

log = structlog.get_logger()

# By these names work is hinted at, swept and drained.
KINDS: Final[dict[str, DueModel]] = {
    "session": PaymentSession,
    "purchase": Purchase,
    "receipt": WebhookReceipt,
    "notification": ShopNotification,
}
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


def _claimable(now: datetime) -> Q:
    return Q(due_at__lte=now) & (Q(leased_until__isnull=True) | Q(leased_until__lte=now))


def count_due(kind: str, *, now: datetime, at_most: int) -> int:
    """Count rows that wait for a worker, up to a limit."""
    return KINDS[kind].objects.filter(_claimable(now))[:at_most].count()


def claim_due(kind: str, *, now: datetime) -> UUID | None:
    """Claim the row of a kind that has been due longest, for one lease. None if there is none.

    SKIP LOCKED lets any number of workers claim at once without waiting for each other.
    """
    rows = KINDS[kind].objects
    with transaction.atomic(durable=True):
        first = (
            rows.select_for_update(skip_locked=True, no_key=True)
            .filter(_claimable(now))
            .order_by("due_at")
            .values_list("pk", flat=True)
            .first()
        )
        if first is not None:
            rows.filter(pk=first).update(leased_until=lease_end(now), attempts=F("attempts") + 1)
    if first is not None:
        passing(CrashPoint.AFTER_CLAIM)
    return first


def release(kind: str, row_id: UUID, *, due_at: datetime | None) -> None:
    """Give a claimed row back, due again at `due_at`, or done."""
    KINDS[kind].objects.filter(pk=row_id).update(due_at=due_at, leased_until=None)


def hint(kind: str) -> None:
    """Tell workers, once the transaction commits, that work of this kind is due.

    Never waits and never fails: a hint that cannot be sent is dropped, and the sweeper finds the
    row within seconds.
    """
    transaction.on_commit(lambda: _hints().drop_in(kind))


class _HintSender:
    """Sends hints from a thread of its own, since a broker that hangs blocks whoever calls it."""

    WAITING_AT_MOST: Final = 100

    def __init__(self) -> None:
        self._waiting: queue.Queue[str] = queue.Queue(self.WAITING_AT_MOST)
        threading.Thread(target=self._send_all, name="hints", daemon=True).start()

    def drop_in(self, kind: str) -> None:
        try:
            self._waiting.put_nowait(kind)
        except queue.Full:
            log.warning("hint_dropped", kind=kind)

    def _send_all(self) -> None:
        while True:
            kind = self._waiting.get()
            try:
                current_app.send_task(DRAIN_TASK, args=[kind], retry=False)
            except Exception as error:  # noqa: BLE001 - whatever ails the broker, the row is safe
                log.warning("hint_not_sent", kind=kind, error=type(error).__name__)


@cache
def _hints() -> _HintSender:
    return _HintSender()

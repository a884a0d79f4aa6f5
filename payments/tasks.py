"""Celery's doors to the services. Tasks carry no work, only the wish that somebody look."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from payments.domain.lifecycle import SessionStatus
from payments.heartbeat import note_sweep
from payments.models import PaymentSession
from payments.services import due
from payments.services.carry import carry_purchase
from payments.services.carry_instruction import carry_instruction
from payments.services.carry_refund import carry_refund
from payments.services.check_invariants import check_invariants as look_at_invariants
from payments.services.end_session import carry_ending
from payments.services.notify import deliver_notification
from payments.services.prune import prune as forget_old_rows
from payments.services.receipts import process_receipt
from payments.services.reconcile import carry_run, plan_nightly_runs
from payments.services.register import continue_registration
from payments.services.tally import tally_hours as count_hours_that_are_over

log = structlog.get_logger()

# Well below the tasks' time limit, so that a drain ends by itself and asks for a successor.
DRAIN_FOR_SECONDS: Final = 30
# How many workers one sweep may call.
DRAINS_PER_SWEEP: Final = 4
# Enough for the sessions that change in ten minutes, and well below the tasks' time limit.
BOARD_SECONDS: Final = 30


def carry_session(session_id: UUID, *, now: datetime) -> None:
    """Continue a registration that was cut off, or end a session whose time has come."""
    status = PaymentSession.objects.values_list("status", flat=True).get(pk=session_id)
    if status == SessionStatus.CREATED:
        continue_registration(session_id, now=now)
    else:
        carry_ending(session_id, now=now)


HANDLERS: Final[dict[str, Callable[..., None]]] = {
    "purchase": carry_purchase,
    "receipt": process_receipt,
    "refund": carry_refund,
    "instruction": carry_instruction,
    "session": carry_session,
    "notification": deliver_notification,
    "reconciliation": carry_run,
}


@shared_task
def drain() -> None:
    """Claim and handle due rows, one at a time and kind by kind in turn, until none is left."""
    until = time.monotonic() + DRAIN_FOR_SECONDS
    with _quiet_while_the_database_is_away():
        while time.monotonic() < until:
            handled = [_handle_one(kind) for kind in HANDLERS]
            if not any(handled):
                return
        due.hint()


def _handle_one(kind: str) -> bool:
    """Handle the row of a kind that is due longest; tell whether there was one."""
    claimed = due.claim_due(kind, now=timezone.now())
    if claimed is None:
        return False
    handle(kind, claimed)
    return True


def handle(kind: str, row_id: UUID) -> None:
    """Handle one claimed row. A fault leaves the lease, so that it is tried again after it."""
    try:
        HANDLERS[kind](row_id, now=timezone.now())
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("due_work_failed", kind=kind, row_id=str(row_id))


@shared_task
def sweep() -> None:
    """Find due rows that no hint announced, and call workers for them."""
    with _quiet_while_the_database_is_away():
        now = timezone.now()
        note_sweep(at=now)
        waiting = sum(due.count_due(kind, now=now, at_most=DRAINS_PER_SWEEP) for kind in HANDLERS)
        for _ in range(min(waiting, DRAINS_PER_SWEEP)):
            due.hint()


@contextmanager
def _quiet_while_the_database_is_away() -> Iterator[None]:
    """Leave work that cannot be read or recorded now to a later sweep; one line says so."""
    try:
        yield
    except (OperationalError, InterfaceError) as away:
        log.warning("database_away", why=str(away).splitlines()[0])


@shared_task
def check_invariants() -> None:
    """Look for broken invariants, keep what was found, and ask people about it."""
    with _quiet_while_the_database_is_away():
        look_at_invariants(now=timezone.now(), seconds=BOARD_SECONDS)


@shared_task
def tally_hours() -> None:
    """Count the hours that are over, for the charts of the mid-office."""
    with _quiet_while_the_database_is_away():
        count_hours_that_are_over(now=timezone.now())


@shared_task
def prune() -> None:
    """Forget rows past their time."""
    forget_old_rows(now=timezone.now())


@shared_task
def reconcile_nightly() -> None:
    """Have every PSP in use compared for the days that are over."""
    with _quiet_while_the_database_is_away():
        plan_nightly_runs(settings.BPS_PSPS, now=timezone.now())

"""Carries a stored purchase to its end: sends its call, looks up what became of it, closes it.

Whoever holds the purchase's lease may carry it: the request that pressed Buy Now, or a worker.
Nothing here holds a transaction while it talks to the PSP.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from uuid import UUID

import structlog
from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.utils import timezone

from payments.crash_points import CrashPoint, passing
from payments.domain.lifecycle import Phase, PurchaseStatus, Verdict
from payments.domain.next_step import Step, first_step, step_after_look_up
from payments.domain.schedule import SUBMISSION_RETRIES, retry_delay
from payments.models import CallOutcome, CaseKind, CauseKind, PspCall, Purchase, new_idempotency_key
from payments.psp import NOTHING_HAPPENED, REFUSED, Answer, ask, psp_client
from payments.services import due, settle
from payments.services.calls import claim_send, finish_call, staged_call
from payments.services.look_up import look_up, schedule_next_look
from payments.services.timeline import Cause, open_case
from psp_clients.contract import Declined, Operation, Report, ReportedState

log = structlog.get_logger()

# Calls that outlive the shopper's patience go on in these threads. More than a web process has
# request threads, so that a PSP that hangs for some leaves room for others.
THREADS: Final = 32


def submit_within(
    purchase: Purchase, call: PspCall, *, patience: timedelta, now: datetime
) -> Purchase:
    """Send a purchase that was just accepted, and wait no longer than `patience` for the answer.

    Returns the purchase as it then stands. An answer that comes later is recorded when it comes;
    should this process die meanwhile, the lease lapses and a worker goes on.
    """
    future = _threads().submit(_send, call)
    try:
        answer = future.result(timeout=patience.total_seconds())
    except OutOfTime:
        if future.cancel():
            # No thread was free: nothing was sent, and a worker may as well begin now.
            due.release("purchase", purchase.pk, due_at=now)
            due.hint()
        else:
            future.add_done_callback(lambda done: _record_late(purchase, call, done))
        return purchase
    return _record_send(purchase, call, answer, timezone.now())


def carry_purchase(purchase_id: UUID, *, now: datetime) -> None:
    """Do the next thing for a due purchase: send, look up, or close it with a fence."""
    purchase = Purchase.objects.select_related("session", "shop").get(pk=purchase_id)
    if purchase.status != PurchaseStatus.STARTED:
        due.release("purchase", purchase.pk, due_at=None)
        return
    call = PspCall.objects.get(purchase=purchase, operation=Operation.CONFIRM)
    window = psp_client(purchase.session.psp).capabilities.key_window
    step = first_step(
        phase=Phase(purchase.phase), first_sent_at=call.first_sent_at, now=now, key_window=window
    )
    if step is Step.LOOK_UP:
        seen = look_up(purchase, cause_kind=CauseKind.POLL, now=now)
        if seen is None:
            return
        step = step_after_look_up(
            phase=Phase(purchase.phase),
            seen=seen.state,
            first_sent_at=call.first_sent_at,
            now=now,
            key_window=window,
        )
    if step is Step.SEND and claim_send(call, now=now, key_window=window):
        _record_send(purchase, call, _send(call), timezone.now())
    elif step is Step.FENCE:
        _fence(purchase, now)


def _send(call: PspCall) -> Answer[Report]:
    passing(CrashPoint.BEFORE_SEND)
    prepared = call.prepared
    answer = ask(call.psp, lambda client: client.confirm(prepared))
    passing(CrashPoint.AFTER_ANSWER)
    return answer


def _record_send(
    purchase: Purchase, call: PspCall, answer: Answer[Report], now: datetime
) -> Purchase:
    """Record what came of a send, and take it to the gate, in one transaction."""
    cause = Cause(CauseKind.PSP_CALL, str(call.pk))
    first_and_only = call.first_sent_at == call.last_sent_at
    with transaction.atomic(durable=True):
        finish_call(call, answer, now=now)
        settled = _conclude(purchase, call, answer, cause, now, first_and_only=first_and_only)
        passing(CrashPoint.BEFORE_RECORD_COMMIT)
    passing(CrashPoint.AFTER_RECORD_COMMIT)
    return settled


def _conclude(
    purchase: Purchase,
    call: PspCall,
    answer: Answer[Report],
    cause: Cause,
    now: datetime,
    *,
    first_and_only: bool,
) -> Purchase:
    outcome, why = answer.outcome, str(answer.error or "")[:500]
    report = answer.result
    if isinstance(answer.error, Declined):
        report = _declined(purchase, answer.error)
    if report is not None:
        return _take(settle.apply_report(purchase, report, cause=cause, now=now), purchase, now)
    if outcome in NOTHING_HAPPENED or outcome == CallOutcome.AUTH_FAILED:
        if outcome == CallOutcome.AUTH_FAILED:
            open_case(purchase.session, CaseKind.REFUSED_BY_PSP, why, purchase)
        return _try_again_later(purchase, call, answer, now)
    if outcome in REFUSED:
        open_case(purchase.session, CaseKind.REFUSED_BY_PSP, why, purchase)
        # A refusal of a repeat proves nothing about the first send.
        if first_and_only:
            return settle.mark_errored(
                purchase, code=outcome, why=why, cause=cause, now=now
            ).purchase
    return _take(settle.mark_in_doubt(purchase, why=why, cause=cause, now=now), purchase, now)


def _take(settled: settle.Settled, purchase: Purchase, now: datetime) -> Purchase:
    """Return the settled purchase; where the gate did not move it, plan the next look."""
    if settled.verdict is not Verdict.ADVANCE:
        schedule_next_look(purchase, now)
    return settled.purchase


def _try_again_later(
    purchase: Purchase, call: PspCall, answer: Answer[Report], now: datetime
) -> Purchase:
    wait = max(retry_delay(SUBMISSION_RETRIES, call.sends), answer.retry_after or timedelta())
    purchase.due_at = due.sooner(now + wait, now)
    due.release("purchase", purchase.pk, due_at=purchase.due_at)
    return purchase


def _declined(purchase: Purchase, error: Declined) -> Report:
    return Report(
        state=ReportedState.DECLINED,
        psp_word="declined",
        money=purchase.money,
        captured=None,
        reason_code=error.code,
        reason_text=str(error),
    )


def _fence(purchase: Purchase, now: datetime) -> None:
    """Cancel at the PSP what may never have arrived and can no longer be sent again.

    Only the PSP's confirmation ends the purchase; anything else leaves it for the next look.
    """
    client = psp_client(purchase.session.psp)
    if not client.capabilities.can_cancel:
        return
    call = PspCall.objects.filter(purchase=purchase, operation=Operation.CANCEL).first()
    if call is None:
        prepared = client.prepare_cancel(purchase.psp_reference, key=new_idempotency_key())
        call = staged_call(prepared, purchase.session, purchase=purchase)
        call.save()
    if not claim_send(call, now=now, key_window=client.capabilities.key_window):
        return
    prepared = call.prepared
    answer = ask(call.psp, lambda asked: asked.cancel(prepared))
    now = timezone.now()
    with transaction.atomic(durable=True):
        finish_call(call, answer, now=now)
        if answer.result is not None:
            cause = Cause(CauseKind.PSP_CALL, str(call.pk))
            settle.apply_report(purchase, answer.result, cause=cause, now=now)


def _record_late(purchase: Purchase, call: PspCall, done: Future[Answer[Report]]) -> None:
    """Record, in a thread of the pool, an answer that came after the shopper was answered.

    Where the database is away, the lease lapses and a worker sends the same call again.
    """
    close_old_connections()
    try:
        _record_send(purchase, call, done.result(), timezone.now())
    except (OperationalError, InterfaceError) as away:
        log.warning("late_answer_not_recorded", purchase=str(purchase), why=str(away))
    finally:
        connection.close()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="psp")

"""Carries a stored purchase to its end: sends its call, looks up what became of it, closes it.

Whoever holds the purchase's lease may carry it: the request that pressed Buy Now, or a worker.
Nothing here holds a transaction while it talks to the PSP.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from payments.domain.answers import REFUSED, CallOutcome, Conclusion, conclude_purchase
from payments.domain.lifecycle import PurchaseStatus, Verdict
from payments.domain.next_step import (
    Step,
    first_step,
    may_charge,
    step_after_look_up,
    step_at_page,
    step_without_try,
)
from payments.models import CaseKind, CauseKind, PspCall, Purchase
from payments.psp import Answer, can_be_asked, psp_client
from payments.services import due, settle
from payments.services.calls import claim_send, recording, send, wait_before_next_send
from payments.services.fence import cancel_at_psp
from payments.services.look_up import fetch, look_up, record_look, schedule_next_look
from payments.services.patience import NO_THREAD, within
from payments.services.timeline import Cause, open_case
from payments.tries import confirm_under_way, nothing_else_may_arrive, phase_reached
from psp_clients.contract import ConfirmMode, Declined, DeclinedForNow, Report, ReportedState


def submit_within(
    purchase: Purchase, call: PspCall | None, *, patience: timedelta, now: datetime
) -> Purchase:
    """Send a purchase that was just accepted, and wait no longer than `patience` for the answer.

    Where the PSP's page charges there is no call to send: the PSP is asked what happened there, if
    it can be. Returns the purchase as it then stands. An answer that comes later is recorded when
    it comes; should this process die meanwhile, the lease lapses and a worker goes on.
    """
    if call is None and not can_be_asked(purchase.session.psp):
        schedule_next_look(purchase, now)
        return _as_it_stands(purchase)
    errand = _Asking(purchase) if call is None else _Sending(purchase, call)
    answer = within(
        patience,
        errand.go,
        late=lambda late: errand.record(late, timezone.now()),
        name=str(purchase),
    )
    if answer is NO_THREAD:
        # Nothing was sent, and a worker may as well begin now.
        due.release("purchase", purchase.pk, due_at=now)
        due.hint()
    if isinstance(answer, Answer):
        return errand.record(answer, timezone.now())
    return purchase


@dataclass(frozen=True, slots=True)
class _Sending:
    """Sends the stored call of a purchase."""

    purchase: Purchase
    call: PspCall

    def go(self) -> Answer[Report]:
        return _send(self.call)

    def record(self, answer: Answer[Report], now: datetime) -> Purchase:
        return _record_send(self.purchase, self.call, answer, now)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks what became of a purchase on the PSP's page."""

    purchase: Purchase

    def go(self) -> Answer[Report]:
        return fetch(self.purchase)

    def record(self, answer: Answer[Report], now: datetime) -> Purchase:
        record_look(self.purchase, answer, cause=Cause(CauseKind.POLL), now=now)
        return _as_it_stands(self.purchase)


def _as_it_stands(purchase: Purchase) -> Purchase:
    return Purchase.objects.select_related("session__shop", "shop").get(pk=purchase.pk)


def carry_purchase(purchase_id: UUID, *, now: datetime) -> None:
    """Do the next thing for a due purchase: send, look up, or close it with a fence."""
    purchase = Purchase.objects.select_related("session", "shop").get(pk=purchase_id)
    if purchase.status != PurchaseStatus.STARTED:
        due.release("purchase", purchase.pk, due_at=None)
        return
    can = psp_client(purchase.session.psp).capabilities
    if can.confirm_mode is ConfirmMode.READS:
        _carry_at_page(purchase, can_cancel=can.can_cancel, now=now)
        return
    call = confirm_under_way(purchase)
    if call is None:
        _carry_declined_for_now(purchase, can_cancel=can.can_cancel, now=now)
        return
    window, phase = can.key_window, phase_reached(purchase, call)
    chargeable = may_charge(
        accepted_at=call.created_at,
        first_sent_at=call.first_sent_at,
        now=now,
        key_window=window,
    )
    step = first_step(phase=phase, chargeable=chargeable)
    if step is Step.LOOK_UP:
        seen = look_up(purchase, cause_kind=CauseKind.POLL, now=now)
        if seen is None:
            return
        step = step_after_look_up(phase=phase, seen=seen.state, chargeable=chargeable)
    if step is Step.SEND and claim_send(call, now=now, key_window=window):
        _record_send(purchase, call, _send(call), timezone.now())
    elif step is Step.FENCE:
        _fence(purchase, now)


def _carry_declined_for_now(purchase: Purchase, *, can_cancel: bool, now: datetime) -> None:
    """Ask what is true, and end what nobody has tried again in time.

    Where the PSP cannot cancel, and charges only when we ask it to, it is enough that nothing is
    under way and nothing more will be: the gate makes sure of that under its locks.
    """
    seen = look_up(purchase, cause_kind=CauseKind.POLL, now=now)
    if seen is None:
        return
    is_over = purchase.session.open_until <= now
    if step_without_try(seen=seen.state, is_over=is_over) is not Step.FENCE:
        return
    if can_cancel:
        _fence(purchase, now)
    else:
        settle.mark_given_up(purchase, cause=Cause(CauseKind.CLOCK), now=timezone.now())


def _carry_at_page(purchase: Purchase, *, can_cancel: bool, now: datetime) -> None:
    """Ask what happened on the PSP's page, and end what nobody has acted on in time."""
    seen = look_up(purchase, cause_kind=CauseKind.POLL, now=now)
    if seen is None:
        return
    is_over = purchase.session.expires_at <= now
    if step_at_page(seen=seen.state, is_over=is_over, can_cancel=can_cancel) is Step.FENCE:
        _fence(purchase, now)


def _send(call: PspCall) -> Answer[Report]:
    return send(call, lambda client, prepared: client.confirm(prepared))


def _record_send(
    purchase: Purchase, call: PspCall, answer: Answer[Report], now: datetime
) -> Purchase:
    """Record what came of a send, and take it to the gate, in one transaction."""
    cause = Cause(CauseKind.PSP_CALL, str(call.pk))
    with recording(call, answer, now=now) as first_and_only:
        return _conclude(purchase, call, answer, cause, now, first_and_only=first_and_only)


def _conclude(
    purchase: Purchase,
    call: PspCall,
    answer: Answer[Report],
    cause: Cause,
    now: datetime,
    *,
    first_and_only: bool,
) -> Purchase:
    why = str(answer.error or "")[:500]
    if answer.outcome in (CallOutcome.AUTH_FAILED, *REFUSED):
        open_case(purchase.session, CaseKind.REFUSED_BY_PSP, why, purchase)
    if answer.outcome in REFUSED:
        # What is proved of this try proves nothing about one before it.
        first_and_only = first_and_only and nothing_else_may_arrive(call)
    match conclude_purchase(answer.outcome, first_and_only=first_and_only):
        case Conclusion.APPLY:
            report = _report_in(answer, purchase)
            settled = settle.apply_report(purchase, report, cause=cause, now=now)
        case Conclusion.ASK_SHOPPER:
            settled = settle.mark_declined_for_now(
                purchase, code=_code_in(answer), why=why, cause=cause, now=now
            )
        case Conclusion.SEND_LATER:
            return _try_again_later(purchase, call, answer, now)
        case Conclusion.NEVER_HAPPENED:
            settled = settle.mark_errored(
                purchase, code=answer.outcome, why=why, cause=cause, now=now
            )
        case _:
            settled = settle.mark_in_doubt(purchase, why=why, cause=cause, now=now)
    return _take(settled, purchase, now)


def _take(settled: settle.Settled, purchase: Purchase, now: datetime) -> Purchase:
    """Return the settled purchase; where the gate did not move it, plan the next look."""
    if settled.verdict is not Verdict.ADVANCE:
        schedule_next_look(settled.purchase, now)
    return settled.purchase


def _try_again_later(
    purchase: Purchase, call: PspCall, answer: Answer[Report], now: datetime
) -> Purchase:
    purchase.due_at = due.sooner(now + wait_before_next_send(call, answer), now)
    due.release("purchase", purchase.pk, due_at=purchase.due_at)
    return purchase


def _report_in(answer: Answer[Report], purchase: Purchase) -> Report:
    """Return what the PSP reported, be it as an answer or as a refusal of the purchase."""
    if answer.result is not None:
        return answer.result
    if not isinstance(answer.error, Declined):
        raise TypeError(f"{answer.outcome} without a report")
    return Report(
        state=ReportedState.DECLINED,
        psp_word="declined",
        money=purchase.money,
        captured=None,
        reason_code=answer.error.code,
        reason_text=str(answer.error),
    )


def _code_in(answer: Answer[Report]) -> str:
    """Return the PSP's own word for why it declined for now."""
    if not isinstance(answer.error, DeclinedForNow):
        raise TypeError(f"{answer.outcome} without a code")
    return answer.error.code


def _fence(purchase: Purchase, now: datetime) -> None:
    """Cancel at the PSP what may never have arrived and can no longer be sent.

    Only the PSP's confirmation ends the purchase; anything else leaves it for the next look.
    """
    fence = cancel_at_psp(purchase.session, purchase.psp_reference, now=now, purchase=purchase)
    if fence is None:
        open_case(
            purchase.session,
            CaseKind.UNANSWERED,
            "The PSP has not acted on this purchase, and offers no way to be sure that it never "
            "will. Ask the PSP; looks go on.",
            purchase,
        )
        return
    now = timezone.now()
    with transaction.atomic(durable=True):
        fence.finish(now)
        if fence.answer.result is not None:
            cause = Cause(CauseKind.PSP_CALL, str(fence.call.pk))
            settle.apply_report(purchase, fence.answer.result, cause=cause, now=now)

"""Carries a stored refund to its end: sends its call, and looks up what became of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from payments.domain.answers import CallOutcome, Conclusion, conclude_refund
from payments.domain.next_step import Step
from payments.domain.refunds import UNANSWERED_REFUND_PHASES, RefundPhase, refund_step
from payments.domain.schedule import POLL_FOR, next_poll
from payments.models import CaseKind, CauseKind, PspCall, Refund
from payments.psp import Answer, ask, can_be_asked, psp_client
from payments.services import due
from payments.services.calls import (
    claim_send,
    record_look_up,
    recording,
    send,
    wait_before_next_send,
)
from payments.services.settle_refund import (
    apply_refund_report,
    mark_refund_failed,
    mark_refund_in_doubt,
)
from payments.services.timeline import Cause, open_case
from psp_clients.contract import Operation, RefundReport


def carry_refund(refund_id: UUID, *, now: datetime) -> None:
    """Do the next thing for a due refund: send its call, or ask what became of it."""
    refund = Refund.objects.select_related("purchase__session", "purchase__shop").get(pk=refund_id)
    if refund.phase == RefundPhase.FAILED:
        due.release("refund", refund.pk, due_at=None)
        return
    call = PspCall.objects.get(refund=refund, operation=Operation.REFUND)
    window = psp_client(call.psp).capabilities.key_window
    step = refund_step(
        phase=RefundPhase(refund.phase),
        first_sent_at=call.first_sent_at,
        now=now,
        key_window=window,
    )
    if step is not Step.SEND or not claim_send(call, now=now, key_window=window):
        _look_up(refund, now)
    elif _send(refund, call) is Conclusion.IN_DOUBT and call.sends > 1:
        # A PSP may repeat the same fault under the same key for as long as it knows the key.
        refund.refresh_from_db(fields=["due_at", "phase", "phase_since", "polls"])
        _look_up(refund, timezone.now())


def _send(refund: Refund, call: PspCall) -> Conclusion:
    answer = send(call, lambda client, prepared: client.refund(prepared))
    now = timezone.now()
    with recording(call, answer, now=now) as first_and_only:
        return _conclude(refund, call, answer, now, first_and_only=first_and_only)


def _conclude(
    refund: Refund,
    call: PspCall,
    answer: Answer[RefundReport],
    now: datetime,
    *,
    first_and_only: bool,
) -> Conclusion:
    cause = Cause(CauseKind.PSP_CALL, str(call.pk))
    why = str(answer.error or "")[:500]
    if answer.outcome is CallOutcome.AUTH_FAILED:
        open_case(refund.purchase.session, CaseKind.REFUSED_BY_PSP, why, refund.purchase)
    conclusion = conclude_refund(answer.outcome, first_and_only=first_and_only)
    match conclusion:
        case Conclusion.APPLY if answer.result is not None:
            apply_refund_report(refund, answer.result, cause=cause, now=now)
        case Conclusion.SEND_LATER:
            again_at = now + wait_before_next_send(call, answer)
            due.release("refund", refund.pk, due_at=due.sooner(again_at, now))
        case Conclusion.NEVER_HAPPENED:
            mark_refund_failed(refund, why=why, cause=cause, now=now)
        case _:
            mark_refund_in_doubt(refund, why=why, cause=cause, now=now)
            _schedule_next_look(refund, now)
    return conclusion


def _look_up(refund: Refund, now: datetime) -> None:
    if not can_be_asked(refund.purchase.session.psp):
        _wait_for_news(refund, now)
        return
    payment, wanted = refund.purchase.psp_reference, refund.psp_reference
    due_when_read = refund.due_at
    answer = ask(refund.purchase.session.psp, lambda asked: asked.fetch_refund(payment, wanted))
    now = max(now, timezone.now())
    with transaction.atomic(durable=True):
        fetched = record_look_up(
            refund.purchase.session, answer, now=now, purchase=refund.purchase, refund=refund
        )
        if answer.result is not None:
            cause = Cause(CauseKind.POLL, str(fetched.pk))
            refund = apply_refund_report(refund, answer.result, cause=cause, now=now)
        if answer.result is not None and not refund.is_unfinished:
            _leave(refund, due_when_read)
        else:
            counted = answer.outcome is not CallOutcome.NOT_SENT
            _schedule_next_look(refund, now, counted=counted)


def _wait_for_news(refund: Refund, now: datetime) -> None:
    """Leave a refund to the webhooks of a PSP that cannot be asked; after a week ask a person."""
    if refund.is_unfinished:
        _schedule_next_look(refund, now)
    else:
        due.release("refund", refund.pk, due_at=None)


def _leave(refund: Refund, due_when_read: datetime | None) -> None:
    """Give back a refund that has nothing more to learn, unless there is news meanwhile.

    A webhook makes the refund due whoever holds it: what it announced may be younger than what
    was just seen, and must not be taken for done with it.
    """
    Refund.objects.filter(pk=refund.pk, due_at=due_when_read).update(due_at=None)
    Refund.objects.filter(pk=refund.pk).update(leased_until=None)


def _schedule_next_look(refund: Refund, now: datetime, *, counted: bool = True) -> None:
    """Plan the next look at a refund that stays where it is; after a week a person is asked.

    A look that never left (not `counted`) does not make the next one rarer.
    """
    polls = refund.polls + counted
    at = _next_look(refund, polls, now)
    kept = Refund.objects.filter(pk=refund.pk, phase=refund.phase).update(
        polls=polls, due_at=due.sooner(at, now), leased_until=None
    )
    if at is None and kept:
        open_case(
            refund.purchase.session,
            CaseKind.UNANSWERED,
            f"A week has not shown what became of refund {refund}.",
            refund.purchase,
        )


def _next_look(refund: Refund, polls: int, now: datetime) -> datetime | None:
    since = refund.phase_since
    if not can_be_asked(refund.purchase.session.psp):
        return since + POLL_FOR if now - since < POLL_FOR else None
    answered = refund.phase not in UNANSWERED_REFUND_PHASES
    return next_poll(answered=answered, polls=polls, since=since, now=now)

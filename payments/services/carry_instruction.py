"""Carries a capture or a void to its end: sends its call, and looks up what became of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from payments.domain.answers import CallOutcome, Conclusion, conclude_refund
from payments.domain.instructions import (
    InstructionState,
    instruction_step,
    next_look,
)
from payments.domain.next_step import Step
from payments.models import CaseKind, CauseKind, Instruction, PspCall
from payments.psp import Answer, can_be_asked, psp_client
from payments.services import due, settle
from payments.services.calls import (
    claim_send,
    record_look_up,
    recording,
    send,
    wait_before_next_send,
)
from payments.services.inserts import insert_together
from payments.services.look_up import fetch
from payments.services.purchase_lock import lock_purchase
from payments.services.settle_instruction import mark_instruction_failed
from payments.services.timeline import Cause, event, open_case
from psp_clients.contract import Operation, PreparedCall, PspClient, Report


def carry_instruction(instruction_id: UUID, *, now: datetime) -> None:
    """Do the next thing for a due instruction: send its call, or ask what became of it."""
    instruction = Instruction.objects.select_related("purchase__session", "purchase__shop").get(
        pk=instruction_id
    )
    if not instruction.is_pending:
        due.release("instruction", instruction.pk, due_at=None)
        return
    call = PspCall.objects.get(instruction=instruction)
    window = psp_client(call.psp).capabilities.key_window
    step = instruction_step(
        outcome=CallOutcome(call.outcome),
        first_sent_at=call.first_sent_at,
        now=now,
        key_window=window,
    )
    if step is Step.SEND and claim_send(call, now=now, key_window=window):
        _send(instruction, call)
    else:
        _look_up(instruction, call, now)


def _send(instruction: Instruction, call: PspCall) -> None:
    answer = send(call, _change)
    now = timezone.now()
    with recording(call, answer, now=now) as first_and_only:
        _conclude(instruction, call, answer, now, first_and_only=first_and_only)


def _change(client: PspClient, prepared: PreparedCall) -> Report:
    if prepared.operation is Operation.CAPTURE:
        return client.capture(prepared)
    return client.cancel(prepared)


def _conclude(
    instruction: Instruction,
    call: PspCall,
    answer: Answer[Report],
    now: datetime,
    *,
    first_and_only: bool,
) -> None:
    cause = Cause(CauseKind.PSP_CALL, str(call.pk))
    why = str(answer.error or "")[:500]
    purchase = instruction.purchase
    if answer.outcome is CallOutcome.AUTH_FAILED:
        open_case(purchase.session, CaseKind.REFUSED_BY_PSP, why, purchase)
    match conclude_refund(answer.outcome, first_and_only=first_and_only):
        case Conclusion.APPLY if answer.result is not None:
            settle.apply_report(purchase, answer.result, cause=cause, now=now)
            _schedule_next_look(instruction, call, now)
        case Conclusion.SEND_LATER:
            again_at = now + wait_before_next_send(call, answer)
            due.release("instruction", instruction.pk, due_at=due.sooner(again_at, now))
        case Conclusion.NEVER_HAPPENED:
            mark_instruction_failed(instruction, why=why, cause=cause, now=now)
        case _:
            _note_doubt(instruction, why, cause)
            _schedule_next_look(instruction, call, now)


def _note_doubt(instruction: Instruction, why: str, cause: Cause) -> None:
    """Leave in the timeline that the PSP may have done it. The caller's transaction goes on."""
    purchase = lock_purchase(instruction.purchase_id)
    insert_together(
        event(
            purchase.session,
            f"{instruction.kind}.in_doubt",
            cause,
            purchase=purchase,
            instruction=instruction.public_id,
            why=why,
        )
    )


def _look_up(instruction: Instruction, call: PspCall, now: datetime) -> None:
    purchase = instruction.purchase
    if not can_be_asked(purchase.session.psp):
        _schedule_next_look(instruction, call, now)
        return
    answer = fetch(purchase)
    now = max(now, timezone.now())
    with transaction.atomic(durable=True):
        fetched = record_look_up(purchase.session, answer, now=now, purchase=purchase)
        if answer.result is not None:
            cause = Cause(CauseKind.POLL, str(fetched.pk))
            settle.apply_report(purchase, answer.result, cause=cause, now=now)
        counted = answer.outcome is not CallOutcome.NOT_SENT
        _schedule_next_look(instruction, call, now, counted=counted)


def _schedule_next_look(
    instruction: Instruction, call: PspCall, now: datetime, *, counted: bool = True
) -> None:
    """Plan the next look at an instruction that is still pending; after a week ask a person.

    A look that never left (not `counted`) does not make the next one rarer.
    """
    polls = instruction.polls + counted
    at = next_look(
        outcome=CallOutcome(call.outcome), polls=polls, asked_at=instruction.created_at, now=now
    )
    kept = Instruction.objects.filter(pk=instruction.pk, state=InstructionState.PENDING).update(
        polls=polls, due_at=due.sooner(at, now), leased_until=None
    )
    if at is None and kept:
        open_case(
            instruction.purchase.session,
            CaseKind.UNANSWERED,
            f"A week has not shown what became of {instruction.kind} {instruction}. Settle it in "
            "the PSP's own pages; nothing else can be asked of the purchase until then.",
            instruction.purchase,
        )

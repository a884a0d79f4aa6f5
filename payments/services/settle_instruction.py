"""Ends instructions: with the purchase they are about, or because the PSP refuses them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from payments.domain.instructions import InstructionKind, InstructionState, what_went_wrong
from payments.domain.lifecycle import Phase
from payments.models import CaseKind, Instruction, Purchase
from payments.selectors import pending_instruction
from payments.services import due
from payments.services.inserts import insert_together
from payments.services.purchase_lock import lock_purchase
from payments.services.timeline import Cause, event, instruction_notification, open_case


def end_with_purchase(purchase: Purchase, cause: Cause, now: datetime) -> None:
    """End what was asked of a purchase that has just ended; the caller holds its row.

    What was not asked for so is a case: money was taken, or let go, against somebody's word.
    """
    instruction = pending_instruction(purchase)
    if instruction is None:
        return
    wrong = what_went_wrong(
        InstructionKind(instruction.kind),
        asked=instruction.asked_amount,
        phase=Phase(purchase.phase),
        captured=purchase.captured_amount,
    )
    _end(instruction, purchase, wrong, cause, now)


def mark_instruction_failed(
    instruction: Instruction, *, why: str, cause: Cause, now: datetime
) -> None:
    """Record that the PSP will not do it, and that it has not. Only with proof.

    What the PSP refuses may have come to another end there, so that the purchase is looked at.
    """
    with transaction.atomic(savepoint=False):
        purchase = lock_purchase(instruction.purchase_id)
        still = Instruction.objects.filter(pk=instruction.pk, state=InstructionState.PENDING)
        if still.exists():
            _end(instruction, purchase, why or "the PSP refused", cause, now)
            Purchase.objects.filter(pk=purchase.pk, phase=Phase.AUTHORIZED).update(due_at=now)


def _end(
    instruction: Instruction, purchase: Purchase, wrong: str, cause: Cause, now: datetime
) -> None:
    instruction.state = InstructionState.FAILED if wrong else InstructionState.SUCCESSFUL
    instruction.why, instruction.finished_at = wrong[:500], now
    instruction.due_at = instruction.leased_until = None
    instruction.save(
        update_fields=["state", "why", "finished_at", "due_at", "leased_until", "updated_at"]
    )
    ended = event(
        purchase.session,
        f"{instruction.kind}.{instruction.state}",
        cause,
        purchase=purchase,
        instruction=instruction.public_id,
        amount=f"{instruction.amount} {instruction.currency}",
        **({"why": wrong} if wrong else {}),
    )
    if not wrong:
        insert_together(ended)
        return
    insert_together(ended, instruction_notification(instruction, purchase, now=now))
    due.hint()
    open_case(
        purchase.session,
        CaseKind.NOT_AS_ASKED,
        f"{instruction.kind.capitalize()} of {instruction.amount} {instruction.currency} "
        f"({instruction}) failed: {wrong}.",
        purchase,
    )

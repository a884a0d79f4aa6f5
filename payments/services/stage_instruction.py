"""Stages a capture or a void: its row, its event, and the exact call, before anything is sent."""

from __future__ import annotations

from datetime import datetime

from payments.domain.instructions import InstructionKind
from payments.models import Instruction, Purchase, new_idempotency_key
from payments.psp import psp_client
from payments.services import due
from payments.services.calls import staged_call
from payments.services.inserts import insert_together
from payments.services.timeline import Cause, event
from psp_clients.contract import Money, PreparedCall


def stage_instruction(
    purchase: Purchase,
    kind: InstructionKind,
    money: Money,
    *,
    reason: str,
    request_key: str,
    cause: Cause,
    now: datetime,
) -> Instruction:
    """Store an instruction about a purchase whose row the caller holds, due at once.

    Raises what the PSP's client raises for a call that it cannot build (Unsupported,
    InvalidRequest); the database refuses a second one while one is pending.
    """
    instruction = Instruction(
        session=purchase.session,
        purchase=purchase,
        kind=kind,
        amount=money.amount,
        currency=money.currency,
        reason=reason,
        request_key=request_key,
        due_at=now,
    )
    asked_for = event(
        purchase.session,
        f"{kind}.started",
        cause,
        purchase=purchase,
        instruction=instruction.public_id,
        amount=f"{money.amount} {money.currency}",
        **({"reason": reason} if reason else {}),
    )
    prepared = _prepared(purchase, kind, money)
    call = staged_call(prepared, purchase.session, purchase=purchase, instruction=instruction)
    insert_together(asked_for, instruction, call)
    due.hint()
    return instruction


def _prepared(purchase: Purchase, kind: InstructionKind, money: Money) -> PreparedCall:
    client, key = psp_client(purchase.session.psp), new_idempotency_key()
    if kind is InstructionKind.VOID:
        return client.prepare_cancel(purchase.psp_reference, key=key)
    return client.prepare_capture(purchase.psp_reference, money, key=key)

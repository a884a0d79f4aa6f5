"""Asks that an authorised purchase be let go, so that nothing of it is ever taken."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from payments.domain.instructions import InstructionKind, InstructionState
from payments.domain.lifecycle import Phase
from payments.models import Instruction
from payments.psp import psp_client
from payments.selectors import pending_instruction
from payments.services.purchase_lock import lock_purchase
from payments.services.refusals import CannotVoid, InstructionPending, NothingReserved
from payments.services.stage_instruction import stage_instruction
from payments.services.timeline import Cause


def request_void(*, purchase_id: UUID, reason: str, cause: Cause, now: datetime) -> Instruction:
    """Store a void, for a worker to carry out.

    Asked again while it is pending, or once it has succeeded, returns the same. Raises
    NothingReserved where the purchase is not authorised, InstructionPending where a capture is
    under way, and CannotVoid where the PSP cannot; each changes nothing.
    """
    with transaction.atomic(durable=True):
        purchase = lock_purchase(purchase_id)
        earlier = purchase.instructions.order_by("-pk").first()
        if earlier is not None and _is_the_same(earlier):
            return earlier
        if purchase.phase != Phase.AUTHORIZED:
            raise NothingReserved(purchase)
        if pending := pending_instruction(purchase):
            raise InstructionPending(pending)
        if not psp_client(purchase.session.psp).capabilities.can_cancel:
            raise CannotVoid
        return stage_instruction(
            purchase,
            InstructionKind.VOID,
            purchase.money,
            reason=reason,
            request_key="",
            cause=cause,
            now=now,
        )


def _is_the_same(earlier: Instruction) -> bool:
    return earlier.kind == InstructionKind.VOID and earlier.state != InstructionState.FAILED

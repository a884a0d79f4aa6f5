"""Asks for the money of an authorised purchase, in full or in part, once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from payments.domain.instructions import InstructionKind
from payments.domain.lifecycle import Phase
from payments.domain.money import with_digits_of
from payments.models import Capture, Instruction, Purchase
from payments.selectors import pending_instruction
from payments.services.purchase_lock import lock_purchase
from payments.services.refusals import (
    CaptureKeyReused,
    CaptureTooLarge,
    InstructionPending,
    NothingReserved,
)
from payments.services.stage_instruction import stage_instruction
from payments.services.timeline import Cause
from psp_clients.contract import Money


def request_capture(
    *,
    purchase_id: UUID,
    amount: Decimal | None,
    reason: str,
    cause: Cause,
    now: datetime,
    request_key: str = "",
) -> Instruction:
    """Store a capture, for a worker to carry out; `amount` None means all that is reserved.

    What is not captured is let go: a purchase is captured once. Asked again with the same
    `request_key`, returns what the first request stored. Raises NothingReserved, where the
    purchase is not authorised or its PSP captures by itself, CaptureTooLarge, InstructionPending
    and CaptureKeyReused; each changes nothing.
    """
    with transaction.atomic(durable=True):
        purchase = lock_purchase(purchase_id)
        earlier = _asked_before(purchase, request_key, amount)
        if earlier is not None:
            return earlier
        is_manual = purchase.session.capture == Capture.MANUAL
        if purchase.phase != Phase.AUTHORIZED or not is_manual:
            raise NothingReserved(purchase)
        if pending := pending_instruction(purchase):
            raise InstructionPending(pending)
        reserved = Decimal(purchase.amount)
        asked = reserved if amount is None else amount
        if asked > reserved:
            raise CaptureTooLarge(purchase.money)
        return stage_instruction(
            purchase,
            InstructionKind.CAPTURE,
            Money(with_digits_of(purchase.amount, asked), purchase.currency),
            reason=reason,
            request_key=request_key,
            cause=cause,
            now=now,
        )


def _asked_before(
    purchase: Purchase, request_key: str, amount: Decimal | None
) -> Instruction | None:
    """Return what an earlier request with this key stored; the caller holds the purchase."""
    if not request_key:
        return None
    earlier = purchase.instructions.filter(request_key=request_key).first()
    if earlier is None:
        return None
    same_sum = amount in (None, earlier.asked_amount)
    if earlier.kind != InstructionKind.CAPTURE or not same_sum:
        raise CaptureKeyReused
    return earlier

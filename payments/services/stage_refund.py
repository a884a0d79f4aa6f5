"""Stages a refund: its row, its event, and the exact call to the PSP, before anything is sent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid5

from payments.domain.refunds import RefundPhase, refundable
from payments.models import CauseKind, Purchase, Refund, RefundOrigin, new_idempotency_key
from payments.psp import psp_client
from payments.services import due
from payments.services.calls import staged_call
from payments.services.inserts import insert_together
from payments.services.timeline import Cause, event
from psp_clients.contract import Money

# The namespace of keys that are made from a purchase's id, so that one charge can be given back
# of itself only once, whoever decides it and however often.
AUTOMATIC_REFUNDS: Final = UUID("0197a8f2-4c1e-7d36-9b52-6e0f3a1d8c47")

# What every PSP takes; the mid-office may say more, which stays here.
PSP_REASON_CHARACTERS: Final = 200


def left_to_refund(purchase: Purchase) -> Decimal:
    """Return what may still be given back of a purchase whose row the caller holds.

    What is on its way back counts as given: it is no longer the shop's to keep.
    """
    return refundable(
        purchase.captured_amount,
        [(Decimal(r.amount), RefundPhase(r.phase)) for r in purchase.refunds.all()],
    )


def stage_refund(
    purchase: Purchase,
    money: Money,
    *,
    origin: RefundOrigin,
    now: datetime,
    reason: str = "",
    request_key: str = "",
    cause: Cause | None = None,
) -> Refund:
    """Store a refund of a purchase whose row the caller holds, due for a worker at once.

    Raises what the PSP's client raises for a call that it cannot build (Unsupported,
    InvalidRequest); the database refuses refunds beyond what was captured.
    """
    refund = Refund(
        session=purchase.session,
        purchase=purchase,
        amount=money.amount,
        currency=money.currency,
        origin=origin,
        phase=RefundPhase.SUBMITTING,
        phase_since=now,
        reason=reason or origin.label,
        request_key=request_key,
        due_at=now,
    )
    prepared = psp_client(purchase.session.psp).prepare_refund(
        purchase.psp_reference,
        money,
        refund_id=refund.public_id,
        reason=refund.reason[:PSP_REASON_CHARACTERS],
        key=_key(purchase, origin),
    )
    asked_for = event(
        purchase.session,
        "refund.started",
        cause or Cause(CauseKind.CLOCK),
        purchase=purchase,
        refund=refund.public_id,
        amount=f"{money.amount} {money.currency}",
        origin=str(origin),
        reason=refund.reason,
    )
    insert_together(
        asked_for,
        refund,
        staged_call(prepared, purchase.session, purchase=purchase, refund=refund),
    )
    due.hint()
    return refund


def _key(purchase: Purchase, origin: RefundOrigin) -> str:
    if origin is RefundOrigin.REQUESTED:
        return new_idempotency_key()
    return str(uuid5(AUTOMATIC_REFUNDS, str(purchase.pk)))

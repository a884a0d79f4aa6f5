"""Asks for a refund of a successful purchase, in full or in part, never above what is left."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from payments.domain.lifecycle import Phase
from payments.domain.money import with_digits_of
from payments.models import Purchase, Refund, RefundOrigin
from payments.services.refusals import NothingToRefund, RefundTooLarge
from payments.services.stage_refund import left_to_refund, stage_refund
from payments.services.timeline import Cause
from psp_clients.contract import Money


def request_refund(
    *, purchase_id: UUID, amount: Decimal | None, reason: str, cause: Cause, now: datetime
) -> Refund:
    """Store a refund, for a worker to carry out; `amount` None means all that is left.

    Raises NothingToRefund where no money was taken or all of it is on its way back, and
    RefundTooLarge, which names what is left; both change nothing.
    """
    with transaction.atomic(durable=True):
        purchase = (
            Purchase.objects.select_for_update(of=("session", "self"), no_key=True)
            .select_related("session", "shop")
            .get(pk=purchase_id)
        )
        left = left_to_refund(purchase)
        if purchase.phase != Phase.CAPTURED or left <= 0:
            raise NothingToRefund
        asked = left if amount is None else amount
        if asked > left:
            raise RefundTooLarge(Money(with_digits_of(purchase.amount, left), purchase.currency))
        money = Money(with_digits_of(purchase.amount, asked), purchase.currency)
        return stage_refund(
            purchase, money, origin=RefundOrigin.REQUESTED, reason=reason, cause=cause, now=now
        )

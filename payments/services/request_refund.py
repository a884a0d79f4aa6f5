"""Asks for a refund of a successful purchase, in full or in part, never above what is left."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from payments.domain.lifecycle import Phase
from payments.domain.money import with_digits_of
from payments.models import Purchase, Refund, RefundOrigin
from payments.services.purchase_lock import lock_purchase
from payments.services.refusals import (
    NothingToRefund,
    RefundKeyReused,
    RefundTooLarge,
    SecondPersonNeeded,
)
from payments.services.stage_refund import left_to_refund, stage_refund
from payments.services.timeline import Cause
from psp_clients.contract import Money


def request_refund(
    *,
    purchase_id: UUID,
    amount: Decimal | None,
    reason: str,
    cause: Cause,
    now: datetime,
    request_key: str = "",
    limit: Decimal | None = None,
) -> Refund:
    """Store a refund, for a worker to carry out; `amount` None means all that is left.

    Asked again with the same `request_key`, returns the refund that the first request stored.
    Raises NothingToRefund where no money was taken or all of it is on its way back,
    RefundTooLarge, which names what is left, RefundKeyReused, and SecondPersonNeeded where
    more than `limit` would then have been given back of the purchase in all; each changes nothing.
    """
    with transaction.atomic(durable=True):
        purchase = lock_purchase(purchase_id)
        earlier = _asked_before(purchase, request_key, amount)
        if earlier is not None:
            return earlier
        left = left_to_refund(purchase)
        if purchase.phase != Phase.CAPTURED or left <= 0:
            raise NothingToRefund
        asked = left if amount is None else amount
        if asked > left:
            raise RefundTooLarge(Money(with_digits_of(purchase.amount, left), purchase.currency))
        given = purchase.captured_amount - left
        if limit is not None and given + asked > limit:
            raise SecondPersonNeeded(asked)
        money = Money(with_digits_of(purchase.amount, asked), purchase.currency)
        return stage_refund(
            purchase,
            money,
            origin=RefundOrigin.REQUESTED,
            reason=reason,
            request_key=request_key,
            cause=cause,
            now=now,
        )


def _asked_before(purchase: Purchase, request_key: str, amount: Decimal | None) -> Refund | None:
    """Return what an earlier request with this key stored; the caller holds the purchase."""
    if not request_key:
        return None
    earlier = purchase.refunds.filter(request_key=request_key).first()
    if earlier is not None and amount not in (None, Decimal(earlier.amount)):
        raise RefundKeyReused
    return earlier

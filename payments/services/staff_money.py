"""Money acts of staff: refund, capture, void. Each by permission, with a reason, and once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction

from payments.domain import roles
from payments.domain.approvals import ApprovedAct
from payments.domain.money import with_digits_of
from payments.models import Approval, Instruction, Purchase, Refund
from payments.services.purchase_lock import lock_session
from payments.services.refusals import SecondPersonNeeded
from payments.services.request_capture import request_capture
from payments.services.request_refund import request_refund
from payments.services.request_void import request_void
from payments.services.staff_rules import allowed
from payments.services.stage_approval import stage_approval


def refund(
    *,
    by: User,
    purchase: Purchase,
    amount: Decimal | None,
    reason: str,
    form_key: str,
    now: datetime,
) -> Refund | Approval:
    """Give money back, or ask for a second person where the shop's limit wants one.

    `amount` None means all that is left. The limit counts all that was ever given back of the
    purchase, so that no large sum goes in small parts. The same `form_key` is the same refund.
    Raises NotAllowed, ReasonRefused, and what request_refund raises.
    """
    cause = allowed(by, roles.REFUND, reason)
    limit = purchase.shop.refund_limit(purchase.currency)
    try:
        return request_refund(
            purchase_id=purchase.pk,
            amount=amount,
            reason=reason,
            cause=cause,
            now=now,
            request_key=form_key,
            limit=limit,
        )
    except SecondPersonNeeded as needed:
        arguments = {
            "purchase": str(purchase.pk),
            "amount": with_digits_of(purchase.amount, needed.amount),
            "currency": purchase.currency,
        }
    with transaction.atomic(durable=True):
        return stage_approval(
            ApprovedAct.REFUND,
            arguments,
            session=lock_session(purchase.session_id),
            by=by,
            reason=reason,
            request_key=form_key,
            cause=cause,
            now=now,
        )


def capture(
    *,
    by: User,
    purchase: Purchase,
    amount: Decimal | None,
    reason: str,
    form_key: str,
    now: datetime,
) -> Instruction:
    """Take what is reserved. Raises NotAllowed, ReasonRefused, and what request_capture raises."""
    cause = allowed(by, roles.CAPTURE, reason)
    return request_capture(
        purchase_id=purchase.pk,
        amount=amount,
        reason=reason,
        cause=cause,
        now=now,
        request_key=form_key,
    )


def void(*, by: User, purchase: Purchase, reason: str, now: datetime) -> Instruction:
    """Let go what is reserved. Raises NotAllowed, ReasonRefused, and what request_void raises."""
    cause = allowed(by, roles.VOID, reason)
    return request_void(purchase_id=purchase.pk, reason=reason, cause=cause, now=now)

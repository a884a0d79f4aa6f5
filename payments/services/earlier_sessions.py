"""Asks for the end of an order's earlier sessions when another checkout of it is registered."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from payments.domain.lifecycle import SessionStatus
from payments.models import PaymentSession, Purchase
from payments.services import due


def end_earlier_sessions_of_the_order(session: PaymentSession, now: datetime) -> None:
    """Have workers cancel the order's earlier sessions that nobody has bought on.

    And those on which the shopper was declined for now: she pays here instead.
    """
    if not session.order_reference:
        return
    ended = PaymentSession.objects.filter(
        Q(purchase__isnull=True) | Q(purchase__awaits_shopper=True),
        shop=session.shop_id,
        order_reference=session.order_reference,
        status=SessionStatus.REGISTERED,
        cancel_requested_at__isnull=True,
        created_at__lt=session.created_at,
    ).update(cancel_requested_at=now, cancel_reason="a newer checkout of the order", due_at=now)
    if ended:
        Purchase.objects.filter(
            shop=session.shop_id,
            order_reference=session.order_reference,
            session__cancel_requested_at=now,
            awaits_shopper=True,
        ).update(due_at=now)
        due.hint()

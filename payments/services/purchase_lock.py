"""Locks of a session, and of a purchase with it: in the order in which everybody takes them."""

from __future__ import annotations

from uuid import UUID

from payments.models import PaymentSession, Purchase


def lock_purchase(purchase_id: UUID) -> Purchase:
    """Lock and read afresh a purchase with its session and shop. Raises Purchase.DoesNotExist."""
    return (
        Purchase.objects.select_for_update(of=("session", "self"), no_key=True)
        .select_related("session", "shop")
        .get(pk=purchase_id)
    )


def lock_session(session_id: UUID) -> PaymentSession:
    """Lock and read afresh a session, as whoever writes to its timeline must."""
    return PaymentSession.objects.select_for_update(no_key=True).get(pk=session_id)

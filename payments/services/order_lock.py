"""The lock of an order: whoever begins a purchase holds all sessions of its order."""

from __future__ import annotations

from django.db.models import Q, Subquery

from payments.models import PaymentSession, Purchase, Shop
from payments.services.refusals import CheckoutUnknown


def lock_order(shop: Shop, checkout_id: str) -> tuple[PaymentSession, list[Purchase]]:
    """Lock all sessions of the checkout's order, then read their purchases afresh.

    Raises CheckoutUnknown. Two statements on purpose: what a join reads beside a locked row is as
    old as the statement, and would not show the purchase that the lock's last holder has just
    stored.
    """
    own_order = PaymentSession.objects.filter(
        ~Q(order_reference=""), shop=shop, checkout_id=checkout_id
    ).values("order_reference")
    sessions = list(
        PaymentSession.objects.select_for_update(no_key=True)
        .filter(Q(checkout_id=checkout_id) | Q(order_reference=Subquery(own_order)), shop=shop)
        .order_by("pk")
    )
    session = next((s for s in sessions if s.checkout_id == checkout_id), None)
    if session is None:
        raise CheckoutUnknown
    session.shop = shop
    return session, list(Purchase.objects.filter(session__in=[s.pk for s in sessions]))

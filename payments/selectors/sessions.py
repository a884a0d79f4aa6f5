"""Sessions with their purchases: by checkout id, by the shopper's link, by our own id, and all."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from payments.models import PaymentSession, Purchase, Shop


def session_of_shop(shop: Shop, checkout_id: str) -> PaymentSession | None:
    """Return a shop's session with its purchase, by checkout id."""
    return _with_purchase().filter(shop=shop, checkout_id=checkout_id).first()


def sessions_of_shop(shop: Shop) -> QuerySet[PaymentSession]:
    """Return all sessions of a shop, each with its purchase, newest first."""
    return _with_purchase().filter(shop=shop).order_by("-created_at", "-id")


def session_of_shopper(public_token: str) -> PaymentSession | None:
    """Return the session behind a shopper's unguessable link, with purchase and shop."""
    return _with_purchase().select_related("shop").filter(public_token=public_token).first()


def session_by_id(session_id: UUID) -> PaymentSession | None:
    """Return a session with purchase and shop, by our own id."""
    return all_sessions().filter(pk=session_id).first()


def all_sessions() -> QuerySet[PaymentSession]:
    """Return every session with purchase and shop, newest first, for the mid-office."""
    return _with_purchase().select_related("shop").order_by("-created_at", "-id")


def purchase_of(session: PaymentSession) -> Purchase | None:
    """Return a session's purchase, if Buy Now was pressed. No query where it was selected."""
    return getattr(session, "purchase", None)


def _with_purchase() -> QuerySet[PaymentSession]:
    return PaymentSession.objects.select_related("purchase")

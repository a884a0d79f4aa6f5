"""Webhooks that came, and notifications that the shop was sent or has yet to be."""

from __future__ import annotations

from typing import Final

from django.db.models import Prefetch, QuerySet

from payments.models import NotificationTry, PaymentSession, ShopNotification, WebhookReceipt

# However many there were, a page shows the latest.
MOST_MESSAGES: Final = 100


def receipts_of(session: PaymentSession) -> QuerySet[WebhookReceipt]:
    """Return the latest webhooks about a session."""
    return session.receipts.order_by("-pk")[:MOST_MESSAGES]


def notifications_of(session: PaymentSession) -> QuerySet[ShopNotification]:
    """Return what the shop was to be told last about a session."""
    return session.notifications.order_by("-pk")[:MOST_MESSAGES]


def waiting_notifications(session: PaymentSession) -> QuerySet[ShopNotification]:
    """Return what the shop has not been told yet."""
    return session.notifications.filter(delivered_at__isnull=True)


def all_receipts() -> QuerySet[WebhookReceipt]:
    """Return every webhook that came, with its session, without what it said."""
    return WebhookReceipt.objects.select_related("session").defer("headers", "body", "news")


def all_notifications() -> QuerySet[ShopNotification]:
    """Return every notification with session, shop and tries, without its bytes."""
    tries = Prefetch("tries", NotificationTry.objects.order_by("created_at"))
    told = ShopNotification.objects.select_related("session__shop").defer("body")
    return told.prefetch_related(tries)

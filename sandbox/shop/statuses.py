"""Keeps what the shop knows of its purchases: from signed notifications, else by asking BPS.

The shopper's address bar is never believed. A notification that is older than what is known
changes nothing; the same one again changes nothing either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from standardwebhooks import Webhook, WebhookVerificationError

from sandbox.shop import bps
from sandbox.shop.models import Checkout, Notification

NOT_FINAL = ("", "started")


class NotFromBps(Exception):
    """The message is not proved to come from BPS, now, or makes no sense."""


@dataclass(frozen=True, slots=True)
class News:
    """What a notification says of one purchase."""

    type: str
    at: datetime
    checkout_id: str
    status: str
    next_action_url: str

    @classmethod
    def parse(cls, message: dict[str, Any]) -> Self:
        """Read a verified notification."""
        try:
            data = message["data"]
            purchase = data["purchase"]
            return cls(
                type=message["type"],
                at=datetime.fromisoformat(message["timestamp"]),
                checkout_id=data["checkout_id"],
                status=purchase["status"],
                next_action_url=_next_action_url(purchase),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise NotFromBps("The notification lacks what every one must have.") from error


def receive(headers: Mapping[str, str], body: bytes) -> None:
    """Verify a notification, store it once, and take over what it says."""
    news = News.parse(_verified(headers, body))
    with transaction.atomic():
        _, is_new = Notification.objects.get_or_create(
            webhook_id=headers["webhook-id"], defaults={"type": news.type, "body": body.decode()}
        )
        if is_new:
            _take_over(news)


def refresh(checkout: Checkout) -> None:
    """Ask BPS for what no notification has told, unless the end is known already."""
    if checkout.status not in NOT_FINAL:
        return
    purchase = bps.fetch(checkout.checkout_id).get("purchase") or {}
    unknown = Checkout.objects.filter(pk=checkout.pk, status__in=NOT_FINAL)
    unknown.update(
        status=str(purchase.get("status", "")),
        next_action_url=_next_action_url(purchase),
        told_by="BPS, when we asked",
    )
    checkout.refresh_from_db()


def _next_action_url(purchase: Mapping[str, Any]) -> str:
    """Return where the shopper, who was declined for now, chooses another way; else nothing."""
    action = purchase.get("next_action")
    return str(action["url"]) if action else ""


def _verified(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    try:
        message = Webhook(settings.SHOP_NOTIFICATION_SECRET).verify(body, dict(headers))
    except (WebhookVerificationError, ValueError) as error:
        raise NotFromBps("The signature does not hold.") from error
    if not isinstance(message, dict):
        raise NotFromBps("The notification is not a JSON object.")
    return message


def _take_over(news: News) -> None:
    checkouts = Checkout.objects.filter(checkout_id=news.checkout_id)
    not_newer = Q(told_at=None) | Q(told_at__lte=news.at)
    checkouts.filter(not_newer).update(
        status=news.status,
        next_action_url=news.next_action_url,
        told_by="a signed notification",
        told_at=news.at,
    )

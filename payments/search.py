"""Finds sessions by any id that anybody may hold: shops, shoppers, PSPs, their logs and ours."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from payments.models import (
    Case,
    PaymentSession,
    PspCall,
    Purchase,
    Refund,
    Shop,
    ShopNotification,
    WebhookReceipt,
)
from payments.selectors import all_sessions
from psp_clients.registry import PSPS

# Our ids as they are given out: a key without dashes follows.
PREFIXES: Final = ("pur_", "ref_", "msg_")


def sessions_by_any_id(words: str) -> QuerySet[PaymentSession]:
    """Return the sessions that an id names, newest first.

    Every comparison is exact, and looks into an index of its own: a single condition with "or"
    would read the tables through. Shops and PSPs are named because the indexes begin with them.
    """
    words = words.strip()
    found = [*_by_text(words), *_by_key(words)]
    return all_sessions().filter(pk__in=found[0].union(*found[1:], all=True))


def _by_text(words: str) -> list[QuerySet[Any, Any]]:
    sessions = PaymentSession.objects.order_by()
    shops = Shop.objects.order_by().values("pk")
    return [
        sessions.filter(shop__in=shops, checkout_id=words).values_list("pk"),
        sessions.filter(shop__in=shops, order_reference=words).values_list("pk"),
        sessions.filter(psp__in=PSPS, psp_token=words).values_list("pk"),
        sessions.filter(public_token=words).values_list("pk"),
        Purchase.objects.filter(payment_reference=words).values_list("session"),
        Purchase.objects.filter(
            purchase_info__has_key="customer_reference", purchase_info__customer_reference=words
        ).values_list("session"),
        Refund.objects.filter(refund_reference=words).values_list("session"),
        WebhookReceipt.objects.filter(
            psp__in=PSPS, event_id=words, session__isnull=False
        ).values_list("session"),
        PspCall.objects.filter(idempotency_key=words).values_list("session"),
    ]


def _by_key(words: str) -> list[QuerySet[Any, Any]]:
    for prefix in PREFIXES:
        words = words.removeprefix(prefix)
    try:
        key = UUID(words)
    except ValueError:
        return []
    rows = (Purchase, Refund, ShopNotification, Case)
    return [
        PaymentSession.objects.order_by().filter(pk=key).values_list("pk"),
        *(model.objects.order_by().filter(pk=key).values_list("session") for model in rows),
    ]

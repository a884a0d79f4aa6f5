"""Reads what Stripe posts: signed events, each about one object. What they say is looked up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psp_clients.contract import RefundReference, WebhookNotice, WebhookRejected
from psp_clients.strict_json import (
    JsonObject,
    Unreadable,
    child,
    read_object,
    text,
    text_or_blank,
)
from psp_clients.stripe.mapping import REFERENCE, REFUND_ID, id_of, moment, noted
from psp_clients.stripe.signature import verify

DISPUTES: Final[dict[str, str]] = {
    "charge.dispute.created": "The shopper's bank disputes this charge",
    "charge.dispute.closed": "The dispute of this charge is closed",
    "charge.dispute.funds_withdrawn": "Stripe took the disputed money back",
    "charge.dispute.funds_reinstated": "Stripe gave the disputed money back to us",
}

_PLAIN_WORD = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True, slots=True)
class Named:
    """What an event is about, by its names."""

    psp_token: str = ""
    reference: str = ""
    payment_reference: str = ""
    refund: RefundReference | None = None


def _session(session: JsonObject) -> Named:
    return Named(
        psp_token=text(session, "id"),
        reference=text_or_blank(session, "client_reference_id"),
        payment_reference=id_of(session, "payment_intent"),
    )


def _intent(intent: JsonObject) -> Named:
    return Named(reference=noted(intent, REFERENCE), payment_reference=text(intent, "id"))


def _charge(charge: JsonObject) -> Named:
    return Named(
        reference=noted(charge, REFERENCE), payment_reference=id_of(charge, "payment_intent")
    )


def _refund(refund: JsonObject) -> Named:
    return Named(
        reference=noted(refund, REFERENCE),
        payment_reference=id_of(refund, "payment_intent"),
        refund=RefundReference(noted(refund, REFUND_ID), text(refund, "id")),
    )


def _dispute(dispute: JsonObject) -> Named:
    return Named(payment_reference=id_of(dispute, "payment_intent"))


# Events of other kinds are about nothing that we started, or repeat what one of these says.
READERS: Final[dict[str, Callable[[JsonObject], Named]]] = {
    "checkout.session.completed": _session,
    "checkout.session.async_payment_succeeded": _session,
    "checkout.session.async_payment_failed": _session,
    "checkout.session.expired": _session,
    "payment_intent.amount_capturable_updated": _intent,
    "payment_intent.canceled": _intent,
    "payment_intent.payment_failed": _intent,
    "payment_intent.processing": _intent,
    "payment_intent.requires_action": _intent,
    "payment_intent.succeeded": _intent,
    "charge.refunded": _charge,
    "charge.refund.updated": _refund,  # what endpoints of before 2024-10-28 are told of refunds
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    **dict.fromkeys(DISPUTES, _dispute),
}


def read_webhook(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[bytes], now: datetime
) -> list[WebhookNotice]:
    """Verify, then read. Raises WebhookRejected, and nothing else, whatever the bytes."""
    verify(headers, body, secrets=secrets, now=now)
    try:
        return _notices(read_object(body))
    except Unreadable as error:
        raise WebhookRejected(f"the body is not an event: {error}") from None


def _notices(event: JsonObject) -> list[WebhookNotice]:
    if event.get("object") != "event":
        raise Unreadable("object is not event")
    event_id, event_type = text(event, "id"), text(event, "type")
    if event_type not in READERS:
        return []
    about = child(child(event, "data"), "object")
    named = READERS[event_type](about)
    return [
        WebhookNotice(
            event_id=event_id,
            event_type=event_type,
            psp_token=named.psp_token,
            reference=named.reference,
            occurred_at=moment(event, "created"),
            payment_reference=named.payment_reference,
            refund=named.refund,
            attention=_attention(event_type, about),
        )
    ]


def _attention(event_type: str, dispute: JsonObject) -> str:
    if event_type not in DISPUTES:
        return ""
    said = [dispute.get("status"), dispute.get("reason")]
    words = [word for word in said if isinstance(word, str) and _PLAIN_WORD.fullmatch(word)]
    return f"{DISPUTES[event_type]} ({', '.join(words)})." if words else f"{DISPUTES[event_type]}."

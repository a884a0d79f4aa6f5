"""Reads what Mollie posts: a payment's bare id (classic), or a signed event (next generation).

A classic webhook is proved by nothing, so nothing but the id is believed: it says that there is
something to look up, and names no event.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from psp_clients.contract import RefundReference, WebhookNotice, WebhookRejected
from psp_clients.mollie.mapping import noted
from psp_clients.mollie.signature import HEADER, verify
from psp_clients.strict_json import JsonObject, Unreadable, instant, read_object, text

CLASSIC_TYPE: Final = "payment.changed"  # our word: a classic webhook does not say what happened
ATTENTION: Final[dict[str, str]] = {
    "chargeback.received": "A chargeback was received.",
    "chargeback.reversed": "A chargeback was reversed.",
}

_CLASSIC_BODY = re.compile(rb"id=(tr_[0-9A-Za-z]{1,64})")
# Events of other kinds (payment links, payouts, invoices) are about nothing that we started.
_ABOUT_A_PAYMENT = re.compile(r"(payment|refund|capture|chargeback)\.[a-z-]{1,64}")


def read_webhook(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[bytes]
) -> list[WebhookNotice]:
    """Verify what is signed, then read. Raises WebhookRejected, and nothing else.

    Whatever bears a signature must bear a good one, even where it reads like a classic webhook.
    """
    given = {name.lower(): value for name, value in headers.items()}
    if HEADER not in given:
        return [_classic(body)]
    verify(given[HEADER], body, secrets=secrets)
    try:
        return _notices(read_object(body))
    except Unreadable as error:
        raise WebhookRejected(f"the body is not an event: {error}") from None


def _classic(body: bytes) -> WebhookNotice:
    found = _CLASSIC_BODY.fullmatch(body)
    if not found:
        raise WebhookRejected("neither signed nor a classic webhook's one id")
    return WebhookNotice(
        event_id="",
        event_type=CLASSIC_TYPE,
        psp_token=found[1].decode(),
        reference="",
        occurred_at=None,
    )


def _notices(event: JsonObject) -> list[WebhookNotice]:
    if event.get("resource") != "event":
        raise Unreadable("resource is not event")
    event_id, event_type = text(event, "id"), text(event, "type")
    kind = _ABOUT_A_PAYMENT.fullmatch(event_type)
    if not kind:
        return []
    entity_id, entity = text(event, "entityId"), _entity(event)
    is_payment = kind[1] == "payment"
    return [
        WebhookNotice(
            event_id=event_id,
            event_type=event_type,
            psp_token=entity_id if is_payment else _payment_of(entity),
            reference=noted(entity, "reference"),
            occurred_at=instant(event, "createdAt"),
            refund=RefundReference(noted(entity, "refund_id"), entity_id)
            if kind[1] == "refund"
            else None,
            attention=ATTENTION.get(event_type, ""),
        )
    ]


def _entity(event: JsonObject) -> JsonObject:
    """Return the entity that a full event embeds; a simple event embeds none."""
    embedded = event.get("_embedded")
    if embedded is None:
        return {}
    entity = embedded.get("entity") if isinstance(embedded, dict) else None
    if not isinstance(entity, dict) or entity.get("id") != event.get("entityId"):
        raise Unreadable("the embedded entity is not the event's")
    return entity


def _payment_of(entity: JsonObject) -> str:
    return text(entity, "paymentId") if entity else ""

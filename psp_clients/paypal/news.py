"""What PayPal's webhooks are about, as a table of their types. The truth is asked for.

An order's event holds the order, a capture's the capture, a refund's the refund, a dispute's the
captures that are disputed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from psp_clients.contract import RefundReference, WebhookNotice
from psp_clients.paypal.mapping import capture_behind, only_unit
from psp_clients.strict_json import (
    JsonObject,
    child,
    children,
    instant,
    text,
    text_or_blank,
)


def read_notices(event: JsonObject) -> list[WebhookNotice]:
    """Return what a proved webhook is about: one thing, or nothing of ours. Raises Unreadable."""
    event_type = text(event, "event_type")
    read = next((read for names, read in READERS.items() if event_type in names), None)
    if read is None:
        return []
    event_id, resource = text(event, "id"), child(event, "resource")
    notice = read(resource, event_id, event_type, event)
    named = notice.psp_token or notice.reference or notice.payment_reference or notice.refund
    return [notice] if named else []


def _about_order(
    order: JsonObject, event_id: str, event_type: str, event: JsonObject
) -> WebhookNotice:
    unit = only_unit(order) if "purchase_units" in order else {}
    return WebhookNotice(
        event_id=event_id,
        event_type=event_type,
        psp_token=text_or_blank(order, "id") or text_or_blank(order, "order_id"),
        reference=text_or_blank(unit, "custom_id"),
        occurred_at=instant(event, "create_time"),
    )


def _about_capture(
    capture: JsonObject, event_id: str, event_type: str, event: JsonObject
) -> WebhookNotice:
    return WebhookNotice(
        event_id=event_id,
        event_type=event_type,
        psp_token=_order_of(capture),
        reference=text_or_blank(capture, "custom_id"),
        occurred_at=instant(event, "create_time"),
        payment_reference=text(capture, "id"),
    )


def _about_refund(
    refund: JsonObject, event_id: str, event_type: str, event: JsonObject
) -> WebhookNotice:
    return WebhookNotice(
        event_id=event_id,
        event_type=event_type,
        psp_token=_order_of(refund),
        reference=text_or_blank(refund, "custom_id"),
        occurred_at=instant(event, "create_time"),
        payment_reference=capture_behind(refund),
        refund=RefundReference(
            reference=text_or_blank(refund, "invoice_id"), refund_reference=text(refund, "id")
        ),
    )


def _about_reversal(
    reversal: JsonObject, event_id: str, event_type: str, event: JsonObject
) -> WebhookNotice:
    """Read what may be the capture that was reversed, or the reversal of one."""
    return WebhookNotice(
        event_id=event_id,
        event_type=event_type,
        psp_token=_order_of(reversal),
        reference=text_or_blank(reversal, "custom_id"),
        occurred_at=instant(event, "create_time"),
        payment_reference=capture_behind(reversal) or text(reversal, "id"),
        attention="PayPal has taken this payment back. Look at it in PayPal's dashboard.",
    )


def _about_dispute(
    dispute: JsonObject, event_id: str, event_type: str, event: JsonObject
) -> WebhookNotice:
    disputed = next(iter(children(dispute, "disputed_transactions")), {})
    words = (text_or_blank(dispute, "reason"), text_or_blank(dispute, "status"))
    said = ", ".join(word for word in words if word)
    return WebhookNotice(
        event_id=event_id,
        event_type=event_type,
        psp_token="",
        reference=text_or_blank(disputed, "custom"),
        occurred_at=instant(event, "create_time"),
        payment_reference=text_or_blank(disputed, "seller_transaction_id"),
        attention=f"PayPal dispute {text(dispute, 'dispute_id')}"
        + (f" ({said})" if said else "")
        + ": answer it in PayPal's Resolution Centre.",
    )


def _order_of(resource: JsonObject) -> str:
    if "supplementary_data" not in resource:
        return ""
    data = child(resource, "supplementary_data")
    return text_or_blank(child(data, "related_ids"), "order_id") if "related_ids" in data else ""


Reader = Callable[[JsonObject, str, str, JsonObject], WebhookNotice]

READERS: Final[dict[frozenset[str], Reader]] = {
    frozenset(
        {
            "CHECKOUT.ORDER.APPROVED",
            "CHECKOUT.ORDER.COMPLETED",
            "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
        }
    ): _about_order,
    frozenset(
        {
            "PAYMENT.CAPTURE.COMPLETED",
            "PAYMENT.CAPTURE.DECLINED",
            "PAYMENT.CAPTURE.DENIED",
            "PAYMENT.CAPTURE.PENDING",
        }
    ): _about_capture,
    frozenset({"PAYMENT.CAPTURE.REVERSED"}): _about_reversal,
    frozenset(
        {"PAYMENT.CAPTURE.REFUNDED", "PAYMENT.REFUND.FAILED", "PAYMENT.REFUND.PENDING"}
    ): _about_refund,
    frozenset(
        {
            "CUSTOMER.DISPUTE.CREATED",
            "CUSTOMER.DISPUTE.RESOLVED",
            "CUSTOMER.DISPUTE.UPDATED",
        }
    ): _about_dispute,
}

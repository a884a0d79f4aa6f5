"""What PayPal's webhooks are about, as a table of their types. The truth is asked for.

An order's event holds the order, a capture's the capture, a refund's the refund, a dispute's the
captures that are disputed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
    if event_type not in READERS:
        return []
    happened = WebhookNotice(
        event_id=text(event, "id"),
        event_type=event_type,
        psp_token="",
        reference="",
        occurred_at=instant(event, "create_time"),
    )
    notice = READERS[event_type](happened, child(event, "resource"))
    named = notice.psp_token or notice.reference or notice.payment_reference or notice.refund
    return [notice] if named else []


def _about_order(happened: WebhookNotice, order: JsonObject) -> WebhookNotice:
    unit = only_unit(order) if "purchase_units" in order else {}
    return replace(
        happened,
        psp_token=text_or_blank(order, "id") or text_or_blank(order, "order_id"),
        reference=text_or_blank(unit, "custom_id"),
    )


def _about_capture(happened: WebhookNotice, capture: JsonObject) -> WebhookNotice:
    return replace(_of_payment(happened, capture), payment_reference=text(capture, "id"))


def _about_refund(happened: WebhookNotice, refund: JsonObject) -> WebhookNotice:
    return replace(
        _of_payment(happened, refund),
        payment_reference=capture_behind(refund),
        refund=RefundReference(
            reference=text_or_blank(refund, "invoice_id"), refund_reference=text(refund, "id")
        ),
    )


def _about_reversal(happened: WebhookNotice, reversal: JsonObject) -> WebhookNotice:
    """Read what may be the capture that was reversed, or the reversal of one."""
    return replace(
        _of_payment(happened, reversal),
        payment_reference=capture_behind(reversal) or text(reversal, "id"),
        attention="PayPal has taken this payment back. Look at it in PayPal's dashboard.",
    )


def _about_dispute(happened: WebhookNotice, dispute: JsonObject) -> WebhookNotice:
    disputed = next(iter(children(dispute, "disputed_transactions")), {})
    words = (text_or_blank(dispute, "reason"), text_or_blank(dispute, "status"))
    said = ", ".join(word for word in words if word)
    return replace(
        happened,
        reference=text_or_blank(disputed, "custom"),
        payment_reference=text_or_blank(disputed, "seller_transaction_id"),
        attention=f"PayPal dispute {text(dispute, 'dispute_id')}"
        + (f" ({said})" if said else "")
        + ": answer it in PayPal's Resolution Centre.",
    )


def _of_payment(happened: WebhookNotice, resource: JsonObject) -> WebhookNotice:
    return replace(
        happened, psp_token=_order_of(resource), reference=text_or_blank(resource, "custom_id")
    )


def _order_of(resource: JsonObject) -> str:
    if "supplementary_data" not in resource:
        return ""
    data = child(resource, "supplementary_data")
    return text_or_blank(child(data, "related_ids"), "order_id") if "related_ids" in data else ""


Reader = Callable[[WebhookNotice, JsonObject], WebhookNotice]

READERS: Final[dict[str, Reader]] = {
    "CHECKOUT.ORDER.APPROVED": _about_order,
    "CHECKOUT.ORDER.COMPLETED": _about_order,
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED": _about_order,
    "CUSTOMER.DISPUTE.CREATED": _about_dispute,
    "CUSTOMER.DISPUTE.RESOLVED": _about_dispute,
    "CUSTOMER.DISPUTE.UPDATED": _about_dispute,
    "PAYMENT.CAPTURE.COMPLETED": _about_capture,
    "PAYMENT.CAPTURE.DECLINED": _about_capture,
    "PAYMENT.CAPTURE.DENIED": _about_capture,
    "PAYMENT.CAPTURE.PENDING": _about_capture,
    "PAYMENT.CAPTURE.REFUNDED": _about_refund,
    "PAYMENT.CAPTURE.REVERSED": _about_reversal,
    "PAYMENT.REFUND.FAILED": _about_refund,
    "PAYMENT.REFUND.PENDING": _about_refund,
}

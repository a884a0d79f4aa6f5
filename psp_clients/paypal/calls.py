"""Builds the calls that change something at PayPal, down to the last byte. Pure.

The same arguments always give the same bytes: names sorted, no spaces, UTF-8. An order has no room
for metadata or purchase info: those stay with us.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from psp_clients.contract import (
    ConfirmRequest,
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    PspReference,
    SessionRequest,
    Unsupported,
)
from psp_clients.paypal.money import to_paypal
from psp_clients.prepared import checked_key, json_bytes, segment

ORDERS_PATH: Final = "/v2/checkout/orders"
CAPTURES_PATH: Final = "/v2/payments/captures"
REFUNDS_PATH: Final = "/v2/payments/refunds"

LONGEST_KEY: Final = 108

_REFERENCE = re.compile(r"[A-Za-z0-9_.,-]{1,127}")
# PayPal knows locales of five characters; for any other it takes what the shopper's browser says.
_LOCALE = re.compile(r"[a-z]{2}-[A-Z]{2}")


def register(request: SessionRequest, *, key: str) -> PreparedCall:
    """Return the call that creates an order.

    Our reference is its invoice number too: an account that refuses to be paid twice for one
    invoice is then a second guard against a second charge.
    """
    if request.capture != "automatic":
        raise Unsupported("at PayPal we capture on Buy Now, and only then")
    reference = _reference(request.reference, "reference")
    experience = {
        "return_url": request.return_url,
        "cancel_url": request.return_url,
        # The final button is Buy Now, and the shop knows where to deliver.
        "user_action": "CONTINUE",
        "shipping_preference": "NO_SHIPPING",
    }
    if _LOCALE.fullmatch(request.locale):
        experience["locale"] = request.locale
    unit = {
        "reference_id": reference,
        "custom_id": reference,
        "invoice_id": reference,
        "amount": to_paypal(request.money),
    }
    body = {
        "intent": "CAPTURE",
        "purchase_units": [unit],
        "payment_source": {"paypal": {"experience_context": experience}},
    }
    return _call(Operation.REGISTER, ORDERS_PATH, body, key)


def confirm(psp_token: str, request: ConfirmRequest, *, key: str) -> PreparedCall:
    """Return the call that takes the money of an approved order: all of it, as registered."""
    to_paypal(request.money)
    return _call(Operation.CONFIRM, f"{order_path(psp_token)}/capture", {}, key)


def refund(ref: PspReference, money: Money, *, refund_id: str, key: str) -> PreparedCall:
    """Return the call that gives back what was captured, or part of it.

    The invoice number is the refund's: an account that wants them unique refuses a second one. Why
    money is given back stays with us, since PayPal would tell the shopper in our words.
    """
    body = {
        "amount": to_paypal(money),
        "custom_id": _reference(ref.reference, "reference"),
        "invoice_id": _reference(refund_id, "refund_id"),
    }
    capture_id = segment(ref.payment_reference, "payment_reference")
    return _call(Operation.REFUND, f"{CAPTURES_PATH}/{capture_id}/refund", body, key)


def order_path(psp_token: str) -> str:
    """Return where the order of a token lives."""
    return f"{ORDERS_PATH}/{segment(psp_token, 'psp_token')}"


def refund_path(refund_reference: str) -> str:
    """Return where a refund lives."""
    return f"{REFUNDS_PATH}/{segment(refund_reference, 'refund_reference')}"


def id_in(call: PreparedCall) -> str:
    """Return the id of the order or capture that a prepared call is about."""
    return unquote(call.path.split("/")[-2])


def _reference(given: str, field: str) -> str:
    if not _REFERENCE.fullmatch(given):
        raise InvalidRequest(f"PayPal takes no such {field}", field=field)
    return given


def _call(operation: Operation, path: str, body: Mapping[str, Any], key: str) -> PreparedCall:
    headers = {
        "Content-Type": "application/json",
        "PayPal-Request-Id": checked_key(key, LONGEST_KEY),
        "Prefer": "return=representation",
    }
    return PreparedCall(operation, "POST", path, headers, json_bytes(body), key)

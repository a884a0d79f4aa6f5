"""Stripe's objects, errors and signatures, as its API reference shows them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from psp_clients.contract import (
    Money,
    PreparedCall,
    PspReference,
    RefundReference,
    RefundState,
    ReportedState,
    SessionRequest,
)
from psp_clients.http import Transport
from psp_clients.stripe import StripeClient

from .servers import Reply

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
KEY = "9b2a6c1e-6a0c-4c1e-9b57-3a6a52a7a001"
TOKEN = "cs_test_a1B2c3D4e5F6g7H8i9J0"
OTHER = "cs_test_z9Y8x7W6v5U4t3S2r1Q0"
INTENT = "pi_3PQxVELkdIwHu7ix0Wv9nKbQ"
CHARGE = "ch_3PQxVELkdIwHu7ix0c5sUQ2T"
REFUND = "re_3PQxVELkdIwHu7ix0yQPOkXT"
BARE_REF = PspReference(psp_token=TOKEN, reference="ref-1")
REF = PspReference(psp_token=TOKEN, reference="ref-1", payment_reference=INTENT)
REFUND_REF = RefundReference(reference="rf-1", refund_reference=REFUND)
TOTAL = Money("19.99", "EUR")
PART = Money("5.00", "EUR")
REGISTRATION = SessionRequest(
    reference="ref-1",
    checkout_id="c-1001",
    money=TOTAL,
    return_url="https://bps.example/return/",
    webhook_url="https://bps.example/webhooks/stripe/",
    expires_at=NOW + timedelta(hours=1),
    metadata={"order": "o-1"},
)

API_KEY = "sk_test_" + "nobodyMaySeeThis" * 2
SECRETS = ("whsec_" + "n" * 32, "whsec_" + "o" * 32)
FOREIGN_SECRET = "whsec_" + "f" * 32
HEADER = "Stripe-Signature"

# What a session says together with its payment, and the look-up's meaning of it.
PAYMENT_WORDS = {
    "open": ReportedState.OPEN,
    "open/requires_payment_method": ReportedState.OPEN,
    "open/requires_confirmation": ReportedState.OPEN,
    "open/requires_action": ReportedState.PENDING,
    "open/processing": ReportedState.PENDING,
    "open/requires_capture": ReportedState.AUTHORIZED,
    "open/succeeded": ReportedState.CAPTURED,
    "complete/requires_payment_method": ReportedState.DECLINED,
    "complete/requires_action": ReportedState.PENDING,
    "complete/processing": ReportedState.PENDING,
    "complete/requires_capture": ReportedState.AUTHORIZED,
    "complete/succeeded": ReportedState.CAPTURED,
    "complete/canceled": ReportedState.CANCELLED,
    "expired": ReportedState.EXPIRED,
    "expired/requires_payment_method": ReportedState.EXPIRED,
    "expired/requires_confirmation": ReportedState.EXPIRED,
    "expired/requires_action": ReportedState.PENDING,
    "expired/processing": ReportedState.PENDING,
    "expired/requires_capture": ReportedState.AUTHORIZED,
    "expired/succeeded": ReportedState.CAPTURED,
    "expired/canceled": ReportedState.EXPIRED,
}
INTENT_WORDS = {
    "processing": ReportedState.PENDING,
    "requires_capture": ReportedState.AUTHORIZED,
    "succeeded": ReportedState.CAPTURED,
    "canceled": ReportedState.CANCELLED,
}
REFUND_WORDS = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCESSFUL,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def session(word: str = "open", **changes: Any) -> dict[str, Any]:
    """Make the session REF; behind a slash stands its payment's status, if it has one."""
    status, _, intent_status = word.partition("/")
    paid = intent_status == "succeeded"
    return {
        "id": TOKEN,
        "object": "checkout.session",
        "amount_subtotal": 1999,
        "amount_total": 1999,
        "cancel_url": "https://bps.example/return/",
        "client_reference_id": "ref-1",
        "created": seconds(NOW),
        "currency": "eur",
        "expires_at": seconds(NOW + timedelta(hours=1)),
        "livemode": False,
        "metadata": {"bps_reference": "ref-1", "bps_checkout_id": "c-1001", "order": "o-1"},
        "mode": "payment",
        "payment_intent": intent(intent_status) if intent_status else None,
        "payment_status": "paid" if paid else "unpaid",
        "status": status,
        "success_url": "https://bps.example/return/",
        "url": f"https://checkout.stripe.com/c/pay/{TOKEN}#fid" if status == "open" else None,
        **changes,
    }


def intent(word: str = "succeeded", **changes: Any) -> dict[str, Any]:
    took = 1999 if word == "succeeded" else 0
    return {
        "id": INTENT,
        "object": "payment_intent",
        "amount": 1999,
        "amount_capturable": 1999 if word == "requires_capture" else 0,
        "amount_received": took,
        "cancellation_reason": "abandoned" if word == "canceled" else None,
        "capture_method": "automatic",
        "created": seconds(NOW),
        "currency": "eur",
        "last_payment_error": decline() if word == "requires_payment_method" else None,
        "latest_charge": charge(amount_captured=took),
        "metadata": {"bps_reference": "ref-1", "bps_checkout_id": "c-1001", "order": "o-1"},
        "status": word,
        **changes,
    }


def decline() -> dict[str, Any]:
    return {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
    }


def charge(**changes: Any) -> dict[str, Any]:
    return {
        "id": CHARGE,
        "object": "charge",
        "amount": 1999,
        "amount_captured": 1999,
        "amount_refunded": 0,
        "captured": True,
        "currency": "eur",
        "metadata": {"bps_reference": "ref-1", "bps_checkout_id": "c-1001"},
        "payment_intent": INTENT,
        "status": "succeeded",
        **changes,
    }


def refund(word: str = "succeeded", **changes: Any) -> dict[str, Any]:
    return {
        "id": REFUND,
        "object": "refund",
        "amount": 500,
        "charge": CHARGE,
        "created": seconds(NOW),
        "currency": "eur",
        "metadata": {
            "bps_reference": "ref-1",
            "bps_refund_id": "rf-1",
            "bps_reason": "late",
        },
        "payment_intent": INTENT,
        "reason": None,
        "status": word,
        **changes,
    }


def balance(kind: str = "charge", **changes: Any) -> dict[str, Any]:
    return {
        "id": "txn_1",
        "object": "balance_transaction",
        "amount": 1999,
        "created": seconds(NOW) - 60,
        "currency": "eur",
        "fee": 55,
        "net": 1944,
        "source": charge(),
        "status": "pending",
        "type": kind,
        **changes,
    }


def listing(*lines: Mapping[str, Any], has_more: bool = False) -> Reply:
    return Reply(200, {"object": "list", "data": list(lines), "has_more": has_more})


def event(
    event_type: str = "checkout.session.completed",
    about: Mapping[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    told = session("complete/succeeded", payment_intent=INTENT) if about is None else about
    return {
        "id": "evt_1PQxVELkdIwHu7ix",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": seconds(NOW) - 2,
        "data": {"object": told},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
        **changes,
    }


def signed(body: bytes, *secrets: str, at: datetime = NOW) -> tuple[dict[str, str], bytes]:
    """Sign as Stripe's page on webhook signatures says: the time, a point, the body."""
    signed_text = f"{seconds(at)}.".encode() + body
    proofs = [hmac.new(one.encode(), signed_text, hashlib.sha256).hexdigest() for one in secrets]
    return {HEADER: ",".join([f"t={seconds(at)}", *(f"v1={proof}" for proof in proofs)])}, body


def webhook(told: Mapping[str, Any], at: datetime = NOW) -> tuple[dict[str, str], bytes]:
    return signed(json.dumps(told).encode(), SECRETS[0], at=at)


def error(
    status: int,
    code: str = "",
    *,
    kind: str = "invalid_request_error",
    param: str = "",
    decline_code: str = "",
    **headers: str,
) -> Reply:
    named = {"code": code, "param": param, "decline_code": decline_code}
    told = {"type": kind, "message": "No.", **{k: v for k, v in named.items() if v}}
    return Reply(
        status, {"error": told}, {name.replace("_", "-"): v for name, v in headers.items()}
    )


def client_at(url: str) -> StripeClient:
    transport = Transport(url, connect_timeout=1, money_timeout=2, lookup_timeout=2)
    return StripeClient(transport, api_key=API_KEY, webhook_secrets=SECRETS, now=lambda: NOW)


def prepared(client: StripeClient) -> dict[str, PreparedCall]:
    return {
        "register": client.prepare_register(REGISTRATION, key=KEY),
        "capture": client.prepare_capture(REF, PART, key=KEY),
        "expire": client.prepare_cancel(BARE_REF, key=KEY),
        "cancel": client.prepare_cancel(REF, key=KEY),
        "refund": client.prepare_refund(REF, PART, refund_id="rf-1", reason="late", key=KEY),
    }


def words_of(documented: type, name: str) -> set[str]:
    """Return the words that Stripe's own library lists for a field or a parameter."""
    return set(re.findall(r"'([^']+)'", str(documented.__annotations__[name])))

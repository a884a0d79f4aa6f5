"""Mollie's objects, errors and webhooks, as its documentation shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mollie.utils.webhooks.signature_validator import (
    SignatureValidator,
)

from psp_clients.contract import (
    Money,
    PspReference,
    RefundReference,
    RefundState,
    ReportedState,
    SessionRequest,
)
from psp_clients.http import Transport
from psp_clients.mollie import MollieClient

from .servers import Reply

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
KEY = "9b2a6c1e-6a0c-4c1e-9b57-3a6a52a7a001"
TOKEN = "tr_5B8cwPMGnU6qLbRvo7qEZo"
OTHER = "tr_5B8cwPMGnU6qLbRvo7qEZ2"
REFUND = "re_4qqhO89gsT"
REF = PspReference(psp_token=TOKEN, reference="ref-1")
REFUND_REF = RefundReference(reference="rf-1", refund_reference=REFUND)
PART = Money("5.00", "EUR")
REGISTRATION = SessionRequest(
    reference="ref-1",
    checkout_id="c-1001",
    money=Money("19.99", "EUR"),
    return_url="https://bps.example/return/",
    webhook_url="https://bps.example/webhooks/mollie/",
    expires_at=NOW + timedelta(hours=1),
    metadata={"order": "o-1"},
)

API_KEY = "test_" + "nobodymayseethis" * 2
SECRETS = ("VpQ3WukU6uSCGQ8TPTD3WPDpac3GyNEj", "oLd3WukU6uSCGQ8TPTD3WPDpac3GyNEj")
FOREIGN_SECRET = "f0re1gnU6uSCGQ8TPTD3WPDpac3GyNEj"
HEADER = "X-Mollie-Signature"

PAYMENT_WORDS = {
    "open": ReportedState.OPEN,
    "pending": ReportedState.PENDING,
    "authorized": ReportedState.AUTHORIZED,
    "paid": ReportedState.CAPTURED,
    "canceled": ReportedState.CANCELLED,
    "expired": ReportedState.EXPIRED,
    "failed": ReportedState.DECLINED,
}
REFUND_WORDS = {
    "queued": RefundState.PENDING,
    "pending": RefundState.PENDING,
    "processing": RefundState.PENDING,
    "refunded": RefundState.SUCCESSFUL,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


def euros(value: str) -> dict[str, str]:
    return {"currency": "EUR", "value": value}


def payment(word: str = "open", **changes: Any) -> dict[str, Any]:
    checkout = {"href": "https://www.mollie.com/checkout/select-method/5B8c", "type": "text/html"}
    return {
        "resource": "payment",
        "id": TOKEN,
        "mode": "test",
        "amount": euros("19.99"),
        "description": "c-1001",
        "sequenceType": "oneoff",
        "redirectUrl": "https://bps.example/return/",
        "webhookUrl": "https://bps.example/webhooks/mollie/",
        "metadata": {"checkout_id": "c-1001", "reference": "ref-1", "shop": {"order": "o-1"}},
        "profileId": "pfl_QkEhN94Ba",
        "status": word,
        "createdAt": "2026-11-22T12:00:00+00:00",
        "expiresAt": "2026-11-22T12:15:00+00:00",
        "_links": {"checkout": checkout},
        **changes,
    }


def refund(word: str = "pending", **changes: Any) -> dict[str, Any]:
    return {
        "resource": "refund",
        "id": REFUND,
        "mode": "test",
        "amount": euros("5.00"),
        "status": word,
        "createdAt": "2026-11-22T12:00:00+00:00",
        "description": "late",
        "metadata": {"reference": "ref-1", "refund_id": "rf-1"},
        "paymentId": TOKEN,
        "_links": {},
        **changes,
    }


def capture(word: str = "succeeded", **changes: Any) -> dict[str, Any]:
    return {
        "resource": "capture",
        "id": "cpt_mNepDkEtco6ah3QNPUGYH",
        "mode": "test",
        "amount": euros("5.00"),
        "status": word,
        "metadata": {"reference": "ref-1"},
        "paymentId": TOKEN,
        "createdAt": "2026-11-22T12:00:00+00:00",
        "_links": {},
        **changes,
    }


def listed(name: str, *lines: dict[str, Any], begins: str | None = None) -> Reply:
    following = begins and {
        "href": f"https://api.mollie.com/v2/{name}?from={begins}&limit=5",
        "type": "application/hal+json",
    }
    links = {"self": {}, "previous": None, "next": following, "documentation": {}}
    return Reply(200, {"count": len(lines), "_embedded": {name: list(lines)}, "_links": links})


def refusal(status: int, field: str | None = None, **headers: str) -> Reply:
    told = {"status": status, "title": "No", "detail": "Because.", "_links": {}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {**told, **({"field": field} if field else {})}, named)


def event(**changes: Any) -> dict[str, Any]:
    return {
        "resource": "event",
        "id": "event_GvJ8WHrp5isUdRub9CJyH",
        "type": "payment.paid",
        "entityId": TOKEN,
        "createdAt": "2026-11-22T11:59:58+00:00",
        "_embedded": {"entity": payment("paid")},
        "_links": {},
        **changes,
    }


def signature(body: bytes, *secrets: str) -> str:
    """Sign as Mollie's own library does."""
    return ",".join(
        "sha256=" + SignatureValidator.create_signature(body.decode(), secret) for secret in secrets
    )


def signed(body: bytes, *secrets: str) -> tuple[dict[str, str], bytes]:
    return {HEADER: signature(body, *secrets)}, body


def client_at(url: str) -> MollieClient:
    transport = Transport(url, connect_timeout=1, money_timeout=2, lookup_timeout=2)
    return MollieClient(transport, api_key=API_KEY, webhook_secrets=SECRETS)

"""What PayPal says, for the tests of its client: orders, refunds, errors, webhooks."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar

from psp_clients.contract import (
    AuthFailed,
    Declined,
    DeclinedForNow,
    InDoubt,
    InvalidRequest,
    Money,
    PspReference,
    RefundReference,
    RefundState,
    ReportedState,
    RetryableRejected,
    StateConflict,
)
from psp_clients.http import Transport
from psp_clients.paypal import PayPalClient
from tests.psp_fakes.paypal_signer import WEBHOOK_ID, Signer

from .dialect import AMISS, NOW, PspDialect
from .servers import ReplayingPsp, Reply, Seen

ORDER_ID = "5O190127TN364715T"
CAPTURE_ID = "3C679366HH908993F"
REFUND_ID = "1JU08902781691411"
CLIENT_ID = "AaBb-client_id"
CLIENT_SECRET = "EsecretThatNobodyMaySee"
TOKEN = "A21AAtokenThatNobodyMaySee"
PAGE = f"https://www.sandbox.paypal.com/checkoutnow?token={ORDER_ID}"
API = "https://api-m.sandbox.paypal.com"


def refusal(status: int, name: str, issue: str = "", **headers: str) -> Reply:
    details = [{"issue": issue, "field": "/amount/value", "description": "x"}] if issue else []
    named = {header.replace("_", "-"): value for header, value in headers.items()}
    body = {"name": name, "message": "x", "debug_id": "90957fca61718", "details": details}
    return Reply(status, body, named)


def unprocessable(issue: str) -> Reply:
    return refusal(422, "UNPROCESSABLE_ENTITY", issue)


@cache
def signer(secret: str) -> Signer:
    """Return the certificate that stands for a "secret" of the suite; PayPal signs with keys."""
    month = timedelta(days=30)
    return Signer(valid_from=NOW - month, valid_until=NOW + month, own_keys=True)


class JudgingPsp(ReplayingPsp):
    """Answers logins; and certificates and questions about webhooks while it has no replies."""

    def __init__(self, signers: Sequence[Signer]) -> None:
        self.served = {one.path: one.pem for one in signers}
        self.verdict: Reply = Reply(200, {"verification_status": "FAILURE"})
        super().__init__(self._judge)

    def _judge(self, seen: Seen) -> Reply | None:
        if seen.path == "/v1/oauth2/token":
            token = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 32_400}
            return Reply(200, token)
        if self.replies:
            return None
        if seen.path == "/v1/notifications/verify-webhook-signature":
            return self.verdict
        if seen.path in self.served:
            return Reply(200, self.served[seen.path])
        return Reply(404, {"name": "RESOURCE_NOT_FOUND"})


class PayPalDialect(PspDialect):
    """PayPal's words, as its API reference has them."""

    API_KEY = CLIENT_SECRET
    HIDDEN = (TOKEN, base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode())
    UNSUPPORTED = frozenset({"capture", "cancel"})
    ANSWERED_LIKE_LOOK_UPS = ("confirm",)
    REF = PspReference(ORDER_ID, "ref-1", payment_reference=CAPTURE_ID)
    REFUND_REF = RefundReference("rf-1", REFUND_ID)
    OTHER_TOKEN = "8AB12345CD678901E"
    SECRETS = ("the key of PayPal",)
    FOREIGN_SECRET = "the key of a stranger"
    CAPTURE_WORDS: ClassVar = {
        "COMPLETED": ReportedState.CAPTURED,
        "PARTIALLY_REFUNDED": ReportedState.CAPTURED,
        "REFUNDED": ReportedState.CAPTURED,
        "PENDING": ReportedState.PENDING,
        "DECLINED": ReportedState.DECLINED,
        "FAILED": ReportedState.DECLINED,
    }
    ORDER_WORDS: ClassVar = {
        "CREATED": ReportedState.OPEN,
        "SAVED": ReportedState.OPEN,
        "APPROVED": ReportedState.OPEN,
        "PAYER_ACTION_REQUIRED": ReportedState.OPEN,
        "VOIDED": ReportedState.CANCELLED,
    }
    PAYMENT_WORDS: ClassVar = {**CAPTURE_WORDS, **ORDER_WORDS}
    REFUND_WORDS: ClassVar = {
        "PENDING": RefundState.PENDING,
        "COMPLETED": RefundState.SUCCESSFUL,
        "FAILED": RefundState.FAILED,
        "CANCELLED": RefundState.FAILED,
    }
    UNKNOWN_WORDS = ("REVIEWING", "completed", "COMPLETED ", "paid")
    REFUSALS: ClassVar = {
        "register": (
            (refusal(400, "INVALID_REQUEST", "INVALID_PARAMETER_SYNTAX"), InvalidRequest),
            (refusal(415, "UNSUPPORTED_MEDIA_TYPE"), InvalidRequest),
            (unprocessable("DECIMAL_PRECISION"), InvalidRequest),
            (unprocessable("PAYEE_ACCOUNT_RESTRICTED"), InvalidRequest),
            (unprocessable("DUPLICATE_INVOICE_ID"), StateConflict),
            (unprocessable("COMPLIANCE_VIOLATION"), Declined),
            (unprocessable("INSTRUMENT_DECLINED"), Declined),
            (unprocessable("SOMETHING_NEW"), InDoubt),
            (refusal(429, "RATE_LIMIT_REACHED"), RetryableRejected),
        ),
        "confirm": (
            (refusal(400, "INVALID_REQUEST", "MALFORMED_REQUEST_JSON"), InvalidRequest),
            (refusal(401, "AUTHENTICATION_FAILURE"), AuthFailed),
            (refusal(403, "NOT_AUTHORIZED", "PERMISSION_DENIED"), AuthFailed),
            (Reply(403, b"<html>"), AuthFailed),
            (refusal(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"), InDoubt),
            (refusal(409, "RESOURCE_CONFLICT"), InDoubt),
            (unprocessable("INSTRUMENT_DECLINED"), DeclinedForNow),
            (unprocessable("REDIRECT_PAYER_FOR_ALTERNATE_FUNDING"), DeclinedForNow),
            (unprocessable("TRANSACTION_REFUSED"), Declined),
            (unprocessable("PAYER_CANNOT_PAY"), Declined),
            (unprocessable("ORDER_NOT_APPROVED"), DeclinedForNow),
            (unprocessable("PAYER_ACTION_REQUIRED"), DeclinedForNow),
            (unprocessable("ORDER_ALREADY_CAPTURED"), StateConflict),
            (unprocessable("ORDER_COMPLETION_IN_PROGRESS"), StateConflict),
            (unprocessable("DUPLICATE_INVOICE_ID"), StateConflict),
            (unprocessable("AUTH_CAPTURE_NOT_ENABLED"), InvalidRequest),
            (unprocessable("CAPTURE_FULLY_REFUNDED"), InDoubt),
            (unprocessable("SOMETHING_NEW"), InDoubt),
            (refusal(422, "UNPROCESSABLE_ENTITY"), InDoubt),
            (refusal(429, "RATE_LIMIT_REACHED", Retry_After="7"), RetryableRejected),
            (refusal(500, "INTERNAL_SERVER_ERROR"), InDoubt),
            (refusal(503, "SERVICE_UNAVAILABLE", Retry_After="7"), InDoubt),
            (Reply(400, b"<html>"), InDoubt),
            (Reply(422, {"details": "no"}), InDoubt),
            (Reply(202, {}), InDoubt),
            (Reply(204, b""), InDoubt),
        ),
        "refund": (
            (unprocessable("CAPTURE_FULLY_REFUNDED"), StateConflict),
            (unprocessable("REFUND_AMOUNT_EXCEEDED"), StateConflict),
            (unprocessable("PENDING_CAPTURE"), StateConflict),
            (unprocessable("REFUND_FAILED_INSUFFICIENT_FUNDS"), StateConflict),
            (unprocessable("REFUND_CAPTURE_CURRENCY_MISMATCH"), InvalidRequest),
            (unprocessable("DUPLICATE_INVOICE_ID"), InDoubt),
            (unprocessable("SOMETHING_NEW"), InDoubt),
        ),
        "fetch": (
            (unprocessable("INSTRUMENT_DECLINED"), InDoubt),
            (refusal(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"), InDoubt),
        ),
        "transactions": (
            (refusal(400, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE"), InvalidRequest),
            (refusal(403, "NOT_AUTHORIZED"), AuthFailed),
        ),
    }
    BAD_CREDENTIALS = refusal(401, "AUTHENTICATION_FAILURE")
    MISFITS = (
        *AMISS,
        Money("0", "JPY"),
        Money("500.50", "HUF"),
        Money("500", "HUF"),
        Money("0.00", "TWD"),
        Money("500.01", "TWD"),
    )
    UNLISTED = Money("500", "ISK")

    def build(self, transport: Transport, now: Callable[[], datetime]) -> PayPalClient:
        return PayPalClient(
            transport,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            webhook_id=WEBHOOK_ID,
            roots=[signer(secret).root for secret in self.SECRETS],
            now=now,
        )

    def server(self) -> JudgingPsp:
        return JudgingPsp([signer(secret) for secret in (*self.SECRETS, self.FOREIGN_SECRET)])

    def session(self, word: str = "CREATED", **changes: Any) -> dict[str, Any]:
        """Make the order, captured or not; a word that nobody knows is the order's."""
        unit: dict[str, Any] = {
            "reference_id": "ref-1",
            "custom_id": "ref-1",
            "invoice_id": "ref-1",
            "amount": {"currency_code": "EUR", "value": "19.99"},
        }
        if word in self.CAPTURE_WORDS:
            unit["payments"] = {"captures": [self.capture_of(word)]}
        return {
            "id": ORDER_ID,
            "intent": "CAPTURE",
            "status": "COMPLETED" if word in self.CAPTURE_WORDS else word,
            "purchase_units": [unit],
            "create_time": "2026-11-22T11:59:00Z",
            "links": [
                {"href": f"{API}/v2/checkout/orders/{ORDER_ID}", "rel": "self", "method": "GET"},
                {"href": PAGE, "rel": "payer-action", "method": "GET"},
            ],
            **changes,
        }

    def capture_of(self, word: str, **changes: Any) -> dict[str, Any]:
        return {
            "id": CAPTURE_ID,
            "status": word,
            "amount": {"currency_code": "EUR", "value": "19.99"},
            "custom_id": "ref-1",
            "invoice_id": "ref-1",
            "final_capture": True,
            **changes,
        }

    def refund(self, word: str, **changes: Any) -> dict[str, Any]:
        up = f"{API}/v2/payments/captures/{CAPTURE_ID}"
        return {
            "id": REFUND_ID,
            "status": word,
            "amount": {"currency_code": "EUR", "value": "5.00"},
            "custom_id": "ref-1",
            "invoice_id": "rf-1",
            "links": [{"href": up, "rel": "up", "method": "GET"}],
            **changes,
        }

    def error(self, words: str) -> dict[str, Any]:
        detail = {"issue": words, "field": words, "description": words}
        return {"name": words, "message": words, "debug_id": words, "details": [detail]}

    def event(self, event_type: str, resource: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return {
            "id": "WH-2WR32451HC0233532-67976317FL4543714",
            "event_version": "1.0",
            "create_time": "2026-11-22T11:59:58Z",
            "event_type": event_type,
            "resource": resource,
            **changes,
        }

    def captured_event(self) -> dict[str, Any]:
        related = {"related_ids": {"order_id": ORDER_ID}}
        capture = self.capture_of("COMPLETED", supplementary_data=related)
        return self.event("PAYMENT.CAPTURE.COMPLETED", capture)

    def webhook(
        self, *, secrets: Sequence[str], at: datetime = NOW, body: bytes | None = None
    ) -> tuple[dict[str, str], bytes]:
        (secret,) = secrets
        sent = json.dumps(self.captured_event()).encode() if body is None else body
        return signer(secret).headers(sent, at=at), sent


def client_at(url: str, now: Callable[[], datetime] = lambda: NOW) -> PayPalClient:
    transport = Transport(url, connect_timeout=1, money_timeout=2, lookup_timeout=2)
    return PayPalDialect().build(transport, now)

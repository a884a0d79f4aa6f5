"""Adyen's objects, errors and webhooks, as its OpenAPI descriptions and documentation show them.

Notification items are signed by Adyen's own library.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from Adyen.util import generate_notification_sig  # type: ignore[import-untyped]

from psp_clients.adyen import AdyenClient
from psp_clients.adyen.calls import Account
from psp_clients.contract import (
    AuthFailed,
    InDoubt,
    InvalidRequest,
    Money,
    PspClient,
    PspReference,
    RefundReference,
    RefundReport,
    RefundState,
    ReportedState,
    RetryableRejected,
)
from psp_clients.http import Transport

from .dialect import AMISS, NOW, PspDialect
from .servers import ReplayingPsp, Reply

ACCOUNT = "ShopEU"
TOKEN = "CS451F2AB1ED897A94"
PAYMENT = "QFQTPCQ8HXSKGK82"
REFUND = "F3GWNS6KJ8NKGK82"
RESULT = "Ab02b4c0!BQABAg+/=="
QUERY = f"session=ref-1&sessionResult={RESULT.replace('/', '%2F')}"
TOTAL = {"currency": "EUR", "value": 1999}
PART = {"currency": "EUR", "value": 500}
KEYS = ("A1" * 32, "b2" * 32)
FOREIGN_KEY = "C3" * 32


def refusal(status: int, code: str, kind: str = "validation", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        status,
        {
            "status": status,
            "errorCode": code,
            "message": "Because.",
            "errorType": kind,
            "pspReference": "8816118280275544",
        },
        named,
    )


def session(word: str = "active", **changes: Any) -> dict[str, Any]:
    """Make what GET /sessions/{id} answers."""
    results = {"completed": "Authorised", "paymentPending": "Pending"}
    paid = {
        "amount": TOTAL,
        "paymentMethod": {"brand": "visa", "type": "scheme"},
        "pspReference": PAYMENT,
        "resultCode": results.get(word),
    }
    payments = {"payments": [paid]} if word in results else {}
    return {"id": TOKEN, "reference": "ref-1", "status": word, **payments, **changes}


def registered(**changes: Any) -> dict[str, Any]:
    """Make what POST /sessions answers."""
    return {
        "amount": TOTAL,
        "expiresAt": "2026-11-22T14:00:00+01:00",
        "id": TOKEN,
        "merchantAccount": ACCOUNT,
        "metadata": {"bps_capture": "automatic", "order": "o-1"},
        "mode": "hosted",
        "reference": "ref-1",
        "returnUrl": "https://bps.example/return/",
        "sessionData": "Ab02b4c0!BQABAgBfYI29",
        "url": "https://test.adyen.link/hosted/CS451F2AB1ED897A94",
        **changes,
    }


def modified(word: str = "received", **changes: Any) -> dict[str, Any]:
    """Make what a capture, a cancel or a refund of PAYMENT answers."""
    return {
        "merchantAccount": ACCOUNT,
        "paymentPspReference": PAYMENT,
        "pspReference": REFUND,
        "reference": "ref-1",
        "status": word,
        **changes,
    }


def item(code: str = "AUTHORISATION", success: str = "true", **changes: Any) -> dict[str, Any]:
    """Make a notification item about the payment, unsigned."""
    return {
        "additionalData": {"checkoutSessionId": TOKEN, "metadata.bps_capture": "automatic"},
        "amount": TOTAL,
        "eventCode": code,
        "eventDate": "2026-11-22T12:59:58+01:00",
        "merchantAccountCode": ACCOUNT,
        "merchantReference": "ref-1",
        "operations": ["CANCEL", "CAPTURE", "REFUND"],
        "paymentMethod": "visa",
        "pspReference": PAYMENT,
        "reason": "052095:1111:03/2030",
        "success": success,
        **changes,
    }


def modification(code: str, success: str = "true", **changes: Any) -> dict[str, Any]:
    """Make a notification item about a modification of the payment, unsigned."""
    about = {"originalReference": PAYMENT, "pspReference": REFUND, "reason": "", "amount": PART}
    return item(code, success, **{"additionalData": {}, **about, **changes})


def signed(one: Mapping[str, Any], key: str = KEYS[0]) -> dict[str, Any]:
    """Return an item with the signature that Adyen's library makes."""
    signature = generate_notification_sig(dict(one), key).decode()
    data = {**(one.get("additionalData") or {}), "hmacSignature": signature}
    return {**one, "additionalData": data}


def webhook(*items: Mapping[str, Any], live: Any = "false") -> bytes:
    """Return the body that items are sent in."""
    wrapped = [{"NotificationRequestItem": one} for one in items]
    return json.dumps({"live": live, "notificationItems": wrapped}).encode()


class AdyenDialect(PspDialect):
    """What Adyen says."""

    API_KEY = "AQEyhmfxK-that-nobody-may-see"
    UNSUPPORTED = frozenset({"confirm", "fetch_refund", "transactions"})
    UNPROMISED = frozenset({"cancel"})  # it releases an authorisation, and fences no session
    SECRETS = KEYS
    FOREIGN_SECRET = FOREIGN_KEY
    SEVERAL_SIGNATURES = False
    REF = PspReference(TOKEN, "ref-1", payment_reference=PAYMENT, return_query=QUERY)
    REFUND_REF = RefundReference("rf-1", REFUND)
    OTHER_TOKEN = "CS451F2AB1ED897A95"
    ANSWERED_LIKE_LOOK_UPS = ()
    WEBHOOK_NAMES = ("psp_token", "reference", "payment_reference")
    PAYMENT_WORDS: ClassVar = {
        "active": ReportedState.OPEN,
        "canceled": ReportedState.OPEN,
        "completed": ReportedState.AUTHORIZED,
        "expired": ReportedState.EXPIRED,
        "paymentPending": ReportedState.PENDING,
        "refused": ReportedState.DECLINED,
    }
    REFUND_WORDS: ClassVar = {
        "received": RefundState.PENDING,
        "POSTPONED_REFUND true": RefundState.PENDING,
        "REFUND true": RefundState.SUCCESSFUL,
        "REFUND false": RefundState.FAILED,
        "REFUNDED_REVERSED true": RefundState.FAILED,
        "REFUND_FAILED true": RefundState.FAILED,
    }
    REFUSALS: ClassVar = {
        "refund": (
            (refusal(400, "702"), InvalidRequest),
            (refusal(401, "000", "security"), AuthFailed),
            (refusal(403, "010", "security"), AuthFailed),
            (refusal(403, "901", "security"), AuthFailed),
            (Reply(403, b"<html>"), AuthFailed),
            (refusal(404, "000"), InDoubt),
            (refusal(422, "167"), InvalidRequest),
            (refusal(422, "14_030"), InvalidRequest),
            (refusal(422, "704", transient_error="true"), InDoubt),
            (refusal(409, "704", transient_error="true"), InDoubt),
            (refusal(422, "704"), InDoubt),
            (refusal(409, "704", transient_error="false"), InDoubt),
            (refusal(503, "703", transient_error="true"), RetryableRejected),
            (refusal(503, "703"), InDoubt),
            (refusal(422, "167", transient_error="true"), RetryableRejected),
            (refusal(422, "167", transient_error="false"), InvalidRequest),
            (refusal(500, "905", "configuration"), InDoubt),
            (refusal(500, "905", transient_error="false"), InDoubt),
            (refusal(429, "029"), InDoubt),
            (refusal(429, "029", transient_error="true"), RetryableRejected),
            (refusal(409, "000"), InDoubt),
            (Reply(400, b"<html>"), InDoubt),
            (Reply(422, {"status": 422}), InDoubt),
            (Reply(422, {"errorCode": 167}), InDoubt),
            (Reply(418, {}), InDoubt),
            (Reply(202, {}), InDoubt),
            (Reply(204, b""), InDoubt),
        ),
        "fetch": (
            (refusal(422, "14_002"), InvalidRequest),
            (refusal(500, "701"), InDoubt),
        ),
    }
    BAD_CREDENTIALS = refusal(401, "000", "security")
    MISFITS = (
        *AMISS,
        Money("0", "JPY"),
        Money("1.25", "KWD"),
        Money("5.00", "ISK"),
        Money("5.00", "CLP"),
        Money("5", "CVE"),
        Money("5.50", "CVE"),
        Money("0.01", "IDR"),
    )
    UNLISTED = Money("1.00", "MGA")

    def build(self, transport: Transport, now: Callable[[], datetime]) -> AdyenClient:
        return AdyenClient(
            transport, api_key=self.API_KEY, account=Account(ACCOUNT), hmac_keys=self.SECRETS
        )

    def session(self, word: str = "active", **changes: Any) -> dict[str, Any]:
        return session(word, **changes)

    def refund(self, word: str, **changes: Any) -> dict[str, Any]:
        return modified(word, **{"amount": PART, "reference": "rf-1", **changes})

    def answer_to(self, verb: str, word: str) -> Reply:
        answers = {
            "fetch": lambda: Reply(200, self.session(word)),
            "register": lambda: Reply(201, registered()),
            "capture": lambda: Reply(201, modified(word, amount=PART)),
            "cancel": lambda: Reply(201, modified(word)),
            "refund": lambda: Reply(201, self.refund(word)),
        }
        return answers[verb]()

    def words_in_answer_to(self, verb: str) -> Mapping[str, ReportedState]:
        return {"received": ReportedState.PENDING}

    def read_refund(self, client: PspClient, psp: ReplayingPsp, word: str) -> RefundReport:
        if word in self.REFUND_WORDS and " " in word:
            body = webhook(signed(modification(*word.split(" "))))
            [notice] = client.parse_webhook({}, body)
            assert notice.refund_report is not None
            return notice.refund_report
        psp.will_answer(self.answer_to("refund", word))
        return client.refund(
            client.prepare_refund(self.REF, self.PART, refund_id="rf-1", reason="", key="k")
        )

    def noting(self, notes: Mapping[str, str]) -> Mapping[str, Any]:
        return self.session(additionalData=dict(notes))

    def error(self, words: str) -> dict[str, Any]:
        return dict.fromkeys(("errorCode", "message", "errorType", "pspReference"), words)

    def other_refs(self) -> Sequence[PspReference]:
        return (
            replace(self.REF, psp_token=self.OTHER_TOKEN),
            replace(self.REF, reference=self.OTHER_REFERENCE),
        )

    def webhook(
        self, *, secrets: Sequence[str], at: datetime = NOW
    ) -> tuple[dict[str, str], bytes]:
        [key] = secrets
        return {"Content-Type": "application/json"}, webhook(signed(item(), key))

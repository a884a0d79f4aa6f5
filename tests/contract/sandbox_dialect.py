"""What the sandbox PSP says, and its client as tests use it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar

import pytest
from standardwebhooks import Webhook

from psp_clients.contract import (
    AuthFailed,
    InDoubt,
    InvalidRequest,
    Money,
    RefundState,
    ReportedState,
    RetryableRejected,
    StateConflict,
)
from psp_clients.http import Transport
from psp_clients.sandbox import SandboxClient

from .dialect import AMISS, NOW, PspDialect
from .servers import ReplayingPsp, Reply


def secret(letter: str) -> str:
    return "whsec_" + base64.b64encode(letter.encode() * 32).decode()


def refusal(status: int, code: str, field: str | None = None, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error": {"code": code, "message": "Because.", "field": field}}, named)


class SandboxDialect(PspDialect):
    """What the sandbox PSP says, as `sandbox/API.md` has it."""

    API_KEY = "sandbox-key-that-nobody-may-see"
    SECRETS = (secret("n"), secret("o"))
    FOREIGN_SECRET = secret("f")
    PAYMENT_WORDS: ClassVar = {
        "open": ReportedState.OPEN,
        "processing": ReportedState.PENDING,
        "authorized": ReportedState.AUTHORIZED,
        "paid": ReportedState.CAPTURED,
        "declined": ReportedState.DECLINED,
        "cancelled": ReportedState.CANCELLED,
        "expired": ReportedState.EXPIRED,
    }
    REFUND_WORDS: ClassVar = {
        "pending": RefundState.PENDING,
        "successful": RefundState.SUCCESSFUL,
        "failed": RefundState.FAILED,
    }
    REFUSALS: ClassVar = {
        "confirm": (
            (refusal(400, "invalid_request", "amount"), InvalidRequest),
            (refusal(401, "unauthorized"), AuthFailed),
            (refusal(403, "forbidden"), AuthFailed),
            (Reply(403, b"<html>"), AuthFailed),
            (refusal(404, "not_found"), InDoubt),
            (refusal(409, "idempotency_in_progress", Retry_After="1"), InDoubt),
            (refusal(409, "state_conflict"), StateConflict),
            (refusal(409, "something_else"), InDoubt),
            (refusal(422, "idempotency_mismatch"), InvalidRequest),
            (refusal(429, "slow_down", Retry_After="7"), RetryableRejected),
            (refusal(503, "unavailable", Nothing_Happened="true"), RetryableRejected),
            (refusal(503, "unavailable", Nothing_Happened="false"), InDoubt),
            (refusal(503, "unavailable"), InDoubt),
            (refusal(500, "unavailable", Nothing_Happened="true"), InDoubt),
            (Reply(400, b"<html>"), InDoubt),
            (Reply(409, b"<html>"), InDoubt),
            (Reply(422, {"error": "no"}), InDoubt),
            (Reply(418, {}), InDoubt),
            (Reply(202, {}), InDoubt),
            (Reply(204, b""), InDoubt),
        )
    }
    BAD_CREDENTIALS = refusal(401, "unauthorized")
    MISFITS = (
        *AMISS,
        Money("0", "JPY"),
        Money("1.25", "KWD"),
    )
    UNLISTED = Money("1.00", "XXX")

    def build(self, transport: Transport, now: Callable[[], datetime]) -> SandboxClient:
        return SandboxClient(transport, api_key=self.API_KEY, webhook_secrets=self.SECRETS, now=now)

    def session(self, word: str = "open", **changes: Any) -> dict[str, Any]:
        return {
            "token": "tok_1",
            "reference": "ref-1",
            "checkout_id": "c-1001",
            "status": word,
            "amount": "19.99",
            "currency": "EUR",
            "capture": "automatic",
            "purchase_url": "http://psp.example/psp/purchase/tok_1",
            "return_url": "https://bps.example/return/",
            "expires_at": "2026-11-22T13:00:00Z",
            "charge": "ch_1" if word == "paid" else None,
            "captured_amount": "19.99" if word == "paid" else "0.00",
            "refunded_amount": "0.00",
            "decline_code": "card_declined" if word == "declined" else None,
            "decline_message": "The issuer said no." if word == "declined" else None,
            "metadata": {},
            "created_at": "2026-11-22T12:00:00Z",
            "updated_at": "2026-11-22T12:00:00Z",
            **changes,
        }

    def refund(self, word: str, **changes: Any) -> dict[str, Any]:
        return {
            "id": "re_1",
            "token": "tok_1",
            "reference": "rf-1",
            "amount": "5.00",
            "currency": "EUR",
            "status": word,
            "created_at": "2026-11-22T12:00:00Z",
            **changes,
        }

    def event(self, **changes: Any) -> dict[str, Any]:
        return {
            "id": "evt_1",
            "type": "session.paid",
            "created_at": "2026-11-22T11:59:58Z",
            "data": {"session": self.session("paid")},
            **changes,
        }

    def webhook(
        self, *, secrets: Sequence[str], at: datetime = NOW, body: bytes | None = None
    ) -> tuple[dict[str, str], bytes]:
        sent = json.dumps(self.event()).encode() if body is None else body
        signatures = [Webhook(one).sign("evt_1", at, sent.decode()) for one in secrets]
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        return headers, sent


class SandboxTests(SandboxDialect):
    """What tests of the client share beside the dialect."""

    @pytest.fixture
    def client(self, psp: ReplayingPsp) -> SandboxClient:
        transport = Transport(psp.url, connect_timeout=1, money_timeout=2, lookup_timeout=2)
        return self.build(transport, lambda: NOW)

"""Stripe's client keeps the common promises."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from psp_clients.contract import (
    AuthFailed,
    Declined,
    InDoubt,
    InvalidRequest,
    Money,
    ReportedState,
    RetryableRejected,
    StateConflict,
)
from psp_clients.http import Transport
from psp_clients.stripe import StripeClient

from . import stripe_objects as objects
from .dialect import AMISS, NOW, PspDialect
from .servers import Reply
from .stripe_objects import error
from .suite import ClientContract
from .webhook_suite import FreshWebhookContract

# An error answer means the same to whatever moves or frees money.
OF_ALL = (
    (error(400, kind="idempotency_error"), InvalidRequest),
    (error(400, "idempotency_key_in_use"), InDoubt),
    (error(400, kind="api_error"), InDoubt),
    (error(400, "parameter_missing", param="amount"), InvalidRequest),
    (error(400, "lock_timeout", Stripe_Should_Retry="true"), RetryableRejected),
    (error(401), AuthFailed),
    (Reply(401, b"<html>"), AuthFailed),
    (error(403), AuthFailed),
    (error(404, "resource_missing", param="id"), InDoubt),
    (error(409, "idempotency_key_in_use"), InDoubt),
    (error(409, "idempotency_key_in_use", Stripe_Should_Retry="true"), InDoubt),
    (error(409), InDoubt),
    (error(424), InDoubt),
    (error(429, "rate_limit", Retry_After="7"), RetryableRejected),
    (error(429, "lock_timeout", Stripe_Should_Retry="true"), RetryableRejected),
    (error(500, kind="api_error"), InDoubt),
    (error(500, kind="api_error", Idempotent_Replayed="true"), InDoubt),
    (error(500, kind="api_error", Stripe_Should_Retry="false"), InDoubt),
    (error(502, kind="api_error"), InDoubt),
    (error(503, kind="api_error", Stripe_Should_Retry="true"), InDoubt),
    (error(504, kind="api_error"), InDoubt),
    (Reply(400, b"<html>"), InDoubt),
    (Reply(400, {"error": "no"}), InDoubt),
    (Reply(402, b"<html>"), InDoubt),
    (Reply(418, {}), InDoubt),
    (Reply(201, {}), InDoubt),
    (Reply(202, {}), InDoubt),
    (Reply(204, b""), InDoubt),
)
OF_STATES = tuple(
    (error(400, code), StateConflict)
    for code in (
        "capture_charge_authorization_expired",
        "charge_already_captured",
        "charge_already_refunded",
        "charge_disputed",
        "charge_expired_for_capture",
        "charge_not_refundable",
        "intent_invalid_state",
        "payment_intent_unexpected_state",
        "refund_disputed_payment",
    )
)


class StripeDialect(PspDialect):
    """What Stripe says."""

    API_KEY = objects.API_KEY
    SECRETS = objects.SECRETS
    FOREIGN_SECRET = objects.FOREIGN_SECRET
    UNSUPPORTED = frozenset({"confirm"})
    PAYMENT_WORDS = objects.PAYMENT_WORDS
    REFUND_WORDS = objects.REFUND_WORDS
    REFUSALS: ClassVar = {
        "register": (
            *OF_ALL,
            (error(400, "url_invalid", param="success_url"), InvalidRequest),
            (error(400), InvalidRequest),
            (error(402, kind="card_error"), Declined),
        ),
        "capture": (
            *OF_ALL,
            *OF_STATES,
            (error(400, "amount_too_large", param="amount_to_capture"), InvalidRequest),
            (error(402, "card_declined", kind="card_error"), Declined),
        ),
        "refund": (
            *OF_ALL,
            *OF_STATES,
            (error(400, param="amount"), InvalidRequest),
            (error(402, "insufficient_funds"), Declined),
        ),
        "cancel": (*OF_ALL, *OF_STATES, (error(400), StateConflict)),
        "fetch": ((error(404), InDoubt), (error(429), RetryableRejected), (error(500), InDoubt)),
    }
    BAD_CREDENTIALS = error(401)
    MISFITS = (
        *AMISS,
        Money("10000000000.00", "EUR"),
        Money("0", "JPY"),
        Money("5.00", "ISK"),
        Money("5.50", "UGX"),
        Money("500", "HUF"),
        Money("5", "MGA"),
        Money("5.20", "MGA"),
        Money("5.12", "KWD"),
        Money("5.124", "KWD"),
        Money("5.00", "UGX"),
        Money("500.00", "CLP"),
        Money("1000000000.000", "KWD"),
    )
    UNLISTED = Money("1.000", "IQD")

    REF = objects.REF
    REFUND_REF = objects.REFUND_REF
    OTHER_TOKEN = objects.OTHER
    # A payment that is captured or cancelled is shown without its session.
    ANSWERED_LIKE_LOOK_UPS = ()

    def build(self, transport: Transport, now: Callable[[], datetime]) -> StripeClient:
        return StripeClient(transport, api_key=self.API_KEY, webhook_secrets=self.SECRETS, now=now)

    def session(self, word: str = "open", **changes: Any) -> dict[str, Any]:
        return objects.session(word, **changes)

    def refund(self, word: str, **changes: Any) -> dict[str, Any]:
        return objects.refund(word, **changes)

    def answer_to(self, verb: str, word: str) -> Reply:
        if verb == "capture" and word == "succeeded":
            return Reply(200, objects.intent(word, amount_received=500))
        if verb in {"capture", "cancel"}:
            return Reply(200, objects.intent(word))
        return super().answer_to(verb, word)

    def words_in_answer_to(self, verb: str) -> Mapping[str, ReportedState]:
        return objects.INTENT_WORDS

    def error(self, words: str) -> dict[str, Any]:
        told = {"type": "invalid_request_error", "code": words, "message": words, "param": words}
        return {"error": told}

    def webhook(
        self, *, secrets: Sequence[str], at: datetime = NOW
    ) -> tuple[dict[str, str], bytes]:
        return objects.signed(json.dumps(objects.event()).encode(), *secrets, at=at)


class TestStripesClientKeepsTheContract(StripeDialect, ClientContract, FreshWebhookContract):
    """Every promise of the suites."""

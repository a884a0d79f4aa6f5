"""Mollie's client keeps the common promises, of events and of classic webhooks alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from psp_clients.contract import (
    AuthFailed,
    InDoubt,
    InvalidRequest,
    Money,
    ReportedState,
    RetryableRejected,
    StateConflict,
)
from psp_clients.http import Transport
from psp_clients.mollie import MollieClient

from . import mollie_objects as objects
from .dialect import AMISS, NOW, PspDialect
from .mollie_objects import refusal
from .servers import Reply
from .suite import ClientContract
from .webhook_suite import SignedWebhookContract, UnsignedWebhookContract

# An error answer means the same to whatever moves or frees money.
OF_CHANGES = (
    (refusal(422), StateConflict),
    (refusal(422, "amount"), InvalidRequest),
    (Reply(422, b"<html>"), InDoubt),
    (Reply(422, {"status": 400}), InDoubt),
    (refusal(400), InvalidRequest),
    (Reply(400, b"<html>"), InDoubt),
    (refusal(401), AuthFailed),
    (refusal(403), AuthFailed),
    (refusal(404), InDoubt),
    (refusal(409), InDoubt),
    (refusal(410), InDoubt),
    (refusal(429), RetryableRejected),
    (refusal(500), InDoubt),
    (refusal(503), InDoubt),
    (Reply(202, b""), InDoubt),
    (Reply(204, b""), InDoubt),
)


class MollieDialect(PspDialect):
    """What Mollie says, and its signed events."""

    API_KEY = objects.API_KEY
    SECRETS = objects.SECRETS
    FOREIGN_SECRET = objects.FOREIGN_SECRET
    UNSUPPORTED = frozenset({"confirm"})
    PAYMENT_WORDS = objects.PAYMENT_WORDS
    REFUND_WORDS = objects.REFUND_WORDS
    REFUSALS: ClassVar = {
        "register": (
            (refusal(400), InvalidRequest),  # a key used for something else, too
            (refusal(401), AuthFailed),
            (refusal(403), AuthFailed),
            (Reply(403, b"<html>"), AuthFailed),
            (refusal(404), InDoubt),
            (refusal(405), InDoubt),
            (refusal(409), InDoubt),
            (refusal(410), InDoubt),
            (refusal(415), InDoubt),
            (refusal(422), InvalidRequest),
            (refusal(422, "amount"), InvalidRequest),
            (refusal(429, Retry_After="7"), RetryableRejected),
            (refusal(500), InDoubt),
            (refusal(502), InDoubt),
            (refusal(503), RetryableRejected),
            (refusal(504), InDoubt),
            (Reply(400, b"<html>"), InDoubt),
            (Reply(422, {"status": 400}), InDoubt),
            (Reply(422, []), InDoubt),
            (Reply(503, b"<html>"), InDoubt),
            (Reply(202, objects.payment()), InDoubt),
            (Reply(204, b""), InDoubt),
            (Reply(418, {}), InDoubt),
        ),
        **dict.fromkeys(("capture", "cancel", "refund"), OF_CHANGES),
        "fetch": ((refusal(404), InDoubt), (refusal(410), InDoubt), (refusal(503), InDoubt)),
    }
    BAD_CREDENTIALS = refusal(401)
    MISFITS = (
        *AMISS,
        Money("5.00", "ISK"),
        Money("0", "ISK"),
        Money("500", "HUF"),
    )
    UNLISTED = Money("1.000", "KWD")

    REF = objects.REF
    REFUND_REF = objects.REFUND_REF
    OTHER_TOKEN = objects.OTHER
    # A capture is an object of its own.
    ANSWERED_LIKE_LOOK_UPS = ("cancel",)

    def build(self, transport: Transport, now: Callable[[], datetime]) -> MollieClient:
        return MollieClient(transport, api_key=self.API_KEY, webhook_secrets=self.SECRETS)

    def session(self, word: str = "open", **changes: Any) -> dict[str, Any]:
        return objects.payment(word, **changes)

    def refund(self, word: str, **changes: Any) -> dict[str, Any]:
        return objects.refund(word, **changes)

    def answer_to(self, verb: str, word: str) -> Reply:
        if verb == "capture":
            return Reply(201, objects.capture(word))
        return super().answer_to(verb, word)

    def words_in_answer_to(self, verb: str) -> Mapping[str, ReportedState]:
        if verb == "capture":
            return {"pending": ReportedState.AUTHORIZED, "succeeded": ReportedState.CAPTURED}
        return super().words_in_answer_to(verb)

    def noting(self, notes: Mapping[str, str]) -> Mapping[str, Any]:
        return self.session(metadata={"reference": self.REF.reference, "shop": dict(notes)})

    def error(self, words: str) -> dict[str, Any]:
        return {"status": 422, "title": words, "detail": words, "field": words}

    def webhook(
        self, *, secrets: Sequence[str], at: datetime = NOW
    ) -> tuple[dict[str, str], bytes]:
        return objects.signed(
            json.dumps(objects.event(createdAt=at.isoformat())).encode(), *secrets
        )


class ClassicDialect(MollieDialect):
    """The webhooks that Mollie sends to each payment's own address."""

    WEBHOOK_NAMES = ("psp_token",)

    def webhook(
        self, *, secrets: Sequence[str], at: datetime = NOW
    ) -> tuple[dict[str, str], bytes]:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return form, f"id={self.REF.psp_token}".encode()

    def forgeries(
        self, headers: Mapping[str, str], body: bytes
    ) -> Iterable[tuple[Mapping[str, str], bytes]]:
        for changed in (b"", body + b" ", b"\xff" + body, body + b"&status=paid", body[1:]):
            yield headers, changed
        signature = objects.signature(body, self.FOREIGN_SECRET)
        yield {**headers, objects.HEADER: signature}, body
        yield {**headers, objects.HEADER: ""}, body


class TestMolliesClientKeepsTheContract(MollieDialect, ClientContract, SignedWebhookContract):
    """Every promise of the suites, with signed events."""


class TestMolliesClassicWebhooksKeepTheContract(ClassicDialect, UnsignedWebhookContract):
    """What holds of webhooks that nobody signs."""

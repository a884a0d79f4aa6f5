"""A small Adyen, from its OpenAPI descriptions: hosted sessions, modifications, webhooks, books.

What a shopper, a bank or Adyen itself does is a method. Those that end on the shop's page return
the query that the browser brings along. Every change queues the webhook that Adyen would send:
`deliver` posts them, or a test takes them from `outbox`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import string
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any, Final, Self, TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

from tests.psp_fakes.serving import handler_of

Json: TypeAlias = dict[str, Any]
Answer: TypeAlias = tuple[int, Json, dict[str, str]]

PATIENCE_SECONDS: Final = 10.0
KEYS_ARE_KEPT: Final = timedelta(days=7)
SESSIONS_LAST: Final = timedelta(hours=1)
SESSIONS_LAST_AT_MOST: Final = timedelta(hours=24)
REFUSALS_PER_SESSION: Final = 5
LONGEST_KEY: Final = 64
VERSION: Final = "/v72"

_SESSION = (
    "additionalData amount captureDelayHours countryCode expiresAt merchantAccount metadata mode"
    " reference returnUrl shopperLocale themeId"
)
_REFUND = "amount merchantAccount merchantRefundReason reference"
SESSION_FIELDS: Final = frozenset(_SESSION.split())
CAPTURE_FIELDS: Final = frozenset({"amount", "merchantAccount", "reference"})
CANCEL_FIELDS: Final = frozenset({"merchantAccount", "reference"})
REFUND_FIELDS: Final = frozenset(_REFUND.split())
REFUND_REASONS: Final = frozenset({"FRAUD", "CUSTOMER REQUEST", "RETURN", "DUPLICATE", "OTHER"})
SIGNED_REFERENCES: Final = (
    *("pspReference", "originalReference"),
    *("merchantAccountCode", "merchantReference"),
)


class Fault(StrEnum):
    """What goes wrong with the next POST: after Adyen carried it out, unless it says otherwise."""

    DROP = "drop"  # the connection breaks
    ERROR = "error"  # an internal error is answered
    HOLD = "hold"  # the answer waits until `let_go`; meanwhile the key is in use
    TRANSIENT = "transient"  # nothing is carried out, and the answer says so


class Refused(Exception):
    """Adyen answers an error object."""

    def __init__(self, status: int, code: str, message: str, kind: str = "validation") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.kind = status, code, message, kind

    def body(self) -> Json:
        return {
            "status": self.status,
            "errorCode": self.code,
            "message": self.message,
            "errorType": self.kind,
            "pspReference": _psp_reference(),
        }


@dataclass
class Book:
    """What really happened to the money of one of our references, in minor units."""

    currency: str
    charged: int = 0
    refunded: int = 0


@dataclass
class Answered:
    """What a key was answered with; None while that still runs."""

    at: datetime
    answer: tuple[int, Json] | None = None


@dataclass
class Asked:
    """What a modification was asked with, and what was answered to it."""

    about: Json
    received: Json

    @property
    def reference(self) -> str:
        return str(self.about.get("reference", ""))

    @property
    def psp_reference(self) -> str:
        return str(self.received["pspReference"])

    @property
    def value(self) -> int:
        return int(self.about["amount"]["value"])


@dataclass
class Refund:
    """One refund of a payment, once Adyen accepted it."""

    value: int
    reference: str
    psp_reference: str


@dataclass
class Payment:
    """One attempt to pay in a session. Amounts are minor units."""

    session: Session
    psp_reference: str
    value: int
    method: str
    status: str  # offered, pending, authorised, refused, cancelled or expired
    captured: int = 0
    refunds: list[Refund] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        return sum(refund.value for refund in self.refunds)


@dataclass
class Session:
    """One hosted session; `about` is what its creator said."""

    id: str
    about: Json
    expires_at: datetime
    status: str = "active"
    payments: list[Payment] = field(default_factory=list)

    @property
    def reference(self) -> str:
        return str(self.about["reference"])

    @property
    def currency(self) -> str:
        return str(self.about["amount"]["currency"])

    @property
    def is_manual(self) -> bool:
        return bool(self.about.get("additionalData", {}).get("manualCapture") == "true")


class FakeAdyen:
    """Adyen on 127.0.0.1 with one merchant account; a context manager that stops the server."""

    def __init__(
        self,
        *,
        api_key: str = "AQEfake",
        account: str = "FakeMerchant",
        hmac_key: str = "0f" * 32,
    ) -> None:
        self.api_key, self.account, self.hmac_key = api_key, account, hmac_key
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC).replace(microsecond=0)
        self.sessions: dict[str, Session] = {}
        self.requests: list[dict[str, str]] = []
        self.outbox: list[bytes] = []
        self.next_fault: Fault | None = None
        self.is_holding = threading.Event()  # an answer waits
        self._keys: dict[str, Answered] = {}
        self._results: dict[str, tuple[str, Json]] = {}
        self._asked: list[Callable[[], None]] = []
        self._lock = threading.RLock()
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), handler_of(self.answer, "application/json")
        )
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}{VERSION}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_SECONDS)

    # What shoppers do on the hosted page

    def shopper_pays(self, session_id: str, method: str = "visa", value: int | None = None) -> str:
        """Pay, or with `value` only a part of it, as a prepaid card would."""
        with self._on_page(session_id) as session:
            payment = self._attempt(session, method, "offered", value)
            self._authorise(payment)
            return self._returns(session, "completed", [payment])

    authorises = shopper_pays

    def shopper_is_refused(self, session_id: str, reason: str = "Refused") -> str:
        """Be refused by the issuer. The page offers another try, until it was too often."""
        with self._on_page(session_id) as session:
            payment = self._attempt(session, "visa", "refused")
            self._notify("AUTHORISATION", payment, success=False, reason=reason)
            refused = [one for one in session.payments if one.status == "refused"]
            if len(refused) >= REFUSALS_PER_SESSION:
                session.status = "refused"
            return self._returns(session, session.status, [])

    def shopper_cancels(self, session_id: str) -> str:
        """Go back to the shop. The session stays open behind them."""
        with self._on_page(session_id) as session:
            return self._returns(session, "canceled", [])

    def shopper_walks_away(self, session_id: str, method: str = "ideal") -> str:
        """Choose a bank, and never come back from its page; return Adyen's id of the offer."""
        with self._on_page(session_id) as session:
            return self._attempt(session, method, "offered").psp_reference

    def shopper_promises(self, session_id: str, method: str = "multibanco") -> str:
        """Choose a way of paying that takes days, such as a voucher."""
        with self._on_page(session_id) as session:
            payment = self._attempt(session, method, "pending")
            session.status = "paymentPending"
            self._notify("PENDING", payment)
            return self._returns(session, "paymentPending", [payment])

    def comes_back_late(self, session_id: str) -> str:
        """Return to the shop from a page whose session ran out."""
        with self._lock:
            session = self.sessions[session_id]
            self._expire(session)
            return self._returns(session, session.status, [])

    # What banks and Adyen do

    def bank_pays(self, psp_reference: str) -> None:
        """Have a promised payment come in."""
        with self._lock:
            self._authorise(self.payment(psp_reference))

    def offer_closes(self, psp_reference: str) -> None:
        """Give up waiting for a shopper who left for a bank's page."""
        with self._lock:
            payment = self.payment(psp_reference)
            payment.status = "expired"
            self._notify("OFFER_CLOSED", payment)

    def authorisation_expires(self, psp_reference: str) -> None:
        with self._lock:
            payment = self.payment(psp_reference)
            payment.status = "expired"
            self._notify("EXPIRE", payment, original=psp_reference)

    def processes(self) -> None:
        """Carry out the modifications that were received."""
        with self._lock:
            asked, self._asked = self._asked, []
            for carry_out in asked:
                carry_out()

    def scheme_rejects_capture(self, psp_reference: str) -> None:
        """Take a captured payment's money back, days later."""
        with self._lock:
            payment = self.payment(psp_reference)
            payment.captured = 0
            self._notify("CAPTURE_FAILED", payment, original=psp_reference, reason="Rejected")

    def bank_sends_refund_back(self, psp_reference: str, code: str = "REFUND_FAILED") -> None:
        """Have a refund that had succeeded come back."""
        with self._lock:
            payment, refund = next(
                (payment, refund)
                for session in self.sessions.values()
                for payment in session.payments
                for refund in payment.refunds
                if refund.psp_reference == psp_reference
            )
            payment.refunds.remove(refund)
            asked = Asked({"reference": refund.reference}, {"pspReference": psp_reference})
            self._outcome(code, payment, asked, refund.value, "Refund Failed")

    def shopper_charges_back(self, psp_reference: str) -> None:
        with self._lock:
            payment = self.payment(psp_reference)
            self._notify("CHARGEBACK", payment, original=psp_reference, reason="Not received")

    # Webhooks

    def deliver(self, url: str) -> list[int]:
        """Post what is queued and return the status that each was answered with."""
        with self._lock:
            waiting, self.outbox = self.outbox, []
        statuses = []
        for body in waiting:
            request = Request(  # noqa: S310  # a test's own address
                url, data=body, headers={"Content-Type": "application/json"}, method="POST"
            )
            with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
                statuses.append(answer.status)
        return statuses

    def _notify(
        self,
        code: str,
        payment: Payment,
        *,
        success: bool = True,
        reason: str = "",
        original: str = "",
    ) -> None:
        noted = payment.session.about.get("metadata", {})
        own = {} if original else {f"metadata.{name}": value for name, value in noted.items()}
        self._send(
            {
                "amount": {"currency": payment.session.currency, "value": payment.value},
                "eventCode": code,
                "merchantReference": payment.session.reference,
                "paymentMethod": payment.method,
                "pspReference": _psp_reference() if original else payment.psp_reference,
                "reason": reason,
                "success": "true" if success else "false",
                **({"originalReference": original} if original else {}),
                **({"operations": ["CANCEL", "CAPTURE", "REFUND"]} if "AUTH" in code else {}),
            },
            {"checkoutSessionId": payment.session.id, **own},
        )

    def _outcome(self, code: str, payment: Payment, asked: Asked, value: int, why: str) -> None:
        """Tell what became of a modification: it failed where there is a reason why."""
        self._send(
            {
                "amount": {"currency": payment.session.currency, "value": value},
                "eventCode": code,
                "merchantReference": asked.reference or payment.session.reference,
                "originalReference": payment.psp_reference,
                "paymentMethod": payment.method,
                "pspReference": asked.psp_reference,
                "reason": why,
                "success": "false"
                if why and not code.endswith(("_FAILED", "_REVERSED"))
                else "true",
            },
            {},
        )

    def _send(self, told: Json, data: Json) -> None:
        item = {
            **told,
            "eventDate": _iso(self.clock()),
            "merchantAccountCode": self.account,
        }
        item["additionalData"] = {**data, "hmacSignature": signature(item, self.hmac_key)}
        webhook = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
        self.outbox.append(json.dumps(webhook).encode())

    # Faults and books

    def let_go(self) -> None:
        """Give the answers that were held back."""
        self._released.set()

    def forget_keys(self) -> None:
        with self._lock:
            self._keys.clear()

    def books(self) -> dict[str, Book]:
        """Return what was really charged and given back, by the reference of the session."""
        with self._lock:
            books: dict[str, Book] = {}
            for session in self.sessions.values():
                book = books.setdefault(session.reference, Book(session.currency))
                book.charged += sum(payment.captured for payment in session.payments)
                book.refunded += sum(payment.refunded for payment in session.payments)
            return books

    def payment(self, psp_reference: str) -> Payment:
        for session in self.sessions.values():
            for payment in session.payments:
                if payment.psp_reference == psp_reference:
                    return payment
        raise KeyError(psp_reference)

    # HTTP

    def answer(self, method: str, target: str, headers: dict[str, str], body: str) -> Answer | None:
        """Answer one request: status, object, headers; None where the connection drops."""
        path = urlsplit(target).path.removeprefix(VERSION)
        key = headers.get("idempotency-key", "") if method == "POST" else ""
        echo = {"Idempotency-Key": key} if key else {}
        with self._lock:
            self.requests.append({"psp": "adyen", "method": method, "path": path, "body": body})
            at_once = self._without_carrying_out(headers.get("x-api-key", ""), key)
            fault = None if at_once else self._take_fault(method)
            if fault is Fault.TRANSIENT:
                at_once = self._not_now("703", 503, "Idempotency store unavailable")
            if at_once:
                status, answered, transience = at_once
                return status, answered, {**echo, **transience}
            if key:
                self._keys[key] = Answered(self.clock())
            carried_out = self._carry_out(method, target, body)
        if fault is Fault.HOLD:
            self.is_holding.set()
            self._released.wait(PATIENCE_SECONDS)
        if key:
            self._keys[key].answer = carried_out
        if fault is Fault.ERROR:
            carried_out = 500, Refused(500, "905", "Internal error", "internal").body()
        return None if fault is Fault.DROP else (*carried_out, echo)

    def _without_carrying_out(self, api_key: str, key: str) -> Answer | None:
        if api_key != self.api_key:
            refused = Refused(401, "000", "HTTP Status Response - Unauthorized", "security")
            return 401, refused.body(), {}
        if len(key) > LONGEST_KEY:
            return 422, Refused(422, "701", "The idempotency key is too long").body(), {}
        known = self._keys.get(key)
        if known is None or self.clock() - known.at > KEYS_ARE_KEPT:
            return None
        if known.answer is None:
            return self._not_now("704", 422, "A request with this key is in progress")
        return *known.answer, {}

    def _not_now(self, code: str, status: int, message: str) -> Answer:
        return (
            status,
            Refused(status, code, message, "internal").body(),
            {"transient-error": "true"},
        )

    def _take_fault(self, method: str) -> Fault | None:
        if method == "GET":
            return None
        fault, self.next_fault = self.next_fault, None
        if fault is Fault.HOLD:
            self._released.clear()
        return fault

    def _carry_out(self, method: str, target: str, body: str) -> tuple[int, Json]:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        try:
            handle = self._route(method, parts.path.removeprefix(VERSION))
            return handle(_read(body) if method == "POST" else query)
        except Refused as refused:
            return refused.status, refused.body()

    def _route(self, method: str, path: str) -> Callable[[Json], tuple[int, Json]]:
        payment = "/payments/([^/]+)"
        routes: list[tuple[str, str, Callable[..., tuple[int, Json]]]] = [
            ("POST", "/sessions", self._create),
            ("GET", "/sessions/([^/]+)", self._result),
            ("POST", "/cancels", self._cancel_by_reference),
            ("POST", f"{payment}/captures", self._capture),
            ("POST", f"{payment}/cancels", self._cancel),
            ("POST", f"{payment}/refunds", self._refund),
        ]
        for verb, pattern, handle in routes:
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                return partial(handle, *found.groups())
        raise Refused(404, "000", "Not found", "internal")

    # Sessions

    def _create(self, about: Json) -> tuple[int, Json]:
        self._check(about, SESSION_FIELDS)
        if "returnUrl" not in about:
            raise Refused(422, "14_030", "Return URL is missing.")
        if not about.get("reference"):
            raise Refused(422, "130", "Reference Missing")
        if about.get("mode") != "hosted":
            raise Refused(422, "14_000", "This fake only has hosted pages")
        _check_notes(about.get("metadata", {}))
        given = about.get("expiresAt")
        now = self.clock()
        expires_at = datetime.fromisoformat(given) if given else now + SESSIONS_LAST
        if not now < expires_at <= now + SESSIONS_LAST_AT_MOST:
            raise Refused(422, "14_007", "Invalid expiresAt")
        session = Session(f"CS{secrets.token_hex(8).upper()}", about, expires_at)
        self.sessions[session.id] = session
        answered: Json = {
            **about,
            "expiresAt": _iso(expires_at),
            "id": session.id,
            "sessionData": "Ab02b4c0!" + secrets.token_urlsafe(24),
            "url": f"{self.url}/page/{session.id}",
        }
        return 201, answered

    def _result(self, session_id: str, query: Json) -> tuple[int, Json]:
        if "sessionResult" not in query:
            raise Refused(422, "14_001", "Required query parameter 'sessionResult' is not provided")
        known = self._results.get(query["sessionResult"])
        if known is None or known[0] != session_id:
            raise Refused(422, "14_002", "Invalid sessionResult")
        return 200, known[1]

    # Modifications

    def _capture(self, psp_reference: str, about: Json) -> tuple[int, Json]:
        self._check(about, CAPTURE_FIELDS)
        payment, asked = self._received(psp_reference, about)

        def carry_out() -> None:
            fits = (
                payment.status == "authorised" and payment.captured + asked.value <= payment.value
            )
            if fits and payment.session.is_manual:
                payment.captured += asked.value
            why = "" if fits else "Insufficient balance"
            self._outcome("CAPTURE", payment, asked, asked.value, why)

        self._asked.append(carry_out)
        return 201, asked.received

    def _cancel(self, psp_reference: str, about: Json) -> tuple[int, Json]:
        self._check(about, CANCEL_FIELDS)
        payment, asked = self._received(psp_reference, about)

        def carry_out() -> None:
            why = "" if _voids(payment) else "Already captured"
            self._outcome("CANCELLATION", payment, asked, payment.value, why)

        self._asked.append(carry_out)
        return 201, asked.received

    def _cancel_by_reference(self, about: Json) -> tuple[int, Json]:
        self._check(about, CANCEL_FIELDS | {"paymentReference"})
        if not about.get("paymentReference"):
            raise Refused(422, "130", "Reference Missing")
        asked = Asked(about, {**about, "pspReference": _psp_reference(), "status": "received"})

        def carry_out() -> None:
            for session in self.sessions.values():
                for payment in session.payments:
                    if session.reference == about["paymentReference"] and _voids(payment):
                        self._outcome("TECHNICAL_CANCEL", payment, asked, payment.value, "")
                        return
            told = {
                "amount": {"currency": "EUR", "value": 0},
                "eventCode": "TECHNICAL_CANCEL",
                "merchantReference": about["paymentReference"],
                "pspReference": asked.psp_reference,
                "reason": "Original payment not found",
                "success": "false",
            }
            self._send(told, {})

        self._asked.append(carry_out)
        return 201, asked.received

    def _refund(self, psp_reference: str, about: Json) -> tuple[int, Json]:
        self._check(about, REFUND_FIELDS)
        if about.get("merchantRefundReason", "OTHER") not in REFUND_REASONS:
            raise Refused(422, "14_003", "Invalid merchantRefundReason")
        payment, asked = self._received(psp_reference, about)

        def carry_out() -> None:
            fits = payment.refunded + asked.value <= payment.captured
            if fits:
                payment.refunds.append(Refund(asked.value, asked.reference, asked.psp_reference))
            why = "" if fits else "Insufficient balance on payment"
            self._outcome("REFUND", payment, asked, asked.value, why)

        self._asked.append(carry_out)
        return 201, asked.received

    def _received(self, psp_reference: str, about: Json) -> tuple[Payment, Asked]:
        try:
            payment = self.payment(psp_reference)
        except KeyError:
            raise Refused(422, "167", "Original pspReference required") from None
        currency = payment.session.currency
        if about.get("amount", {}).get("currency", currency) != currency:
            raise Refused(422, "139", "The currency differs from the payment's")
        answered = {"paymentPspReference": psp_reference, "pspReference": _psp_reference()}
        return payment, Asked(about, {**about, **answered, "status": "received"})

    # What all of them need

    def _check(self, about: Json, fields: frozenset[str]) -> None:
        for name in about.keys() - fields:
            raise Refused(400, "702", f"Unrecognized field: {name}")
        if about.get("merchantAccount") != self.account:
            raise Refused(403, "901", "Invalid Merchant Account", "security")
        if len(str(about.get("reference", ""))) > 80:
            raise Refused(422, "128", "Reference is too long")
        if "amount" in fields:
            _check_amount(about.get("amount"))

    @contextmanager
    def _on_page(self, session_id: str) -> Iterator[Session]:
        with self._lock:
            session = self.sessions[session_id]
            self._expire(session)
            if session.status != "active":
                raise ValueError(f"the page of a session that is {session.status} offers nothing")
            yield session

    def _expire(self, session: Session) -> None:
        if session.status == "active" and self.clock() >= session.expires_at:
            session.status = "expired"

    def _attempt(
        self, session: Session, method: str, status: str, value: int | None = None
    ) -> Payment:
        whole = int(session.about["amount"]["value"])
        payment = Payment(session, _psp_reference(), value or whole, method, status)
        session.payments.append(payment)
        return payment

    def _authorise(self, payment: Payment) -> None:
        payment.status, payment.session.status = "authorised", "completed"
        if not payment.session.is_manual:
            payment.captured = payment.value
        self._notify("AUTHORISATION", payment, reason="052095:1111:03/2030")

    def _returns(self, session: Session, status: str, payments: list[Payment]) -> str:
        """Return the query of the return URL, whose result stands for this moment for ever."""
        result = "Ab02b4c0!" + secrets.token_urlsafe(24) + "=="
        codes = {"authorised": "Authorised", "pending": "Pending"}
        shown = [
            {
                "amount": {"currency": session.currency, "value": payment.value},
                "paymentMethod": {"type": "scheme", "brand": payment.method},
                "pspReference": payment.psp_reference,
                "resultCode": codes[payment.status],
            }
            for payment in payments
        ]
        told: Json = {"id": session.id, "reference": session.reference, "status": status}
        self._results[result] = session.id, {**told, **({"payments": shown} if shown else {})}
        given = urlsplit(str(session.about["returnUrl"])).query
        own = urlencode({"sessionId": session.id, "sessionResult": result})
        return f"{given}&{own}" if given else own


def signature(item: Json, key: str) -> str:
    """Return the HMAC of a notification item, with a key in hexadecimal."""
    fields = [
        *(item.get(name, "") for name in SIGNED_REFERENCES),
        str(item["amount"]["value"]),
        item["amount"]["currency"],
        item["eventCode"],
        item["success"],
    ]
    signed = hmac.new(bytes.fromhex(key), ":".join(fields).encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def _voids(payment: Payment) -> bool:
    if payment.status != "authorised" or payment.captured:
        return False
    payment.status = "cancelled"
    return True


def _read(body: str) -> Json:
    try:
        about = json.loads(body)
    except ValueError:
        raise Refused(400, "702", "Unexpected input") from None
    if not isinstance(about, dict):
        raise Refused(400, "702", "Unexpected input")
    return about


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, dict) or amount.keys() != {"currency", "value"}:
        raise Refused(422, "100", "No amount specified")
    if not re.fullmatch("[A-Z]{3}", str(amount["currency"])):
        raise Refused(422, "138", "Unsupported currency specified")
    if type(amount["value"]) is not int or amount["value"] <= 0:
        raise Refused(422, "137", "Invalid amount specified")


def _check_notes(notes: dict[str, str]) -> None:
    if len(notes) > 20 or any(len(k) > 20 or len(v) > 80 for k, v in notes.items()):
        raise Refused(422, "177", "Metadata size exceeds limit")


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _psp_reference() -> str:
    letters = string.ascii_uppercase + string.digits
    return "".join(secrets.choice(letters) for _ in range(16))

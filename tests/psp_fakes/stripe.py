"""A small Stripe, from its API reference: sessions, payments, refunds, balance, events, books.

What a shopper, a bank or the merchant's staff does is a method. Every change makes the events that
Stripe would send; `deliver` posts them, signed, and `webhook` signs one for a test to post.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any, Final, NoReturn, Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

from tests.psp_fakes.serving import handler_of

Json: TypeAlias = dict[str, Any]
Answer: TypeAlias = tuple[int, Json, dict[str, str]]

PATIENCE_SECONDS: Final = 10.0
KEYS_ARE_KEPT: Final = timedelta(hours=24)
SHORTEST_OPEN: Final = timedelta(minutes=30)
LONGEST_OPEN: Final = timedelta(hours=24)
FEE_FIXED: Final = 25
FEE_PER_MILLE: Final = 15

WITHOUT_FRACTIONS: Final = frozenset({"isk", "ugx"})  # two digits all the same, always 00
WITH_THREE_DIGITS: Final = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})  # the last always 0

SESSION_PARAMETERS: Final = frozenset(
    {
        "cancel_url",
        "client_reference_id",
        "expand",
        "expires_at",
        "line_items",
        "locale",
        "metadata",
        "mode",
        "payment_intent_data",
        "success_url",
    }
)
REFUND_PARAMETERS: Final = frozenset({"amount", "expand", "metadata", "payment_intent", "reason"})
REFUND_REASONS: Final = frozenset({"duplicate", "fraudulent", "requested_by_customer"})
LISTS_BY: Final = {"cs": "sessions", "pi": "intents", "ch": "charges", "re": "refunds"}


class Fault(StrEnum):
    """What goes wrong with the next change."""

    DROP = "drop"  # carried out, then the connection breaks
    ERROR = "error"  # carried out, then a 500 is answered, and kept under the key
    HOLD = "hold"  # carried out, and the answer waits until `let_go`; the key is in use meanwhile
    LOCK = "lock"  # not carried out: another request holds the object


class Refused(Exception):
    """Stripe answers an error object. What is not `begun` is not kept under the key."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str = "",
        param: str = "",
        begun: bool = True,
    ) -> None:
        super().__init__(message)
        self.status, self.begun = status, begun
        named = {"code": code, "param": param}
        self.error = {"type": kind, "message": message, **{k: v for k, v in named.items() if v}}

    def body(self) -> Json:
        return {"error": self.error}


@dataclass
class Book:
    """What really happened to one session's money, in Stripe's units of its currency."""

    currency: str
    charged: int = 0
    refunded: int = 0


@dataclass
class Kept:
    """What a key was used for, and what was answered; None while that still runs."""

    at: datetime
    request: tuple[str, str]
    answer: tuple[int, Json] | None = None


class FakeStripe:
    """Stripe on 127.0.0.1, with one account in test mode; a context manager stops the server."""

    def __init__(self, *, api_key: str = "sk_test_" + "f" * 24) -> None:
        self.api_key = api_key
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.webhook_url = ""
        self.webhook_secrets: Sequence[str] = ("whsec_" + "f" * 32,)
        self.refunds_are_slow = False
        self.next_fault: Fault | None = None
        self.requests: list[dict[str, str]] = []
        self.sessions: dict[str, Json] = {}
        self.intents: dict[str, Json] = {}
        self.charges: dict[str, Json] = {}
        self.refunds: dict[str, Json] = {}
        self.balance: list[Json] = []
        self.events: list[Json] = []
        self._delivered = 0
        self._planned: dict[str, Json] = {}  # payment_intent_data, by session
        self._keys: dict[str, Kept] = {}
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
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_SECONDS)

    # What shoppers, banks and staff do

    def shopper_pays(self, session_id: str) -> None:
        """Pay by card on the hosted page: taken, or authorised where we capture by hand."""
        with self._on_page(session_id) as (session, intent):
            charge = self._charge(intent, "succeeded")
            session["status"] = "complete"
            if intent["capture_method"] == "manual":
                intent.update(status="requires_capture", amount_capturable=intent["amount"])
                self._emit("payment_intent.amount_capturable_updated", intent)
            else:
                session["payment_status"] = "paid"
                self._take(intent, charge, intent["amount"])
            self._emit("checkout.session.completed", session)

    authorises = shopper_pays

    def shopper_is_declined(self, session_id: str, code: str = "insufficient_funds") -> None:
        """Be refused by the issuer and asked for another card: the session stays open."""
        with self._on_page(session_id) as (_, intent):
            self._fail(intent, code)

    def shopper_is_challenged(self, session_id: str) -> None:
        """Be sent to the bank's page to prove who they are."""
        with self._on_page(session_id) as (_, intent):
            intent["status"] = "requires_action"
            self._emit("payment_intent.requires_action", intent)

    def shopper_pays_by_debit(self, session_id: str) -> None:
        """Choose a method that settles days later."""
        with self._on_page(session_id) as (session, intent):
            self._charge(intent, "pending")
            session["status"], intent["status"] = "complete", "processing"
            self._emit("payment_intent.processing", intent)
            self._emit("checkout.session.completed", session)

    def shopper_walks_away(self, session_id: str) -> None:
        """Never come back, so that the session expires."""
        with self._lock:
            self._expire(self._find("sessions", session_id))

    def bank_settles(self, session_id: str) -> None:
        """Let a delayed payment through."""
        with self._lock:
            session, intent = self._delayed(session_id)
            session["payment_status"] = "paid"
            charge = self.charges[intent["latest_charge"]]
            charge["status"] = "succeeded"
            self._take(intent, charge, intent["amount"])
            self._emit("checkout.session.async_payment_succeeded", session)

    def bank_refuses(self, session_id: str) -> None:
        """Let a delayed payment bounce."""
        with self._lock:
            session, intent = self._delayed(session_id)
            self.charges[intent["latest_charge"]]["status"] = "failed"
            self._fail(intent, "debit_not_authorized")
            self._emit("checkout.session.async_payment_failed", session)

    def hold_lapses(self, session_id: str) -> None:
        """Wait for seven days with what was authorised: Stripe lets it go."""
        with self._lock:
            intent = self.intents[self._find("sessions", session_id)["payment_intent"]]
            self._let_hold_go(intent, "automatic")

    def bank_moves_refund(self, refund_id: str, word: str) -> None:
        """Take a refund on: succeeded, failed, canceled or requires_action."""
        with self._lock:
            refund = self._find("refunds", refund_id)
            was_booked, refund["status"] = refund["balance_transaction"], word
            charge = self.charges[refund["charge"]]
            if word in {"failed", "canceled"}:
                charge["amount_refunded"] -= refund["amount"]
                refund["failure_reason"] = "expired_or_canceled_card"
                if was_booked:
                    self._book("refund_failure", refund, refund["amount"])
            elif word == "succeeded" and not was_booked:
                refund["balance_transaction"] = self._book("refund", refund, -refund["amount"])
            self._emit("refund.failed" if word == "failed" else "refund.updated", refund)

    def staff_refunds(self, session_id: str, amount: int) -> str:
        """Give money back in Stripe's own dashboard; return the refund's id."""
        with self._lock:
            intent_id = self._find("sessions", session_id)["payment_intent"]
            return str(self._refund({"payment_intent": intent_id, "amount": str(amount)})[1]["id"])

    def shopper_disputes(self, session_id: str) -> None:
        """Ask the bank for the money back."""
        with self._lock:
            intent = self.intents[self._find("sessions", session_id)["payment_intent"]]
            dispute = {
                "id": _new_id("du"),
                "object": "dispute",
                "amount": intent["amount"],
                "charge": intent["latest_charge"],
                "currency": intent["currency"],
                "metadata": {},
                "payment_intent": intent["id"],
                "reason": "fraudulent",
                "status": "needs_response",
            }
            self._book("adjustment", dispute, -intent["amount"])
            self._emit("charge.dispute.created", dispute)

    # Webhooks

    def webhook(self, event: Json) -> tuple[dict[str, str], bytes]:
        """Sign an event now, by every secret that is in use."""
        body = json.dumps(event, indent=2).encode()
        at = str(int(self.clock().timestamp()))
        proofs = [
            hmac.new(one.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
            for one in self.webhook_secrets
        ]
        signature = ",".join([f"t={at}", *(f"v1={proof}" for proof in proofs), "v0=6ffb"])
        return {"Content-Type": "application/json", "Stripe-Signature": signature}, body

    def deliver(self) -> list[int]:
        """Post what is new to `webhook_url`; return the status that each was answered with."""
        with self._lock:
            waiting, self._delivered = self.events[self._delivered :], len(self.events)
        statuses = []
        for event in waiting:
            headers, body = self.webhook(event)
            request = Request(  # noqa: S310 - a test's own address
                self.webhook_url, data=body, headers=headers, method="POST"
            )
            with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - likewise
                statuses.append(answer.status)
        return statuses

    # Faults and books

    def let_go(self) -> None:
        """Give the answers that were held back."""
        self._released.set()

    def books(self) -> dict[str, Book]:
        """Return what was really charged and given back, by session."""
        with self._lock:
            return {one["id"]: self._book_of(one) for one in self.sessions.values()}

    def _book_of(self, session: Json) -> Book:
        book = Book(session["currency"])
        for charge in self.charges.values():
            if charge["payment_intent"] == session["payment_intent"] is not None:
                book.charged += charge["amount_captured"]
                book.refunded += charge["amount_refunded"]
        return book

    # HTTP

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: str
    ) -> Answer | None:
        """Answer one request: status, object, headers; None where the connection drops."""
        parts = urlsplit(target)
        with self._lock:
            seen = {"psp": "stripe", "method": method, "path": parts.path, "body": body}
            self.requests.append(seen)
            if headers.get("authorization") != f"Bearer {self.api_key}":
                return 401, Refused(401, "Invalid API Key provided: sk_test_****").body(), {}
            fault = self._take_fault(method)
            if fault is Fault.LOCK:
                locked = Refused(429, "Another request holds this object.", code="lock_timeout")
                return 429, locked.body(), {"Stripe-Should-Retry": "true", "Retry-After": "1"}
            key = headers.get("idempotency-key", "") if method == "POST" else ""
            if known := self._known(key):
                return _replayed(known, (parts.path, body))
            kept = Kept(self.clock(), (parts.path, body))
            if key:
                self._keys[key] = kept
            kept.answer, begun = self._carry_out(method, parts.path, body or parts.query)
            if not begun:
                self._keys.pop(key, None)
        return self._with_fault(fault, kept)

    def _with_fault(self, fault: Fault | None, kept: Kept) -> Answer | None:
        status, answered = kept.answer or (0, {})
        if fault is Fault.HOLD:
            kept.answer = None
            self._released.wait(PATIENCE_SECONDS)
            kept.answer = status, answered
        if fault is Fault.DROP:
            return None
        if fault is Fault.ERROR:
            broken = Refused(500, "An unknown error occurred", kind="api_error")
            status, answered = kept.answer = 500, broken.body()
        return status, answered, {"Request-Id": _new_id("req")}

    def _known(self, key: str) -> Kept | None:
        known = self._keys.get(key)
        return known if known and self.clock() - known.at <= KEYS_ARE_KEPT else None

    def _take_fault(self, method: str) -> Fault | None:
        if method == "GET":
            return None
        fault, self.next_fault = self.next_fault, None
        if fault is Fault.HOLD:
            self._released.clear()
        return fault

    def _carry_out(self, method: str, path: str, form: str) -> tuple[tuple[int, Json], bool]:
        """Return the answer, and whether its execution began, so that it is kept."""
        self._pass_time()
        parameters = _nested(form)
        expand = parameters.get("expand", [])
        try:
            status, found = self._route(method, path)(parameters)
            shown = copy.deepcopy(found)
            for one in expand:
                self._expand(shown, one.split("."))
        except Refused as refused:
            return (refused.status, refused.body()), refused.begun
        return (status, shown), True

    def _route(self, method: str, path: str) -> Callable[[Json], tuple[int, Json]]:
        for verb, pattern, handle in self._routes():
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                return partial(handle, *found.groups())
        raise Refused(404, f"Unrecognized request URL ({method}: {path}).", begun=False)

    def _routes(self) -> list[tuple[str, str, Callable[..., tuple[int, Json]]]]:
        session, intent = r"/v1/checkout/sessions/([^/]+)", r"/v1/payment_intents/([^/]+)"
        return [
            ("POST", "/v1/checkout/sessions", self._open),
            ("GET", "/v1/checkout/sessions", partial(self._list, self.sessions)),
            ("GET", session, partial(self._get, "sessions")),
            ("POST", f"{session}/expire", self._expire_by_call),
            ("GET", intent, partial(self._get, "intents")),
            ("POST", f"{intent}/capture", self._capture),
            ("POST", f"{intent}/cancel", self._cancel),
            ("POST", "/v1/refunds", self._refund),
            ("GET", "/v1/refunds", partial(self._list, self.refunds)),
            ("GET", r"/v1/refunds/([^/]+)", partial(self._get, "refunds")),
            ("GET", "/v1/balance_transactions", self._list_balance),
        ]

    # Calls

    def _open(self, form: Json) -> tuple[int, Json]:
        _only_known(form, SESSION_PARAMETERS)
        for name in ("line_items", "success_url"):
            if name not in form:
                _invalid(f"Missing required param: {name}.", name, "parameter_missing")
        if form.get("mode") != "payment":
            _invalid("Invalid mode", "mode")
        [item] = form["line_items"]
        price, now = item["price_data"], self.clock()
        amount = _units(price["unit_amount"], price["currency"]) * int(item["quantity"])
        expires_at = int(form.get("expires_at", (now + LONGEST_OPEN).timestamp()))
        if not SHORTEST_OPEN <= datetime.fromtimestamp(expires_at, UTC) - now <= LONGEST_OPEN:
            _invalid("The `expires_at` timestamp is out of bounds.", "expires_at")
        _check_metadata(form.get("metadata", {}))
        session_id = _new_id("cs_test")
        session = {
            "id": session_id,
            "object": "checkout.session",
            "amount_subtotal": amount,
            "amount_total": amount,
            "cancel_url": form.get("cancel_url"),
            "client_reference_id": form.get("client_reference_id"),
            "created": int(now.timestamp()),
            "currency": price["currency"],
            "customer_details": None,
            "expires_at": expires_at,
            "livemode": False,
            "locale": form.get("locale"),
            "metadata": form.get("metadata", {}),
            "mode": "payment",
            "payment_intent": None,
            "payment_method_types": ["card", "sepa_debit"],
            "payment_status": "unpaid",
            "status": "open",
            "success_url": form["success_url"],
            "ui_mode": "hosted_page",
            "url": f"https://checkout.stripe.com/c/pay/{session_id}#fidkdWxOYHwnPyd1blpxYHZx",
        }
        self.sessions[session_id] = session
        # Known to Stripe alone until the shopper tries to pay.
        self._planned[session_id] = form.get("payment_intent_data", {})
        return 200, session

    def _expire_by_call(self, session_id: str, _: Json) -> tuple[int, Json]:
        session = self._find("sessions", session_id)
        if session["status"] != "open":
            _invalid(
                'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout'
                f" Session has a status of `{session['status']}`."
            )
        self._expire(session)
        return 200, session

    def _capture(self, intent_id: str, form: Json) -> tuple[int, Json]:
        intent = self._find("intents", intent_id)
        self._want(intent, "requires_capture")
        amount = int(form.get("amount_to_capture") or intent["amount_capturable"])
        if not 0 < amount <= intent["amount_capturable"]:
            _invalid("That is more than is held.", "amount_to_capture", "amount_too_large")
        self._take(intent, self.charges[intent["latest_charge"]], amount)
        self._session_of(intent)["payment_status"] = "paid"
        return 200, intent

    def _cancel(self, intent_id: str, _: Json) -> tuple[int, Json]:
        """Cancel a payment; one of Checkout only while it waits to be captured."""
        intent = self._find("intents", intent_id)
        self._want(intent, "requires_capture")
        self._let_hold_go(intent, None)
        return 200, intent

    def _refund(self, form: Json) -> tuple[int, Json]:
        _only_known(form, REFUND_PARAMETERS)
        if form.get("reason", "duplicate") not in REFUND_REASONS:
            _invalid("Invalid reason", "reason")
        _check_metadata(form.get("metadata", {}))
        intent = self._find("intents", form["payment_intent"], param="payment_intent")
        if intent["status"] != "succeeded":
            _invalid("This PaymentIntent does not have a successful charge to refund.")
        charge = self.charges[intent["latest_charge"]]
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = _units(form.get("amount", str(left or 1)), intent["currency"])
        if not left:
            code = "charge_already_refunded"
            _invalid(f"Charge {charge['id']} has already been refunded.", code=code)
        if amount > left:
            _invalid(f"Refund amount ({amount}) is greater than {left}", "amount")
        charge["amount_refunded"] += amount
        refund: Json = {
            "id": _new_id("re"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": int(self.clock().timestamp()),
            "currency": intent["currency"],
            "metadata": form.get("metadata", {}),
            "payment_intent": intent["id"],
            "reason": form.get("reason"),
            "status": "pending" if self.refunds_are_slow else "succeeded",
        }
        if not self.refunds_are_slow:
            refund["balance_transaction"] = self._book("refund", refund, -amount)
        self.refunds[refund["id"]] = refund
        self._emit("refund.created", refund)
        self._emit("charge.refunded", charge)
        return 200, refund

    def _get(self, kind: str, object_id: str, _: Json) -> tuple[int, Json]:
        return 200, self._find(kind, object_id)

    def _list(self, among: dict[str, Json], form: Json) -> tuple[int, Json]:
        wanted = form.get("payment_intent")
        newest_first = [
            one for one in reversed(among.values()) if wanted in {None, one["payment_intent"]}
        ]
        return 200, _page(newest_first, form)

    def _list_balance(self, form: Json) -> tuple[int, Json]:
        created = form.get("created", {})
        since, until = int(created.get("gte", 0)), int(created.get("lt", 2**40))
        found = [one for one in reversed(self.balance) if since <= one["created"] < until]
        return 200, _page(found, form)

    # Money

    @contextmanager
    def _on_page(self, session_id: str) -> Iterator[tuple[Json, Json]]:
        """Let a shopper act on an open session, whose payment begins with the first try."""
        with self._lock:
            self._pass_time()
            session = self._find("sessions", session_id)
            if session["status"] != "open":
                raise AssertionError(f"the page shows that the session is {session['status']}")
            if session["payment_intent"] is None:
                session["payment_intent"] = self._begin(session)["id"]
            yield session, self.intents[session["payment_intent"]]

    def _begin(self, session: Json) -> Json:
        planned = self._planned[session["id"]]
        intent_id = _new_id("pi")
        self.intents[intent_id] = {
            "id": intent_id,
            "object": "payment_intent",
            "amount": session["amount_total"],
            "amount_capturable": 0,
            "amount_received": 0,
            "cancellation_reason": None,
            "capture_method": planned.get("capture_method", "automatic"),
            "client_secret": f"{intent_id}_secret_{secrets.token_hex(8)}",
            "created": int(self.clock().timestamp()),
            "currency": session["currency"],
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": planned.get("metadata", {}),
            "status": "requires_payment_method",
        }
        return self.intents[intent_id]

    def _charge(self, intent: Json, status: str) -> Json:
        charge = {
            "id": _new_id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "billing_details": {"email": "ann@shopper.example", "name": "Ann Shopper"},
            "captured": False,
            "created": int(self.clock().timestamp()),
            "currency": intent["currency"],
            "metadata": dict(intent["metadata"]),
            "payment_intent": intent["id"],
            "payment_method_details": {"card": {"last4": "4242"}, "type": "card"},
            "status": status,
        }
        self.charges[charge["id"]] = charge
        intent.update(latest_charge=charge["id"], last_payment_error=None)
        return charge

    def _take(self, intent: Json, charge: Json, amount: int) -> None:
        charge.update(amount_captured=amount, captured=True)
        intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
        charge["balance_transaction"] = self._book("charge", charge, amount)
        self._emit("payment_intent.succeeded", intent)

    def _fail(self, intent: Json, code: str) -> None:
        self._charge(intent, "failed")
        message = "Your card was declined."
        intent["status"] = "requires_payment_method"
        intent["last_payment_error"] = {
            "type": "card_error",
            "code": "card_declined",
            "decline_code": code,
            "message": message,
        }
        self._emit("payment_intent.payment_failed", intent)

    def _let_hold_go(self, intent: Json, reason: str | None) -> None:
        intent.update(status="canceled", amount_capturable=0, cancellation_reason=reason)
        self._emit("payment_intent.canceled", intent)

    def _book(self, kind: str, source: Json, amount: int) -> str:
        fee = FEE_FIXED + amount * FEE_PER_MILLE // 1000 if kind == "charge" else 0
        line = {
            "id": _new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "created": int(self.clock().timestamp()),
            "currency": source["currency"],
            "fee": fee,
            "net": amount - fee,
            "source": source["id"],
            "status": "pending",
            "type": kind,
        }
        self.balance.append(line)
        return str(line["id"])

    # The rest

    def _pass_time(self) -> None:
        for session in self.sessions.values():
            is_over = session["expires_at"] <= self.clock().timestamp()
            if session["status"] == "open" and is_over:
                self._expire(session)

    def _expire(self, session: Json) -> None:
        session.update(status="expired", url=None)
        self._emit("checkout.session.expired", session)

    def _delayed(self, session_id: str) -> tuple[Json, Json]:
        session = self._find("sessions", session_id)
        intent = self.intents[session["payment_intent"]]
        self._want(intent, "processing")
        return session, intent

    def _session_of(self, intent: Json) -> Json:
        return next(one for one in self.sessions.values() if one["payment_intent"] == intent["id"])

    def _find(self, kind: str, object_id: str, *, param: str = "") -> Json:
        found: Json | None = getattr(self, kind).get(object_id)
        if found is None:
            message = f"No such {kind}: '{object_id}'"
            raise Refused(404, message, code="resource_missing", param=param)
        return found

    def _want(self, intent: Json, status: str) -> None:
        if intent["status"] != status:
            _invalid(
                f"This PaymentIntent's status is {intent['status']}, not {status}.",
                code="payment_intent_unexpected_state",
            )

    def _expand(self, shown: Json, names: list[str]) -> None:
        name, *rest = names
        value = shown.get(name)
        if isinstance(value, str) and value.partition("_")[0] in LISTS_BY:
            kind = LISTS_BY[value.partition("_")[0]]
            value = shown[name] = copy.deepcopy(self._find(kind, value))
        for one in value if isinstance(value, list) else [value]:
            if rest and isinstance(one, dict):
                self._expand(one, rest)

    def _emit(self, event_type: str, about: Json) -> None:
        self.events.append(
            {
                "id": _new_id("evt"),
                "object": "event",
                "api_version": "2026-10-28.endive",
                "created": int(self.clock().timestamp()),
                "data": {"object": copy.deepcopy(about)},
                "livemode": False,
                "pending_webhooks": 1,
                "request": {"id": None, "idempotency_key": None},
                "type": event_type,
            }
        )


def _replayed(known: Kept, request: tuple[str, str]) -> Answer:
    if known.request != request:
        message = "Keys for idempotent requests can only be used with the same parameters."
        return 400, Refused(400, message, kind="idempotency_error").body(), {}
    if known.answer is None:
        message = "There is currently another in-progress request using this Idempotent Key."
        return 409, Refused(409, message, code="idempotency_key_in_use").body(), {}
    return *known.answer, {"Idempotent-Replayed": "true", "Original-Request": "req_first"}


def _invalid(message: str, param: str = "", code: str = "") -> NoReturn:
    """Refuse what was asked. Only what is wrong in itself is refused before the key is used."""
    raise Refused(400, message, code=code, param=param, begun=not param)


def _only_known(form: Json, known: frozenset[str]) -> None:
    for name in form.keys() - known:
        _invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")


def _check_metadata(metadata: Mapping[str, str]) -> None:
    if len(metadata) > 50 or any(len(k) > 40 or len(v) > 500 for k, v in metadata.items()):
        _invalid("Metadata does not fit", "metadata")


def _units(amount: str, currency: str) -> int:
    if not re.fullmatch(r"[a-z]{3}", currency):
        _invalid(f"Invalid currency: {currency}", "currency")
    if not re.fullmatch(r"[1-9][0-9]{0,11}", amount):
        _invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    units = int(amount)
    step = 100 if currency in WITHOUT_FRACTIONS else 10 if currency in WITH_THREE_DIGITS else 1
    if units % step:
        _invalid(f"Invalid amount in {currency}", "amount", "invalid_charge_amount")
    return units


def _page(newest_first: list[Json], form: Json) -> Json:
    limit, after = int(form.get("limit", 10)), form.get("starting_after")
    ids = [one["id"] for one in newest_first]
    first = ids.index(after) + 1 if after else 0
    shown = newest_first[first : first + limit]
    return {"object": "list", "data": shown, "has_more": len(ids) > first + limit}


def _nested(form: str) -> Json:
    """Return a form as nested objects; those whose names are numbers are lists."""
    root: Json = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        node, parts = root, re.findall(r"[^\[\]]+", name)
        for part in parts[:-1]:
            node = node.setdefault(part, {})
        node[parts[-1]] = value
    return {name: _listed(value) for name, value in root.items()}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    nested = {name: _listed(value) for name, value in node.items()}
    return list(nested.values()) if all(name.isdigit() for name in nested) else nested


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"

"""A small Mollie, from its OpenAPI description: payments, captures, refunds, webhooks, books.

What a shopper, a bank or the merchant's web app does is a method. Every change queues the webhooks
that Mollie would send; `deliver` posts them, or a test takes them from `outbox`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any, Final, Self, TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

from tests.psp_fakes.serving import handler_of

Json: TypeAlias = dict[str, Any]

PATIENCE_SECONDS: Final = 10.0
KEYS_ARE_KEPT: Final = timedelta(hours=1)
CARD_PAYMENTS_EXPIRE: Final = timedelta(minutes=30)
# "In short succession": the page names no time.
DUPLICATES_ARE_SEEN: Final = timedelta(minutes=1)

_TWO_DECIMALS = (
    "AED AUD BRL CAD CHF CZK DKK EUR GBP HKD HUF ILS MXN MYR NOK NZD PHP PLN RON SEK SGD THB TWD"
    " USD ZAR"
)
_PARAMETERS = "amount cancelUrl captureMode description locale metadata redirectUrl webhookUrl"
WITH_DECIMALS: Final = frozenset(_TWO_DECIMALS.split())
WITHOUT_DECIMALS: Final = frozenset({"ISK", "JPY"})
CREATE_PARAMETERS: Final = frozenset(_PARAMETERS.split())


class Fault(StrEnum):
    """What goes wrong with the next change, after Mollie carried it out."""

    DROP = "drop"  # the connection breaks
    ERROR = "error"  # an internal error is answered
    HOLD = "hold"  # the answer waits until `let_go`; meanwhile the key is in use


class Refused(Exception):
    """Mollie answers an error object."""

    def __init__(self, status: int, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, field

    def body(self) -> Json:
        named = {"field": self.field} if self.field else {}
        link = {"href": "https://docs.mollie.com/errors", "type": "text/html"}
        return {
            "status": self.status,
            "title": "Refused",
            "detail": self.detail,
            **named,
            "_links": {"documentation": link},
        }


@dataclass(frozen=True)
class Delivery:
    """One webhook, ready to be posted."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Book:
    """What really happened to one payment's money."""

    currency: str
    charged: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)


@dataclass
class Answered:
    """What a key was used for, and what was answered; None while that still runs."""

    at: datetime
    request: tuple[str, str]
    answer: tuple[int, Json] | None = None


@dataclass
class Payment:
    """One payment; `about` is what its creator said."""

    id: str
    about: Json
    created_at: datetime
    status: str = "open"
    at: dict[str, datetime] = field(default_factory=dict)  # paidAt, failedAt, …
    method: str | None = None
    failure: str = ""
    charged_back: bool = False
    captures: list[Json] = field(default_factory=list)
    refunds: list[Json] = field(default_factory=list)

    @property
    def currency(self) -> str:
        return str(self.about["amount"]["currency"])

    @property
    def amount(self) -> Decimal:
        return Decimal(self.about["amount"]["value"])

    @property
    def is_manual(self) -> bool:
        return self.about.get("captureMode") == "manual"

    @property
    def is_cancelable(self) -> bool:
        return self.status == "open" and self.method == "banktransfer"

    def captured(self) -> Decimal:
        if not self.is_manual:
            return self.amount if self.status == "paid" else Decimal(0)
        return _sum(one for one in self.captures if one["status"] == "succeeded")

    def refunded(self) -> Decimal:
        return _sum(one for one in self.refunds if one["status"] not in {"failed", "canceled"})


class FakeMollie:
    """Mollie on 127.0.0.1 with one account; a context manager that stops the server."""

    def __init__(self, *, api_key: str = "test_" + "f" * 30) -> None:
        self.api_key = api_key
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC).replace(microsecond=0)
        self.payments: dict[str, Payment] = {}
        self.requests: list[dict[str, str]] = []
        self.outbox: list[Delivery] = []
        self.captures_are_slow = False
        self.next_fault: Fault | None = None
        self._keys: dict[str, Answered] = {}
        self._subscription: tuple[str, tuple[str, ...]] | None = None
        self._lock = threading.RLock()
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), handler_of(self.answer, "application/hal+json")
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

    # What shoppers and banks do

    def shopper_pays(self, payment_id: str, method: str = "creditcard") -> None:
        """Pay on the hosted page; a payment to be captured by hand is only authorised."""
        with self._acting_on(payment_id, "open", "pending") as payment:
            payment.method = method
            self._becomes(payment, "authorized" if payment.is_manual else "paid")

    authorises = shopper_pays

    def shopper_is_declined(self, payment_id: str) -> None:
        """Be refused by the issuer and sent back to choose another method: still open."""
        with self._acting_on(payment_id, "open") as payment:
            payment.method = None

    def shopper_chooses_bank_transfer(self, payment_id: str) -> None:
        """Be given an account number: the one way of paying that can be cancelled meanwhile."""
        with self._acting_on(payment_id, "open") as payment:
            payment.method = "banktransfer"

    def shopper_waits_for_bank(self, payment_id: str) -> None:
        with self._acting_on(payment_id, "open") as payment:
            self._becomes(payment, "pending")

    def fails(self, payment_id: str, reason: str = "insufficient_funds") -> None:
        """Fail for good."""
        with self._acting_on(payment_id, "open", "pending", "authorized") as payment:
            payment.method, payment.failure = payment.method or "creditcard", reason
            self._becomes(payment, "failed")

    def shopper_cancels(self, payment_id: str) -> None:
        with self._acting_on(payment_id, "open") as payment:
            self._becomes(payment, "canceled")

    def expires(self, payment_id: str) -> None:
        with self._acting_on(payment_id, "open") as payment:
            self._becomes(payment, "expired")

    def settles_captures(self, payment_id: str, word: str = "succeeded") -> None:
        """End the captures under way."""
        with self._acting_on(payment_id, "authorized") as payment:
            for capture in payment.captures:
                if capture["status"] == "pending":
                    capture["status"] = word
            self._after_captures(payment)

    def bank_moves_refund(self, refund_id: str, word: str) -> None:
        """Take a refund on: processing, refunded or failed."""
        with self._lock:
            payment, refund = next(
                (payment, one)
                for payment in self.payments.values()
                for one in payment.refunds
                if one["id"] == refund_id
            )
            refund["status"] = word
            self._announce(payment, f"refund.{word}", refund)

    def shopper_charges_back(self, payment_id: str) -> None:
        with self._acting_on(payment_id, "paid") as payment:
            payment.charged_back = True
            chargeback = {
                "resource": "chargeback",
                "id": _new_id("chb"),
                "amount": payment.about["amount"],
                "createdAt": _iso(self.clock()),
                "paymentId": payment.id,
                "_links": {},
            }
            self._announce(payment, "chargeback.received", chargeback)

    # Webhooks

    def subscribe(self, url: str, *signing_secrets: str) -> None:
        """Have signed events sent too; with two secrets as during a rotation."""
        self._subscription = (url, signing_secrets)

    def deliver(self) -> list[int]:
        """Post what is queued and return the status that each was answered with."""
        with self._lock:
            waiting, self.outbox = self.outbox, []
        statuses = []
        for delivery in waiting:
            request = Request(  # noqa: S310  # a test's own address
                delivery.url, data=delivery.body, headers=delivery.headers, method="POST"
            )
            with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
                statuses.append(answer.status)
        return statuses

    # Faults and books

    def let_go(self) -> None:
        """Give the answers that were held back."""
        self._released.set()

    def forget_keys(self) -> None:
        with self._lock:
            self._keys.clear()

    def books(self) -> dict[str, Book]:
        """Return what was really charged and given back, by payment."""
        with self._lock:
            return {
                payment.id: Book(payment.currency, payment.captured(), payment.refunded())
                for payment in self.payments.values()
            }

    # HTTP

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: str
    ) -> tuple[int, Json, dict[str, str]] | None:
        """Answer one request: status, object, headers; None where the connection drops."""
        with self._lock:
            seen = {"psp": "mollie", "method": method, "path": target, "body": body}
            self.requests.append(seen)
            if headers.get("authorization") != f"Bearer {self.api_key}":
                refused = Refused(401, "Missing authentication, or failed to authenticate")
                return 401, refused.body(), {}
            key = headers.get("idempotency-key", "") if method == "POST" else ""
            known = self._known(key)
            if known:
                return self._replayed(known, (target, body))
            if key:
                self._keys[key] = Answered(self.clock(), (target, body))
            status, answered = self._carry_out(method, target, body)
            fault = self._take_fault(method)
        if fault is Fault.HOLD:
            self._released.wait(PATIENCE_SECONDS)
        if key:
            self._keys[key].answer = status, answered
        if fault is Fault.DROP:
            return None
        if fault is Fault.ERROR:
            return 500, Refused(500, "Internal server error").body(), {}
        return status, answered, {}

    def _known(self, key: str) -> Answered | None:
        known = self._keys.get(key)
        return known if known and self.clock() - known.at <= KEYS_ARE_KEPT else None

    def _replayed(
        self, known: Answered, request: tuple[str, str]
    ) -> tuple[int, Json, dict[str, str]]:
        if known.request != request:
            return 400, Refused(400, "This Idempotency-Key has already been used.").body(), {}
        if known.answer is None:
            in_use = "Another request with this Idempotency-Key is already being processed."
            return 409, Refused(409, in_use).body(), {}
        return *known.answer, {"Idempotent-Replayed": "true"}

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
            return self._route(method, parts.path)(json.loads(body) if body else query)
        except Refused as refused:
            return refused.status, refused.body()

    def _route(self, method: str, path: str) -> Callable[[Json], tuple[int, Json]]:
        for verb, pattern, handle in self._routes():
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                return partial(handle, *found.groups())
        raise Refused(404, "No such resource")

    def _routes(self) -> list[tuple[str, str, Callable[..., tuple[int, Json]]]]:
        one = r"/v2/payments/([^/]+)"
        return [
            ("POST", "/v2/payments", self._create),
            ("GET", "/v2/payments", self._list_payments),
            ("GET", one, self._get),
            ("DELETE", one, self._cancel),
            ("POST", f"{one}/captures", self._capture),
            ("GET", f"{one}/captures", self._list_captures),
            ("POST", f"{one}/refunds", self._refund),
            ("GET", f"{one}/refunds", self._list_refunds),
            ("GET", f"{one}/refunds/([^/]+)", self._get_refund),
            ("GET", "/v2/refunds", self._list_all_refunds),
        ]

    # Payments

    def _create(self, about: Json) -> tuple[int, Json]:
        for name in ("amount", "description", "redirectUrl"):
            if name not in about:
                raise Refused(422, f"The '{name}' field is missing", name)
        for name in about.keys() - CREATE_PARAMETERS:
            raise Refused(422, f'Non-existent body parameter "{name}" for this API call.')
        _checked_amount(about["amount"])
        if not re.fullmatch(r"[a-z]{2}_[A-Z]{2}", about.get("locale", "xx_XX")):
            raise Refused(422, "The locale is invalid", "locale")
        payment = Payment(_new_id("tr"), about, self.clock())
        self.payments[payment.id] = payment
        return 201, self._shown(payment)

    def _get(self, payment_id: str, _: Json) -> tuple[int, Json]:
        return 200, self._shown(self._payment(payment_id))

    def _list_payments(self, query: Json) -> tuple[int, Json]:
        newest_first = [self._shown(one) for one in reversed(self.payments.values())]
        return 200, self._page("/v2/payments", "payments", newest_first, query)

    def _cancel(self, payment_id: str, _: Json) -> tuple[int, Json]:
        payment = self._payment(payment_id)
        if not payment.is_cancelable:
            raise Refused(422, "The payment cannot be cancelled")
        self._becomes(payment, "canceled")
        return 200, self._shown(payment)

    def _capture(self, payment_id: str, about: Json) -> tuple[int, Json]:
        payment = self._payment(payment_id)
        if payment.status != "authorized":
            raise Refused(422, "The payment is not in the authorized state")
        amount: Json = about.get("amount") or payment.about["amount"]
        _checked_amount(amount)
        under_way = _sum(one for one in payment.captures if one["status"] != "failed")
        if under_way + Decimal(amount["value"]) > payment.amount:
            raise Refused(422, "The amount is higher than the maximum", "amount")
        capture: Json = {
            "resource": "capture",
            "id": _new_id("cpt"),
            "mode": "test",
            "amount": amount,
            "status": "pending" if self.captures_are_slow else "succeeded",
            "metadata": about.get("metadata"),
            "paymentId": payment.id,
            "createdAt": _iso(self.clock()),
            "_links": {},
        }
        payment.captures.append(capture)
        self._after_captures(payment)
        return 201, dict(capture)

    def _after_captures(self, payment: Payment) -> None:
        if payment.captured() == payment.amount:
            self._becomes(payment, "paid")

    def _list_captures(self, payment_id: str, query: Json) -> tuple[int, Json]:
        newest_first = self._payment(payment_id).captures[::-1]
        path = f"/v2/payments/{payment_id}/captures"
        return 200, self._page(path, "captures", newest_first, query)

    # Refunds

    def _refund(self, payment_id: str, about: Json) -> tuple[int, Json]:
        payment = self._payment(payment_id)
        if "amount" not in about:
            raise Refused(422, "The 'amount' field is missing", "amount")
        _checked_amount(about["amount"])
        if not payment.captured():
            raise Refused(422, "The payment is not paid, so that it cannot be refunded")
        told = {name: about.get(name) for name in ("amount", "description", "metadata")}
        for one in payment.refunds:
            same = all(one[name] == value for name, value in told.items())
            created_at = datetime.fromisoformat(one["createdAt"])
            if same and self.clock() - created_at < DUPLICATES_ARE_SEEN:
                raise Refused(409, "A duplicate refund has been detected")
        if payment.refunded() + Decimal(about["amount"]["value"]) > payment.captured():
            raise Refused(422, "The amount is higher than the maximum", "amount")
        refund: Json = {
            "resource": "refund",
            "id": _new_id("re"),
            "mode": "test",
            **told,
            "status": "pending",
            "paymentId": payment.id,
            "createdAt": _iso(self.clock()),
            "_links": {},
        }
        payment.refunds.append(refund)
        return 201, dict(refund)

    def _get_refund(self, payment_id: str, refund_id: str, _: Json) -> tuple[int, Json]:
        for refund in self._payment(payment_id).refunds:
            if refund["id"] == refund_id:
                return 200, dict(refund)
        raise Refused(404, f"No refund exists with token {refund_id}.")

    def _list_refunds(self, payment_id: str, query: Json) -> tuple[int, Json]:
        path = f"/v2/payments/{payment_id}/refunds"
        return 200, self._page(path, "refunds", self._payment(payment_id).refunds[::-1], query)

    def _list_all_refunds(self, query: Json) -> tuple[int, Json]:
        refunds = [one for payment in self.payments.values() for one in payment.refunds]
        newest_first = sorted(refunds, key=lambda one: str(one["createdAt"]), reverse=True)
        return 200, self._page("/v2/refunds", "refunds", newest_first, query)

    # What all of them need

    def _payment(self, payment_id: str) -> Payment:
        if payment_id not in self.payments:
            raise Refused(404, f"No payment exists with token {payment_id}.")
        return self.payments[payment_id]

    @contextmanager
    def _acting_on(self, payment_id: str, *statuses: str) -> Iterator[Payment]:
        with self._lock:
            payment = self.payments[payment_id]
            if payment.status not in statuses:
                raise ValueError(f"a payment that is {payment.status} cannot do that")
            yield payment

    def _becomes(self, payment: Payment, status: str) -> None:
        payment.status = status
        payment.at[f"{status}At"] = self.clock()
        self._announce(payment, f"payment.{status}", self._shown(payment))

    def _announce(self, payment: Payment, event_type: str, entity: Json) -> None:
        if payment.about.get("webhookUrl"):
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode({"id": payment.id}).encode()
            self.outbox.append(Delivery(payment.about["webhookUrl"], form, body))
        if self._subscription:
            url, signing_secrets = self._subscription
            event = {
                "resource": "event",
                "id": _new_id("event"),
                "type": event_type,
                "entityId": entity["id"],
                "createdAt": _iso(self.clock()),
                "_embedded": {"entity": entity},
                "_links": {},
            }
            body = json.dumps(event).encode()
            headers = {
                "Content-Type": "application/json",
                "X-Mollie-Signature": ",".join(signed(body, one) for one in signing_secrets),
            }
            self.outbox.append(Delivery(url, headers, body))

    def _page(self, path: str, name: str, lines: list[Json], query: Json) -> Json:
        limit = int(query.get("limit", 50))
        begin = query.get("from")
        first = next((n for n, line in enumerate(lines) if line["id"] == begin), 0)
        if begin and (not lines or lines[first]["id"] != begin):
            raise Refused(400, "Invalid cursor value", "from")
        following = lines[first + limit : first + limit + 1]
        shown = [dict(line) for line in lines[first : first + limit]]
        after = (
            {
                "href": f"https://api.mollie.com{path}?from={following[0]['id']}&limit={limit}",
                "type": "application/hal+json",
            }
            if following
            else None
        )
        links = {"self": {"href": "…"}, "previous": None, "next": after, "documentation": {}}
        return {"count": len(shown), "_embedded": {name: shown}, "_links": links}

    def _shown(self, payment: Payment) -> Json:
        is_final = payment.status in {"paid", "canceled", "expired", "failed"}
        shown: Json = {
            "resource": "payment",
            "id": payment.id,
            "mode": "test",
            "createdAt": _iso(payment.created_at),
            "status": payment.status,
            "method": payment.method,
            "profileId": "pfl_QkEhN94Ba",
            "sequenceType": "oneoff",
            "metadata": None,
            **payment.about,
            **{name: _iso(at) for name, at in payment.at.items() if name != "pendingAt"},
            "_links": {"self": {"href": f"{self.url}/v2/payments/{payment.id}"}},
        }
        if not is_final:
            shown["isCancelable"] = payment.is_cancelable
        if payment.status == "open":
            shown["expiresAt"] = _iso(payment.created_at + CARD_PAYMENTS_EXPIRE)
            page = {"href": f"{self.url}/checkout/{payment.id}", "type": "text/html"}
            shown["_links"]["checkout"] = page
        if payment.is_manual:
            shown["amountCaptured"] = _amount(payment.captured(), payment.currency)
        if payment.captured():
            left = payment.captured() - payment.refunded()
            shown["amountRefunded"] = _amount(payment.refunded(), payment.currency)
            shown["amountRemaining"] = _amount(left, payment.currency)
        if payment.charged_back:
            shown["amountChargedBack"] = payment.about["amount"]
        if payment.failure:
            message = "Your card was declined."
            shown["details"] = {"failureReason": payment.failure, "failureMessage": message}
        return shown


def signed(body: bytes, secret: str) -> str:
    """Return the signature header's value."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _checked_amount(amount: Any) -> None:
    if not isinstance(amount, dict) or not isinstance(amount.get("value"), str):
        raise Refused(422, "The amount is invalid", "amount")
    if amount.get("currency") in WITHOUT_DECIMALS:
        form = r"[0-9]+"
    elif amount.get("currency") in WITH_DECIMALS:
        form = r"[0-9]+\.[0-9]{2}"
    else:
        raise Refused(422, "The currency is not supported", "amount.currency")
    if not re.fullmatch(form, amount["value"]) or not Decimal(amount["value"]):
        raise Refused(422, "The amount contains an invalid value", "amount")


def _sum(entities: Iterator[Json]) -> Decimal:
    return sum((Decimal(one["amount"]["value"]) for one in entities), Decimal(0))


def _amount(value: Decimal, currency: str) -> Json:
    digits = 0 if currency in WITHOUT_DECIMALS else 2
    return {"currency": currency, "value": f"{value:.{digits}f}"}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(11)}"

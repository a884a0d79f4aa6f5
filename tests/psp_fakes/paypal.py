"""A small PayPal, from its OpenAPI descriptions: orders, captures, refunds, webhooks, list, books.

What the shopper, the bank or time does is a method. It keeps request ids, answers repeats with the
latest state, and signs webhooks with a certificate of its own authority. Every change queues the
webhook that PayPal would send: `deliver` posts them, or a test takes them from `outbox`.
"""

from __future__ import annotations

import base64
import json
import secrets
import string
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from http.server import ThreadingHTTPServer
from typing import Any, Final, Self, TypeAlias
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

from tests.psp_fakes.paypal_signer import API_HOST, WEBHOOK_ID, Signer
from tests.psp_fakes.serving import handler_of

Json: TypeAlias = dict[str, Any]

CLIENT_ID = "fake-client-id"
CLIENT_SECRET = "fake-client-secret"
PAGE_HOST = "https://www.sandbox.paypal.com"
ORDERS = "/v2/checkout/orders"

WHOLE_CURRENCIES = {"HUF", "JPY", "TWD"}
LISTED = (
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN RUB SEK SGD THB"
    " TWD USD"
)
CURRENCIES = set(LISTED.split())
FEE_RATE = Decimal("0.03")
TOKEN_SECONDS = 32_400
PATIENCE_SECONDS = 10.0
ORDERS_KEEP_KEYS: Final = timedelta(hours=6)
PAYMENTS_KEEP_KEYS: Final = timedelta(days=45)
LONGEST_KEY = 108


class Fault(StrEnum):
    """What goes wrong with one request: after PayPal carried it out, unless it says otherwise."""

    LOST = "lost"  # the connection breaks, and nothing is carried out
    DROP = "drop"  # the connection breaks
    ERROR = "error"  # an internal error is answered
    HOLD = "hold"  # the answer waits until `let_go`; meanwhile the key is in use
    SLOW_DOWN = "slow_down"  # 429, and nothing is carried out


class Refused(Exception):
    """The request is answered with an error of PayPal's."""

    def __init__(self, status: int, name: str, issue: str = "", field: str = "") -> None:
        super().__init__(issue or name)
        details = [{"issue": issue, "field": field, "description": "Because."}] if issue else []
        self.status = status
        self.body = {
            "name": name,
            "message": "As its name says.",
            "debug_id": secrets.token_hex(7),
            "details": details,
            "links": [],
        }


def unprocessable(issue: str, field: str = "") -> Refused:
    """Return the refusal of what is well formed, but cannot be done."""
    return Refused(422, "UNPROCESSABLE_ENTITY", issue, field)


@dataclass(frozen=True)
class Delivery:
    """One webhook, signed and ready to be posted."""

    event_type: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Books:
    """What was asked for, and what was really taken and given back."""

    orders: dict[str, Json] = field(default_factory=dict)
    captures: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    order_of: dict[str, str] = field(default_factory=dict)  # by capture
    capture_of: dict[str, str] = field(default_factory=dict)  # by refund


class FakePayPal:
    """PayPal on 127.0.0.1 with one account; a context manager that stops the server.

    `requests` are those to the Orders and Payments APIs; `asides` name all others: logins,
    certificates, questions about webhooks, the list of transactions.
    """

    def __init__(self, *, signer: Signer | None = None) -> None:
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.books = Books()
        self.requests: list[dict[str, str]] = []
        self.asides: list[str] = []
        self.outbox: list[Delivery] = []
        self.signer = signer or Signer()
        self.unique_invoices = True
        self.longest_list = 10_000
        self.list_is_behind = timedelta()
        self._tokens: dict[str, datetime] = {}
        self._faults: list[tuple[str, Fault]] = []
        self._outcomes: dict[str, list[str]] = defaultdict(list)
        self._keys: dict[tuple[str, str], tuple[datetime, str]] = {}  # by path and request id
        self._held: set[tuple[str, str]] = set()
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

    def now(self) -> datetime:
        """Tell the time by `clock`, whichever that is by now."""
        return self.clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_SECONDS)

    # What a test arranges

    def fails_next(self, path_contains: str, fault: Fault) -> None:
        """Have the next request whose path contains this fail so."""
        self._faults.append((path_contains, fault))

    def declines_next(self, issue: str = "INSTRUMENT_DECLINED") -> None:
        """Have the next capture refused with an error."""
        self._outcomes["capture"].append(issue)

    def next_capture_is(self, status: str, reason: str = "") -> None:
        """Have the next capture made in this state (PENDING, DECLINED …), with a reason."""
        self._outcomes["capture"].append(f"{status} {reason}")

    def next_refund_is(self, status: str) -> None:
        """Have the next refund made in this state."""
        self._outcomes["refund"].append(status)

    def forgets_tokens(self) -> None:
        """Have every access token end early."""
        self._tokens.clear()

    def let_go(self) -> None:
        """Give the answers that were held back."""
        self._released.set()

    def deliver(self, url: str) -> list[int]:
        """Post what is queued and return the status that each was answered with."""
        with self._lock:
            waiting, self.outbox = self.outbox, []
        statuses = []
        for one in waiting:
            headers = {**one.headers, "Content-Type": "application/json"}
            request = Request(url, data=one.body, headers=headers, method="POST")  # noqa: S310 - ours
            with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - ours
                statuses.append(answer.status)
        return statuses

    # What the shopper, the bank and time do

    def payer_approves(self, order_id: str) -> None:
        """Approve an order on PayPal's page; the shopper then returns to the shop."""
        with self._lock:
            order = self.books.orders[order_id]
            assert order["status"] in {"CREATED", "PAYER_ACTION_REQUIRED"}
            order["status"] = "APPROVED"
            order["payer"] = {"payer_id": "PAYER1", "email_address": "shopper@example.com"}
            order["links"] = _order_links(order_id, approved=True)
            self._tell("CHECKOUT.ORDER.APPROVED", "checkout-order", order)

    def approval_expires(self, order_id: str) -> None:
        """Let the time pass in which an approved order may be captured: it is gone afterwards."""
        with self._lock:
            order = self.books.orders.pop(order_id)
            assert order["status"] == "APPROVED"
            told = {"order_id": order_id, "purchase_units": order["purchase_units"]}
            self._tell("CHECKOUT.PAYMENT-APPROVAL.REVERSED", "checkout-order", told)

    def pending_ends(self, capture_id: str, status: str) -> None:
        """Let the money of a pending capture arrive (COMPLETED), or not (DECLINED)."""
        with self._lock:
            capture = self.books.captures[capture_id]
            assert capture["status"] == "PENDING"
            capture["status"] = status
            capture.pop("status_details", None)
            told = {"COMPLETED": "COMPLETED", "DECLINED": "DENIED"}[status]
            self._tell(f"PAYMENT.CAPTURE.{told}", "capture", capture)

    def refund_becomes(self, refund_id: str, status: str) -> None:
        """Let a pending refund end, or one that was completed come back."""
        with self._lock:
            refund = self.books.refunds[refund_id]
            refund["status"] = status
            self._recount(self.books.capture_of[refund_id])
            name = "PAYMENT.REFUND.FAILED" if status == "FAILED" else "PAYMENT.CAPTURE.REFUNDED"
            self._tell(name, "refund", refund)

    def payer_disputes(self, capture_id: str) -> None:
        """Open a dispute about a capture."""
        with self._lock:
            disputed = {
                "seller_transaction_id": capture_id,
                "custom": self.books.captures[capture_id]["custom_id"],
            }
            dispute = {
                "dispute_id": "PP-000-042-663-135",
                "disputed_transactions": [disputed],
                "reason": "UNAUTHORISED",
                "status": "OPEN",
            }
            self._tell("CUSTOMER.DISPUTE.CREATED", "dispute", dispute)

    # The books

    def charged(self) -> dict[str, Decimal]:
        """Return what was really taken, by currency."""
        return _sums(self.books.captures.values(), {"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"})

    def refunded(self) -> dict[str, Decimal]:
        """Return what was really given back, by currency."""
        return _sums(self.books.refunds.values(), {"COMPLETED"})

    # The API

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: str
    ) -> tuple[int, Any, dict[str, str]] | None:
        """Answer one request; None where the connection breaks instead."""
        path = urlsplit(target).path
        if path.startswith("/v2/"):
            self.requests.append({"psp": "paypal", "method": method, "path": target, "body": body})
        else:
            self.asides.append(target)
        fault = self._fault_of(path)
        if fault is Fault.LOST:
            return None
        if fault is Fault.SLOW_DOWN:
            return 429, Refused(429, "RATE_LIMIT_REACHED").body, {"Retry-After": "7"}
        key = (path, headers.get("paypal-request-id", "")) if method == "POST" else ("", "")
        try:
            with self._lock:
                answer = self._act(method, path, target, headers, body)
                if fault is Fault.HOLD:
                    self._held.add(key)
        except Refused as refused:
            answer = refused.status, refused.body
        if fault is Fault.HOLD:
            self._released.wait(PATIENCE_SECONDS)
            self._held.discard(key)
        if fault is Fault.ERROR:
            answer = 500, Refused(500, "INTERNAL_SERVER_ERROR").body
        return None if fault is Fault.DROP else (*answer, {})

    def _fault_of(self, path: str) -> Fault | None:
        with self._lock:
            for planned in self._faults:
                if planned[0] in path:
                    self._faults.remove(planned)
                    return planned[1]
        return None

    def _act(
        self, method: str, path: str, target: str, headers: Mapping[str, str], body: str
    ) -> tuple[int, Any]:
        if method == "GET" and path == self.signer.path:
            return 200, self.signer.pem
        if (method, path) == ("POST", "/v1/oauth2/token"):
            return self._log_in(headers, body)
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, self.now()) <= self.now():
            return 401, {"error": "invalid_token", "error_description": "Token signature"}
        if method == "GET":
            return 200, self._read(path.strip("/").split("/"), parse_qs(urlsplit(target).query))
        if path == "/v1/notifications/verify-webhook-signature":
            return 200, self._verify(body)
        whole = "representation" in headers.get("prefer", "")
        status, made = self._change(path, headers.get("paypal-request-id", ""), _json(body))
        return status, _shown(made, whole=whole)

    def _read(self, parts: list[str], query: Mapping[str, list[str]]) -> Json:
        match parts:
            case ["v1", "reporting", "transactions"]:
                return self._list(query)
            case ["v2", "checkout", "orders", order_id]:
                return _found(self.books.orders, order_id)
            case ["v2", "payments", "captures", capture_id]:
                return _found(self.books.captures, capture_id)
            case ["v2", "payments", "refunds", refund_id]:
                return _found(self.books.refunds, refund_id)
        raise _not_found()

    def _change(self, path: str, key: str, given: Json) -> tuple[int, Json]:
        """Carry a change out, once under one key; a repeat is answered with the latest state."""
        make: Callable[[], Json]
        match path.strip("/").split("/"):
            case ["v2", "checkout", "orders"]:
                make, store, kept = lambda: self._create(given), self.books.orders, ORDERS_KEEP_KEYS
            case ["v2", "checkout", "orders", order_id, "capture"]:
                make, store = lambda: self._capture(order_id), self.books.orders
                kept = ORDERS_KEEP_KEYS
            case ["v2", "payments", "captures", capture_id, "refund"]:
                make, store = lambda: self._refund(capture_id, given), self.books.refunds
                kept = PAYMENTS_KEEP_KEYS
            case _:
                raise _not_found()
        if len(key) > LONGEST_KEY:
            raise Refused(400, "INVALID_REQUEST", "INVALID_STRING_LENGTH", "PayPal-Request-Id")
        if (path, key) in self._held:
            raise Refused(409, "RESOURCE_CONFLICT", "PREVIOUS_REQUEST_IN_PROGRESS")
        made_at, made_id = self._keys.get((path, key), (None, ""))
        if key and made_at and self.now() < made_at + kept:
            return 200, _found(store, made_id)
        made = make()
        self._keys[path, key] = self.now(), made["id"]
        return 201, made

    def _log_in(self, headers: Mapping[str, str], body: str) -> tuple[int, Json]:
        right = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if headers.get("authorization") != f"Basic {right}":
            return 401, {"error": "invalid_client", "error_description": "Client Authentication"}
        if body != "grant_type=client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        token = f"A21AA{secrets.token_urlsafe(60)}"
        self._tokens[token] = self.now() + timedelta(seconds=TOKEN_SECONDS)
        return 200, {
            "scope": "https://uri.paypal.com/services/checkout/one-click-with-merchant-issued-token",
            "access_token": token,
            "token_type": "Bearer",
            "app_id": "APP-80W284485P519543T",
            "expires_in": TOKEN_SECONDS,
        }

    def _verify(self, body: str) -> Json:
        question = _json(body)
        # What was signed is the event's bytes as they came: the rest after the last other field.
        event = body.partition('"webhook_event":')[2].strip()[:-1].strip().encode()
        right = question["webhook_id"] == WEBHOOK_ID and self.signer.has_signed(question, event)
        return {"verification_status": "SUCCESS" if right else "FAILURE"}

    def _create(self, given: Json) -> Json:
        if given.get("intent") != "CAPTURE":
            raise Refused(400, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE", "/intent")
        (unit,) = given["purchase_units"]
        _check_money(unit["amount"], "/purchase_units/@reference_id=='default'/amount/value")
        has_source = "payment_source" in given
        order_id = _new_id()
        order: Json = {
            "id": order_id,
            "intent": "CAPTURE",
            "status": "PAYER_ACTION_REQUIRED" if has_source else "CREATED",
            "purchase_units": [{"reference_id": "default", **unit}],
            "create_time": _written(self.now()),
            "links": _order_links(order_id, approved=False),
        }
        if has_source:
            order["payment_source"] = {"paypal": {}}
        self.books.orders[order_id] = order
        return order

    def _capture(self, order_id: str) -> Json:
        order = _found(self.books.orders, order_id)
        if order["status"] == "COMPLETED":
            raise unprocessable("ORDER_ALREADY_CAPTURED")
        if order["status"] != "APPROVED":
            raise unprocessable("ORDER_NOT_APPROVED")
        (unit,) = order["purchase_units"]
        self._check_invoice(unit)
        outcome = self._outcomes["capture"].pop(0) if self._outcomes["capture"] else "COMPLETED "
        status, with_capture, reason = outcome.partition(" ")
        if not with_capture:
            order["status"] = "PAYER_ACTION_REQUIRED"
            order["links"] = _order_links(order_id, approved=False)
            raise unprocessable(status)
        capture_id = _new_id()
        capture = {
            "id": capture_id,
            "status": status,
            "amount": unit["amount"],
            "final_capture": True,
            **{name: unit[name] for name in ("custom_id", "invoice_id") if name in unit},
            "create_time": _written(self.now()),
            "supplementary_data": {"related_ids": {"order_id": order_id}},
            "links": [_link("self", f"/v2/payments/captures/{capture_id}")],
        }
        if reason:
            capture["status_details"] = {"reason": reason}
        self.books.captures[capture_id] = capture
        self.books.order_of[capture_id] = order_id
        unit.setdefault("payments", {}).setdefault("captures", []).append(capture)
        order["status"], order["links"] = "COMPLETED", [_link("self", f"{ORDERS}/{order_id}")]
        self._tell(f"PAYMENT.CAPTURE.{status}", "capture", capture)
        return order

    def _refund(self, capture_id: str, given: Json) -> Json:
        capture = _found(self.books.captures, capture_id)
        left = self._left(capture_id)
        if capture["status"] == "PENDING":
            raise unprocessable("PENDING_CAPTURE")
        if capture["status"] not in {"COMPLETED", "PARTIALLY_REFUNDED"} or not left:
            raise unprocessable("CAPTURE_FULLY_REFUNDED")
        amount = given.get("amount") or {**capture["amount"], "value": str(left)}
        _check_money(amount, "/amount/value")
        if amount["currency_code"] != capture["amount"]["currency_code"]:
            raise unprocessable("REFUND_CAPTURE_CURRENCY_MISMATCH", "/amount/currency_code")
        if Decimal(amount["value"]) > left:
            raise unprocessable("REFUND_AMOUNT_EXCEEDED", "/amount/value")
        self._check_invoice(given)
        refund_id = _new_id()
        status = self._outcomes["refund"].pop(0) if self._outcomes["refund"] else "COMPLETED"
        refund: Json = {
            "id": refund_id,
            "status": status,
            "amount": amount,
            **{name: given[name] for name in ("custom_id", "invoice_id") if name in given},
            "create_time": _written(self.now()),
            "links": [
                _link("self", f"/v2/payments/refunds/{refund_id}"),
                _link("up", f"/v2/payments/captures/{capture_id}"),
            ],
        }
        self.books.refunds[refund_id] = refund
        self.books.capture_of[refund_id] = capture_id
        order = self.books.orders[self.books.order_of[capture_id]]
        order["purchase_units"][0]["payments"].setdefault("refunds", []).append(refund)
        self._recount(capture_id)
        name = "PAYMENT.REFUND.PENDING" if status == "PENDING" else "PAYMENT.CAPTURE.REFUNDED"
        self._tell(name, "refund", refund)
        return refund

    def _check_invoice(self, given: Mapping[str, Any]) -> None:
        """Refuse an invoice number that was paid or given back before, as accounts may have it."""
        made = [*self.books.captures.values(), *self.books.refunds.values()]
        used = {
            one.get("invoice_id") for one in made if one["status"] not in {"DECLINED", "FAILED"}
        }
        if self.unique_invoices and given.get("invoice_id", "") in used:
            raise unprocessable("DUPLICATE_INVOICE_ID", "/invoice_id")

    def _left(self, capture_id: str) -> Decimal:
        given_back = [
            Decimal(refund["amount"]["value"])
            for refund_id, refund in self.books.refunds.items()
            if self.books.capture_of[refund_id] == capture_id
            and refund["status"] in {"COMPLETED", "PENDING"}
        ]
        return Decimal(self.books.captures[capture_id]["amount"]["value"]) - sum(given_back)

    def _recount(self, capture_id: str) -> None:
        """Have a capture say how much of it was given back."""
        capture, left = self.books.captures[capture_id], self._left(capture_id)
        whole = Decimal(capture["amount"]["value"])
        some = "PARTIALLY_REFUNDED" if left < whole else "COMPLETED"
        capture["status"] = some if left else "REFUNDED"

    def _list(self, query: Mapping[str, list[str]]) -> Json:
        start, end = (datetime.fromisoformat(query[name][0]) for name in ("start_date", "end_date"))
        if end - start > timedelta(days=31):
            raise Refused(400, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE", "end_date")
        made = [*self.books.captures.values(), *self.books.refunds.values()]
        lines = [
            {"transaction_info": self._line(one)}
            for one in made
            if one["status"] not in {"PENDING", "DECLINED", "FAILED"}
            and start <= datetime.fromisoformat(one["create_time"]) <= end
        ]
        if len(lines) > self.longest_list:
            raise Refused(400, "RESULTSET_TOO_LARGE")
        size, page = int(query["page_size"][0]), int(query["page"][0])
        return {
            "transaction_details": lines[(page - 1) * size : page * size],
            "account_number": "SMKXBGNAU48AA",
            "last_refreshed_datetime": _written(self.now() - self.list_is_behind, "+0000"),
            "page": page,
            "total_items": len(lines),
            "total_pages": -(-len(lines) // size),
        }

    def _line(self, made: Mapping[str, Any]) -> Json:
        amount, is_refund = made["amount"], made["id"] in self.books.refunds
        unit = Decimal(1) if amount["currency_code"] in WHOLE_CURRENCIES else Decimal("0.01")
        fee = (Decimal(amount["value"]) * FEE_RATE).quantize(unit)
        signs = ("-", "") if is_refund else ("", "-")
        return {
            "transaction_id": made["id"],
            "transaction_event_code": "T1107" if is_refund else "T0006",
            "transaction_initiation_date": made["create_time"].replace("Z", "+0000"),
            "transaction_amount": {**amount, "value": signs[0] + amount["value"]},
            "fee_amount": {**amount, "value": f"{signs[1]}{fee}"},
            "transaction_status": "V" if made["status"] == "REFUNDED" else "S",
            "invoice_id": made.get("invoice_id", ""),
            "custom_field": made.get("custom_id", ""),
        }

    # Webhooks

    def _tell(self, event_type: str, resource_type: str, resource: Mapping[str, Any]) -> None:
        body = json.dumps(
            {
                "id": f"WH-{_new_id()}-{_new_id()}",
                "event_version": "1.0",
                "create_time": _written(self.now()),
                "resource_type": resource_type,
                "event_type": event_type,
                "summary": "Something happened.",
                "resource": resource,
            },
            indent=1,  # unlike what a reader would write anew
        ).encode()
        self.outbox.append(Delivery(event_type, self.signer.headers(body, at=self.now()), body))


def _json(body: str) -> Json:
    try:
        given = json.loads(body or "{}")
    except ValueError:
        raise Refused(400, "INVALID_REQUEST", "MALFORMED_REQUEST_JSON") from None
    assert isinstance(given, dict)
    return given


def _check_money(amount: Mapping[str, str], where: str) -> None:
    currency, value = amount["currency_code"], amount["value"]
    if currency not in CURRENCIES:
        raise unprocessable("INVALID_CURRENCY_CODE", where)
    if currency in WHOLE_CURRENCIES and "." in value:
        raise unprocessable("DECIMALS_NOT_SUPPORTED", where)
    if len(value.partition(".")[2]) > 2:
        raise unprocessable("DECIMAL_PRECISION", where)
    if Decimal(value) <= 0:
        raise unprocessable("CANNOT_BE_ZERO_OR_NEGATIVE", where)


def _found(store: Mapping[str, Json], key: str) -> Json:
    if key not in store:
        raise _not_found()
    return store[key]


def _not_found() -> Refused:
    return Refused(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")


def _shown(made: Json, *, whole: bool) -> Json:
    names = made if whole else made.keys() & {"id", "status", "links", "payment_source"}
    return {name: made[name] for name in names}


def _order_links(order_id: str, *, approved: bool) -> list[dict[str, str]]:
    if approved:
        capture = _link("capture", f"{ORDERS}/{order_id}/capture", "POST")
        return [_link("self", f"{ORDERS}/{order_id}"), capture]
    page = {"rel": "payer-action", "href": f"{PAGE_HOST}/checkoutnow?token={order_id}"}
    return [_link("self", f"{ORDERS}/{order_id}"), {**page, "method": "GET"}]


def _link(rel: str, path: str, method: str = "GET") -> dict[str, str]:
    return {"rel": rel, "href": API_HOST + path, "method": method}


def _new_id() -> str:
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(17))


def _written(moment: datetime, offset: str = "Z") -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") + offset


def _sums(made: Iterable[Json], counted: set[str]) -> dict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in made:
        if one["status"] in counted:
            sums[one["amount"]["currency_code"]] += Decimal(one["amount"]["value"])
    return dict(sums)

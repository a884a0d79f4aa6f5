"""A PSP that does at once what a test decides, and keeps books: what really happened to money.

It speaks the calls of the sandbox PSP's API that BPS makes, over real sockets. Nothing happens by
itself: no clock, no issuer, no webhook that the test has not let go.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.contract.servers import DROP, Reply, Seen, SocketServer


class Verb(StrEnum):
    """What a request is for, by the last word of its path."""

    REGISTER = "sessions"
    PURCHASE = "purchase"
    CANCEL = "cancel"
    REFUND = "refunds"
    LOOK_UP = "look_up"


class Fault(StrEnum):
    """What happens to one request."""

    LOST = "lost"  # read, dropped, never acted on
    UNANSWERED = "unanswered"  # acted on, the answer lost
    DELAYED = "delayed"  # dropped, and acted on when the test says so
    ERROR_BEFORE = "error_before"  # 500, nothing happened
    ERROR_AFTER = "error_after"  # 500, though it happened
    REFUSED = "refused"  # 503, and says that nothing happened
    NOT_FOUND = "not_found"  # 404, whatever is true


@dataclass
class Checkout:
    """One session at the PSP, with all the money that moved."""

    token: str
    reference: str
    amount: str
    currency: str
    status: str = "open"
    charges: list[Decimal] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    succeeded_late: bool = False

    @property
    def refunded(self) -> Decimal:
        """What was given back, or is on its way."""
        return sum(
            (Decimal(one["amount"]) for one in self.refunds if one["status"] != "failed"),
            Decimal(0),
        )

    @property
    def kept(self) -> Decimal:
        """What the shopper has paid in the end."""
        return sum(self.charges, Decimal(0)) - self.refunded

    def as_json(self) -> dict[str, Any]:
        """Return the session object."""
        paid = self.status == "paid"
        return {
            "token": self.token,
            "reference": self.reference,
            "status": self.status,
            "amount": self.amount,
            "currency": self.currency,
            "purchase_url": f"https://psp.example/purchase/{self.token}",
            "expires_at": "2099-01-01T00:00:00Z",
            "charge": f"ch_{self.token}" if self.charges else None,
            "captured_amount": self.amount if paid else "0.00",
            "refunded_amount": str(self.refunded),
            "decline_code": "card_declined" if self.status == "declined" else None,
            "decline_message": None,
            "metadata": {},
        }


def _error(status: int, code: str, **headers: str) -> Reply:
    error = {"code": code, "message": code, "field": None}
    return Reply(status, {"error": error}, {n.replace("_", "-"): v for n, v in headers.items()})


# What is answered without acting, and what is answered though it was acted on.
INSTEAD = {
    Fault.LOST: DROP,
    Fault.DELAYED: DROP,
    Fault.ERROR_BEFORE: _error(500, "unavailable"),
    Fault.REFUSED: _error(503, "unavailable", Nothing_Happened="true"),
}
AFTERWARDS = {Fault.UNANSWERED: DROP, Fault.ERROR_AFTER: _error(500, "unavailable")}


class BookkeepingPsp(SocketServer):
    """`verdict` is what the issuer answers to a purchase: paid, declined or processing.

    `faults` holds, by verb, what happens to the next request of its kind.

    With `succeeds_once` a session can be charged once whatever the key; without, its keys alone
    protect it.
    """

    def __init__(self) -> None:
        self.checkouts: dict[str, Checkout] = {}
        self.answers: dict[str, Reply] = {}
        self.faults: dict[str, Fault | None] = {}
        self.on_the_wire: list[Seen] = []
        self.events: list[tuple[str, bytes]] = []
        self.verdict = "paid"
        self.refund_verdict = "successful"
        self.succeeds_once = False
        self._numbers = count(1)
        super().__init__(self._behave)

    def forget_keys(self) -> None:
        """Forget all idempotency keys, and lose what is still on the wire: a day has passed."""
        self.answers.clear()
        self.on_the_wire.clear()

    def deliver_the_wire(self) -> None:
        """Let all delayed requests arrive now. Nobody waits for their answers."""
        while self.on_the_wire:
            self._act(self.on_the_wire.pop(0))

    def issuer_answers(self, checkout: Checkout, status: str) -> None:
        """End a purchase that was processing; or overturn one that had ended unpaid."""
        checkout.succeeded_late = checkout.status != "processing"
        checkout.status = status
        if status == "paid":
            checkout.charges.append(Decimal(checkout.amount))
        self._announce(checkout)

    def end_refund(self, refund: dict[str, Any], status: str) -> None:
        """End a pending refund."""
        refund["status"] = status
        self._announce(self.checkouts[refund["token"]])

    def _behave(self, _: SocketServer, sock: socket.socket) -> None:
        while (seen := self.read_request(sock)) is not None:
            verb = Verb.LOOK_UP if seen.method == "GET" else Verb(seen.path.rpartition("/")[2])
            reply = self._answer(seen, self.faults.pop(verb, None))
            if reply is DROP:
                return
            sock.sendall(reply.to_bytes())

    def _answer(self, seen: Seen, fault: Fault | None) -> Reply:
        if fault is Fault.DELAYED:
            self.on_the_wire.append(seen)
        if fault in INSTEAD:
            return INSTEAD[fault]
        reply = self._act(seen)
        if fault is Fault.NOT_FOUND and seen.method == "GET":
            return _error(404, "not_found")
        return AFTERWARDS.get(fault, reply) if fault else reply

    def _act(self, seen: Seen) -> Reply:
        if seen.method == "GET":
            return self._look_up(seen)
        key = seen.headers["idempotency-key"]
        if key not in self.answers:
            self.answers[key] = self._change(seen)
        return self.answers[key]

    def _look_up(self, seen: Seen) -> Reply:
        parts = urlsplit(seen.path)
        match parts.path.strip("/").split("/"):
            case ["v1", "sessions"]:
                [reference] = parse_qs(parts.query)["reference"]
                found = [c.as_json() for c in self.checkouts.values() if c.reference == reference]
                return Reply(200, {"data": found})
            case ["v1", "sessions", token]:
                return Reply(200, self.checkouts[token].as_json())
            case ["v1", "sessions", token, "refunds"]:
                return Reply(200, {"data": self.checkouts[token].refunds})
            case ["v1", "refunds", refund_id]:
                refunds = (one for c in self.checkouts.values() for one in c.refunds)
                return Reply(200, next(one for one in refunds if one["id"] == refund_id))
        return _error(404, "not_found")

    def _change(self, seen: Seen) -> Reply:
        body = json.loads(seen.body)
        match seen.path.strip("/").split("/"):
            case ["v1", "sessions"]:
                return self._register(body)
            case ["v1", "sessions", token, verb]:
                verbs: dict[str, Callable[[Checkout, dict[str, Any]], Reply]] = {
                    "purchase": self._purchase,
                    "cancel": self._cancel,
                    "refunds": self._refund,
                }
                return verbs[verb](self.checkouts[token], body)
        return _error(404, "not_found")

    def _register(self, body: dict[str, Any]) -> Reply:
        if any(c.reference == body["reference"] for c in self.checkouts.values()):
            return _error(409, "state_conflict")
        token = f"tok_{next(self._numbers)}_{body['reference'][-12:]}"
        checkout = Checkout(token, body["reference"], body["amount"], body["currency"])
        self.checkouts[token] = checkout
        return Reply(201, checkout.as_json())

    def _purchase(self, checkout: Checkout, _: dict[str, Any]) -> Reply:
        if checkout.status in ("cancelled", "expired"):
            return _error(409, "state_conflict")
        if checkout.status == "open" or not self.succeeds_once:
            checkout.status = self.verdict
            if self.verdict == "paid":
                checkout.charges.append(Decimal(checkout.amount))
            self._announce(checkout)
        return Reply(200, checkout.as_json())

    def _cancel(self, checkout: Checkout, _: dict[str, Any]) -> Reply:
        if checkout.status in ("paid", "declined"):
            return _error(409, "state_conflict")
        if checkout.status != "expired":
            checkout.status = "cancelled"
            self._announce(checkout)
        return Reply(200, checkout.as_json())

    def _refund(self, checkout: Checkout, body: dict[str, Any]) -> Reply:
        if Decimal(body["amount"]) > checkout.kept:
            return _error(409, "state_conflict")
        refund = {
            "id": f"re_{next(self._numbers)}",
            "token": checkout.token,
            "reference": body["reference"],
            "amount": body["amount"],
            "currency": body["currency"],
            "status": self.refund_verdict,
        }
        checkout.refunds.append(refund)
        self._announce(checkout)
        return Reply(201, dict(refund))

    def _announce(self, checkout: Checkout) -> None:
        event_id = f"evt_{next(self._numbers)}_{checkout.token}"
        session = {"token": checkout.token, "reference": checkout.reference}
        event = {
            "id": event_id,
            "type": f"session.{checkout.status}",
            "created_at": "2026-01-01T00:00:00Z",
            "data": {"session": {**session, "status": checkout.status}},
        }
        self.events.append((event_id, json.dumps(event).encode()))

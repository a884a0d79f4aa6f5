"""Rounds in which all clients press Buy Now: on one checkout, or on two tabs of one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, Final, Literal
from uuid import uuid4

from bench.api import Answer, Api, Books
from bench.rounds import Press

AMOUNT: Final = "20.00"  # the sandbox PSP pays it at once
PURCHASE_INFO: Final = {"items": [{"name": "Bulb", "quantity": 1, "unit_amount": AMOUNT}]}
KEY_BUSY: Final = "urn:bps:problem:request-in-progress"
ORDER_PAID: Final = "urn:bps:problem:order-already-paid"
ORDER_BUSY: Final = (
    "urn:bps:problem:purchase-in-progress",
    "urn:bps:problem:outcome-in-doubt",
)
# Ends that a shop shows as such: the order is paid by the other tab, or this tab is out of date.
ENDED: Final = (ORDER_PAID, "urn:bps:problem:checkout-cancelled")
OK, ACCEPTED, CREATED, CONFLICT = 200, 202, 201, 409
NO_BOOK: Final[dict[str, Any]] = {"charges": []}


@dataclass(frozen=True)
class Manner:
    """How clients press: how many keys are used on each checkout, and who waits, in turn.

    With `newer` the order gets a second checkout, which BPS takes as the end of the first one
    unless that was bought on: registered `"before"` the round, or `"meanwhile"`, by its clients.
    """

    name: str
    keys: int
    waits: tuple[bool, ...]
    newer: Literal["", "before", "meanwhile"] = ""

    def prefer(self, client: int) -> str:
        """Return a client's Prefer header."""
        return "" if self.waits[client % len(self.waits)] else "respond-async"


MANY: Final = 1000
MANNERS: Final = (
    Manner("one checkout, keys of their own, all wait", MANY, (True,)),
    Manner("one checkout, one key, all wait", 1, (True,)),
    Manner("one checkout, keys of their own, nobody waits", MANY, (False,)),
    Manner("one checkout, four keys, every second waits", 4, (True, False)),
    Manner("a newer checkout before, keys of their own, all wait", MANY, (True,), "before"),
    Manner("a newer checkout meanwhile, keys of their own, all wait", MANY, (True,), "meanwhile"),
    Manner("a newer checkout meanwhile, four keys each", 4, (False, False, True), "meanwhile"),
)


class Tab:
    """One checkout of an order, as a shopper's browser tab: registered when first needed."""

    def __init__(self, api: Api, return_url: str, order: str) -> None:
        self.id = uuid4().hex
        self.keys: list[str] = []
        self.api = api
        self._body = {
            "checkout_id": self.id,
            "amount": AMOUNT,
            "currency": "EUR",
            "order_reference": order,
            "return_url": return_url,
        }
        self._once = Lock()
        self._registered: Answer | None = None

    def register(self) -> Answer:
        """Register the checkout unless somebody did; return what that was answered."""
        with self._once:
            if self._registered is None:
                self._registered = self.api.post("", self._body)
            return self._registered

    def press(self, key: str, prefer: str = "") -> Answer:
        """Press Buy Now; where the checkout was refused, that is the answer."""
        registered = self.register()
        if registered.status != CREATED:
            return registered
        return self.api.post(
            f"/{self.id}/buy-now",
            {"psp_token": registered.json["psp_token"], "purchase_info": PURCHASE_INFO},
            **{"Idempotency-Key": key, "Prefer": prefer},
        )

    def status(self) -> str | None:
        """Return the purchase's status as BPS shows it, or None without a purchase."""
        answer = self.api.get(f"/{self.id}")
        purchase = answer.json["purchase"] if answer.status == OK else None
        return purchase and str(purchase["status"])


@dataclass(frozen=True)
class BuyNowRound:
    """All press at once; exactly one purchase may come of it, and no shopper may see an error."""

    manner: Manner
    tabs: tuple[Tab, ...]
    presses: Sequence[Press]

    @property
    def kind(self) -> str:
        """The manner in which it is pressed."""
        return self.manner.name

    def faults(self, answers: Sequence[Answer]) -> list[str]:
        """Say which answers a shop could not show, and whether more than one purchase came."""
        faults = [fault for answer in answers if (fault := self._fault(answer))]
        purchases = {answer.json["purchase"]["id"] for answer in answers if _is_taken(answer)}
        if len(purchases) != 1:
            faults.append(f"{len(purchases)} purchases of {[tab.id for tab in self.tabs]}")
        return faults

    def _fault(self, answer: Answer) -> str:
        said = f"{answer.status} {answer.body[:300]!r}"
        if _is_taken(answer):
            wanted = {OK: "successful", ACCEPTED: "started"}[answer.status]
            return "" if answer.json["purchase"]["status"] == wanted else said
        problem = answer.json["type"] if answer.status == CONFLICT else ""
        again = "Retry-After" in answer.headers
        fits = (
            (problem == KEY_BUSY and self.manner.keys < MANY and again)
            or (problem in ORDER_BUSY and self.manner.newer and again)
            or (problem in ENDED and self.manner.newer)
        )
        return "" if fits else said

    def has_ended(self) -> bool:
        """Tell whether no purchase of it is under way any more."""
        return all(tab.status() != "started" for tab in self.tabs)

    def faults_at_the_end(self, books: Books) -> list[str]:
        """Say where not exactly one charge came of it, or a shopper would see something else.

        A key of each tab is pressed once more: with the outcome known, the answer is the
        purchase, or that the order is paid by the other tab. Nothing is in flight any more.
        """
        charges = {tab: len(books.get(tab.id, NO_BOOK)["charges"]) for tab in self.tabs}
        faults = [] if sum(charges.values()) == 1 else [f"{charges} charges: {self.kind}"]
        for tab, charged in charges.items():
            if tab.status() != ("successful" if charged else None):
                faults.append(f"{tab.id}: {tab.status()} here, {charged} charges there")
            answer = tab.press(tab.keys[0])
            problem = answer.json.get("type")
            if not (_is_taken(answer) if charged else problem == ORDER_PAID):
                faults.append(f"{tab.id} pressed again: {answer.status} {answer.body[:300]!r}")
        return faults


def prepare(api: Api, return_url: str, clients: int, number: int) -> BuyNowRound:
    """Register what the round of this number needs before it begins."""
    manner = MANNERS[number % len(MANNERS)]
    order = uuid4().hex
    tabs = tuple(Tab(api, return_url, order) for _ in range(2 if manner.newer else 1))
    for tab in tabs[:1] if manner.newer == "meanwhile" else tabs:
        if tab.register().status != CREATED:
            raise AssertionError(f"not registered: {tab.register().body!r}")
    presses: list[Press] = []
    for client in range(clients):
        tab = tabs[client % len(tabs)]
        place = client // len(tabs) % manner.keys
        if place == len(tab.keys):
            tab.keys.append(uuid4().hex)
        presses.append(partial(tab.press, tab.keys[place], manner.prefer(client)))
    return BuyNowRound(manner, tabs, presses)


def _is_taken(answer: Answer) -> bool:
    return answer.status in {OK, ACCEPTED}

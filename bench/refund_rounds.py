"""Rounds in which all clients want money of one purchase back: together more than was taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import uuid4

from bench.api import Answer, Api, Books
from bench.buy_now_rounds import ACCEPTED, AMOUNT, CONFLICT, KEY_BUSY, OK, Tab
from bench.rounds import Press

TAKEN: Final = Decimal(AMOUNT)
NOTHING_LEFT: Final = "urn:bps:problem:nothing-to-refund"
TOO_LARGE: Final = "urn:bps:problem:refund-too-large"


@dataclass(frozen=True)
class Manner:
    """What clients ask for, and how many keys they use among them, in turn.

    Without an amount they ask for all that is left.
    """

    name: str
    keys: int
    amount: str = ""

    def granted(self, clients: int) -> tuple[Decimal, int]:
        """Return what must be given back to so many clients, and in how many refunds."""
        each = Decimal(self.amount or AMOUNT)
        number = min(self.keys, clients, int(TAKEN / each))
        return number * each, number


MANY: Final = 1000
MANNERS: Final = (
    Manner("1.00 each, keys of their own", MANY, "1.00"),
    Manner("7.00 each, keys of their own", MANY, "7.00"),
    Manner("6.00 each, four keys", 4, "6.00"),
    Manner("everything, keys of their own", MANY),
    Manner("everything, one key", 1),
)


@dataclass(frozen=True)
class RefundRound:
    """All ask at once; never more than was taken is given back, and all of what was granted."""

    manner: Manner
    tab: Tab
    presses: Sequence[Press]

    @property
    def kind(self) -> str:
        """The manner in which refunds are asked for."""
        return self.manner.name

    def faults(self, answers: Sequence[Answer]) -> list[str]:
        """Say which answers staff should not have seen, and whether too much was granted."""
        faults = [fault for answer in answers if (fault := self._fault(answer))]
        granted = {answer.json["id"]: answer.json["amount"] for answer in answers if _is_ok(answer)}
        if (sum(map(Decimal, granted.values())), len(granted)) != self._granted:
            faults.append(f"{self.tab.id}: granted {granted}")
        return faults

    def _fault(self, answer: Answer) -> str:
        if _is_ok(answer):
            return ""
        problem = answer.json["type"] if answer.status == CONFLICT else ""
        busy = problem == KEY_BUSY and self.manner.keys < MANY and "Retry-After" in answer.headers
        known = problem == NOTHING_LEFT or (problem == TOO_LARGE and self.manner.amount)
        return "" if busy or known else f"{answer.status} {answer.body[:300]!r}"

    def has_ended(self) -> bool:
        """Tell whether the PSP has answered every refund of it."""
        return all(refund["state"] != "pending" for refund in self._shown()["results"])

    def faults_at_the_end(self, books: Books) -> list[str]:
        """Say where the books hold another refund than BPS, or not what was granted."""
        there = Counter(refund["amount"] for refund in books[self.tab.id]["refunds"])
        shown = self._shown()
        here = Counter(one["amount"] for one in shown["results"] if one["state"] == "successful")
        given = sum(Decimal(amount) * number for amount, number in there.items())
        faults = []
        if (given, there.total()) != self._granted:
            faults.append(f"{self.tab.id}: {dict(there)} were given back: {self.kind}")
        if here != there or Decimal(shown["refundable_amount"]) != TAKEN - given:
            faults.append(f"{self.tab.id}: {shown} here, {dict(there)} there")
        return faults

    @property
    def _granted(self) -> tuple[Decimal, int]:
        return self.manner.granted(len(self.presses))

    def _shown(self) -> dict[str, Any]:
        answer = self.tab.api.get(f"/{self.tab.id}/refunds")
        if answer.status != OK:
            raise AssertionError(f"{answer.status} {answer.body!r}")
        shown: dict[str, Any] = answer.json
        return shown


def prepare(api: Api, return_url: str, clients: int, number: int) -> RefundRound:
    """Register and pay what the round of this number gives back."""
    manner = MANNERS[number % len(MANNERS)]
    tab = Tab(api, return_url, uuid4().hex)
    bought = tab.press(uuid4().hex, "wait=20")
    if bought.status != OK:
        raise AssertionError(f"not paid: {bought.body!r}")
    keys = [uuid4().hex for _ in range(min(manner.keys, clients))]
    body = {"amount": manner.amount} if manner.amount else {}
    presses = [partial(_ask, tab, body, keys[client % len(keys)]) for client in range(clients)]
    return RefundRound(manner, tab, presses)


def _ask(tab: Tab, body: dict[str, str], key: str) -> Answer:
    return tab.api.post(f"/{tab.id}/refunds", body, **{"Idempotency-Key": key})


def _is_ok(answer: Answer) -> bool:
    return answer.status in {OK, ACCEPTED}

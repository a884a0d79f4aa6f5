"""The oracle's second half: what became of what was reserved. It imports no rule of BPS.

Its facts come from orders of shops that capture by hand. Whether a success has its charge is
judged with all others, in `oracle`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from bench.simulation.judging import Judge


class Instructed:
    """A capture or a void as BPS asked for it, and what it did in the books."""

    __slots__ = ("amount", "kind", "let_go", "purchase", "state", "taken")

    def __init__(self, purchase: str, kind: str, amount: Decimal) -> None:
        self.purchase = purchase
        self.kind = kind
        self.amount = amount
        self.state = "pending"
        self.taken = Decimal(0)
        self.let_go = False

    @property
    def is_done_there(self) -> bool:
        """Whether the books have what was asked for, by this request."""
        return self.let_go if self.kind == "void" else self.taken == self.amount


class OracleOfReserves(Judge):
    """Judges what was asked of reservations, and what was done with them."""

    def __init__(self, checked: Counter[str]) -> None:
        super().__init__(checked)
        self.money: dict[str, Decimal] = {}
        self.reserved: dict[str, Decimal] = {}
        self.taken: set[str] = set()
        self.checkout_of: dict[str, str] = {}
        self.phases: dict[str, str] = {}
        self.instructions: dict[str, Instructed] = {}
        self.cases: defaultdict[str, set[str]] = defaultdict(set)

    def checkout(self, checkout: str, amount: str, currency: str) -> None:
        self.money[checkout] = Decimal(amount)

    def accepted(self, purchase: str, checkout: str, key: str) -> None:
        self.checkout_of[purchase] = checkout

    def phase(self, purchase: str, before: str, after: str, captured: str, currency: str) -> None:
        self.phases[purchase] = after

    def case(self, name: str, kind: str) -> None:
        self.cases[name].add(kind)

    def is_reserved_there(self, checkout: str, amount: str) -> None:
        first = checkout not in self.reserved
        self.holds("R1", first, f"{checkout} is reserved twice")
        self.reserved[checkout] = Decimal(amount)

    def is_closed_there(self, checkout: str, state: str) -> None:
        self.reserved.pop(checkout, None)

    def instructed(self, name: str, purchase: str, kind: str, amount: str) -> None:
        beside = [
            other
            for other, asked in self.instructions.items()
            if asked.purchase == purchase and asked.state == "pending"
        ]
        self.holds("R2", not beside, f"{name} is asked for beside {', '.join(beside)}")
        shown = self.phases.get(purchase)
        self.holds("R2", shown == "authorized", f"{name} is asked of what is {shown}")
        within = Decimal(amount) <= self.money[self.checkout_of[purchase]]
        self.holds("R2", within, f"{name} asks for {amount}, more than is reserved")
        self.instructions[name] = Instructed(purchase, kind, Decimal(amount))

    def is_taken_there(self, name: str, checkout: str, amount: str) -> None:
        reserved = self.reserved.get(checkout, Decimal(0))
        once = checkout not in self.taken and Decimal(amount) <= reserved
        self.holds("R1", once, f"{name} takes {amount} of {reserved}, or a second time")
        self.taken.add(checkout)
        self.instructions[name].taken += Decimal(amount)

    def is_charged_there(self, charge: str, checkout: str, *_: str) -> None:
        asked = checkout in self.taken
        self.holds("R1", asked, f"{charge} on {checkout} was never asked for")

    def is_let_go_there(self, name: str, checkout: str) -> None:
        self.instructions[name].let_go = True

    def ended(self, name: str, state: str) -> None:
        asked = self.instructions[name]
        asked.state = state
        if state == "successful":
            self.holds("R3", asked.is_done_there, f"{name} is said to be done, and is not")

    def rest(self) -> None:
        """Judge what must hold once nothing is left to happen."""
        for name, asked in self.instructions.items():
            if asked.state == "pending":
                by_a_person = self.cases[name] and self.phases[asked.purchase] == "authorized"
                self.holds("R3", by_a_person, f"{name} is pending for ever")
            elif asked.state == "failed":
                self.holds("R3", not asked.is_done_there, f"{name} failed, and was done")

    words: ClassVar[Mapping[str, Callable[..., Any]]] = {
        "accepted": accepted,
        "case": case,
        "charged": is_charged_there,
        "checkout": checkout,
        "closed": is_closed_there,
        "instructed": instructed,
        "instruction": ended,
        "let_go": is_let_go_there,
        "phase": phase,
        "reserved": is_reserved_there,
        "rest": rest,
        "taken": is_taken_there,
    }

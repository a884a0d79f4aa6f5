"""The oracle: judges a history by its facts alone, and imports no rule of BPS.

S invariants are judged at the fact that could break them, L invariants at rest, when nothing is
left to happen and every fault has ended.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

from bench.simulation.judging import Judge, Violation
from bench.simulation.oracle_of_reserves import OracleOfReserves

STARTED: Final = frozenset({"submitting", "in_doubt", "pending", "authorized"})
FAILED: Final = frozenset({"declined", "cancelled", "expired", "errored"})
ENDED: Final = frozenset({"completed", "expired", "cancelled", "failed"})


class Charge:
    """A charge in the PSP's books."""

    __slots__ = ("amount", "checkout", "late", "refunded")

    def __init__(self, checkout: str, amount: Decimal, *, late: bool) -> None:
        self.checkout = checkout
        self.amount = amount
        self.late = late
        self.refunded = Decimal(0)


class Asked:
    """A refund as BPS asked for it, and what became of it on either side."""

    __slots__ = ("amount", "given", "phase", "purchase")

    def __init__(self, purchase: str, amount: Decimal) -> None:
        self.purchase = purchase
        self.amount = amount
        self.phase = "submitting"
        self.given: dict[str, Decimal] = {}


class Oracle(Judge):
    """Judges purchases, sessions and refunds."""

    def __init__(self, checked: Counter[str]) -> None:
        super().__init__(checked)
        self.window = timedelta()
        self.by_hand = False
        self.money: dict[str, tuple[str, str]] = {}
        self.tokens: dict[str, str] = {}
        self.checkout_of: dict[str, str] = {}
        self.phases: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.captured: dict[str, Decimal] = {}
        self.sessions: dict[str, str] = {}
        self.charges: list[Charge] = []
        self.closed: set[str] = set()
        self.first_sent: dict[str, datetime] = {}
        self.bodies: dict[str, tuple[str, ...]] = {}
        self.told: set[tuple[str, str]] = set()
        self.refunds: dict[str, Asked] = {}
        self.cases: defaultdict[str, set[str]] = defaultdict(set)

    def psp(self, kind: str, window: str, policy: str) -> None:
        self.window = timedelta(seconds=int(window))

    def captures_by_hand(self) -> None:
        self.by_hand = True

    def checkout(self, checkout: str, amount: str, currency: str) -> None:
        self.money[checkout] = (amount, currency)

    def registered(self, token: str, checkout: str, amount: str, currency: str) -> None:
        known = token in self.tokens or checkout in self.tokens.values()
        self.holds("I11", not known, f"{token} for {checkout} is not the first")
        self.tokens[token] = checkout
        same = self.money.get(checkout) == (amount, currency)
        self.holds("I2", same, f"{checkout} was registered for {amount} {currency}")

    def session(self, checkout: str, status: str) -> None:
        self.sessions[checkout] = status
        if status in ("expired", "cancelled"):
            fenced = checkout in self.closed
            self.holds("I18", fenced, f"{checkout} is {status} and still open at the PSP")

    def accepted(self, purchase: str, checkout: str, key: str) -> None:
        others = [
            other
            for other, phase in self.phases.items()
            if phase in STARTED or phase == "captured" or self.checkout_of[other] == checkout
        ]
        self.holds("I1", not others, f"{purchase} was accepted beside {', '.join(others)}")
        self.checkout_of[purchase] = checkout
        self.phases[purchase] = "submitting"
        self.keys[purchase] = key

    def tried_again(self, purchase: str, key: str) -> None:
        shown = self.phases[purchase]
        self.holds("I1", shown == "pending", f"{purchase} is tried again, and is {shown}")
        self.keys[purchase] = key

    def sent(self, key: str, *body: str) -> None:
        self.first_sent.setdefault(key, self.now)
        first = self.bodies.setdefault(key, body)
        self.holds("I9", first == body, f"{key} carries {body}, and carried {first}")

    def claimed(self, key: str) -> None:
        first = self.first_sent.get(key)
        if first is not None:
            fresh = self.now - first < self.window / 2
            self.holds("I10", fresh, f"{key} is sent again {self.now - first} after its first")

    def charged(self, charge: str, checkout: str, amount: str, currency: str, late: str) -> None:
        new = Charge(checkout, Decimal(amount), late=bool(late))
        rivals = [
            other
            for other in self.charges
            if other.refunded < other.amount
            and (other.checkout == checkout or not (other.late or late))
        ]
        self.holds("I1", not rivals, f"{charge} on {checkout} is one too many")
        self.charges.append(new)
        if not late:
            shown = self._phase_on(checkout)
            why = f"{checkout} is charged and its purchase is shown as {shown}"
            self.holds("I18", shown not in FAILED, why)

    def psp_closed(self, checkout: str, state: str) -> None:
        self.closed.add(checkout)

    def phase(self, purchase: str, before: str, after: str, captured: str, currency: str) -> None:
        checkout = self.checkout_of[purchase]
        self.holds("I4", before != "captured", f"{purchase} leaves captured for {after}")
        self.phases[purchase] = after
        if after == "captured":
            self._is_true_success(purchase, checkout, Decimal(captured), currency)
        elif after == "errored":
            unsent = self.keys[purchase] not in self.first_sent
            why = f"{purchase} never happened, it says, and may have reached the PSP"
            self.holds("I18", unsent, why)
        elif after in FAILED:
            fenced = checkout in self.closed
            self.holds("I18", fenced, f"{purchase} is {after} and the PSP has not closed it")

    def _is_true_success(
        self, purchase: str, checkout: str, captured: Decimal, currency: str
    ) -> None:
        there = sum((c.amount for c in self.charges if c.checkout == checkout), Decimal(0))
        amount, ours = self.money[checkout]
        whole = Decimal(amount)
        enough = 0 < there <= whole if self.by_hand else there == whole
        true = there == captured and enough and currency == ours
        why = f"{purchase}: {captured} {currency} here, {there} there, {amount} {ours} registered"
        self.holds("I2", true, why)
        self.captured[purchase] = captured

    def notified(self, purchase: str, status: str) -> None:
        new = (purchase, status) not in self.told and (purchase, "successful") not in self.told
        self.holds("I7", new, f"the shop is told again that {purchase} is {status}")
        self.told.add((purchase, status))

    def asked(self, refund: str, purchase: str, amount: str, origin: str) -> None:
        if origin == "surplus":
            kept = [p for p in self.captured if p != purchase and self._left(p) > 0]
            self.holds("I13", kept, f"{refund} gives back the only charge that is left")
        self.refunds[refund] = Asked(purchase, Decimal(amount))
        within = self._left(purchase) >= 0
        self.holds("I12", within, f"{refund} exceeds what was captured for {purchase}")

    def _left(self, purchase: str) -> Decimal:
        reserved = (
            refund.amount
            for refund in self.refunds.values()
            if refund.purchase == purchase and refund.phase != "failed"
        )
        return self.captured.get(purchase, Decimal(0)) - sum(reserved, Decimal(0))

    def refund(self, refund: str, before: str, after: str) -> None:
        asked = self.refunds[refund]
        self.holds("I7", before == asked.phase, f"{refund} left {before} twice")
        asked.phase = after

    def given(self, theirs: str, refund: str, checkout: str, amount: str) -> None:
        asked = self.refunds[refund]
        asked.given[theirs] = Decimal(amount)
        once = sum(asked.given.values(), Decimal(0)) <= asked.amount
        self.holds("I12", once, f"{refund} was given back twice")
        self._book(checkout, Decimal(amount))

    def came_back(self, theirs: str, refund: str) -> None:
        amount = self.refunds[refund].given.pop(theirs)
        self._book(self.checkout_of[self.refunds[refund].purchase], -amount)

    def _book(self, checkout: str, amount: Decimal) -> None:
        for charge in self.charges:
            if charge.checkout == checkout:
                charge.refunded += amount
                return

    def case(self, name: str, kind: str) -> None:
        self.cases[name].add(kind)

    def refused(self, constraint: str) -> None:
        self.holds("DB", condition=False, why=f"{constraint} had to step in")

    def stuck(self) -> None:
        self.holds("I5", condition=False, why="something goes on for ever")

    def _phase_on(self, checkout: str) -> str:
        return next((self.phases[p] for p, c in self.checkout_of.items() if c == checkout), "")

    def rest(self) -> None:
        """Judge what must hold once nothing is left to happen."""
        self.checked["DB"] += 1
        for charge in self.charges:
            self._is_known_here(charge)
        for purchase, phase in self.phases.items():
            checkout = self.checkout_of[purchase]
            other_sum = any(
                c.checkout == checkout and c.amount > Decimal(self.money[checkout][0])
                for c in self.charges
            )
            ended = phase not in STARTED or (other_sum and self._is_a_persons(checkout))
            self.holds("I5", ended, f"{purchase} is {phase} for ever")
        bought = set(self.checkout_of.values())
        for checkout, status in self.sessions.items():
            if checkout not in bought:
                self.holds("I5", status in ENDED, f"{checkout} is {status} for ever")
        for place, purchase in enumerate(self.captured):
            if place:
                self._is_given_back(purchase)
        for name, refund in self.refunds.items():
            self._is_refunded_there(name, refund)

    def _is_known_here(self, charge: Charge) -> None:
        known = (
            self._phase_on(charge.checkout) == "captured"
            or charge.refunded >= charge.amount
            or self._is_a_persons(charge.checkout)
        )
        self.holds("I3", known, f"nobody here knows of the charge on {charge.checkout}")

    def _is_a_persons(self, checkout: str) -> bool:
        """Tell whether the PSP told of another sum, so that a person has to look."""
        return any(
            "amount_mismatch" in self.cases[purchase]
            for purchase, bought in self.checkout_of.items()
            if bought == checkout
        )

    def _is_given_back(self, purchase: str) -> None:
        """Judge a second success: given back, or its refund ended otherwise and a person knows."""
        asked = "surplus: ask" in self.cases[purchase]
        ended = any(
            refund.phase in ("successful", "failed") or self.cases[name]
            for name, refund in self.refunds.items()
            if refund.purchase == purchase
        )
        self.holds("I13", asked or ended, f"{purchase} is a surplus that nobody gives back")

    def _is_refunded_there(self, name: str, refund: Asked) -> None:
        given = bool(refund.given)
        if refund.phase in ("successful", "failed"):
            same = given == (refund.phase == "successful") or "amount_mismatch" in self.cases[name]
            self.holds("I3", same, f"{name} is {refund.phase} here; given back there: {given}")
        else:
            self.holds("I5", self.cases[name], f"{name} is {refund.phase} for ever")

    words: ClassVar[Mapping[str, Callable[..., Any]]] = {
        "accepted": accepted,
        "asked": asked,
        "by_hand": captures_by_hand,
        "came_back": came_back,
        "case": case,
        "charged": charged,
        "checkout": checkout,
        "claimed": claimed,
        "closed": psp_closed,
        "given": given,
        "notified": notified,
        "phase": phase,
        "psp": psp,
        "refund": refund,
        "refused": refused,
        "registered": registered,
        "rest": rest,
        "sent": sent,
        "session": session,
        "stuck": stuck,
        "tried_again": tried_again,
    }


def judge(facts: Sequence[tuple[Any, ...]], checked: Counter[str]) -> list[Violation]:
    """Return the violations of a history; add to `checked` how often each invariant was judged."""
    violations = Oracle(checked).judge(facts)
    if any(fact[1] == "by_hand" for fact in facts):
        violations = [*violations, *OracleOfReserves(checked).judge(facts)]
    return sorted(violations, key=lambda violation: violation.at)

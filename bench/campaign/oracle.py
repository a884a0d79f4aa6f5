"""The judge: holds the PSP's books, the shop's history and BPS's words against each other. Pure.

Imports nothing of BPS or the sandbox. Each rule is a function that yields what breaks it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from bench.campaign.evidence import Evidence, Row

# What a shop may be refused, by what it asked. Anything else is an error that no shop deserved.
REFUSALS: Final = {
    "register": {"order-already-paid", "outcome-in-doubt", "psp-unavailable"},
    "buy": {
        "order-already-paid",
        "outcome-in-doubt",
        "purchase-in-progress",
        "request-in-progress",
        "not-registered",
        "checkout-cancelled",
        "checkout-expired",
        "checkout-failed",
    },
    "cancel": {
        "purchase-started",
        "not-registered",
        "checkout-completed",
        "checkout-expired",
        "checkout-failed",
    },
    "read": set(),
    "result": set(),
    "forge": set(),
}
CLIENT_FAULTS: Final = range(400, 500)
UNAUTHORIZED: Final = 401
DELIVERED: Final = range(200, 300)
FINAL: Final = ("successful", "failed")


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken once: which, how, and the ids to look for."""

    rule: str
    says: str
    ids: dict[str, str] = field(default_factory=dict)


class Case:
    """The evidence, indexed. `surplus_is_refunded`: a second charge must be given back."""

    def __init__(self, evidence: Evidence, *, surplus_is_refunded: bool) -> None:
        self.evidence = evidence
        self.surplus_is_refunded = surplus_is_refunded

    @cached_property
    def books(self) -> dict[str, list[Row]]:
        """The PSP's sessions by checkout."""
        return _grouped(self.evidence.books, "checkout_id")

    @cached_property
    def sessions(self) -> dict[str, Row]:
        """BPS's sessions by checkout."""
        return {row["checkout_id"]: row for row in self.evidence.sessions}

    @cached_property
    def orders(self) -> dict[str, list[str]]:
        """Checkouts by order, as the shop named them."""
        named = {
            line["checkout"]: line["order"]
            for line in self.evidence.history
            if line["act"] == "register"
        }
        found = defaultdict(list)
        for checkout, order in named.items():
            found[order].append(checkout)
        return found

    @cached_property
    def ended_before_paid(self) -> set[str]:
        """Checkouts that the PSP said were declined or expired, and charged all the same."""
        tokens = {
            row["token"]
            for row in self.evidence.deliveries
            if row["type"] in ("session.declined", "session.expired")
        }
        return {
            row["checkout_id"]
            for row in self.evidence.books
            if row["token"] in tokens and row["charges"]
        }

    @cached_property
    def told_successful(self) -> dict[str, str]:
        """Checkouts that anybody was told to be paid, and by what."""
        told = {
            line["checkout"]: line["act"]
            for line in self.evidence.history
            if line["act"] in ("buy", "read", "cancel", "result")
            and _shown_status(line) == "successful"
            and line["said"].get("checkout_id", line["checkout"]) == line["checkout"]
            and not line["said"].get("type")
        }
        for row in self.evidence.notifications:
            if row["status"] == "successful":
                told.setdefault(row["checkout_id"], "a notification")
        return told

    def purchase(self, checkout: str) -> Row | None:
        """BPS's purchase of a checkout, if it shows one."""
        session = self.sessions.get(checkout)
        return session["purchase"] if session else None

    def kept(self, checkout: str) -> Decimal:
        """Return what the PSP took for a checkout and did not give back."""
        rows = self.books.get(checkout, [])
        return sum((Decimal(r["charged"]) - Decimal(r["refunded"]) for r in rows), Decimal(0))

    def charges(self, checkout: str) -> list[Row]:
        """Every charge for a checkout."""
        return [charge for row in self.books.get(checkout, []) for charge in row["charges"]]


Rule = Callable[[Case], Iterator[Violation]]


def judge(evidence: Evidence, *, surplus_is_refunded: bool = False) -> list[Violation]:
    """Return everything that any rule finds wrong."""
    case = Case(evidence, surplus_is_refunded=surplus_is_refunded)
    return [violation for rule in RULES for violation in rule(case)]


def one_charge_per_checkout(case: Case) -> Iterator[Violation]:
    """I1: of the charges for a checkout at most one is unrefunded."""
    for checkout in case.books:
        charges = case.charges(checkout)
        if len(charges) > 1 and case.kept(checkout) > max(Decimal(c["amount"]) for c in charges):
            yield Violation(
                "I1", f"{len(charges)} charges for one checkout", {"checkout": checkout}
            )


def one_charge_per_order(case: Case) -> Iterator[Violation]:
    """I1, I13: of the charges for an order at most one is unrefunded.

    Where surplus is only marked: but for as many as the PSP had ended before it charged them.
    """
    for order, checkouts in case.orders.items():
        kept = [checkout for checkout in checkouts if case.kept(checkout) > 0]
        late = [checkout for checkout in kept if checkout in case.ended_before_paid]
        excused = 0 if case.surplus_is_refunded else len(late)
        if len(kept) > 1 + excused:
            yield Violation(
                "I1", f"{len(kept)} charges for one order", {"order": order, "checkouts": str(kept)}
            )


def one_success_per_order(case: Case) -> Iterator[Violation]:
    """I13: of an order's successes exactly one is no surplus."""
    for order, checkouts in case.orders.items():
        shown = [p for one in checkouts if (p := case.purchase(one)) is not None]
        won = [p for p in shown if p["status"] == "successful"]
        plain = [p for p in won if not p["surplus"]]
        if won and len(plain) != 1:
            says = f"{len(plain)} of {len(won)} successes are not surplus"
            yield Violation("I13", says, {"order": order})


def success_means_a_charge(case: Case) -> Iterator[Violation]:
    """I2: what is successful here was charged there, the same amount in the same currency."""
    for checkout, session in case.sessions.items():
        purchase = session["purchase"]
        if purchase is None or purchase["status"] != "successful":
            continue
        ours = (Decimal(purchase["captured_amount"]), purchase["currency"])
        theirs = [
            (Decimal(charge["amount"]), row["currency"])
            for row in case.books.get(checkout, [])
            for charge in row["charges"]
        ]
        if ours not in theirs:
            yield Violation(
                "I2", f"successful with {ours}, charged {theirs}", {"checkout": checkout}
            )


def a_charge_is_successful(case: Case) -> Iterator[Violation]:
    """I3: what was charged there, and not given back, is successful here."""
    for checkout in case.books:
        if case.kept(checkout) <= 0:
            continue
        purchase = case.purchase(checkout)
        here = purchase["status"] if purchase else "unknown"
        if here != "successful":
            rule = "failed, yet charged" if here == "failed" else "I3"
            yield Violation(rule, f"charged there, {here} here", {"checkout": checkout})


def success_stays(case: Case) -> Iterator[Violation]:
    """I4: what anybody was told to be successful is successful from then on, and in the end."""
    yield from _undone_in_between(case)
    for checkout, by in case.told_successful.items():
        purchase = case.purchase(checkout)
        here = purchase["status"] if purchase else "unknown"
        if here != "successful":
            yield Violation("I4", f"{by} said successful; now {here}", {"checkout": checkout})


def _undone_in_between(case: Case) -> Iterator[Violation]:
    """Find answers that were asked for after a success was heard, and say something else."""
    heard_at: dict[str, float] = {}
    for line in case.evidence.history:
        shown = _shown_status(line)
        if line["act"] not in ("buy", "read", "cancel") or line["said"].get("type") or not shown:
            continue
        checkout, asked_at = line["checkout"], line["at"] - line["took"]
        if shown == "successful":
            heard_at.setdefault(checkout, line["at"])
        elif asked_at > heard_at.get(checkout, asked_at):
            yield Violation("I4", f"successful before, then {shown}", {"checkout": checkout})


def everything_ends(case: Case) -> Iterator[Violation]:
    """I5: every Buy Now that was accepted has ended, and none is forgotten."""
    for checkout, session in case.sessions.items():
        purchase = session["purchase"]
        if purchase is not None and purchase["status"] not in FINAL:
            yield Violation("I5", f"still {purchase['phase']}", {"checkout": checkout})
    accepted = {
        line["checkout"]
        for line in case.evidence.history
        if line["act"] == "buy" and line["status"] in DELIVERED
    }
    for checkout in sorted(accepted):
        if case.purchase(checkout) is None:
            yield Violation("I5", "accepted, and there is no purchase", {"checkout": checkout})


def amounts_are_as_asked(case: Case) -> Iterator[Violation]:
    """I8: BPS and the PSP hold the amount and currency that the shop asked for."""
    asked = {
        line["checkout"]: (Decimal(line["amount"]), line["currency"])
        for line in case.evidence.history
        if line["act"] == "register"
    }
    for checkout, money in asked.items():
        session = case.sessions.get(checkout)
        if session and (Decimal(session["amount"]), session["currency"]) != money:
            yield Violation("I8", f"asked {money}, BPS holds another", {"checkout": checkout})
        for row in case.books.get(checkout, []):
            for charge in row["charges"]:
                charged = (Decimal(charge["amount"]), row["currency"])
                if charged != money:
                    yield Violation(
                        "I8", f"asked {money}, charged {charged}", {"checkout": checkout}
                    )


def registrations_are_kept(case: Case) -> Iterator[Violation]:
    """Whatever was answered with a token is known, with that token."""
    for line in case.evidence.history:
        token = line["said"].get("psp_token")
        if line["act"] != "register" or not token:
            continue
        session = case.sessions.get(line["checkout"])
        if session is None or session["psp_token"] != token:
            yield Violation("registration lost", "another token, or none", _ids(line))


def one_session_per_token(case: Case) -> Iterator[Violation]:
    """I11: a token belongs to one session, and a checkout has one session."""
    for name in ("psp_token", "checkout_id"):
        counted = Counter(row[name] for row in case.evidence.sessions if row[name])
        for value, number in counted.items():
            if number > 1:
                yield Violation("I11", f"{number} sessions with one {name}", {name: value})


def acknowledged_webhooks_are_stored(case: Case) -> Iterator[Violation]:
    """I6: a webhook that was answered 2xx is stored."""
    stored = {row["event_id"] for row in case.evidence.receipts}
    for row in case.evidence.deliveries:
        if row["status"] in DELIVERED and row["event_id"] not in stored:
            yield Violation("I6", "answered 2xx and not stored", {"event": row["event_id"]})


def forged_webhooks_are_refused(case: Case) -> Iterator[Violation]:
    """I15: what the PSP did not sign is answered 401, and not stored as verified."""
    stored = {row["event_id"] for row in case.evidence.receipts}
    for line in case.evidence.history:
        if line["act"] != "forge":
            continue
        if line["status"] in DELIVERED or line["event_id"] in stored:
            yield Violation("I15", f"a forged webhook was answered {line['status']}", _ids(line))


def outcomes_are_notified(case: Case) -> Iterator[Violation]:
    """Every final outcome was told to the shop at least once."""
    told = {(row["checkout_id"], row["status"]) for row in case.evidence.notifications}
    for checkout, session in case.sessions.items():
        purchase = session["purchase"]
        if purchase is None or purchase["status"] not in FINAL:
            continue
        if (checkout, purchase["status"]) not in told:
            yield Violation(
                "not notified", f"{purchase['status']}, and never said", {"checkout": checkout}
            )


def errors_are_deserved(case: Case) -> Iterator[Violation]:
    """No error but those that a shop may be given, and no answer that never comes.

    A registration may be given up: nothing was bought, and a new checkout is as good.
    """
    for line in case.evidence.history:
        slug = str(line["said"].get("type", "")).removeprefix("urn:bps:problem:")
        if line["trouble"] == "gave_up" and line["act"] != "register":
            yield Violation("never answered", f"{line['status']} {slug} to the end", _ids(line))
        elif line["status"] in CLIENT_FAULTS and slug not in REFUSALS[line["act"]]:
            if line["act"] == "forge" and line["status"] == UNAUTHORIZED:
                continue
            yield Violation("undeserved error", f"{line['status']} {slug}", _ids(line))


RULES: Final[tuple[Rule, ...]] = (
    one_charge_per_checkout,
    one_charge_per_order,
    one_success_per_order,
    success_means_a_charge,
    a_charge_is_successful,
    success_stays,
    everything_ends,
    amounts_are_as_asked,
    registrations_are_kept,
    one_session_per_token,
    acknowledged_webhooks_are_stored,
    forged_webhooks_are_refused,
    outcomes_are_notified,
    errors_are_deserved,
)


def _shown_status(line: Row) -> str:
    said = line["said"]
    purchase = said.get("purchase") or {}
    return str(purchase.get("status") or said.get("state") or "")


def _ids(line: Row) -> dict[str, str]:
    return {name: str(line[name]) for name in ("checkout", "order", "key") if name in line}


def _grouped(rows: Iterable[Row], name: str) -> dict[str, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return dict(found)

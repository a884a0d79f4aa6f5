"""The judge: holds the PSP's books, the shop's history and BPS's words against each other. Pure.

Imports nothing of BPS or the sandbox. Each rule is a function that yields what breaks it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from bench.campaign import aftermath
from bench.campaign.case import Case, Violation, shown_status
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
    "capture": {
        "nothing-reserved",
        "capture-in-progress",
        "void-in-progress",
        "request-in-progress",
    },
    "void": {"nothing-reserved", "capture-in-progress"},
    "refund": {"nothing-to-refund", "refund-too-large", "request-in-progress"},
    "read": set(),
    "result": set(),
    "forge": set(),
}
CLIENT_FAULTS: Final = range(400, 500)
UNAUTHORIZED: Final = 401
DELIVERED: Final = range(200, 300)
FINAL: Final = ("successful", "failed")


Rule = Callable[[Case], Iterator[Violation]]


def judge(evidence: Evidence) -> list[Violation]:
    """Return everything that any rule finds wrong."""
    case = Case(evidence)
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
    """I1, I13: of the charges for an order at most one is unrefunded."""
    for order, checkouts in case.orders.items():
        kept = [checkout for checkout in checkouts if case.kept(checkout) > 0]
        if len(kept) > 1:
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
        shown = shown_status(line)
        if line["act"] not in ("buy", "read", "cancel") or line["said"].get("type") or not shown:
            continue
        checkout, asked_at = line["checkout"], line["at"] - line["took"]
        if shown == "successful":
            heard_at.setdefault(checkout, line["at"])
        elif asked_at > heard_at.get(checkout, asked_at):
            yield Violation("I4", f"successful before, then {shown}", {"checkout": checkout})


def everything_ends(case: Case) -> Iterator[Violation]:
    """I5: every Buy Now that was accepted has ended, and none is forgotten.

    What is reserved may wait for a shop that never asked for it to be taken or let go.
    """
    for checkout, session in case.sessions.items():
        purchase = session["purchase"]
        if purchase is None or purchase["status"] in FINAL:
            continue
        is_asked = checkout in case.asked_to_end
        is_reserved = purchase["phase"] == "authorized" and checkout in case.by_hand
        if not (case.evidence.keys_ran_out if is_asked else is_reserved):
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
    by_hand = set(case.by_hand)
    for checkout, money in asked.items():
        session = case.sessions.get(checkout)
        if session and (Decimal(session["amount"]), session["currency"]) != money:
            yield Violation("I8", f"asked {money}, BPS holds another", {"checkout": checkout})
        for row in case.books.get(checkout, []):
            for charge in row["charges"]:
                charged = (Decimal(charge["amount"]), row["currency"])
                part = checkout in by_hand and charged[0] < money[0] and charged[1] == money[1]
                if charged != money and not part:
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
    """No error but those that a shop may be given. What is to be asked again is none."""
    for line in case.evidence.history:
        slug = str(line["said"].get("type", "")).removeprefix("urn:bps:problem:")
        if line["status"] in CLIENT_FAULTS and slug not in REFUSALS[line["act"]]:
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
    *aftermath.RULES,
)


def _ids(line: Row) -> dict[str, str]:
    return {name: str(line[name]) for name in ("checkout", "order", "key") if name in line}

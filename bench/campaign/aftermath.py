"""The rules of what follows a purchase: captures, voids and refunds, by the PSP's books. Pure.

Imports nothing of BPS or the sandbox. Each rule is a function that yields what breaks it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bench.campaign.case import GRANTED, Case, Violation
from bench.campaign.evidence import Row

NOT_GIVEN: Final = "failed"


def what_is_reserved_is_taken_once(case: Case) -> Iterator[Violation]:
    """Where the shop captures by hand, the books hold one charge, of a sum that it asked for."""
    for checkout in case.by_hand:
        taken = [Decimal(charge["amount"]) for charge in case.charges(checkout)]
        if len(taken) > 1:
            yield Violation("capture", f"taken {len(taken)} times", {"checkout": checkout})
        for sum_ in taken:
            if sum_ not in case.sums_to_capture(checkout):
                yield Violation("capture", f"{sum_} taken unasked", {"checkout": checkout})


def captures_end_as_the_books_say(case: Case) -> Iterator[Violation]:
    """I5, I3: a capture ends, and is taken. The PSP refuses none, so that none fails."""
    for row in case.evidence.captures:
        ids = {"checkout": row["checkout_id"], "capture": row["id"]}
        taken = [Decimal(charge["amount"]) for charge in case.charges(row["checkout_id"])]
        if row["state"] == "successful" and Decimal(row["amount"]) not in taken:
            yield Violation("capture", f"successful, and the books have {taken}", ids)
        elif row["state"] == "failed":
            yield Violation("capture", f"failed: {row['why_failed']}", ids)
        elif row["state"] == "pending" and not case.evidence.keys_ran_out:
            yield Violation("I5", "a capture is still pending", ids)


def what_is_let_go_is_let_go_there(case: Case) -> Iterator[Violation]:
    """I3: a purchase that ended by a void is cancelled in the books as well."""
    for checkout in case.by_hand:
        purchase = case.purchase(checkout)
        if purchase is None or purchase["phase"] != "cancelled":
            continue
        there = sorted({row["status"] for row in case.books.get(checkout, [])})
        if there != ["cancelled"]:
            yield Violation("void", f"cancelled here, {there} there", {"checkout": checkout})


def refunds_stay_within_what_was_taken(case: Case) -> Iterator[Violation]:
    """I12: refunds asked for and made, but those that failed, are within what was taken."""
    asked: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in case.evidence.refunds:
        made = row["state"] != NOT_GIVEN or not case.refunds_there(row["id"])
        asked[row["checkout_id"]] += Decimal(row["amount"]) if made else 0
    for checkout, rows in case.books.items():
        taken = sum((Decimal(row["charged"]) for row in rows), Decimal(0))
        given = sum(
            (Decimal(r["amount"]) for row in rows for r in row["refunds"] if _is_given(r)),
            Decimal(0),
        )
        most = max(given, asked[checkout])
        if most > taken:
            yield Violation("I12", f"{most} of {taken} given back", {"checkout": checkout})


def a_refund_is_given_once(case: Case) -> Iterator[Violation]:
    """I12: the books hold each refund of BPS once, and none that it does not know."""
    given = Counter(
        (checkout, refund["reference"])
        for checkout, rows in case.books.items()
        for row in rows
        for refund in row["refunds"]
    )
    for (checkout, reference), number in given.items():
        if number > 1:
            ids = {"checkout": checkout, "refund": reference}
            yield Violation("I12", f"one refund given {number} times", ids)


def refunds_end_as_the_books_say(case: Case) -> Iterator[Violation]:
    """I3: a refund ends, and as the PSP says; what the PSP never saw has not failed."""
    for row in case.evidence.refunds:
        ids = {"checkout": row["checkout_id"], "refund": row["id"]}
        there = {refund["status"] for refund in case.refunds_there(row["id"])}
        if row["state"] == "pending":
            if not case.evidence.keys_ran_out:
                yield Violation("I5", "a refund is still pending", ids)
        elif there != {row["state"]}:
            yield Violation("I3", f"refund {row['state']} here, {sorted(there)} there", ids)


def what_was_given_back_is_counted(case: Case) -> Iterator[Violation]:
    """I3: a purchase shows as given back what its refunds in the books sum up to."""
    for checkout in sorted({row["checkout_id"] for row in case.evidence.refunds}):
        purchase = case.purchase(checkout)
        there = sum((Decimal(row["refunded"]) for row in case.books.get(checkout, [])), Decimal(0))
        here = Decimal(purchase["refunded_amount"]) if purchase else Decimal(0)
        if here != there:
            yield Violation("I3", f"{here} given back here, {there} there", {"checkout": checkout})


def what_was_granted_is_kept(case: Case) -> Iterator[Violation]:
    """I9: a key names one refund or capture for ever, and what was granted is listed."""
    known = {row["id"] for row in (*case.evidence.captures, *case.evidence.refunds)}
    named: dict[str, str] = {}
    for line in case.evidence.history:
        if line["act"] not in ("capture", "refund") or line["status"] not in GRANTED:
            continue
        ids = {"checkout": line["checkout"], "key": line["key"]}
        told = line["said"]["id"]
        if named.setdefault(line["key"], told) != told:
            yield Violation("I9", f"one key, {named[line['key']]} and {told}", ids)
        if told not in known:
            yield Violation("forgotten", f"{told} was granted and is not listed", ids)


def ends_are_notified(case: Case) -> Iterator[Violation]:
    """Every end of a refund, and every failure of a capture, was told to the shop."""
    told = {(row["about"], row["type"]) for row in case.evidence.notifications}
    for kind, rows in (("refund", case.evidence.refunds), ("capture", case.evidence.captures)):
        for row in rows:
            ends = ("failed",) if kind == "capture" else ("successful", "failed")
            if row["state"] in ends and (row["id"], f"{kind}.{row['state']}") not in told:
                ids = {"checkout": row["checkout_id"], kind: row["id"]}
                yield Violation("not notified", f"{row['state']}, and never said", ids)


def _is_given(refund: Row) -> bool:
    return bool(refund["status"] != NOT_GIVEN)


RULES: Final = (
    what_is_reserved_is_taken_once,
    captures_end_as_the_books_say,
    what_is_let_go_is_let_go_there,
    refunds_stay_within_what_was_taken,
    a_refund_is_given_once,
    refunds_end_as_the_books_say,
    what_was_given_back_is_counted,
    what_was_granted_is_kept,
    ends_are_notified,
)

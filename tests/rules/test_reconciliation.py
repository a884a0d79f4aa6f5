"""Reconciliation: what is a difference, and what is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.fees import FeeLimit
from payments.domain.lifecycle import PurchaseStatus
from payments.domain.matching import PaymentHere
from payments.domain.reconciliation import (
    CLOCKS_APART,
    GRACE,
    Difference,
    DifferenceKind,
    Terms,
    compare,
)
from psp_clients.contract import Money, RefundState, Transaction

from .books import (
    DAY,
    HOUR,
    MIDNIGHT,
    MINUTE,
    NOON,
    TICK,
    charge,
    given_back,
    payment,
    refund,
)

TERMS = Terms(
    since=MIDNIGHT,
    until=MIDNIGHT + DAY,
    read_since=MIDNIGHT - CLOCKS_APART,
    read_until=MIDNIGHT + DAY + CLOCKS_APART,
    now=MIDNIGHT + 2 * DAY,
    fee_limit=FeeLimit(percent=Decimal(5), fixed=Decimal("0.50")),
)


def kinds(found: list[Difference]) -> list[str]:
    """Return the kinds of what was found."""
    return [str(difference.kind) for difference in found]


STARTED = payment(status=PurchaseStatus.STARTED, payment_reference="", finished_at=None)
UNBOUGHT = payment(status=None, payment_reference="", finished_at=None)
WITH_REFUND = payment(refunds=(refund(),))
PENDING = refund(state=RefundState.PENDING, finished_at=None)
UNNAMED = refund(refund_reference="")

AGREEING = {
    "both sides say the same": ([payment()], [charge()]),
    "nobody has anything": ([], []),
    "nothing came of it on either side": ([STARTED], []),
    "zeros at the end": ([payment()], [charge(money=Money("20", "EUR"))]),
    "a charge that failed there, and here": (
        [payment(status=PurchaseStatus.FAILED)],
        [charge(status="failed")],
    ),
    "known by the token alone": ([payment()], [charge(reference="")]),
    "our reference, printed with hyphens": (
        [payment(reference="01890000000070008000000000000001")],
        [charge(reference="01890000-0000-7000-8000-000000000001", psp_token="")],
    ),
    "known by the PSP's reference alone": ([payment()], [charge(reference="", psp_token="")]),
    "known by amount and day alone": (
        [payment(payment_reference="")],
        [charge(reference="", psp_token="", psp_reference="x")],
    ),
    "a line that comes twice": ([payment()], [charge(), charge()]),
    "a refund on both sides": ([WITH_REFUND], [charge(), given_back()]),
    "a refund whose reference we don't know": (
        [payment(refunds=(UNNAMED,))],
        [charge(), given_back()],
    ),
    "a refund pending on both sides": (
        [payment(refunds=(PENDING,))],
        [charge(), given_back(status="pending")],
    ),
    "a refund that failed there and is not here": (
        [payment()],
        [charge(), given_back(status="failed")],
    ),
    "a refund pending here that is not listed yet": ([payment(refunds=(PENDING,))], [charge()]),
    "a refund there before the period": (
        [payment()],
        [charge(), given_back(booked_at=MIDNIGHT - TICK)],
    ),
    "another charge before the period": (
        [payment()],
        [charge(), charge(psp_reference="ch_0", booked_at=MIDNIGHT - TICK)],
    ),
    "charged under another reference while we learned of it": (
        [payment()],
        [charge(psp_reference="ch_x", booked_at=NOON + CLOCKS_APART)],
    ),
    "a charge and a refund of the same reference": (
        [payment(refunds=(refund(refund_reference="ch_1"),))],
        [charge(), given_back(psp_reference="ch_1")],
    ),
    "known by amount and day alone, beside a refund that bears its name": (
        [WITH_REFUND],
        [charge(reference="", psp_token="", psp_reference="x"), given_back()],
    ),
    "a fee above the limit before the period": (
        [payment()],
        [charge(booked_at=MIDNIGHT - TICK, fee=Money("1.51", "EUR"))],
    ),
    "no fee": ([payment()], [charge(fee=None)]),
    "a fee of nothing in another currency": ([payment()], [charge(fee=Money("0.00", "USD"))]),
    "a fee just at the limit": ([payment()], [charge(fee=Money("1.50", "EUR"))]),
    "a charge before the period": ([], [charge(booked_at=MIDNIGHT - TICK)]),
    "a charge after the period": ([], [charge(booked_at=MIDNIGHT + DAY)]),
    "a success before the period": ([payment(finished_at=MIDNIGHT - TICK)], []),
    "a success that the PSP booked the day before": (
        [payment(finished_at=MIDNIGHT)],
        [charge(booked_at=MIDNIGHT - MINUTE)],
    ),
}

DIFFERING = {
    "charged there, unknown here": ([], [charge()], "missing_here"),
    "charged there, and nobody bought here": ([UNBOUGHT], [charge()], "missing_here"),
    "successful here, not listed": ([payment()], [], "missing_there"),
    "another amount": ([payment()], [charge(money=Money("20.01", "EUR"))], "amount"),
    "another currency": (
        [payment()],
        [charge(money=Money("20.00", "USD"), fee=None)],
        "currency",
    ),
    "started here": ([STARTED], [charge()], "status"),
    "charged just as the period begins": ([], [charge(booked_at=MIDNIGHT)], "missing_here"),
    "charged without a name, beside the charge that we hold": (
        [WITH_REFUND],
        [charge(), given_back(), charge(reference="", psp_token="", psp_reference="x")],
        "missing_here",
    ),
    "failed here, and charged under another reference long after": (
        [payment(status=PurchaseStatus.FAILED)],
        [charge(psp_reference="ch_x", booked_at=NOON + 2 * HOUR)],
        "status",
    ),
    "failed here": ([payment(status=PurchaseStatus.FAILED)], [charge()], "status"),
    "successful here, failed there": ([payment()], [charge(status="failed")], "status"),
    "successful here, and a word there that nobody knows": (
        [payment()],
        [charge(status="reviewing")],
        "status",
    ),
    "charged twice": ([payment()], [charge(), charge(psp_reference="ch_x")], "duplicate_charge"),
    "charged again long after": (
        [payment(finished_at=NOON - DAY)],
        [charge(psp_reference="ch_x")],
        "duplicate_charge",
    ),
    "given back there alone": ([payment()], [charge(), given_back()], "refund_missing_here"),
    "given back there, of nothing here": ([], [given_back()], "refund_missing_here"),
    "given back here alone": ([WITH_REFUND], [charge()], "refund_missing_there"),
    "less given back than asked for": (
        [WITH_REFUND],
        [charge(), given_back(money=Money("4.99", "EUR"))],
        "refund_amount",
    ),
    "given back in another currency": (
        [WITH_REFUND],
        [charge(), given_back(money=Money("5.00", "USD"))],
        "currency",
    ),
    "a refund pending here and done there": (
        [payment(refunds=(PENDING,))],
        [charge(), given_back()],
        "status",
    ),
    "a refund done here and failed there": (
        [WITH_REFUND],
        [charge(), given_back(status="failed")],
        "status",
    ),
    "a fee just above the limit": ([payment()], [charge(fee=Money("1.51", "EUR"))], "fee"),
    "a fee in another currency": ([payment()], [charge(fee=Money("0.01", "USD"))], "fee"),
}


# Every kind as it is written down, word by word: people and the database read it.
WRITTEN = [
    (
        [],
        [charge()],
        Difference(
            DifferenceKind.MISSING_HERE,
            "charge:ch_1",
            "nothing",
            "successful, 20.00 EUR",
            NOON,
            psp_reference="ch_1",
        ),
    ),
    (
        [UNBOUGHT],
        [charge()],
        Difference(
            DifferenceKind.MISSING_HERE,
            "charge:ch_1",
            "nobody bought, 20.00 EUR",
            "successful, 20.00 EUR",
            NOON,
            psp_reference="ch_1",
            reference=UNBOUGHT.reference,
        ),
    ),
    (
        [payment()],
        [],
        Difference(
            DifferenceKind.MISSING_THERE,
            f"payment:{1:032x}",
            "successful, 20.00 EUR",
            "nothing",
            NOON,
            psp_reference="ch_1",
            reference=f"{1:032x}",
        ),
    ),
    (
        [payment(begun_at=NOON - 30 * DAY)],
        [
            charge(status="failed", psp_reference="ch_8", booked_at=NOON - MINUTE),
            charge(status="failed", psp_reference="ch_9", money=Money("7.00", "EUR")),
        ],
        Difference(
            DifferenceKind.STATUS,
            f"payment:{1:032x}",
            "successful, 20.00 EUR",
            "failed, 7.00 EUR",
            NOON,
            psp_reference="ch_9",
            reference=f"{1:032x}",
        ),
    ),
    (
        [payment()],
        [charge(), charge(psp_reference="ch_x", booked_at=NOON + TICK)],
        Difference(
            DifferenceKind.DUPLICATE_CHARGE,
            "charge:ch_x",
            "successful, 20.00 EUR",
            "successful, 20.00 EUR",
            NOON + TICK,
            psp_reference="ch_x",
            reference=f"{1:032x}",
        ),
    ),
    (
        [payment()],
        [charge(fee=Money("1.51", "EUR"))],
        Difference(
            DifferenceKind.FEE,
            "charge:ch_1",
            "at most 1.50 EUR",
            "1.51 EUR",
            NOON,
            psp_reference="ch_1",
            reference=f"{1:032x}",
        ),
    ),
    (
        [payment()],
        [charge(), given_back()],
        Difference(
            DifferenceKind.REFUND_MISSING_HERE,
            "refund:re_1",
            "nothing",
            "successful, 5.00 EUR",
            NOON,
            psp_reference="re_1",
            reference=f"{1:032x}",
        ),
    ),
    (
        [WITH_REFUND],
        [charge()],
        Difference(
            DifferenceKind.REFUND_MISSING_THERE,
            f"refund:{1:032x}",
            "successful, 5.00 EUR",
            "nothing",
            NOON,
            psp_reference="re_1",
            reference=f"{1:032x}",
            refund_id=f"{1:032x}",
        ),
    ),
    (
        [payment(refunds=(PENDING,))],
        [charge(), given_back()],
        Difference(
            DifferenceKind.STATUS,
            "refund:re_1",
            "pending, 5.00 EUR",
            "successful, 5.00 EUR",
            NOON,
            psp_reference="re_1",
            reference=f"{1:032x}",
            refund_id=f"{1:032x}",
        ),
    ),
]


class TestTwoSides:
    def test_differ_in_what_is_written_down(self):
        found = [compare(ours, theirs, TERMS) for ours, theirs, _ in WRITTEN]

        assert found == [[written] for _, _, written in WRITTEN]

    def test_agree(self):
        found = {words: compare(ours, theirs, TERMS) for words, (ours, theirs) in AGREEING.items()}

        assert found == {words: [] for words in AGREEING}

    def test_differ_in_one_thing(self):
        found = {
            words: kinds(compare(ours, theirs, TERMS))
            for words, (ours, theirs, _) in DIFFERING.items()
        }

        assert found == {words: [kind] for words, (_, _, kind) in DIFFERING.items()}

    def test_differ_in_the_fee_of_a_charge_too_many(self):
        second = charge(psp_reference="ch_x", fee=Money("1.51", "EUR"), booked_at=NOON + TICK)

        found = compare([payment()], [charge(fee=None), second], TERMS)

        assert kinds(found) == ["duplicate_charge", "fee"]

    @pytest.mark.parametrize(
        ("lines", "found"),
        [
            # Of a line named twice the later one counts, then that of the later word, then the
            # greater sum.
            ([charge(), charge(booked_at=NOON + TICK, money=Money("19.00", "EUR"))], ["amount"]),
            ([charge(status="failed", money=Money("7.00", "EUR")), charge()], []),
            ([charge(money=Money("19.00", "EUR")), charge()], []),
            # Of two charges at one instant the first by name is the one that we hold.
            (
                [
                    charge(psp_reference="ch_a"),
                    charge(psp_reference="ch_b", money=Money("19.00", "EUR")),
                ],
                ["duplicate_charge"],
            ),
        ],
    )
    def test_differ_in_the_same_in_whatever_order_the_lines_come(
        self, lines: list[Transaction], found: list[str]
    ):
        ours = [payment(payment_reference="")]

        assert kinds(compare(ours, lines, TERMS)) == found
        assert kinds(compare(ours, lines[::-1], TERMS)) == found

    def test_are_told_of_in_words(self):
        [found] = compare([STARTED], [charge()], TERMS)

        assert found == Difference(
            kind=DifferenceKind.STATUS,
            subject="charge:ch_1",
            ours="started, 20.00 EUR",
            theirs="successful, 20.00 EUR",
            at=NOON,
            psp_reference="ch_1",
            reference=STARTED.reference,
        )

    def test_are_not_paired_where_there_is_a_choice(self):
        nameless = [charge(n, reference="", psp_token="", psp_reference=f"x{n}") for n in (1, 2)]
        ours = [payment(n, payment_reference="") for n in (1, 2)]

        assert kinds(compare(ours[:1], nameless, TERMS)) == [
            "missing_here",
            "missing_here",
            "missing_there",
        ]
        assert kinds(compare(ours, nameless[:1], TERMS)) == [
            "missing_here",
            "missing_there",
            "missing_there",
        ]

    def test_are_not_paired_by_amount_where_a_line_names_another(self):
        found = compare([payment()], [charge(2, psp_reference="x")], TERMS)

        assert kinds(found) == ["missing_here", "missing_there"]


class TestWhatIsInFlight:
    @pytest.mark.parametrize(
        ("age", "found"),
        [
            (timedelta(), []),
            (GRACE - TICK, []),
            (GRACE, ["missing_here"]),
            (-HOUR, ["missing_here"]),
        ],
    )
    def test_is_no_difference_for_a_while(self, age: timedelta, found: list[str]):
        terms = replace(TERMS, now=NOON + age)

        assert kinds(compare([], [charge()], terms)) == found

    def test_is_so_for_a_quarter_of_an_hour_and_clocks_differ_by_an_hour_at_most(self):
        assert (GRACE, CLOCKS_APART) == (15 * MINUTE, HOUR)

    def test_is_no_difference_while_we_have_just_begun_it(self):
        begun = replace(STARTED, begun_at=NOON + HOUR - MINUTE)

        assert compare([begun], [charge()], replace(TERMS, now=NOON + HOUR)) == []

    def test_is_no_difference_while_the_psp_has_yet_to_list_it(self):
        assert compare([payment()], [], replace(TERMS, now=NOON + MINUTE)) == []


class TestWhatTheLinesMayNotReach:
    @pytest.mark.parametrize(
        ("begun_at", "covered"),
        [(MIDNIGHT, True), (MIDNIGHT - TICK, False), (MIDNIGHT - DAY, False)],
    )
    def test_is_marked_so_that_the_psp_is_asked(self, begun_at: datetime, covered: bool):
        [found] = compare([payment(begun_at=begun_at)], [], TERMS)

        assert (found.kind, found.is_covered) == ("missing_there", covered)

    @pytest.mark.parametrize(("spare", "covered"), [(timedelta(), True), (-TICK, False)])
    def test_is_marked_where_the_lines_end_too_early(self, spare: timedelta, covered: bool):
        terms = replace(TERMS, read_until=NOON + CLOCKS_APART + spare)

        [found] = compare([payment()], [], terms)

        assert (found.kind, found.is_covered) == ("missing_there", covered)

    def test_is_marked_for_refunds_too(self):
        slow = replace(refund(), asked_at=NOON - 3 * DAY)

        [found] = compare([payment(refunds=(slow,))], [charge()], TERMS)

        assert (found.kind, found.is_covered) == ("refund_missing_there", False)


@dataclass
class Spoiled:
    """One payment and its lines, of which one thing is made to differ."""

    here: PaymentHere | None
    lines: list[Transaction]
    subject: str

    def plant(self, kind: DifferenceKind) -> tuple[str, str]:
        """Make it differ in this one thing; return kind and subject of what is to be found."""
        getattr(self, kind)()
        return str(kind), self.subject

    @property
    def charge(self) -> Transaction:
        return self.lines[0]

    def change(self, **changes: Any) -> None:
        self.lines[0] = replace(self.charge, **changes)

    def change_here(self, **changes: Any) -> None:
        assert self.here is not None
        self.here = replace(self.here, **changes)

    def list_more(self, **changes: Any) -> None:
        assert self.here is not None
        self.lines.append(replace(self.charge, reference=self.here.reference, **changes))
        self.subject = f"{self.lines[-1].kind}:{self.lines[-1].psp_reference}"

    def list_refund(self, amount: str) -> None:
        reference = self.charge.psp_reference.replace("ch", "re")
        self.list_more(kind="refund", psp_reference=reference, money=Money(amount, "EUR"))

    def refund_here(self) -> None:
        at, reference = self.charge.booked_at, self.charge.psp_reference.replace("ch", "re")
        given = refund(refund_reference=reference, asked_at=at, finished_at=at)
        self.change_here(refunds=(given,))
        self.subject = f"refund:{given.id}"

    def missing_here(self) -> None:
        self.here = None

    def missing_there(self) -> None:
        assert self.here is not None
        self.lines, self.subject = [], f"payment:{self.here.reference}"

    def amount(self) -> None:
        self.change(money=Money("0.99", "EUR"))

    def currency(self) -> None:
        self.change(money=Money(self.charge.money.amount, "USD"))

    def status(self) -> None:
        self.change_here(status=PurchaseStatus.STARTED, finished_at=None)

    def duplicate_charge(self) -> None:
        self.list_more(psp_reference=f"twice_{self.charge.psp_reference}")

    def refund_missing_here(self) -> None:
        self.list_refund("0.50")

    def refund_missing_there(self) -> None:
        self.refund_here()

    def refund_amount(self) -> None:
        self.refund_here()
        self.list_refund("4.99")

    def fee(self) -> None:
        self.change(fee=self.charge.money)


@st.composite
def books(draw: st.DrawFn) -> tuple[list[PaymentHere], list[Transaction], list[tuple[str, str]]]:
    """Draw two books that agree but for some planted differences, one thing each."""
    payments, lines, planted = [], [], []
    kinds_drawn = draw(st.lists(st.sampled_from([None, *DifferenceKind]), min_size=1, max_size=30))
    for number, kind in enumerate(kinds_drawn, start=1):
        at = MIDNIGHT + timedelta(minutes=draw(st.integers(120, 1300)))
        # Each sum is its own, or nameless lines could be paired in two ways.
        sum_of_its_own = Money(f"{100 + number}.00", "EUR")
        line = charge(number, booked_at=at, money=sum_of_its_own, fee=None)
        one = Spoiled(
            payment(number, finished_at=at, money=sum_of_its_own), [line], f"charge:ch_{number}"
        )
        names_needed = (DifferenceKind.MISSING_HERE, DifferenceKind.STATUS)
        if kind is None and draw(st.booleans()):
            one.refund_here()
            one.list_refund("5.00")
        if kind not in names_needed and draw(st.booleans()):
            one.change(reference="", psp_token="")
        if kind is not None:
            planted.append(one.plant(kind))
        payments += [one.here] if one.here else []
        lines += one.lines
    return payments, lines, planted


class TestAnyBooks:
    @given(books(), st.randoms(use_true_random=False))
    def test_differ_in_what_was_planted_alone_in_whatever_order(
        self, drawn: tuple[Any, list[Transaction], list[tuple[str, str]]], chance: Random
    ):
        payments, lines, planted = drawn
        shuffled = list(lines)
        chance.shuffle(shuffled)

        found = compare(payments, lines, TERMS)

        assert sorted((str(one.kind), one.subject) for one in found) == sorted(planted)
        assert compare(payments[::-1], shuffled, TERMS) == found

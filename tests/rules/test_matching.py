"""Matching: by our names first, then by theirs, then by amount and day; and never by a guess."""

from __future__ import annotations

from typing import Any

import pytest

from payments.domain.lifecycle import PurchaseStatus
from payments.domain.matching import (
    Names,
    is_nameless,
    our_reference,
    pair_by_amount_and_day,
    pair_refunds,
)
from psp_clients.contract import Money, Transaction

from .books import DAY, EUR_20, HOUR, MINUTE, NOON, charge, given_back, payment, refund

FIRST, SECOND = (payment(number, refunds=(refund(number),)) for number in (1, 2))
STRANGE: dict[str, Any] = {"reference": "", "psp_token": "", "psp_reference": "x"}


def named_by(line: Transaction, *payments: Any) -> str | None:
    names = Names()
    for here in payments or (FIRST, SECOND):
        names.add(here)
    return names.payment_named(line)


class TestALine:
    @pytest.mark.parametrize(
        "name",
        [
            {"reference": SECOND.reference},
            {"psp_token": "tok_2"},
            {"psp_reference": "ch_2"},
            {"kind": "refund", "psp_reference": "re_2"},
        ],
    )
    def test_is_about_the_payment_of_any_name_that_it_bears(self, name: dict[str, Any]) -> None:
        assert named_by(charge(**STRANGE | name)) == SECOND.reference

    @pytest.mark.parametrize(
        "name",
        [
            {},
            {"reference": "tok_2"},
            {"psp_token": SECOND.reference},
            {"psp_token": "ch_2"},
            {"psp_reference": "re_2"},
            {"kind": "refund", "psp_reference": "ch_2"},
        ],
    )
    def test_is_about_none_whose_name_is_of_another_kind(self, name: dict[str, Any]) -> None:
        assert named_by(charge(**STRANGE | name)) is None

    def test_is_about_what_our_names_say_before_what_theirs_do(self) -> None:
        line = charge(1, psp_token="tok_2", psp_reference="ch_2")

        assert named_by(line) == FIRST.reference
        assert named_by(charge(1, reference="", psp_reference="ch_2")) == FIRST.reference

    def test_is_not_about_a_payment_because_both_lack_a_name(self) -> None:
        unnamed = payment(
            psp_token="", payment_reference="", refunds=(refund(refund_reference=""),)
        )

        assert named_by(charge(**STRANGE | {"psp_reference": ""}), unnamed) is None
        blank = given_back(reference="", psp_token="", psp_reference="")
        assert named_by(blank, unnamed) is None

    def test_bears_our_reference_however_the_psp_prints_it(self) -> None:
        printed = charge(reference=" 01890000-0000-7000-8000-00000000000A ")

        assert our_reference(printed) == "0189000000007000800000000000000a"

    def test_is_nameless_where_only_amount_and_day_are_left(self) -> None:
        assert is_nameless(charge(reference="  ", psp_token=""))
        assert not is_nameless(charge(reference="", psp_token="tok"))
        assert not is_nameless(charge(reference="r", psp_token=""))
        assert not is_nameless(given_back(reference="", psp_token=""))


class TestANamelessLine:
    line = charge(**STRANGE)

    def test_is_paired_with_the_only_success_of_its_amount_and_day(self) -> None:
        others = [
            payment(2, money=Money("20.01", "EUR")),
            payment(3, money=Money("20.00", "USD")),
            payment(4, finished_at=NOON - 12 * HOUR - MINUTE),
            payment(5, finished_at=NOON + 12 * HOUR),
            payment(6, status=PurchaseStatus.FAILED),
            payment(7, status=PurchaseStatus.STARTED, finished_at=None),
        ]

        for at in (NOON - 12 * HOUR, NOON + 12 * HOUR - MINUTE):
            ours = payment(1, finished_at=at, money=Money("20", "EUR"))
            assert pair_by_amount_and_day([self.line], [*others, ours]) == {"x": ours.reference}
        assert pair_by_amount_and_day([self.line], others) == {}

    def test_is_not_paired_unless_it_was_successful_and_has_no_name(self) -> None:
        for line in (charge(**STRANGE | {"status": "failed"}), charge(psp_reference="x")):
            assert pair_by_amount_and_day([line], [payment()]) == {}

    def test_is_not_paired_where_there_is_a_choice(self) -> None:
        other = charge(**STRANGE | {"psp_reference": "y"})

        assert pair_by_amount_and_day([self.line, other], [payment()]) == {}
        assert pair_by_amount_and_day([self.line], [payment(1), payment(2)]) == {}
        assert pair_by_amount_and_day([self.line, other], [payment(1), payment(2)]) == {}

    def test_of_each_day_is_paired_on_its_own(self) -> None:
        tomorrow = charge(**STRANGE | {"psp_reference": "y", "booked_at": NOON + DAY})
        ours = [payment(1), payment(2, finished_at=NOON + DAY)]

        assert pair_by_amount_and_day([self.line, tomorrow], ours) == {
            "x": ours[0].reference,
            "y": ours[1].reference,
        }


class TestRefunds:
    def test_are_paired_by_the_psps_reference_whatever_the_sum(self) -> None:
        ours, theirs = refund(1), given_back(1, money=EUR_20)

        assert pair_refunds([ours], [theirs]) == ([(ours, theirs)], [], [])

    def test_leave_over_what_the_other_side_lacks(self) -> None:
        ours, theirs = refund(1), given_back(2)

        assert pair_refunds([ours], [theirs]) == ([], [theirs], [ours])

    def test_without_a_reference_take_a_line_of_their_sum_alone(self) -> None:
        unnamed = refund(1, refund_reference="")
        others = [given_back(2, money=EUR_20), given_back(3, money=Money("5.00", "USD"))]

        assert pair_refunds([unnamed], others) == ([], others, [unnamed])
        blank = given_back(4, psp_reference="X", money=EUR_20)
        assert pair_refunds([unnamed], [blank]) == ([], [blank], [unnamed])
        fitting = given_back(5)
        assert pair_refunds([unnamed], [*others, fitting]) == ([(unnamed, fitting)], others, [])

    def test_with_a_reference_choose_first_though_they_are_younger(self) -> None:
        unnamed = refund(1, refund_reference="", asked_at=NOON - HOUR)
        named = refund(2, asked_at=NOON)

        pairs = pair_refunds([unnamed, named], [given_back(2)])

        assert pairs == ([(named, given_back(2))], [], [unnamed])

    def test_without_a_reference_choose_oldest_first_and_then_by_id(self) -> None:
        old, young, younger = (
            refund(number, refund_reference="", asked_at=NOON + minutes * MINUTE)
            for number, minutes in ((9, 0), (1, 1), (2, 1))
        )
        lines = [given_back(number) for number in (5, 4, 6)]

        pairs, unknown, unlisted = pair_refunds([younger, young, old], lines)

        assert [(ours.id, line.psp_reference) for ours, line in pairs] == [
            (old.id, "re_5"),
            (young.id, "re_4"),
            (younger.id, "re_6"),
        ]
        assert (unknown, unlisted) == ([], [])

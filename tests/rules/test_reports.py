"""Reports: how the PSP's sums are compared with ours."""

from __future__ import annotations

import pytest

from payments.domain.reports import NOTHING_WILL_BE_CHARGED, wrong_money
from psp_clients.contract import Money, ReportedState

OURS = Money("19.99", "EUR")
CAPTURED = ReportedState.CAPTURED


def wrong(
    state: ReportedState, stated: Money | None, captured: Money | None, *, in_part: bool = False
) -> str:
    return wrong_money(
        ours=OURS, state=state, stated=stated, captured=captured, part_may_be_captured=in_part
    )


def test_our_own_sum_is_right_whatever_its_zeros() -> None:
    said = {state: wrong(state, Money("19.990", "EUR"), OURS) for state in ReportedState}

    assert said == dict.fromkeys(ReportedState, "")


@pytest.mark.parametrize("stated", [Money("19.98", "EUR"), Money("19.99", "USD")])
def test_a_payment_for_another_sum_is_wrong_in_every_state(stated: Money) -> None:
    said = {state: wrong(state, stated, OURS) for state in ReportedState}

    named = f"{stated.amount} {stated.currency}, not 19.99 EUR"
    assert said == dict.fromkeys(ReportedState, named)


def test_a_payment_that_was_not_taken_needs_no_sum() -> None:
    in_order = [state for state in ReportedState if wrong(state, None, None) == ""]

    assert in_order == [state for state in ReportedState if state is not CAPTURED]


class TestASuccess:
    def test_says_how_much_was_taken(self) -> None:
        assert wrong(CAPTURED, OURS, None) == "captured, without saying how much"

    @pytest.mark.parametrize("taken", [Money("19.98", "EUR"), Money("20.00", "EUR")])
    def test_of_another_sum_is_wrong(self, taken: Money) -> None:
        assert wrong(CAPTURED, OURS, taken) == f"captured {taken.amount} EUR, not 19.99 EUR"

    @pytest.mark.parametrize(
        ("taken", "right"),
        [
            (Money("0.01", "EUR"), True),
            (Money("19.99", "EUR"), True),
            (Money("0.00", "EUR"), False),
            (Money("20.00", "EUR"), False),
            (Money("5.00", "USD"), False),
        ],
    )
    def test_may_be_a_part_where_the_shop_captures_by_hand(self, taken: Money, right: bool) -> None:
        said = wrong(CAPTURED, OURS, taken, in_part=True)

        wrongly = f"captured {taken.amount} {taken.currency}, not 19.99 EUR"
        assert said == ("" if right else wrongly)


def test_only_a_cancel_or_an_expiry_is_a_fence() -> None:
    assert set(NOTHING_WILL_BE_CHARGED) == {ReportedState.CANCELLED, ReportedState.EXPIRED}

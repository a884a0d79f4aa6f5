"""Fees: what a PSP may keep of a charge without a person being asked."""

from __future__ import annotations

from decimal import Decimal

import pytest

from payments.domain.fees import FeeLimit, fee_fault
from psp_clients.contract import Money

LIMIT = FeeLimit(percent=Decimal(5), fixed=Decimal("0.50"))


@pytest.mark.parametrize(
    ("charged", "highest"),
    [
        (Money("20.00", "EUR"), "1.50"),
        (Money("0.01", "EUR"), "0.51"),
        (Money("19.99", "EUR"), "1.50"),
        (Money("20.01", "EUR"), "1.51"),
        (Money("500", "JPY"), "26"),
        (Money("1.000", "KWD"), "0.550"),
    ],
)
def test_may_be_a_share_and_a_fixed_part_rounded_up(charged: Money, highest: str):
    assert str(LIMIT.of(charged)) == highest


@pytest.mark.parametrize(
    "fee", [None, Money("0.00", "EUR"), Money("0.00", "USD"), Money("1.49", "EUR")]
)
def test_are_as_expected_up_to_the_limit(fee: Money | None):
    assert fee_fault(Money("20.00", "EUR"), fee, LIMIT) == ""


@pytest.mark.parametrize("fee", [Money("1.51", "EUR"), Money("0.01", "USD")])
def test_are_for_a_person_beyond_it_or_in_another_currency(fee: Money):
    assert fee_fault(Money("20.00", "EUR"), fee, LIMIT) == "at most 1.50 EUR"


def test_are_taken_just_at_the_limit():
    assert fee_fault(Money("20.00", "EUR"), Money("1.50", "EUR"), LIMIT) == ""

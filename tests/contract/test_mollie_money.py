"""Money as Mollie writes it."""

from __future__ import annotations

import pytest

from psp_clients.contract import InvalidRequest, Money, Unsupported
from psp_clients.mollie.money import DIGITS, is_zero, read_money, write_money
from psp_clients.strict_json import Unreadable

# As its multicurrency page lists them.
LISTED = (
    "AED AUD BRL CAD CHF CZK DKK EUR GBP HKD HUF ILS ISK JPY MXN MYR NOK NZD PHP PLN RON SEK SGD "
    "THB TWD USD ZAR"
)


def test_has_the_currencies_of_its_page_with_two_digits_or_none() -> None:
    assert sorted(DIGITS) == LISTED.split()
    assert {code for code, digits in DIGITS.items() if digits == 0} == {"ISK", "JPY"}
    assert {digits for code, digits in DIGITS.items() if code not in ("ISK", "JPY")} == {2}


@pytest.mark.parametrize("amount", ["0.01", "19.99", "999999999999.99"])
def test_is_written_and_read_as_ours(amount: str) -> None:
    money = Money(amount, "EUR")

    assert write_money(money) == {"currency": "EUR", "value": amount}
    assert read_money({"fee": write_money(money)}, "fee") == money


def test_is_refused_by_name_where_mollie_has_no_such_currency() -> None:
    with pytest.raises(Unsupported, match=r"^Mollie does not take 'BGN'$"):
        write_money(Money("1.00", "BGN"))


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.00", "EUR"), ("0", "JPY"), ("1", "EUR"), ("1.000", "EUR"), ("1.00", "JPY"), ("-1", "JPY")],
)
def test_is_refused_where_it_is_nothing_or_has_other_digits(amount: str, currency: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        write_money(Money(amount, currency))

    assert str(refused.value) == f"not a positive amount with Mollie's digits for {currency}"
    assert refused.value.field == "amount"


@pytest.mark.parametrize(("value", "currency"), [("1", "EUR"), ("1.00", "BGN"), ("1.00", "eur")])
def test_is_not_read_from_what_mollie_would_not_write(value: str, currency: str) -> None:
    with pytest.raises(Unreadable, match=r"^fee is not money$"):
        read_money({"fee": {"value": value, "currency": currency}}, "fee")


@pytest.mark.parametrize(("amount", "zero"), [("0.00", True), ("0", True), ("0.10", False)])
def test_is_nothing_where_all_digits_are_zero(amount: str, zero: bool) -> None:
    assert is_zero(Money(amount, "EUR")) is zero

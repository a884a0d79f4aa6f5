"""Money as Adyen writes it."""

from __future__ import annotations

from decimal import Decimal

import iso4217
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from psp_clients.adyen.money import DIGITS, OUR_DIGITS, read_money, write_money
from psp_clients.contract import InvalidRequest, Money, Unsupported
from psp_clients.strict_json import Unreadable
from tests.taken import taken

UNITS = {
    Money(amount, currency): units
    for amount, currency, units in (
        ("19.99", "EUR", 1999),
        ("0.01", "EUR", 1),
        ("999999999999.99", "EUR", 99999999999999),
        ("5", "ISK", 500),
        ("500", "CLP", 50000),
        ("5.00", "CVE", 5),
        ("20000.00", "IDR", 20000),
        ("500", "UGX", 500),
        ("500", "JPY", 500),
        ("500.00", "HUF", 50000),
        ("500.00", "TWD", 50000),
        ("1.250", "KWD", 1250),
        ("0.001", "BHD", 1),
        ("500", "XAF", 500),
    )
}


def test_money_is_written_in_adyens_minor_units():
    written = {money: {"currency": money.currency, "value": UNITS[money]} for money in UNITS}

    assert {money: write_money(money) for money in UNITS} == written
    assert {money: read_money({"amount": written[money]}) for money in UNITS} == {
        money: money for money in UNITS
    }


def test_a_currency_that_adyen_does_not_list_is_neither_written_nor_read():
    unlisted = {"MGA", "BIF", "BGN", "HRK", "ANG", "SLL", "VEF", "XXX", "eur", ""}
    answers = [{"amount": {"currency": currency, "value": 100}} for currency in unlisted]

    assert unlisted.isdisjoint(DIGITS)
    assert taken(unlisted, lambda code: write_money(Money("1.00", code)), Unsupported) == []
    assert taken(answers, read_money, Unreadable) == []


@pytest.mark.parametrize(
    ("amount", "currency"), [("5.50", "CVE"), ("0.99", "IDR"), ("5.5", "ISK"), ("5.00", "CLP")]
)
def test_a_sum_between_two_minor_units_or_with_other_digits_is_refused(amount: str, currency: str):
    with pytest.raises(InvalidRequest):
        write_money(Money(amount, currency))


def test_a_fraction_that_we_cannot_write_is_read_as_what_it_is():
    assert read_money({"amount": {"currency": "ISK", "value": 550}}) == Money("5.50", "ISK")
    assert read_money({"amount": {"currency": "ISK", "value": 520}}) == Money("5.20", "ISK")
    assert read_money({"amount": {"currency": "CLP", "value": 1}}) == Money("0.01", "CLP")


def test_what_is_refused_is_named():
    with pytest.raises(Unsupported, match=r"^Adyen does not take 'XXX'$"):
        write_money(Money("1.00", "XXX"))
    with pytest.raises(InvalidRequest, match=r"^not a positive amount that Adyen can write in EUR"):
        write_money(Money("0.00", "EUR"))
    with pytest.raises(Unreadable, match=r"^fee is not money$"):
        read_money({"fee": {"currency": "EUR", "value": -1}}, "fee")


def test_nothing_is_read_as_nothing():
    assert read_money({"amount": {"currency": "EUR", "value": 0}}) == Money("0.00", "EUR")
    assert read_money({"amount": {"currency": "ISK", "value": 0}}) == Money("0", "ISK")


def test_our_digits_are_those_of_iso_4217():
    assert {code: iso4217.Currency(code).exponent for code in OUR_DIGITS} == OUR_DIGITS


def test_adyen_differs_from_iso_4217_in_the_four_that_its_page_marks():
    differing = {code for code in DIGITS if DIGITS[code] != OUR_DIGITS[code]}
    assert differing == {"CLP", "CVE", "IDR", "ISK"}


@given(drawn=st.integers(0, 10**15))
@example(drawn=-1)  # the most of each
def test_every_listed_currency_comes_back_as_it_was_written(drawn: int):
    for currency, digits in DIGITS.items():
        ours = OUR_DIGITS[currency]
        written_digits = min(ours, digits)
        whole = drawn % (10 ** (12 + written_digits) - 1) + 1
        money = Money(f"{Decimal(whole).scaleb(-written_digits):.{ours}f}", currency)

        written = write_money(money)

        units = whole * 10 ** (digits - written_digits)
        assert written == {"currency": currency, "value": units}
        assert read_money({"amount": written}) == money

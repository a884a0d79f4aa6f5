"""Money as Stripe writes it."""

from __future__ import annotations

from decimal import Decimal

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psp_clients.contract import InvalidRequest, Money, Unsupported
from psp_clients.strict_json import Unreadable
from psp_clients.stripe.money import DIGITS, OUR_DIGITS, is_zero, read_money, write_money
from tests.taken import taken

# How many of our digits Stripe writes freely, and the most units of those that it has room for.
WRITTEN_DIGITS = {
    code: 2 if digits == 3 else min(digits, OUR_DIGITS[code]) for code, digits in DIGITS.items()
}
MOST = {code: 10 ** (12 + WRITTEN_DIGITS[code] - digits) - 1 for code, digits in DIGITS.items()}


UNITS = {
    Money(amount, currency): units
    for amount, currency, units in (
        ("19.99", "EUR", 1999),
        ("0.01", "EUR", 1),
        ("9999999999.99", "EUR", 999999999999),
        # Special cases of Stripe's page: two digits that are always 00.
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        # None at Stripe, two in ISO 4217.
        ("500.00", "MGA", 500),
        # None in payouts, two in charges.
        ("10.45", "HUF", 1045),
        ("800.45", "TWD", 80045),
        # Two here, none at other PSPs.
        ("5.50", "CVE", 550),
        ("20000.99", "IDR", 2000099),
        # None.
        ("500", "BIF", 500),
        ("500", "CLP", 500),
        ("500", "DJF", 500),
        ("500", "GNF", 500),
        ("500", "JPY", 500),
        ("500", "KMF", 500),
        ("500", "KRW", 500),
        ("500", "PYG", 500),
        ("500", "RWF", 500),
        ("500", "VND", 500),
        ("500", "VUV", 500),
        ("500", "XAF", 500),
        ("500", "XOF", 500),
        ("500", "XPF", 500),
        # Three, the last of which is zero.
        ("5.120", "BHD", 5120),
        ("5.120", "JOD", 5120),
        ("5.120", "KWD", 5120),
        ("5.120", "OMR", 5120),
        ("5.120", "TND", 5120),
    )
}


def test_money_is_written_in_stripes_units():
    written = {money: (units, money.currency.lower()) for money, units in UNITS.items()}

    assert {money: write_money(money) for money in UNITS} == written
    assert {
        money: read_money({"amount": units, "currency": currency}, "amount")
        for money, (units, currency) in written.items()
    } == {money: money for money in UNITS}


def test_a_currency_that_is_not_listed_is_not_written():
    unlisted = {"ANG", "BGN", "STD", "HRK", "LTL", "GHS", "IQD", "LYD", "CUP", "USDC", "XXX"}
    unlisted |= {"eur", ""}

    assert unlisted.isdisjoint(DIGITS)
    assert taken(unlisted, lambda code: write_money(Money("1.00", code)), Unsupported) == []


def test_an_answer_in_a_currency_that_is_not_listed_is_unreadable():
    answers = [{"amount": 100, "currency": one} for one in ("ang", "ghs", "usdc", "", None, 978)]

    assert taken(answers, lambda answer: read_money(answer, "amount"), Unreadable) == []


def test_an_amount_that_is_no_number_of_units_is_unreadable():
    amounts = (-1, 19.99, "1999", True, None, 10**15)
    answers = [{"amount": amount, "currency": "eur"} for amount in amounts]

    assert taken(answers, lambda answer: read_money(answer, "amount"), Unreadable) == []


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("0.00", "EUR"),
        ("-1.00", "EUR"),
        ("5.5", "EUR"),
        ("5.00", "JPY"),
        ("10000000000.00", "EUR"),  # thirteen digits
        ("5.50", "MGA"),  # no fraction at Stripe
        ("5.125", "KWD"),  # a last digit that is not zero
    ],
)
def test_what_stripe_has_no_way_to_write_is_refused(amount: str, currency: str):
    with pytest.raises(InvalidRequest) as refused:
        write_money(Money(amount, currency))

    assert str(refused.value) == f"not a positive amount that Stripe can write in {currency}"
    assert refused.value.field == "amount"


def test_what_is_refused_is_named():
    with pytest.raises(Unsupported, match=r"^Stripe does not take 'XXX'$"):
        write_money(Money("1.00", "XXX"))
    with pytest.raises(Unreadable, match=r"^fee is not money$"):
        read_money({"fee": -1, "currency": "eur"}, "fee")
    with pytest.raises(Unreadable, match=r"^currency is not listed$"):
        read_money({"fee": 1, "currency": "xxx"}, "fee")


def test_a_fraction_that_we_cannot_write_is_read_as_what_it_is():
    assert read_money({"amount": 550, "currency": "isk"}, "amount") == Money("5.50", "ISK")
    assert read_money({"amount": 5124, "currency": "kwd"}, "amount") == Money("5.124", "KWD")


def test_nothing_is_read_as_nothing():
    for currency, nothing in (("eur", "0.00"), ("isk", "0"), ("jpy", "0"), ("kwd", "0.000")):
        read = read_money({"amount": 0, "currency": currency}, "amount")
        assert read == Money(nothing, currency.upper())
        assert is_zero(read)
    assert not is_zero(Money("0.01", "EUR"))


def test_our_digits_are_those_of_iso_4217():
    assert {code: iso4217.Currency(code).exponent for code in OUR_DIGITS} == OUR_DIGITS


def test_stripe_differs_from_iso_4217_in_three_currencies():
    differing = {code: DIGITS[code] for code in DIGITS if DIGITS[code] != OUR_DIGITS[code]}
    assert differing == {"ISK": 2, "MGA": 0, "UGX": 2}


def test_lists_136_currencies():
    assert len(DIGITS) == 136


@given(drawn=st.integers(0, 10**12))
def test_every_listed_currency_comes_back_as_it_was_written(drawn: int):
    for currency, digits in DIGITS.items():
        amount, written = drawn % MOST[currency] + 1, WRITTEN_DIGITS[currency]
        money = Money(f"{Decimal(amount).scaleb(-written):.{OUR_DIGITS[currency]}f}", currency)

        units, word = write_money(money)

        assert (units, word) == (amount * 10 ** (digits - written), currency.lower())
        assert read_money({"amount": units, "currency": word}, "amount") == money

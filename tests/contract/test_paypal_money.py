"""Money as PayPal writes it."""

from __future__ import annotations

from decimal import Decimal

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psp_clients.contract import InvalidRequest, Money, Unsupported
from psp_clients.paypal.money import CURRENCIES, WHOLE, from_ledger, from_paypal, to_paypal
from psp_clients.strict_json import Unreadable
from tests.taken import taken


@pytest.mark.parametrize(
    ("amount", "currency", "value"),
    [
        ("19.99", "EUR", "19.99"),
        ("0.01", "USD", "0.01"),
        ("999999999999.99", "EUR", "999999999999.99"),
        ("500", "JPY", "500"),
        ("500.00", "HUF", "500"),
        ("500.00", "TWD", "500"),
        ("10.00", "HUF", "10"),
    ],
)
def test_money_is_written_with_paypals_digits_and_read_with_ours(
    amount: str, currency: str, value: str
):
    written = {"currency_code": currency, "value": value}
    assert to_paypal(Money(amount, currency)) == written
    assert from_paypal(written) == Money(amount, currency)


def test_a_currency_that_paypal_does_not_list_is_neither_written_nor_read():
    sums = [
        Money("5", "ISK"),
        Money("500", "CLP"),
        Money("5.00", "CVE"),
        Money("20000.00", "IDR"),
        Money("500", "UGX"),
        Money("500.00", "MGA"),
        Money("1.250", "KWD"),
        Money("19.99", "eur"),
        Money("19.99", ""),
    ]
    written = [{"currency_code": money.currency, "value": money.amount} for money in sums]

    assert taken(sums, to_paypal, Unsupported) == []
    assert taken(written, from_paypal, Unreadable) == []


@pytest.mark.parametrize("currency", ["HUF", "TWD"])
def test_a_part_of_what_paypal_moves_in_whole_only_is_refused(currency: str):
    for amount in ("500.50", "0.50", "500.01"):
        with pytest.raises(InvalidRequest, match=f"whole {currency} only"):
            to_paypal(Money(amount, currency))


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("0.00", "EUR"),
        ("0", "JPY"),
        ("1", "EUR"),
        ("1.000", "EUR"),
        ("1.00", "JPY"),
        ("-1.00", "EUR"),
        ("01.00", "EUR"),
    ],
)
def test_nothing_and_other_digits_than_the_currencys_are_refused(amount: str, currency: str):
    with pytest.raises(InvalidRequest) as refused:
        to_paypal(Money(amount, currency))

    assert str(refused.value) == f"not a positive amount with {currency}'s digits"
    assert refused.value.field == "amount"


def test_what_is_refused_is_named():
    with pytest.raises(Unsupported, match=r"^PayPal does not take 'ISK'$"):
        to_paypal(Money("5", "ISK"))
    with pytest.raises(InvalidRequest, match=r"^PayPal takes whole HUF only$") as refused:
        to_paypal(Money("5.50", "HUF"))
    assert refused.value.field == "amount"
    for value, currency, why in (
        ("-5.00", "EUR", "is negative"),
        ("5,00", "EUR", "is not money"),
        ("5.50", "JPY", "has more digits than JPY"),
    ):
        with pytest.raises(Unreadable, match=f"^an amount {why}$"):
            from_paypal({"currency_code": currency, "value": value})


@pytest.mark.parametrize("value", ["-", ".", "-."])
def test_a_sign_or_a_point_alone_is_no_sum_of_the_ledger(value: str):
    with pytest.raises(Unreadable):
        from_ledger({"currency_code": "EUR", "value": value})


READ = {
    (value, currency): amount
    for value, currency, amount in (
        ("5", "EUR", "5.00"),
        (".5", "EUR", "0.50"),
        ("5.5", "EUR", "5.50"),
        ("5.500", "EUR", "5.50"),
        ("007.10", "EUR", "7.10"),
        ("500.00", "JPY", "500"),
        ("500.00", "TWD", "500.00"),
        ("500.25", "TWD", "500.25"),
        ("0", "EUR", "0.00"),
    )
}


def test_money_is_read_however_paypal_writes_it():
    read = {
        (value, currency): from_paypal({"currency_code": currency, "value": value})
        for value, currency in READ
    }
    assert read == {written: Money(amount, written[1]) for written, amount in READ.items()}


def test_what_is_not_money_is_unreadable():
    values: list[object] = ["", ".", "-", "-5.00", "+5.00", "5,00", "5.001", "5.", "1e3", "\u0665"]
    written: list[dict[str, object]] = [
        *({"currency_code": "EUR", "value": value} for value in (*values, 5, None)),
        {"currency_code": "JPY", "value": "5.50"},
        {"value": "5.00"},
        {"currency_code": "EUR"},
    ]

    assert taken(written, from_paypal, Unreadable) == []


def test_the_list_of_transactions_writes_what_goes_out_with_a_minus():
    assert from_ledger({"currency_code": "EUR", "value": "-0.60"}) == (True, Money("0.60", "EUR"))
    assert from_ledger({"currency_code": "EUR", "value": "0.60"}) == (False, Money("0.60", "EUR"))


def test_the_table_is_that_of_paypals_page():
    assert len(CURRENCIES) == 25
    assert sorted(WHOLE) == ["HUF", "JPY", "TWD"]
    digits = {code: iso4217.Currency(code).exponent for code in CURRENCIES}
    assert {code for code, places in digits.items() if places != 2} == {"JPY"}


@given(units=st.integers(1, 10**12 - 1))
def test_every_listed_currency_comes_back_as_it_was_written(units: int):
    for currency in CURRENCIES:
        in_hundredths = currency not in WHOLE
        whole = Decimal(units).scaleb(-2) if in_hundredths else Decimal(units)
        money = Money(str(units) if currency == "JPY" else f"{whole:.2f}", currency)

        written = to_paypal(money)

        value = f"{whole:.2f}" if in_hundredths else str(units)
        assert written == {"currency_code": currency, "value": value}
        assert from_paypal(written) == money

"""Money: which strings are amounts, which codes are currencies, and how both are written."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from payments.domain.money import (
    CANONICAL_AMOUNT,
    MoneyRefused,
    currency_digits,
    is_plain_decimal,
    parse_money,
    same_money,
    with_digits_of,
)
from psp_clients.contract import Money

DIGITS = {c.code: int(c.exponent) for c in Currency if c.exponent is not None}
NO_STRING = "must be a string, since languages read numbers differently"
NO_DECIMAL = 'must be a plain decimal such as "19.99": digits 0-9, at most 12 of them, and a point'
NO_CURRENCY = "must be the three capital letters of an active ISO 4217 currency"

currencies = st.sampled_from(sorted(DIGITS))


@st.composite
def sums(draw: st.DrawFn) -> tuple[int, str]:
    """Return a sum in the smallest units of its currency, and the currency."""
    code = draw(currencies)
    return draw(st.integers(1, 10 ** (12 + DIGITS[code]) - 1)), code


def refusal(amount: Any, currency: Any = "EUR") -> tuple[str, str]:
    with pytest.raises(MoneyRefused) as refused:
        parse_money(amount, currency)
    assert str(refused.value) == refused.value.reason
    return refused.value.field, refused.value.reason


def refusals(sums: list[tuple[Any, Any]]) -> dict[tuple[str, str], list[tuple[Any, Any]]]:
    """Return amounts with their currencies, by how they are refused."""
    found = defaultdict(list)
    for amount, currency in sums:
        try:
            parse_money(amount, currency)
        except MoneyRefused as refused:
            found[refused.field, refused.reason].append((amount, currency))
        else:
            found["taken", ""].append((amount, currency))
    return found


class TestAnAmount:
    def test_is_written_with_all_digits_of_its_currency(self) -> None:
        canonical = {
            ("19.99", "EUR"): "19.99",
            ("19.9", "EUR"): "19.90",
            ("19", "EUR"): "19.00",
            ("0.01", "EUR"): "0.01",
            ("500", "JPY"): "500",
            ("1.5", "KWD"): "1.500",
            ("0.001", "KWD"): "0.001",
            ("1.2345", "CLF"): "1.2345",
            ("999999999999.99", "EUR"): "999999999999.99",
        }

        read = {(amount, code): parse_money(amount, code) for amount, code in canonical}

        assert read == {given: Money(canonical[given], given[1]) for given in canonical}

    def test_is_a_string_or_refused(self) -> None:
        amounts: list[Any] = [
            19.99,
            19,
            -1,
            0,
            True,
            None,
            Decimal("19.99"),
            b"19.99",
            ["19.99"],
            {},
        ]
        given_sums = [(amount, "EUR") for amount in amounts]

        assert refusals(given_sums) == {("amount", NO_STRING): given_sums}

    def test_is_a_plain_ascii_decimal_or_refused(self) -> None:
        amounts = [
            "1e3",
            "1E3",
            "NaN",
            "nan",
            "Infinity",
            "-inf",
            "-1",
            "-0.01",
            "-0",
            "+5",
            "1,00",
            "1,000.00",
            "1_000",
            "1 000",
            " 12 ",
            "12\n",
            "\n12",
            "12\x00",
            "12\u2028",
            "",
            " ",
            ".",
            ".5",
            "5.",
            "1.2.3",
            "007.00",
            "00",
            "0x10",
            "١٢",
            "\uff11\uff12",
            "12.५०",
            "\uff119.99",
            "19.99 EUR",
            "€19.99",
            "1" * 13,
            "9" * 40,
            "9" * 100_000,
            "1.23456",
        ]
        given_sums = [(amount, "EUR") for amount in amounts]

        assert refusals(given_sums) == {("amount", NO_DECIMAL): given_sums}

    @pytest.mark.parametrize(
        ("amount", "currency", "digits"),
        [
            ("19.999", "EUR", 2),
            ("19.990", "EUR", 2),
            ("10.5", "JPY", 0),
            ("10.0", "JPY", 0),
            ("1.2345", "KWD", 3),
        ],
    )
    def test_with_more_digits_than_its_currency_has_is_refused(
        self, amount: str, currency: str, digits: int
    ) -> None:
        assert refusal(amount, currency) == (
            "amount",
            f"{currency} has {digits} digits after the point",
        )

    def test_of_an_item_may_be_a_discount(self) -> None:
        texts = ["19.99", "-19.99", "0", "", "--1", "+1", "1e3", "X1"]

        assert [text for text in texts if is_plain_decimal(text)] == ["19.99", "-19.99", "0"]

    @pytest.mark.parametrize("amount", ["0", "0.0", "0.00"])
    def test_of_nothing_is_refused(self, amount: str) -> None:
        assert refusal(amount) == ("amount", "must be more than zero")

    @given(sums())
    def test_of_any_currency_reads_as_it_was_written(self, given_sum: tuple[int, str]) -> None:
        units, code = given_sum
        digits = DIGITS[code]
        value = Decimal(units).scaleb(-digits)
        written = f"{value:.{digits}f}"

        money = parse_money(written, code)

        assert money == Money(written, code)
        assert with_digits_of(money.amount, value) == written
        assert parse_money(money.amount, money.currency) == money

    @given(st.text(max_size=20), currencies)
    def test_that_is_accepted_is_canonical_and_keeps_its_value(
        self, amount: str, code: str
    ) -> None:
        try:
            money = parse_money(amount, code)
        except MoneyRefused:
            return
        assert Decimal(money.amount) == Decimal(amount)
        assert amount.isascii()

    def test_in_the_database_has_the_form_that_is_written_here(self) -> None:
        assert CANONICAL_AMOUNT == r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$"
        assert max(DIGITS.values()) == 4


class TestACurrency:
    def test_that_is_active_has_the_digits_of_iso_4217(self) -> None:
        assert {code: currency_digits(code) for code in DIGITS} == DIGITS

    def test_of_daily_use_has_the_digits_that_people_know(self) -> None:
        known = {"JPY": 0, "KRW": 0, "EUR": 2, "RSD": 2, "HUF": 2, "KWD": 3, "CLF": 4}

        assert {code: currency_digits(code) for code in known} == known

    def test_that_is_not_active_money_is_refused(self) -> None:
        codes = [
            "eur",
            "Eur",
            "EURO",
            "EU",
            "",
            " EUR",
            "EUR ",
            "EUR\n",
            "978",
            "\uff25\uff35\uff32",
            "\u0415UR",
            "XXX",
            "XTS",
            "XAU",
            "XAG",
            "XPT",
            "XPD",
            "XDR",
            "DEM",
            "HRK",
            "FRF",
            "ITL",
            "EEK",
            "VEF",
            "ZWL",
            "QQQ",
        ]
        given_sums = [("10", code) for code in codes]

        assert refusals(given_sums) == {("currency", NO_CURRENCY): given_sums}

    def test_is_a_string_or_refused(self) -> None:
        given_sums = [("10", code) for code in (None, 978, 978.0, True, ["EUR"], b"EUR")]

        assert refusals(given_sums) == {("currency", "must be a string"): given_sums}

    def test_is_judged_before_the_amount(self) -> None:
        assert refusal("1e3", "eur") == ("currency", NO_CURRENCY)

    @given(st.text(max_size=4))
    def test_that_is_unknown_is_refused_and_never_an_error(self, code: str) -> None:
        if code not in DIGITS:
            assert refusal("10", code) == ("currency", NO_CURRENCY)


class TestTwoSums:
    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            (Money("19.90", "EUR"), Money("19.9", "EUR")),
            (Money("500", "JPY"), Money("500.00", "JPY")),
            (Money("0", "EUR"), Money("0.00", "EUR")),
        ],
    )
    def test_are_the_same_whatever_their_trailing_zeros(self, ours: Money, theirs: Money) -> None:
        assert same_money(ours, theirs)

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            (Money("19.90", "EUR"), Money("19.91", "EUR")),
            (Money("19.90", "EUR"), Money("19.90", "USD")),
            (Money("19.90", "EUR"), Money("1990", "EUR")),
        ],
    )
    def test_differ_by_value_or_currency(self, ours: Money, theirs: Money) -> None:
        assert not same_money(ours, theirs)


class TestARunningTotal:
    @pytest.mark.parametrize(
        ("total", "currency", "written"),
        [
            ("0", "EUR", "0.00"),
            ("0.0000", "JPY", "0"),
            ("19.9900", "EUR", "19.99"),
            ("1.5000", "KWD", "1.500"),
            ("999999999999.9999", "CLF", "999999999999.9999"),
        ],
    )
    def test_is_written_in_the_digits_of_its_purchase(
        self, total: str, currency: str, written: str
    ) -> None:
        amount = parse_money("1", currency).amount

        assert with_digits_of(amount, Decimal(total)) == written

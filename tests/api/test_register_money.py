"""Registering: money that is none is refused, and nothing is stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.answers import each_refused, reason, reasons, refused
from tests.api.caller import Caller, encoded

pytestmark = pytest.mark.django_db

NO_STRING = "must be a string, since languages read numbers differently"
NO_DECIMAL = 'must be a plain decimal such as "19.99": digits 0-9, at most 12 of them, and a point'
NO_CURRENCY = "must be the three capital letters of an active ISO 4217 currency"


def why_refused(api: Caller, field: str, values: list[Any]) -> set[str]:
    """Expect that a field is refused with each value, changing nothing; return the reasons."""
    answers = each_refused(
        lambda value: api.register(**{field: value}), values, 400, "invalid-request", field
    )
    return reasons(answers, field)


class TestAnAmount:
    def test_that_is_no_string_is_refused(self, api: Caller) -> None:
        amounts = [19.99, 1999, 0, -1, True, ["19.99"], {"value": "19.99"}]

        assert why_refused(api, "amount", amounts) == {NO_STRING}

    def test_that_is_no_plain_decimal_is_refused(self, api: Caller) -> None:
        amounts = ["1e3", "NaN", "Infinity", "-1", "-0", "1,00", "١٢", "\uff11\uff12", "1_000"]
        amounts += ["+5", " 12 ", "12\n", "", "007", ".5", "9" * 13, "9" * 40]

        assert why_refused(api, "amount", amounts) == {NO_DECIMAL}

    @pytest.mark.parametrize(
        ("amount", "currency", "why"),
        [
            ("19.999", "EUR", "EUR has 2 digits after the point"),
            ("10.5", "JPY", "JPY has 0 digits after the point"),
            ("1.2345", "KWD", "KWD has 3 digits after the point"),
            ("0", "EUR", "must be more than zero"),
            ("0.00", "EUR", "must be more than zero"),
        ],
    )
    def test_that_does_not_fit_its_currency_is_refused(
        self, api: Caller, amount: str, currency: str, why: str
    ) -> None:
        answer = refused(
            lambda: api.register(amount=amount, currency=currency),
            400,
            "invalid-request",
            "amount",
        )

        assert reason(answer, "amount") == why

    def test_that_is_missing_is_named(self, api: Caller) -> None:
        refused(lambda: api.register(amount=None), 400, "invalid-request", "amount")

    def test_that_is_null_is_named(self, api: Caller) -> None:
        body = encoded({"checkout_id": "c-1", "amount": None, "currency": "EUR"})

        refused(lambda: api.send("POST", "", body), 400, "invalid-request", "amount", "return_url")


class TestACurrency:
    def test_that_is_not_active_money_is_refused(self, api: Caller) -> None:
        codes = ["eur", "Eur", "EURO", "EU", "XXX", "XTS", "XAU", "DEM", "HRK", "QQQ", "978"]

        assert why_refused(api, "currency", [*codes, "\u0415UR"]) == {NO_CURRENCY}

    def test_with_white_space_is_refused(self, api: Caller) -> None:
        assert why_refused(api, "currency", [" EUR", "EUR ", "EUR\n", "\tEUR"])

    def test_that_is_no_short_string_is_refused(self, api: Caller) -> None:
        assert why_refused(api, "currency", ["", "E" * 9, 978, True, ["EUR"], {}])

    def test_that_is_missing_is_named(self, api: Caller) -> None:
        refused(lambda: api.register(currency=None), 400, "invalid-request", "currency")

    def test_that_the_shop_s_psps_do_not_take_is_refused(self, api: Caller) -> None:
        refused(lambda: api.register(amount="1.00", currency="CHE"), 422, "no-psp-fits", "psp")

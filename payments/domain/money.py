"""Amounts and currencies: strings from the shop's JSON to the database column.

A float never comes near. Amounts are ASCII decimal strings in major units; the digits after the
point belong to the currency (ISO 4217: JPY 0, EUR 2, KWD 3).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from iso4217 import Currency

from psp_clients.contract import Money

# What the database's CHECK repeats. Twelve digits hold a trillion of the smallest currency.
CANONICAL_AMOUNT: Final = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$"

# ASCII digits only: \d would let Arabic-Indic and full-width digits through.
_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,4}))?")


class MoneyRefused(ValueError):
    """An amount or a currency is not acceptable. `field` says which of the two."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def currency_digits(code: str) -> int:
    """Return the digits after the point of an active ISO 4217 currency.

    Raises MoneyRefused for unknown and withdrawn codes and for those that are no money
    (XXX, XTS, precious metals), which ISO 4217 lists without digits.
    """
    try:
        digits = Currency(code).exponent
    except ValueError:
        digits = None
    if digits is None:
        raise MoneyRefused(
            "currency", "must be the three capital letters of an active ISO 4217 currency"
        )
    return int(digits)


def parse_money(amount: object, currency: object) -> Money:
    """Return the canonical form of what a shop sent ("19.9" EUR becomes "19.90").

    Raises MoneyRefused, naming the field, for anything but a decimal string that fits its
    currency and is above zero.
    """
    if not isinstance(currency, str):
        raise MoneyRefused("currency", "must be a string")
    digits = currency_digits(currency)
    if not isinstance(amount, str):
        raise MoneyRefused("amount", "must be a string, since languages read numbers differently")
    match = _AMOUNT.fullmatch(amount)
    if match is None:
        raise MoneyRefused(
            "amount",
            'must be a plain decimal such as "19.99": digits 0-9, at most 12 of them, and a point',
        )
    whole, fraction = match[1], match[2] or ""
    if len(fraction) > digits:
        raise MoneyRefused("amount", f"{currency} has {digits} digits after the point")
    canonical = f"{whole}.{fraction.ljust(digits, '0')}" if digits else whole
    if not Decimal(canonical):
        raise MoneyRefused("amount", "must be more than zero")
    return Money(canonical, currency)


def is_plain_decimal(text: str) -> bool:
    """Tell whether a text is a decimal as amounts are written, be it negative (a discount)."""
    return _AMOUNT.fullmatch(text.removeprefix("-")) is not None


def with_digits_of(amount: str, value: Decimal) -> str:
    """Write a running total with the digits of a stored amount of the same currency.

    Not with ISO 4217's of today: a stored sum stays readable when its currency is withdrawn.
    """
    return str(value.quantize(Decimal(amount)))


def same_money(ours: Money, theirs: Money) -> bool:
    """Tell whether two sums are equal whatever their trailing zeros."""
    return ours.currency == theirs.currency and Decimal(ours.amount) == Decimal(theirs.amount)

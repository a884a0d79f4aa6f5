"""Money as PayPal writes it, and as we do: our table of its currencies, and nothing else.

PayPal takes these 25 currencies, and no decimals of three of them, though ISO 4217 gives two digits
to HUF and TWD. What the table does not list is refused.
"""

from __future__ import annotations

import re
from typing import Final

from psp_clients.contract import InvalidRequest, Money, Unsupported
from psp_clients.strict_json import JsonObject, Unreadable, text

# https://developer.paypal.com/api/rest/reference/currency-codes/
_LISTED: Final = (
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN RUB SEK SGD THB"
    " TWD USD"
)
CURRENCIES: Final = frozenset(_LISTED.split())
# "This currency does not support decimals. If you pass a decimal amount, an error occurs."
WHOLE: Final = frozenset({"HUF", "JPY", "TWD"})

_DIGITS: Final = {currency: 0 if currency == "JPY" else 2 for currency in CURRENCIES}
_OURS: Final = {
    0: re.compile(r"(?:0|[1-9][0-9]{0,11})"),
    2: re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{2}"),
}
_THEIRS: Final = re.compile(r"(-?)(?=\.?[0-9])([0-9]{0,12})(?:\.([0-9]{1,6}))?")


def to_paypal(money: Money) -> dict[str, str]:
    """Return PayPal's object for a sum that it can move.

    Raises Unsupported for a currency that it does not take, and InvalidRequest for an amount that
    is not positive, not written with the currency's digits, or not whole where it must be.
    """
    currency = money.currency
    if currency not in CURRENCIES:
        raise Unsupported(f"PayPal does not take {currency!r}")
    if not _OURS[_DIGITS[currency]].fullmatch(money.amount) or not money.amount.strip("0."):
        raise InvalidRequest(f"not a positive amount with {currency}'s digits", field="amount")
    whole, _, fraction = money.amount.partition(".")
    if currency not in WHOLE:
        return {"currency_code": currency, "value": money.amount}
    if fraction.strip("0"):
        raise InvalidRequest(f"PayPal takes whole {currency} only", field="amount")
    return {"currency_code": currency, "value": whole}


def from_paypal(amount: JsonObject) -> Money:
    """Return the sum that an object of PayPal's states, or raise Unreadable."""
    is_negative, money = from_ledger(amount)
    if is_negative:
        raise Unreadable("an amount is negative")
    return money


def from_ledger(amount: JsonObject) -> tuple[bool, Money]:
    """Return whether a signed sum is negative, and the sum without its sign."""
    currency, value = text(amount, "currency_code"), text(amount, "value")
    match = _THEIRS.fullmatch(value)
    if currency not in CURRENCIES or match is None:
        raise Unreadable("an amount is not money")
    sign, whole, fraction = match[1], match[2].lstrip("0") or "0", match[3] or ""
    digits = _DIGITS[currency]
    if fraction[digits:].strip("0"):
        raise Unreadable(f"an amount has more digits than {currency}")
    canonical = f"{whole}.{fraction[:digits].ljust(digits, '0')}" if digits else whole
    return sign == "-", Money(canonical, currency)

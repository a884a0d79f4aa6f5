"""Money as Mollie writes it: decimal strings with exactly the digits of its multicurrency page."""

from __future__ import annotations

import re
from typing import Final

from psp_clients.contract import InvalidRequest, Money, Unsupported
from psp_clients.strict_json import JsonObject, Unreadable, child, text

# Mollie's own digits: HUF and TWD have two, whatever a payment method behind Mollie rounds to.
# What its page does not list, or lists no more (BGN, HRK, RUB), is refused.
_CURRENCIES: Final[dict[int, str]] = {
    0: "ISK JPY",
    2: "AED AUD BRL CAD CHF CZK DKK EUR GBP HKD HUF ILS MXN MYR NOK NZD PHP PLN RON SEK SGD THB"
    " TWD USD ZAR",
}
DIGITS: Final[dict[str, int]] = {
    currency: digits for digits, listed in _CURRENCIES.items() for currency in listed.split()
}

_AMOUNT: Final = {
    0: re.compile(r"(?:0|[1-9][0-9]{0,11})"),
    2: re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{2}"),
}


def write_money(money: Money) -> dict[str, str]:
    """Return `money` as Mollie takes it; raise Unsupported or InvalidRequest if it cannot."""
    if money.currency not in DIGITS:
        raise Unsupported(f"Mollie does not take {money.currency!r}")
    if not _is_canonical(money) or is_zero(money):
        raise InvalidRequest(
            f"not a positive amount with Mollie's digits for {money.currency}", field="amount"
        )
    return {"currency": money.currency, "value": money.amount}


def read_money(source: JsonObject, name: str) -> Money:
    """Return an amount object's money, or raise Unreadable."""
    amount = child(source, name)
    money = Money(amount=text(amount, "value"), currency=text(amount, "currency"))
    if money.currency not in DIGITS or not _is_canonical(money):
        raise Unreadable(f"{name} is not money")
    return money


def is_zero(money: Money) -> bool:
    """Tell whether canonical money is nothing."""
    return not money.amount.strip("0.")


def _is_canonical(money: Money) -> bool:
    return _AMOUNT[DIGITS[money.currency]].fullmatch(money.amount) is not None

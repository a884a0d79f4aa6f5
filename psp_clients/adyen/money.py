"""Money as Adyen writes it: whole minor units, with the decimals of its currency codes page."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from psp_clients.contract import InvalidRequest, Money, Unsupported
from psp_clients.strict_json import JsonObject, Unreadable, child, text

# Adyen's own decimals. What its page does not list, or lists no more, is refused.
_CURRENCIES: Final[dict[int, str]] = {
    0: "CVE DJF GNF IDR JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: "AED ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CHF CLP"
    " CNY COP CRC CUP CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL"
    " HTG HUF ILS INR ISK JMD KES KGS KHR KYD KZT LAK LBP LKR MAD MDL MKD MMK MNT MOP MRU MUR"
    " MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR"
    " SBD SCR SEK SGD SHP SLE SOS SRD STN SVC SZL THB TOP TRY TTD TWD TZS UAH USD UYU UZS WST"
    " XCD YER ZAR ZMW",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
DIGITS: Final = MappingProxyType(
    {currency: digits for digits, listed in _CURRENCIES.items() for currency in listed.split()}
)
# Where Adyen leaves ISO 4217, our amounts keep to it: 5 ISK are "5" here and 500 there.
OUR_DIGITS: Final = MappingProxyType({**DIGITS, "CLP": 0, "CVE": 2, "IDR": 2, "ISK": 0})

_AMOUNT: Final = {
    0: re.compile(r"(?:0|[1-9][0-9]{0,11})"),
    2: re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{2}"),
    3: re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{3}"),
}
_MOST_MINOR_UNITS: Final = 10**15


def write_money(money: Money) -> dict[str, str | int]:
    """Return `money` as Adyen takes it; raise Unsupported or InvalidRequest if it cannot."""
    if money.currency not in DIGITS:
        raise Unsupported(f"Adyen does not take {money.currency!r}")
    units = _minor_units(money)
    if not units:
        raise InvalidRequest(
            f"not a positive amount that Adyen can write in {money.currency}", field="amount"
        )
    return {"currency": money.currency, "value": units}


def read_money(source: JsonObject, name: str = "amount") -> Money:
    """Return an amount object's money, or raise Unreadable.

    It bears our digits, or more where Adyen states a fraction of what we can write.
    """
    amount = child(source, name)
    currency, units = text(amount, "currency"), amount.get("value")
    if currency not in DIGITS or type(units) is not int or not 0 <= units < _MOST_MINOR_UNITS:
        raise Unreadable(f"{name} is not money")
    theirs, ours = DIGITS[currency], OUR_DIGITS[currency]
    units, digits = units * 10 ** max(ours - theirs, 0), max(ours, theirs)
    if units % 10 ** (digits - ours) == 0:
        units, digits = units // 10 ** (digits - ours), ours
    whole, fraction = divmod(units, 10**digits)
    return Money(f"{whole}.{fraction:0{digits}}" if digits else f"{whole}", currency)


def _minor_units(money: Money) -> int:
    """Return how many of Adyen's minor units this is, or 0 where it is no whole number of them."""
    theirs, ours = DIGITS[money.currency], OUR_DIGITS[money.currency]
    if not _AMOUNT[ours].fullmatch(money.amount):
        return 0
    units = int(money.amount.replace(".", "")) * 10 ** max(theirs - ours, 0)
    whole, rest = divmod(units, 10 ** max(ours - theirs, 0))
    return 0 if rest else whole

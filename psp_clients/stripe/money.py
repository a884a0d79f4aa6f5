"""Money as Stripe writes it: whole numbers of the unit that its currencies page sets."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from psp_clients.contract import InvalidRequest, Money, Unsupported
from psp_clients.strict_json import JsonObject, Unreadable, text

# Digits of Stripe's unit. Listed is what its page lists and ISO 4217 has not withdrawn (ANG, BGN,
# STD); the rest is refused. That page has UGX among those without digits, too, but also as a
# special case like ISK: 5 UGX are sent as 500. HUF and TWD lose their digits in payouts alone.
_CURRENCIES: Final[dict[int, str]] = {
    0: "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF"
    " CHF CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL"
    " HTG HUF IDR ILS INR ISK JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT"
    " MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD"
    " RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TOP TRY TTD TWD TZS UAH UGX USD UYU"
    " UZS WST XCD YER ZAR ZMW",
    3: "BHD JOD KWD OMR TND",
}
DIGITS: Final = MappingProxyType(
    {currency: digits for digits, listed in _CURRENCIES.items() for currency in listed.split()}
)
# Where Stripe leaves ISO 4217, our amounts keep to it: 5 ISK are "5" here and 500 there, and 5 MGA
# are "5.00" here and 5 there.
OUR_DIGITS: Final = MappingProxyType({**DIGITS, "ISK": 0, "MGA": 2, "UGX": 0})

# Of three digits the last must be zero: Stripe's partners do not take it.
_STEPS: Final = {0: 1, 2: 1, 3: 10}
_MOST_UNITS: Final = 999_999_999_999  # twelve digits, the most that an amount may have

_AMOUNT: Final = {
    0: re.compile(r"(?:0|[1-9][0-9]{0,11})"),
    2: re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{2}"),
    3: re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{3}"),
}
_MOST_READ: Final = 10**15


def write_money(money: Money) -> tuple[int, str]:
    """Return amount and currency as Stripe takes them.

    Raises Unsupported for a currency that is not listed, and InvalidRequest for an amount that
    is not positive or that Stripe cannot write.
    """
    if money.currency not in DIGITS:
        raise Unsupported(f"Stripe does not take {money.currency!r}")
    units = _units(money)
    if not 0 < units <= _MOST_UNITS:
        raise InvalidRequest(
            f"not a positive amount that Stripe can write in {money.currency}", field="amount"
        )
    return units, money.currency.lower()


def read_money(source: JsonObject, name: str) -> Money:
    """Return an amount and the `currency` beside it, or raise Unreadable.

    It bears our digits, or more where Stripe states a fraction that we do not write.
    """
    currency, units = read_currency(source), source.get(name)
    if type(units) is not int or not 0 <= units < _MOST_READ:
        raise Unreadable(f"{name} is not money")
    theirs, ours = DIGITS[currency], OUR_DIGITS[currency]
    units, digits = units * 10 ** max(ours - theirs, 0), max(ours, theirs)
    if units % 10 ** (digits - ours) == 0:
        units, digits = units // 10 ** (digits - ours), ours
    whole, fraction = divmod(units, 10**digits)
    return Money(f"{whole}.{fraction:0{digits}}" if digits else f"{whole}", currency)


def read_currency(source: JsonObject) -> str:
    """Return the listed currency of an object, or raise Unreadable."""
    currency = text(source, "currency").upper()
    if currency not in DIGITS:
        raise Unreadable("currency is not listed")
    return currency


def is_zero(money: Money) -> bool:
    """Tell whether money that was read is nothing."""
    return not money.amount.strip("0.")


def _units(money: Money) -> int:
    """Return how many of Stripe's units this is, or 0 where it is no number that Stripe takes."""
    theirs, ours = DIGITS[money.currency], OUR_DIGITS[money.currency]
    if not _AMOUNT[ours].fullmatch(money.amount):
        return 0
    units = int(money.amount.replace(".", "")) * 10 ** max(theirs - ours, 0)
    units, rest = divmod(units, 10 ** max(ours - theirs, 0))
    return 0 if rest or units % _STEPS[theirs] else units

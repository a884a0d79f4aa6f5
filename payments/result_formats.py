"""Sums and instants as a shopper's language writes them. For display alone."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Final

from babel import Locale
from babel.dates import format_date, format_time, get_datetime_format
from babel.numbers import parse_pattern

# CLDR asks for a space here ("RSD 12.34"), which Babel leaves out.
_CODE_BESIDE_NUMBER: Final = re.compile(r"(?<=[A-Za-z])(?=[0-9])")


def sum_shown(value: Decimal, currency: str, *, digits: int, locale: str) -> str:
    """Write a sum with exactly `digits` after the point.

    Babel alone would round by CLDR's digits, which for a dozen currencies are fewer than those
    in which money is kept: 12.34 RSD would read "RSD 12".
    """
    language = Locale.parse(locale)
    pattern = parse_pattern(language.currency_formats["standard"].pattern)
    pattern.frac_prec = (digits, digits)
    written = str(pattern.apply(value, language, currency=currency, currency_digits=False))
    return _CODE_BESIDE_NUMBER.sub("\u00a0", written)


def digits_of(canonical_amount: str) -> int:
    """Return the digits after the point of a stored amount: those that its currency has.

    Read from the amount, not from today's table of currencies, since a payment is still shown
    when its currency has been withdrawn.
    """
    return len(canonical_amount.partition(".")[2])


def instant_shown(at: datetime, *, locale: str) -> str:
    """Write an instant in UTC: where the shopper is, we do not know."""
    day, time = format_date(at, "long", locale=locale), format_time(at, "short", locale=locale)
    joined = str(get_datetime_format("long", locale=locale)).replace("'", "")
    return f"{joined.replace('{1}', day).replace('{0}', time)} UTC"

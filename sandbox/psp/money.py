"""Amounts between the wire and the books: decimal strings outside, whole minor units inside.

No float and no rounding: what does not fit the currency is refused.
"""

import re

from iso4217 import Currency

MAX_WHOLE_DIGITS = 12
FEE_PERMILLE = 15


class NotMoney(ValueError):
    """The string is no amount of this currency. `field` says which of the two is at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def digits_of(currency: str) -> int:
    """Return how many digits this currency has after the point."""
    try:
        digits = Currency(currency).exponent
    except ValueError:
        digits = None
    if digits is None:
        raise NotMoney("currency", f"{currency!r} is not a current ISO 4217 currency.")
    return int(digits)


def minor_units(amount: str, currency: str) -> int:
    """Return "19.99" EUR as 1999. Raises NotMoney, also for nothing and less than nothing."""
    digits = digits_of(currency)
    fraction = rf"\.[0-9]{{{digits}}}" if digits else ""
    if not re.fullmatch(rf"(0|[1-9][0-9]{{0,{MAX_WHOLE_DIGITS - 1}}}){fraction}", amount):
        raise NotMoney(
            "amount", f"Must be a decimal string with {digits} digits after the point, in ASCII."
        )
    minor = int(amount.replace(".", ""))
    if minor == 0:
        raise NotMoney("amount", "Must be more than nothing.")
    return minor


def decimal_string(minor: int, currency: str) -> str:
    """Return 1999 EUR as "19.99"."""
    digits = digits_of(currency)
    if not digits:
        return str(minor)
    whole, fraction = divmod(minor, 10**digits)
    return f"{whole}.{fraction:0{digits}d}"


def fee_minor(minor: int) -> int:
    """Return what the PSP keeps of a charge: 1.5 %, half a minor unit rounded up."""
    return (minor * FEE_PERMILLE + 500) // 1000

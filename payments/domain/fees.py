"""What a PSP may keep of a charge without a person being asked."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from psp_clients.contract import Money


@dataclass(frozen=True, slots=True)
class FeeLimit:
    """A share of the charge in percent, and a fixed part in major units of its currency."""

    percent: Decimal
    fixed: Decimal

    def of(self, charged: Money) -> Decimal:
        """Return the highest fee of a charge, rounded up as PSPs do to the digits of its sum."""
        amount = Decimal(charged.amount)
        return (amount * self.percent / 100 + self.fixed).quantize(amount, rounding=ROUND_UP)


def fee_fault(charged: Money, fee: Money | None, limit: FeeLimit) -> str:
    """Say what was to be expected instead of a fee, or nothing where the fee is as expected.

    A fee in another currency than the charge cannot be checked, and is for a person to judge.
    """
    if fee is None or not Decimal(fee.amount):
        return ""
    highest = limit.of(charged)
    if fee.currency == charged.currency and Decimal(fee.amount) <= highest:
        return ""
    return f"at most {highest} {charged.currency}"

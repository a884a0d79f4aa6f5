"""What a PSP's report says of money, compared with what we hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from payments.domain.money import same_money
from psp_clients.contract import Money, ReportedState

# What a fence is confirmed with: nothing can be charged any more.
NOTHING_WILL_BE_CHARGED: Final = (ReportedState.CANCELLED, ReportedState.EXPIRED)


def wrong_money(
    *,
    ours: Money,
    state: ReportedState,
    stated: Money | None,
    captured: Money | None,
    part_may_be_captured: bool,
) -> str:
    """Say how the PSP's sums differ from ours, or nothing.

    `stated` is what the PSP says the payment is for, which it may leave out; `captured` what it
    took, without which there is no success. A part is enough where the shop captures by hand.
    """
    if stated is not None and not same_money(ours, stated):
        return f"{stated.amount} {stated.currency}, not {ours.amount} {ours.currency}"
    if state is not ReportedState.CAPTURED:
        return ""
    if captured is None:
        return "captured, without saying how much"
    in_part = (
        part_may_be_captured
        and captured.currency == ours.currency
        and 0 < Decimal(captured.amount) <= Decimal(ours.amount)
    )
    if same_money(ours, captured) or in_part:
        return ""
    return f"captured {captured.amount} {captured.currency}, not {ours.amount} {ours.currency}"

"""Which line of a PSP's list is about which payment of ours.

By our reference or the token first, then by the PSP's reference, then by amount and day, where
that leaves no choice. Nothing is guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from payments.domain.lifecycle import PurchaseStatus
from payments.domain.money import same_money
from psp_clients.contract import Money, RefundState, Transaction

CHARGE: Final = "charge"
REFUND: Final = "refund"


@dataclass(frozen=True, slots=True)
class RefundHere:
    """One refund of ours. `asked_at` and `finished_at` are on our clock."""

    id: str
    refund_reference: str  # the PSP's; empty while it has not answered
    money: Money
    state: RefundState
    asked_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentHere:
    """One session of ours and what was bought on it.

    `reference` is what the PSP knows it by; `status` is None where nobody pressed Buy Now; `money`
    is what was captured, or what the session is for while nothing was.
    """

    reference: str
    psp_token: str
    payment_reference: str
    money: Money
    status: PurchaseStatus | None
    begun_at: datetime
    finished_at: datetime | None
    refunds: tuple[RefundHere, ...] = ()

    @property
    def is_successful(self) -> bool:
        """Whether we hold that its money was taken."""
        return self.status is PurchaseStatus.SUCCESSFUL


@dataclass(slots=True)
class Names:
    """Finds our payments by any name that a line may bear."""

    _by_name: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, here: PaymentHere) -> None:
        """Note every name of a payment."""
        named = {
            ("reference", here.reference),
            ("token", here.psp_token),
            (CHARGE, here.payment_reference),
            *((REFUND, refund.refund_reference) for refund in here.refunds),
        }
        self._by_name |= {name: here.reference for name in named if name[1]}

    def payment_named(self, line: Transaction) -> str | None:
        """Return the reference of the payment that a line names: by ours first, then by theirs."""
        for name in (
            ("reference", our_reference(line)),
            ("token", line.psp_token),
            (line.kind, line.psp_reference),
        ):
            if found := self._by_name.get(name):
                return found
        return None


def our_reference(line: Transaction) -> str:
    """Return a line's reference as we write ours, which some PSPs print with hyphens."""
    return line.reference.strip().replace("-", "").lower()


def is_nameless(line: Transaction) -> bool:
    """Tell whether a charge bears no name of ours, so that amount and day are all there is."""
    return line.kind == CHARGE and not line.reference.strip() and not line.psp_token


def pair_by_amount_and_day(
    lines: Iterable[Transaction], payments: Iterable[PaymentHere]
) -> dict[str, str]:
    """Return which payment a nameless line is about, by the PSP's reference of the line.

    Only where one single line and one single successful payment share amount, currency and day
    (in UTC): two possible pairs are none.
    """
    lines_of, payments_of = defaultdict(list), defaultdict(list)
    for line in lines:
        if is_nameless(line) and line.status == RefundState.SUCCESSFUL:
            lines_of[_amount_and_day(line.money, line.booked_at)].append(line.psp_reference)
    for here in payments:
        if here.is_successful and here.finished_at:
            payments_of[_amount_and_day(here.money, here.finished_at)].append(here.reference)
    return {
        named[0]: payments_of[key][0]
        for key, named in lines_of.items()
        if len(named) == len(payments_of.get(key, ())) == 1
    }


def _amount_and_day(money: Money, at: datetime) -> tuple[Decimal, str, date]:
    return Decimal(money.amount), money.currency, at.date()


def pair_refunds(
    refunds: Sequence[RefundHere], lines: Sequence[Transaction]
) -> tuple[list[tuple[RefundHere, Transaction]], list[Transaction], list[RefundHere]]:
    """Return refunds with their lines, lines without a refund, and refunds without a line.

    By the PSP's reference; a refund whose reference we have not learned, by its sum, oldest first.
    """
    waiting = {line.psp_reference: line for line in lines}
    pairs, unlisted = [], []
    for refund in sorted(refunds, key=lambda one: (not one.refund_reference, one.asked_at, one.id)):
        reference = refund.refund_reference or next(
            (ref for ref, line in waiting.items() if same_money(refund.money, line.money)), ""
        )
        line = waiting.pop(reference, None)
        if line is None:
            unlisted.append(refund)
        else:
            pairs.append((refund, line))
    return pairs, list(waiting.values()), unlisted

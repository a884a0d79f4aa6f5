"""What a PSP's list of transactions and our rows disagree about.

Plain values in, differences out, whatever the order of the lines: no Django, no clock, no I/O.
Callers that have more than fits in memory hand over any payments with all lines about them
(payments.domain.matching), batch by batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from payments.domain.fees import FeeLimit, fee_fault
from payments.domain.matching import (
    CHARGE,
    REFUND,
    Names,
    PaymentHere,
    RefundHere,
    is_nameless,
    pair_by_amount_and_day,
    pair_refunds,
)
from payments.domain.money import same_money
from psp_clients.contract import Money, RefundState, Transaction

# What is younger may be known to one side alone: the answer, or the webhook, is on its way.
GRACE: Final = timedelta(minutes=15)
# By how much the PSP's clock and ours may differ, and still mean the same instant.
CLOCKS_APART: Final = timedelta(hours=1)


class DifferenceKind(StrEnum):
    """In what the PSP and we disagree."""

    MISSING_HERE = "missing_here"  # charged there; nobody bought here
    MISSING_THERE = "missing_there"  # successful here; the PSP lists no charge
    AMOUNT = "amount"  # another amount was charged than we hold
    CURRENCY = "currency"  # another currency was charged than we hold
    STATUS = "status"  # the same charge or refund, with another end
    DUPLICATE_CHARGE = "duplicate_charge"  # charged once more than we hold
    REFUND_MISSING_HERE = "refund_missing_here"  # given back there; nothing of it here
    REFUND_MISSING_THERE = "refund_missing_there"  # given back here; the PSP lists nothing
    REFUND_AMOUNT = "refund_amount"  # another amount was given back than we hold
    FEE = "fee"  # a fee above the limit, or in another currency than the charge


@dataclass(frozen=True, slots=True)
class Terms:
    """What is judged, and by what measure.

    What happened from `since` until before `until` is judged. `read_since` and `read_until` say
    what the lines cover, which may be more, so that what lies across an edge is still found.
    """

    since: datetime
    until: datetime
    read_since: datetime
    read_until: datetime
    now: datetime
    fee_limit: FeeLimit

    def judges(self, at: datetime | None) -> bool:
        """Tell whether an instant lies in the period, and long enough ago."""
        return at is not None and self.since <= at < self.until and not self.is_in_flight(at)

    def is_in_flight(self, at: datetime) -> bool:
        """Tell whether news of what happened then may still be on its way."""
        return self.now - GRACE < at <= self.now

    def covers(self, begun_at: datetime, finished_at: datetime) -> bool:
        """Tell whether the lines reach over all the time in which the PSP may have booked it."""
        earliest, latest = begun_at - CLOCKS_APART, finished_at + CLOCKS_APART
        return self.read_since <= earliest and latest <= self.read_until


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing in which the two sides differ. `subject` and `kind` say which one, for ever.

    `at` is when it happened, by the clock of whoever has it. Where `is_covered` is False the lines
    do not reach back far enough to prove that something is missing: the PSP must be asked first.
    """

    kind: DifferenceKind
    subject: str
    ours: str
    theirs: str
    at: datetime
    psp_reference: str
    reference: str = ""  # of our session, where it is known
    refund_id: str = ""  # of our refund, where it is about one
    is_covered: bool = True


def compare(
    payments: Iterable[PaymentHere], lines: Iterable[Transaction], terms: Terms
) -> list[Difference]:
    """Return in what payments and lines differ, sorted. A line named twice counts once."""
    by_reference = {here.reference: here for here in payments}
    names = Names()
    for here in by_reference.values():
        names.add(here)
    once = {(line.kind, line.psp_reference): line for line in sorted(lines, key=_in_order)}
    named: defaultdict[str, list[Transaction]] = defaultdict(list)
    strangers: list[Transaction] = []
    for line in once.values():
        reference = names.payment_named(line)
        (strangers if reference is None else named[reference]).append(line)
    charged = {ref for ref, about in named.items() if any(line.kind == CHARGE for line in about)}
    unlisted = [here for reference, here in by_reference.items() if reference not in charged]
    paired = pair_by_amount_and_day(strangers, unlisted)
    found: list[Difference] = []
    for line in strangers:
        if line.psp_reference in paired and is_nameless(line):
            named[paired[line.psp_reference]].append(line)
        else:
            found += _stranger(line, terms)
    for reference, here in by_reference.items():
        found += _payment(here, named.get(reference, []), terms)
    return sorted(found)


def _in_order(line: Transaction) -> tuple[datetime, str, str, str]:
    return line.booked_at, line.psp_reference, line.status, line.money.amount


def _stranger(line: Transaction, terms: Terms) -> Iterator[Difference]:
    """Judge a line that is about nothing of ours."""
    if line.status == RefundState.SUCCESSFUL and terms.judges(line.booked_at):
        missing_here = (
            DifferenceKind.MISSING_HERE
            if line.kind == CHARGE
            else DifferenceKind.REFUND_MISSING_HERE
        )
        yield _about_line(missing_here, line, "nothing")


def _payment(here: PaymentHere, lines: Sequence[Transaction], terms: Terms) -> Iterator[Difference]:
    charges = [line for line in lines if line.kind == CHARGE]
    refunds = [line for line in lines if line.kind == REFUND]
    yield from _charges(here, charges, terms)
    yield from _refunds(here, refunds, terms)


def _charges(
    here: PaymentHere, charges: Sequence[Transaction], terms: Terms
) -> Iterator[Difference]:
    taken = [line for line in charges if line.status == RefundState.SUCCESSFUL]
    ours, others = _ours_first(here, taken)
    for line in (*ours, *others):
        if line.fee is None or not terms.judges(line.booked_at):
            continue
        if fault := fee_fault(line.money, line.fee, terms.fee_limit):
            yield _about_line(DifferenceKind.FEE, line, fault, here, theirs=_sum(line.fee))
    for line in others:
        if terms.judges(line.booked_at):
            yield _about_line(DifferenceKind.DUPLICATE_CHARGE, line, _stand(here), here)
    if not ours:
        if not others and here.is_successful and terms.judges(here.finished_at):
            yield _not_listed(here, charges, terms)
        return
    [line] = ours
    kind = _charge_fault(here, line)
    if kind and terms.judges(line.booked_at) and not terms.is_in_flight(here.begun_at):
        yield _about_line(kind, line, _stand(here), here)


def _ours_first(
    here: PaymentHere, taken: Sequence[Transaction]
) -> tuple[Sequence[Transaction], Sequence[Transaction]]:
    """Return the charge that is the one we hold, if it is listed, and all others.

    It bears the reference that the PSP told us; where none does, it is the earliest. A charge
    booked long after we knew of another one is not it, though the other lies before the list.
    """
    by_reference = [line for line in taken if line.psp_reference == here.payment_reference]
    first = by_reference or taken[:1]
    if first and not by_reference and here.payment_reference and here.finished_at:
        known_before = here.is_successful and (first[0].booked_at > here.finished_at + CLOCKS_APART)
        first = [] if known_before else first
    return first, [line for line in taken if line not in first]


def _charge_fault(here: PaymentHere, line: Transaction) -> DifferenceKind | None:
    if here.status is None:
        return DifferenceKind.MISSING_HERE
    if not here.is_successful:
        return DifferenceKind.STATUS
    if line.money.currency != here.money.currency:
        return DifferenceKind.CURRENCY
    return None if same_money(line.money, here.money) else DifferenceKind.AMOUNT


def _not_listed(here: PaymentHere, charges: Sequence[Transaction], terms: Terms) -> Difference:
    """Return the difference of a payment that is successful here and charged nowhere."""
    at = here.finished_at or here.begun_at
    return Difference(
        kind=DifferenceKind.STATUS if charges else DifferenceKind.MISSING_THERE,
        subject=f"payment:{here.reference}",
        ours=_stand(here),
        theirs=_line_in_words(charges[-1]) if charges else "nothing",
        at=at,
        psp_reference=charges[-1].psp_reference if charges else here.payment_reference,
        reference=here.reference,
        is_covered=bool(charges) or terms.covers(here.begun_at, at),
    )


def _refunds(here: PaymentHere, lines: Sequence[Transaction], terms: Terms) -> Iterator[Difference]:
    pairs, unknown, unlisted = pair_refunds(here.refunds, lines)
    for refund, line in pairs:
        kind = _refund_fault(refund, line)
        if kind and terms.judges(line.booked_at) and not terms.is_in_flight(refund.asked_at):
            yield _about_line(kind, line, _refund_in_words(refund), here, refund=refund)
    for line in unknown:
        if line.status != RefundState.FAILED and terms.judges(line.booked_at):
            yield _about_line(DifferenceKind.REFUND_MISSING_HERE, line, "nothing", here)
    for refund in unlisted:
        at = refund.finished_at or refund.asked_at
        if refund.state is RefundState.SUCCESSFUL and terms.judges(at):
            yield Difference(
                kind=DifferenceKind.REFUND_MISSING_THERE,
                subject=f"refund:{refund.id}",
                ours=_refund_in_words(refund),
                theirs="nothing",
                at=at,
                psp_reference=refund.refund_reference,
                reference=here.reference,
                refund_id=refund.id,
                is_covered=terms.covers(refund.asked_at, at),
            )


def _refund_fault(refund: RefundHere, line: Transaction) -> DifferenceKind | None:
    if refund.state != line.status:
        return DifferenceKind.STATUS
    if refund.money.currency != line.money.currency:
        return DifferenceKind.CURRENCY
    return None if same_money(refund.money, line.money) else DifferenceKind.REFUND_AMOUNT


def _about_line(
    kind: DifferenceKind,
    line: Transaction,
    ours: str,
    here: PaymentHere | None = None,
    *,
    theirs: str = "",
    refund: RefundHere | None = None,
) -> Difference:
    return Difference(
        kind=kind,
        subject=f"{line.kind}:{line.psp_reference}",
        ours=ours,
        theirs=theirs or _line_in_words(line),
        at=line.booked_at,
        psp_reference=line.psp_reference,
        reference=here.reference if here else "",
        refund_id=refund.id if refund else "",
    )


def _sum(money: Money) -> str:
    return f"{money.amount} {money.currency}"


def _stand(here: PaymentHere) -> str:
    return f"{here.status or 'nobody bought'}, {_sum(here.money)}"


def _refund_in_words(refund: RefundHere) -> str:
    return f"{refund.state}, {_sum(refund.money)}"


def _line_in_words(line: Transaction) -> str:
    return f"{line.status}, {_sum(line.money)}"

"""Their side of a reconciliation: stores the lines of one run, each with the session it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final
from uuid import UUID

from django.db.models import Q

from payments.domain.matching import Names
from payments.models import ReconciliationRun, StatementLine
from payments.services.our_side import payments_named_in
from psp_clients.contract import Transaction

# Lines held in memory at once.
BATCH: Final = 500


def stage(run: ReconciliationRun, transactions: Iterable[Transaction]) -> int:
    """Store what a PSP lists, as it comes, and return how many lines came.

    A line that is stored already is left alone, so that reading may be repeated.
    """
    lines, source = 0, iter(transactions)
    while batch := list(islice(source, BATCH)):
        _store(run, batch)
        lines += len(batch)
    return lines


def _store(run: ReconciliationRun, batch: list[Transaction]) -> None:
    names = Names()
    for here in payments_named_in(run.psp, batch):
        names.add(here)
    StatementLine.objects.bulk_create(
        [_row(run, line, names.payment_named(line)) for line in batch], ignore_conflicts=True
    )


def _row(run: ReconciliationRun, line: Transaction, reference: str | None) -> StatementLine:
    return StatementLine(
        run=run,
        session_id=UUID(reference) if reference else None,
        kind=line.kind,
        psp_reference=line.psp_reference[:255],
        reference=line.reference[:255],
        psp_token=line.psp_token[:255],
        amount=line.money.amount,
        currency=line.money.currency,
        status=line.status[:20],
        booked_at=line.booked_at,
        fee_amount=line.fee.amount if line.fee else "",
        fee_currency=line.fee.currency if line.fee else "",
    )


def lines_about(
    run: ReconciliationRun, session_ids: Iterable[UUID], psp_references: Iterable[str] = ()
) -> list[Transaction]:
    """Return the lines of a run about these sessions, and those with these PSP references."""
    about = Q(session__in=list(session_ids))
    if named := list(psp_references):
        about |= Q(psp_reference__in=named)
    return [row.transaction for row in StatementLine.objects.filter(about, run=run)]


def sessions_listed(run: ReconciliationRun, *, behind: str, at_most: int) -> list[UUID]:
    """Return the next sessions that a run has lines about, in the order of their keys."""
    rows = StatementLine.objects.filter(run=run, session__isnull=False)
    if behind:
        rows = rows.filter(session__gt=UUID(behind))
    keys: Iterator[UUID] = (
        rows.order_by("session").values_list("session", flat=True).distinct()[:at_most].iterator()
    )
    return list(keys)

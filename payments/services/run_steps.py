"""The steps of a reconciliation run: each takes one batch, and writes nothing that is decided.

What a batch found is committed by payments.services.reconcile, together with the next cursor, so a
step may be repeated at any time. Nothing here holds a transaction while it talks to the PSP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from payments.domain.fees import FeeLimit
from payments.domain.lifecycle import Phase, PurchaseStatus
from payments.domain.matching import CHARGE, PaymentHere, pair_by_amount_and_day
from payments.domain.reconciliation import (
    CLOCKS_APART,
    Difference,
    DifferenceKind,
    Terms,
    compare,
)
from payments.models import (
    CallOutcome,
    CauseKind,
    Discrepancy,
    Purchase,
    ReconciliationRun,
    Refund,
    Resolution,
    RunStep,
    StatementLine,
)
from payments.psp import Answer, ask
from payments.services.discrepancies import key_of
from payments.services.look_up import can_look_at_page, look_at_page, look_up
from payments.services.our_side import payments_named_in, payments_of
from payments.services.statements import lines_about, sessions_listed, stage
from payments.services.timeline import Cause
from psp_clients.contract import PspError, RefundState, ReportedState, Transaction

BATCH: Final = 200
# How much of the PSP's list is read in one go: the smallest part that is read again after a crash.
WINDOW: Final = timedelta(hours=1)


@dataclass(slots=True)
class Batch:
    """What one batch found, and where the next one begins; no cursor where there is none."""

    cursor: str = ""
    differences: Sequence[Difference] = ()
    agreed: list[Discrepancy] = field(default_factory=list)
    for_people: list[Discrepancy] = field(default_factory=list)
    lines: int = 0
    compared: int = 0


class PspAway(Exception):
    """The PSP did not give its list."""

    def __init__(self, outcome: CallOutcome, error: PspError | None) -> None:
        super().__init__(str(error or outcome))
        self.outcome = outcome
        self.error = error


def terms_of(run: ReconciliationRun, now: datetime) -> Terms:
    """Return what a run judges. A statement covers its period; a list is read a little beyond."""
    margin = timedelta() if run.statement_name else CLOCKS_APART
    return Terms(
        since=run.since,
        until=run.until,
        read_since=run.since - margin,
        read_until=run.until + margin,
        now=now,
        fee_limit=FeeLimit(
            percent=Decimal(str(settings.BPS_FEE_LIMIT_PERCENT)),
            fixed=Decimal(str(settings.BPS_FEE_LIMIT_FIXED)),
        ),
    )


def read(run: ReconciliationRun) -> Batch:
    """Read one window of the PSP's list."""
    terms = terms_of(run, timezone.now())
    since = datetime.fromisoformat(run.cursor) if run.cursor else terms.read_since
    until = min(since + WINDOW, terms.read_until)
    answer: Answer[int] = ask(run.psp, lambda client: stage(run, client.transactions(since, until)))
    if answer.result is None:
        raise PspAway(answer.outcome, answer.error)
    is_last = until >= terms.read_until
    return Batch(cursor="" if is_last else until.isoformat(), lines=answer.result)


def pair(run: ReconciliationRun) -> Batch:
    """Find by amount and day what charges are about that bear no name of ours."""
    nameless = StatementLine.objects.filter(
        run=run,
        session__isnull=True,
        kind=CHARGE,
        reference="",
        psp_token="",
        status=RefundState.SUCCESSFUL,
    )
    rows = list(_behind(nameless, run.cursor))
    for row in rows:
        day = datetime.combine(row.booked_at.astimezone(UTC).date(), time.min, tzinfo=UTC)
        same_day = (day, day + timedelta(days=1))
        alike = nameless.filter(
            amount=row.amount,
            currency=row.currency,
            booked_at__gte=same_day[0],
            booked_at__lt=same_day[1],
        )
        bought = _unlisted(run, *same_day, line_kind=CHARGE).filter(
            captured_amount=Decimal(row.amount), currency=row.currency
        )
        sessions = bought.values_list("session", flat=True)[:2]
        lines = [line.transaction for line in alike[:2]]
        paired = pair_by_amount_and_day(lines, payments_of(sessions))
        if row.psp_reference in paired:
            StatementLine.objects.filter(pk=row.pk).update(session=UUID(paired[row.psp_reference]))
    return Batch(cursor=_end(rows))


def listed(run: ReconciliationRun) -> Batch:
    """Compare the sessions that the PSP's lines are about."""
    keys = sessions_listed(run, behind=run.cursor, at_most=BATCH)
    payments = payments_of(keys)
    found = _compare(run, payments, lines_about(run, keys))
    return Batch(
        cursor=str(keys[-1]) if len(keys) == BATCH else "",
        differences=found,
        compared=len(payments),
    )


def strangers(run: ReconciliationRun) -> Batch:
    """Judge the lines that are about nothing of ours."""
    rows = list(_behind(StatementLine.objects.filter(run=run, session__isnull=True), run.cursor))
    found = _compare(run, [], [row.transaction for row in rows])
    return Batch(cursor=_end(rows), differences=found)


def payments(run: ReconciliationRun) -> Batch:
    """Look for purchases that became successful in the period and of which no line tells."""
    bought = _unlisted(run, run.since, run.until)
    if run.cursor:
        at, _, key = run.cursor.partition("~")
        finished_at = datetime.fromisoformat(at)
        bought = bought.filter(
            Q(finished_at__gte=finished_at) & (Q(finished_at__gt=finished_at) | Q(pk__gt=UUID(key)))
        )
    rows = list(bought.order_by("finished_at", "pk").only("finished_at", "session")[:BATCH])
    last = rows[-1] if len(rows) == BATCH else None
    return Batch(
        cursor=f"{last.finished_at.isoformat()}~{last.pk}" if last and last.finished_at else "",
        differences=_compare(run, payments_of(row.session_id for row in rows), []),
        compared=len(rows),
    )


def refunds(run: ReconciliationRun) -> Batch:
    """Look for refunds that ended in the period, of purchases that no other step has compared."""
    given_back = Refund.objects.filter(
        ~Exists(StatementLine.objects.filter(run=run, session=OuterRef("session"))),
        ~Q(purchase__finished_at__gte=run.since, purchase__finished_at__lt=run.until),
        session__psp=run.psp,
        state=RefundState.SUCCESSFUL,
        finished_at__gte=run.since,
        finished_at__lt=run.until,
    )
    rows = list(_behind(given_back, run.cursor))
    sessions = {row.session_id for row in rows}
    return Batch(cursor=_end(rows), differences=_compare(run, payments_of(sessions), []))


def look_again(run: ReconciliationRun) -> Batch:
    """Look again at what is open: heal what the gate can, see what agrees now.

    The lines that a difference was last seen in speak for the PSP, for as long as they are kept.
    """
    still_open = Discrepancy.objects.filter(psp=run.psp, resolution=Resolution.OPEN)
    rows = list(
        _behind(
            still_open.select_related(
                "session__shop", "purchase__session", "purchase__shop", "last_run"
            ),
            run.cursor,
        )
    )
    cause = Cause(CauseKind.RECONCILIATION, str(run.pk))
    for row in rows:
        if _may_heal(row):
            look_up(row.purchase, cause_kind=cause.kind, cause_id=cause.id, now=timezone.now())
        elif _may_have_been_paid(row):
            look_at_page(row.session, cause=cause, now=timezone.now())
    seen = {source: _still_found(source, of) for source, of in _by_source(run, rows).items()}
    agreed = [row for row in rows if key_of(row) not in seen[_source(run, row)]]
    asked = [row for row in rows if row not in agreed and row.run_id == run.pk]
    return Batch(cursor=_end(rows), agreed=agreed, for_people=asked)


def _may_heal(row: Discrepancy) -> bool:
    """Tell whether a charge there is started or failed here: then the PSP's word moves it."""
    return (
        row.kind == DifferenceKind.STATUS
        and row.refund_id is None
        and row.purchase is not None
        and row.purchase.status != PurchaseStatus.SUCCESSFUL
    )


def _may_have_been_paid(row: Discrepancy) -> bool:
    """Tell whether a charge there is for a session whose page charges, and nobody told us of it."""
    return (
        row.kind == DifferenceKind.MISSING_HERE
        and row.session is not None
        and row.purchase is None
        and can_look_at_page(row.session)
    )


def _source(run: ReconciliationRun, row: Discrepancy) -> ReconciliationRun:
    """Return the run whose lines are the latest about a discrepancy."""
    return run if run.since <= row.happened_at < run.until else row.last_run


def _by_source(
    run: ReconciliationRun, rows: Iterable[Discrepancy]
) -> dict[ReconciliationRun, list[Discrepancy]]:
    sources: dict[ReconciliationRun, list[Discrepancy]] = {}
    for row in rows:
        sources.setdefault(_source(run, row), []).append(row)
    return sources


def _still_found(source: ReconciliationRun, rows: Sequence[Discrepancy]) -> set[tuple[str, str]]:
    """Return which differences the lines of a run show, given our rows of now."""
    sessions = {row.session_id for row in rows if row.session_id}
    strange = {row.psp_reference for row in rows if not row.session_id}
    lines = lines_about(source, sessions, strange)
    ours = {here.reference: here for here in payments_of(sessions)}
    ours |= {here.reference: here for here in payments_named_in(source.psp, lines)}
    found = compare(ours.values(), lines, terms_of(source, timezone.now()))
    return {key_of(difference) for difference in found}


def _compare(
    run: ReconciliationRun, ours: Sequence[PaymentHere], theirs: Sequence[Transaction]
) -> list[Difference]:
    found = compare(ours, theirs, terms_of(run, timezone.now()))
    return [one for one in found if one.is_covered or run.is_dry or not _confirmed(run, one)]


def _confirmed(run: ReconciliationRun, found: Difference) -> bool:
    """Ask the PSP about what its lines cannot tell, because it may lie before them."""
    purchase = Purchase.objects.select_related("session", "shop").get(session=UUID(found.reference))
    if not found.refund_id:
        report = look_up(
            purchase,
            cause_kind=CauseKind.RECONCILIATION,
            cause_id=str(run.pk),
            now=timezone.now(),
        )
        return report is not None and report.state is ReportedState.CAPTURED
    refund = Refund.objects.get(pk=UUID(found.refund_id))
    payment, wanted = purchase.psp_reference, refund.psp_reference
    answer = ask(run.psp, lambda client: client.fetch_refund(payment, wanted))
    return answer.result is not None and answer.result.state is RefundState.SUCCESSFUL


def _unlisted(
    run: ReconciliationRun, since: datetime, until: datetime, *, line_kind: str = ""
) -> QuerySet[Purchase]:
    """Return the purchases that became successful then, and have no line (of a kind) in a run."""
    about = StatementLine.objects.filter(run=run, session=OuterRef("session"))
    if line_kind:
        about = about.filter(kind=line_kind)
    return Purchase.objects.filter(
        ~Exists(about),
        session__psp=run.psp,
        phase=Phase.CAPTURED,
        finished_at__gte=since,
        finished_at__lt=until,
    )


def _behind(rows: QuerySet, cursor: str) -> QuerySet:  # type: ignore[type-arg]
    """Return the next rows behind a cursor, in the order of their keys."""
    if cursor:
        rows = rows.filter(pk__gt=UUID(cursor))
    return rows.order_by("pk")[:BATCH]


def _end(rows: Sequence[StatementLine] | Sequence[Refund] | Sequence[Discrepancy]) -> str:
    """Return the cursor behind a batch; nothing where it was the last one."""
    return str(rows[-1].pk) if len(rows) == BATCH else ""


STEPS: Final[dict[RunStep, Callable[[ReconciliationRun], Batch]]] = {
    RunStep.READ: read,
    RunStep.PAIR: pair,
    RunStep.LISTED: listed,
    RunStep.STRANGERS: strangers,
    RunStep.PAYMENTS: payments,
    RunStep.REFUNDS: refunds,
    RunStep.OPEN: look_again,
}

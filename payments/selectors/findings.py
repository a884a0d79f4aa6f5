"""What was found to be wrong: by reconciliation, and by looking at the invariants."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from payments.models import (
    Discrepancy,
    InvariantCheck,
    PaymentSession,
    ReconciliationRun,
    Resolution,
)


def reconciliation_runs() -> QuerySet[ReconciliationRun]:
    """Return every run, without the preview of dry ones."""
    return ReconciliationRun.objects.defer("preview")


def all_discrepancies() -> QuerySet[Discrepancy]:
    """Return every discrepancy with its session, runs and whoever resolved it."""
    return Discrepancy.objects.select_related("session", "run", "last_run", "resolved_by")


def discrepancies_of(run: ReconciliationRun) -> QuerySet[Discrepancy]:
    """Return what a run found first, or was the last to see."""
    return all_discrepancies().filter(Q(run=run) | Q(last_run=run))


def discrepancies_of_session(session: PaymentSession) -> QuerySet[Discrepancy]:
    """Return what was ever found about a session, newest first."""
    return session.discrepancies.order_by("-pk")


def count_open_discrepancies() -> int:
    """Count what nobody has dealt with yet."""
    return Discrepancy.objects.filter(resolution=Resolution.OPEN).count()


def last_invariant_check() -> InvariantCheck | None:
    """Return what the last look at the invariants found, if there was one."""
    return InvariantCheck.objects.order_by("-pk").first()

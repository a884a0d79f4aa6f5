"""Discrepancies: recorded once, closed when the two sides agree, or by a person who says why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from payments.domain import roles
from payments.domain.reconciliation import Difference
from payments.models import (
    Case,
    CaseKind,
    CauseKind,
    Discrepancy,
    PaymentSession,
    Purchase,
    ReconciliationRun,
    Resolution,
)
from payments.services.inserts import insert_together
from payments.services.purchase_lock import lock_session
from payments.services.refusals import DiscrepancyClosed
from payments.services.staff_rules import allowed, record_act
from payments.services.timeline import Cause, event, open_case

Key = tuple[str, str]


def key_of(found: Difference | Discrepancy) -> Key:
    """Return what stays the same however often a difference is found."""
    return str(found.kind), found.subject


def record(run: ReconciliationRun, differences: Sequence[Difference]) -> int:
    """Store differences that are new, and note the others as seen again; return how many are new.

    One that is open stays the same row. One that a person resolved stays resolved as long as both
    sides say what they said then. Joins the caller's transaction.
    """
    sessions = _locked({UUID(found.reference) for found in differences if found.reference})
    known = _known(run.psp, differences)
    again, new = [], []
    for found in differences:
        row = known.get(key_of(found))
        if row is None or (
            not row.is_open and (row.ours, row.theirs) != (found.ours, found.theirs)
        ):
            new.append(found)
        elif row.is_open:
            row.last_run, row.ours, row.theirs = run, found.ours, found.theirs
            row.updated_at = timezone.now()
            again.append(row)
    Discrepancy.objects.bulk_update(again, ["last_run", "ours", "theirs", "updated_at"])
    _insert(run, new, sessions)
    return len(new)


def _known(psp: str, differences: Iterable[Difference]) -> dict[Key, Discrepancy]:
    """Return, by key, the row that is open, or else the latest that a person has resolved."""
    subjects = {found.subject for found in differences}
    rows = Discrepancy.objects.filter(psp=psp, subject__in=subjects).exclude(
        resolution=Resolution.HEALED
    )
    by_age = sorted(rows, key=lambda row: (row.is_open, row.pk))
    return {key_of(row): row for row in by_age}


def _insert(
    run: ReconciliationRun, new: Sequence[Difference], sessions: dict[UUID, PaymentSession]
) -> None:
    purchases = Purchase.objects.filter(session__in=sessions).values_list("session", "pk")
    purchase_of = dict(purchases)
    told: dict[UUID, list[dict[str, str]]] = {}
    rows = []
    for found in new:
        session_id = UUID(found.reference) if found.reference else None
        row = Discrepancy(
            run=run,
            last_run=run,
            psp=run.psp,
            kind=found.kind,
            subject=found.subject,
            session_id=session_id,
            purchase_id=purchase_of.get(session_id) if session_id else None,
            refund_id=UUID(found.refund_id) if found.refund_id else None,
            ours=found.ours,
            theirs=found.theirs,
            psp_reference=found.psp_reference,
            happened_at=found.at,
        )
        rows.append(row)
        if session_id:
            told.setdefault(session_id, []).append(_in_words(row))
    Discrepancy.objects.bulk_create(rows, ignore_conflicts=True)
    cause = Cause(CauseKind.RECONCILIATION, str(run.pk))
    for key, what in told.items():
        insert_together(event(sessions[key], "discrepancy.found", cause, differences=what))


def _locked(keys: Iterable[UUID]) -> dict[UUID, PaymentSession]:
    """Lock sessions in the order of their keys, before the discrepancies about them."""
    rows = PaymentSession.objects.select_for_update(no_key=True).filter(pk__in=list(keys))
    return {row.pk: row for row in rows.order_by("pk")}


def _in_words(row: Discrepancy) -> dict[str, str]:
    return {
        "kind": str(row.kind),
        "ours": row.ours,
        "theirs": row.theirs,
        "psp_reference": row.psp_reference,
    }


def close_healed(gone: Sequence[Discrepancy], run: ReconciliationRun, *, now: datetime) -> int:
    """Record that two sides agree now; return how many were still open. Joins the transaction."""
    sessions = _locked({row.session_id for row in gone if row.session_id})
    still_open = Discrepancy.objects.select_for_update(no_key=True).filter(
        pk__in=[row.pk for row in gone], resolution=Resolution.OPEN
    )
    rows = list(still_open.order_by("pk"))
    Discrepancy.objects.filter(pk__in=[row.pk for row in rows]).update(
        resolution=Resolution.HEALED, resolved_at=now, last_run=run, updated_at=now
    )
    cause = Cause(CauseKind.RECONCILIATION, str(run.pk))
    for key in {row.session_id for row in rows if row.session_id}:
        what = [_in_words(row) for row in rows if row.session_id == key]
        insert_together(event(sessions[key], "discrepancy.healed", cause, differences=what))
        _close_case(sessions[key], "The two sides agree now.", now)
    return len(rows)


def ask_for_people(rows: Iterable[Discrepancy]) -> None:
    """Open a case for each session that has a difference which nothing here can heal."""
    for row in rows:
        if row.session is not None:
            detail = f"{row.get_kind_display().capitalize()}: we hold {row.ours}; "
            detail += f"the PSP lists {row.theirs}."
            open_case(row.session, CaseKind.DISCREPANCY, detail, row.purchase)


def resolve(discrepancy_id: UUID, *, by: User, note: str, now: datetime) -> Discrepancy:
    """Record that a person has dealt with a discrepancy, and why.

    Raises NotAllowed, ReasonRefused, DiscrepancyClosed, and Discrepancy.DoesNotExist; each
    changes nothing.
    """
    cause = allowed(by, roles.RESOLVE_DISCREPANCY, note)
    with transaction.atomic(durable=True):
        row = Discrepancy.objects.select_related("session").get(pk=discrepancy_id)
        session = lock_session(row.session_id) if row.session_id else None
        resolved = Discrepancy.objects.filter(pk=row.pk, resolution=Resolution.OPEN).update(
            resolution=Resolution.RESOLVED,
            resolved_at=now,
            resolved_by=by,
            note=note,
            updated_at=now,
        )
        if not resolved:
            raise DiscrepancyClosed
        told = Cause(cause.kind, str(row.pk), cause.actor)
        differences = [_in_words(row)]
        record_act(session, "discrepancy.resolved", told, reason=note, differences=differences)
        if session is not None:
            _close_case(session, f"{note} ({cause.actor})", now)
    row.refresh_from_db()
    return row


def _close_case(session: PaymentSession, why: str, now: datetime) -> None:
    """Close the session's case once none of its discrepancies is open."""
    if not session.discrepancies.filter(resolution=Resolution.OPEN).exists():
        Case.objects.filter(
            session=session, kind=CaseKind.DISCREPANCY, resolved_at__isnull=True
        ).update(resolved_at=now, resolution=why, updated_at=now)

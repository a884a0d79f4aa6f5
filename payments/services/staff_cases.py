"""Acts of staff on cases: take one, note what was found, resolve it with a second person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from payments.domain import roles
from payments.domain.approvals import ApprovedAct
from payments.models import Approval, Case
from payments.services.purchase_lock import lock_session
from payments.services.refusals import CaseClosed
from payments.services.staff_rules import allowed, record_act
from payments.services.stage_approval import stage_approval
from payments.services.timeline import Cause


def assign_case(*, by: User, case: Case, owner: User | None, reason: str, now: datetime) -> None:
    """Give a case to somebody, or back to nobody. Raises NotAllowed, ReasonRefused, CaseClosed."""
    cause = allowed(by, roles.WORK_ON_CASES, reason)
    with transaction.atomic(durable=True):
        locked = _open(case)
        Case.objects.filter(pk=case.pk).update(owner=owner, updated_at=now)
        to = owner.get_username() if owner else ""
        session = locked.session
        record_act(session, "case.assigned", cause, case=str(case.pk), to=to, reason=reason)


def annotate_case(*, by: User, case: Case, note: str) -> None:
    """Note something about a case. Raises NotAllowed, ReasonRefused."""
    cause = allowed(by, roles.WORK_ON_CASES, note)
    with transaction.atomic(durable=True):
        session = lock_session(case.session_id)
        record_act(session, "case.noted", cause, case=str(case.pk), note=note)


def ask_to_resolve_case(
    *, by: User, case: Case, reason: str, form_key: str, now: datetime
) -> Approval:
    """Ask for a second person who agrees that a case needs nobody any more.

    Raises NotAllowed, ReasonRefused and CaseClosed.
    """
    cause = allowed(by, roles.WORK_ON_CASES, reason)
    with transaction.atomic(durable=True):
        locked = _open(case)
        return stage_approval(
            ApprovedAct.RESOLVE_CASE,
            {"case": str(case.pk), "resolution": reason},
            session=locked.session,
            by=by,
            reason=reason,
            request_key=form_key,
            cause=cause,
            now=now,
        )


def resolve_case(*, case_id: UUID, resolution: str, cause: Cause, now: datetime) -> None:
    """Close a case. For whoever has had it agreed to. Closing a closed one changes nothing."""
    case = Case.objects.get(pk=case_id)
    with transaction.atomic(durable=True):
        session = lock_session(case.session_id)
        closed = Case.objects.filter(pk=case_id, resolved_at__isnull=True).update(
            resolved_at=now, resolution=resolution, updated_at=now
        )
        if closed:
            named = str(case.pk)
            record_act(session, "case.resolved", cause, case=named, reason=resolution)


def _open(case: Case) -> Case:
    """Return the case afresh, its session locked. Raises CaseClosed."""
    session = lock_session(case.session_id)
    found = Case.objects.get(pk=case.pk)
    if found.resolved_at is not None:
        raise CaseClosed
    found.session = session
    return found

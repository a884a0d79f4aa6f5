"""What a person must look at, and what members of staff did."""

from __future__ import annotations

from django.db.models import QuerySet

from payments.models import Case, CauseKind, Event, PaymentSession, StaffEvent


def open_cases(session: PaymentSession) -> QuerySet[Case]:
    """Return what a person has yet to look at."""
    return session.cases.filter(resolved_at__isnull=True)


def all_cases() -> QuerySet[Case]:
    """Return every case with session and owner."""
    return Case.objects.select_related("session", "owner")


def events_of_case(case: Case) -> QuerySet[Event]:
    """Return what staff did about a case, oldest first."""
    return Event.objects.filter(session=case.session_id, data__case=str(case.pk))


def events_of_staff() -> QuerySet[Event]:
    """Return what members of staff caused, with session and shop."""
    return Event.objects.filter(cause_kind=CauseKind.STAFF).select_related("session__shop")


def staff_events() -> QuerySet[StaffEvent]:
    """Return what members of staff did that is about no one session, with its shop."""
    return StaffEvent.objects.select_related("shop")

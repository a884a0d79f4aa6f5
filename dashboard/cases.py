"""The page of one case, and what staff do with it."""

from __future__ import annotations

from datetime import datetime
from typing import Final, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.access import staff_only
from dashboard.act_forms import OwnerForm, ReasonForm
from dashboard.acts import Act
from dashboard.pages import page
from payments import selectors
from payments.domain import roles
from payments.models import Case
from payments.services import staff_cases


def _case(case_id: UUID | None) -> Case:
    found = Case.objects.select_related("session__shop", "owner")
    return get_object_or_404(found, pk=case_id)


def _page_of(case: Case) -> str:
    return reverse("mid-office:case", args=[case.pk])


def _assign(by: User, case: Case, form: ReasonForm, now: datetime) -> str:
    owner, reason = form.cleaned_data["owner"], form.cleaned_data["reason"]
    staff_cases.assign_case(by=by, case=case, owner=owner, reason=reason, now=now)
    return f"It is {owner.get_username()}'s now." if owner else "It is nobody's now."


def _annotate(by: User, case: Case, form: ReasonForm, _: datetime) -> str:
    staff_cases.annotate_case(by=by, case=case, note=form.cleaned_data["reason"])
    return "Noted."


def _resolve(by: User, case: Case, form: ReasonForm, now: datetime) -> str:
    reason = form.cleaned_data["reason"]
    staff_cases.ask_to_resolve_case(by=by, case=case, reason=reason, form_key=form.key, now=now)
    return "Asked for. The case stays open until a second person agrees."


def _act(name: str, title: str, perform: object, words: str, **more: object) -> Act:
    return Act(
        name,
        title,
        roles.WORK_ON_CASES,
        perform,  # type: ignore[arg-type]
        find=_case,
        session_id=lambda case: case.session_id,
        back=_page_of,
        facts=lambda case: [("Case", case.get_kind_display()), ("Detail", case.detail)],
        what_happens=lambda _: [words],
        **more,  # type: ignore[arg-type]
    )


ASSIGN: Final = _act(
    "assign-case",
    "Assign the case",
    _assign,
    "Whoever owns it is expected to look.",
    form=OwnerForm,
)
ANNOTATE: Final = _act(
    "annotate-case", "Note something", _annotate, "The note stays in the timeline."
)
RESOLVE: Final = _act(
    "resolve-case", "Resolve the case", _resolve, "A second person must agree first."
)
CASE_ACTS: Final = (ASSIGN, ANNOTATE, RESOLVE)


@staff_only
@require_safe
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show one case: what it asks, who has it, and what was done about it."""
    found = _case(case_id)
    may_act = cast("User", request.user).has_perm(f"payments.{roles.WORK_ON_CASES}")
    fitting = CASE_ACTS if found.resolved_at is None else (ANNOTATE,)
    return page(
        request,
        "dashboard/case.html",
        {
            "case": found,
            "history": selectors.events_of_case(found),
            "approvals": selectors.approvals_of_case(found),
            "acts": [
                (act.title, reverse(f"mid-office:{act.name}", args=[found.pk])) for act in fitting
            ]
            if may_act
            else [],
            "now": timezone.now(),
        },
    )

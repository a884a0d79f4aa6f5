"""The pages of reconciliation: runs, what one run found, and one discrepancy."""

from __future__ import annotations

from dataclasses import dataclass
from io import TextIOWrapper
from typing import Any, Final, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.access import staff_only
from dashboard.acts import refuse
from dashboard.badges import Badge
from dashboard.lists.runs import BADGES as RUN_BADGES
from dashboard.lists.runs import RUNS
from dashboard.lists.views import list_page
from dashboard.pages import page
from dashboard.reconciliation_forms import ReconcileForm, ResolveForm
from dashboard.refusal_words import in_words
from payments import selectors
from payments.domain import roles
from payments.domain.statement import Layout, StatementRefused, read_statement
from payments.models import Discrepancy, ReconciliationRun, Resolution
from payments.services.discrepancies import resolve
from payments.services.reconcile import start_run
from payments.services.refusals import DiscrepancyClosed, ReasonRefused

MAY_RECONCILE: Final = f"payments.{roles.RECONCILE}"
MAY_RESOLVE: Final = f"payments.{roles.RESOLVE_DISCREPANCY}"
PAGE_SIZE: Final = 50
TABS: Final = {"": "All", "open": "Open", "healed": "Healed", "resolved": "Resolved"}

_RESOLUTION_BADGES: Final[dict[str, Badge]] = {
    Resolution.OPEN: Badge("open", "case", "flag"),
    Resolution.HEALED: Badge("healed", "successful", "check"),
    Resolution.RESOLVED: Badge("resolved", "open", "minus"),
}


@dataclass(frozen=True, slots=True)
class DiscrepancyRow:
    """One line of a list of discrepancies."""

    discrepancy: Discrepancy
    badge: Badge


@staff_only
@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """List the runs, newest first."""
    return list_page(
        request,
        RUNS,
        "dashboard/reconciliations.html",
        open_count=selectors.count_open_discrepancies(),
        may_reconcile=request.user.has_perm(MAY_RECONCILE),
    )


@staff_only
@require_safe
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show one run and what it found."""
    found = get_object_or_404(ReconciliationRun, pk=run_id)
    rows = selectors.discrepancies_of(found)
    return _discrepancies(request, "dashboard/reconciliation.html", rows, found)


@staff_only
@require_safe
def discrepancies(request: HttpRequest) -> HttpResponse:
    """List the discrepancies of all runs, the open ones unless the URL says otherwise."""
    return _discrepancies(request, "dashboard/discrepancies.html", selectors.all_discrepancies())


def _discrepancies(
    request: HttpRequest,
    template: str,
    rows: QuerySet[Discrepancy],
    of_run: ReconciliationRun | None = None,
) -> HttpResponse:
    wanted = request.GET.get("resolution", "" if of_run else Resolution.OPEN.value)
    if wanted not in TABS:
        raise Http404("There is no such resolution.")
    shown, older = _page_of(
        rows.filter(resolution=wanted) if wanted else rows, request.GET.get("cursor", "")
    )
    return page(
        request,
        template,
        {
            "run": of_run,
            "run_badge": RUN_BADGES[of_run.state] if of_run else None,
            "rows": [DiscrepancyRow(row, _RESOLUTION_BADGES[row.resolution]) for row in shown],
            "tabs": [(word, f"?resolution={key}", key == wanted) for key, word in TABS.items()],
            "older": f"?resolution={wanted}&cursor={older}" if older else "",
            "now": timezone.now(),
        },
    )


def _page_of(rows: QuerySet[Any], cursor: str) -> tuple[list[Any], str]:
    """Return a page of rows, newest first, and the cursor of the next one, if there is one.

    Keys are ordered by time, so that they say what is newer. Raises Http404 for another cursor.
    """
    if cursor:
        try:
            rows = rows.filter(pk__lt=UUID(cursor))
        except ValueError as error:
            raise Http404("This page does not exist.") from error
    found = list(rows.order_by("-pk")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return shown, str(shown[-1].pk) if len(found) > PAGE_SIZE else ""


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def reconcile_now(request: HttpRequest) -> HttpResponse:
    """Ask for a run. It is stored at once, and carried by a worker."""
    if not request.user.has_perm(MAY_RECONCILE):
        refuse(cast("User", request.user), "reconcile-now", None)
    form = ReconcileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _start(form.cleaned_data, asked_by=request.user.get_username())
        except StatementRefused as refused:
            form.add_error("statement", f"Refused: {refused}.")
        else:
            messages.success(request, "The run is stored. A worker carries it.")
            return redirect("mid-office:reconciliation", made.pk)
    return page(request, "dashboard/reconcile_now.html", {"form": form})


def _start(given: dict[str, Any], *, asked_by: str) -> ReconciliationRun:
    since, until = ReconcileForm.period(given["first"], given["last"])
    asked: dict[str, Any] = {
        "psp": given["psp"],
        "since": since,
        "until": until,
        "asked_by": asked_by,
        "is_dry": given["is_dry"],
        "now": timezone.now(),
    }
    upload = given["statement"]
    if not upload:
        return start_run(**asked)
    layout = given["mapping"].layout if given["mapping"] else Layout()
    text = TextIOWrapper(upload.file, encoding="utf-8-sig", newline="")
    return start_run(**asked, statement=read_statement(text, layout), statement_name=upload.name)


@staff_only
@require_safe
def discrepancy(request: HttpRequest, discrepancy_id: UUID) -> HttpResponse:
    """Show one discrepancy: both sides, its age, and what became of it."""
    return _discrepancy(request, _found(discrepancy_id), ResolveForm())


def _found(discrepancy_id: UUID) -> Discrepancy:
    return get_object_or_404(selectors.all_discrepancies(), pk=discrepancy_id)


def _discrepancy(request: HttpRequest, found: Discrepancy, form: ResolveForm) -> HttpResponse:
    return page(
        request,
        "dashboard/discrepancy.html",
        {
            "discrepancy": found,
            "badge": _RESOLUTION_BADGES[found.resolution],
            "form": form,
            "may_resolve": request.user.has_perm(MAY_RESOLVE),
            "now": timezone.now(),
        },
    )


@staff_only
@require_POST
def resolve_discrepancy(request: HttpRequest, discrepancy_id: UUID) -> HttpResponse:
    """Record that a person has dealt with a discrepancy, and why."""
    found, by = _found(discrepancy_id), cast("User", request.user)
    if not by.has_perm(MAY_RESOLVE):
        refuse(by, "resolve-discrepancy", found.session_id)
    form = ResolveForm(request.POST)
    if not form.is_valid():
        return _discrepancy(request, found, form)
    try:
        resolve(found.pk, by=by, note=form.cleaned_data["note"], now=timezone.now())
    except ReasonRefused as refused:
        form.add_error("note", in_words(refused))
        return _discrepancy(request, found, form)
    except DiscrepancyClosed as closed:
        messages.warning(request, in_words(closed))
    else:
        messages.success(request, "Resolved.")
    return redirect("mid-office:discrepancy", found.pk)

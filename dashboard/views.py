"""The pages of the mid-office. Each translates in, makes one call, translates out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.access import staff_only
from dashboard.badges import Badge, badge_of
from dashboard.filters import TABS, SearchForm, SessionFilter, count_tabs, of_tab
from dashboard.pages import page
from dashboard.paging import PAGE_SIZE, page_of
from dashboard.session_acts import acts_that_fit, session_or_404
from dashboard.steps import steps
from dashboard.support import TAKE_BUNDLE
from dashboard.timeline_lines import lines
from payments import selectors
from payments.domain import roles
from payments.explanations import explain
from payments.models import Event, PaymentSession, Purchase

SHOWN_ENTRIES: Final = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    session: PaymentSession
    purchase: Purchase | None
    badge: Badge


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab above the list, and the URL's query that opens it."""

    word: str
    count: str
    query: str
    is_open: bool


@staff_only
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """List the sessions, newest first, narrowed by what the URL says."""
    narrowed = SessionFilter(request.GET, queryset=selectors.all_sessions())
    status = request.GET.get("status", "")
    if status not in TABS:
        raise Http404("There is no such status.")
    shown = page_of(of_tab(narrowed.qs, status), request.GET.get("cursor", ""))
    counts = count_tabs(narrowed.qs)
    return page(
        request,
        "dashboard/sessions.html",
        {
            "rows": _rows(shown.sessions),
            "tabs": [
                Tab(word, counts[key], _query(request, status=key), key == status)
                for key, word in TABS.items()
            ],
            "filter": narrowed.form,
            "status": status,
            "older": _query(request, cursor=shown.cursor) if shown.cursor else "",
            "newest": _query(request) if request.GET.get("cursor") else "",
            "now": timezone.now(),
        },
    )


def _rows(found: list[PaymentSession]) -> list[Row]:
    rows = []
    for session in found:
        purchase = selectors.purchase_of(session)
        rows.append(Row(session, purchase, badge_of(session, purchase)))
    return rows


def _query(request: HttpRequest, **changed: str) -> str:
    """Return this page's query with some parts changed, on the first page unless said."""
    query = request.GET.copy()
    query.pop("cursor", None)
    for name, value in changed.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"?{query.urlencode()}"


@staff_only
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Find sessions by any id; where there is exactly one, go straight to it."""
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    found = list(selectors.sessions_by_any_id(words)[:PAGE_SIZE]) if words else []
    if len(found) == 1:
        return redirect("mid-office:session", found[0].pk)
    context = {"rows": _rows(found), "words": words, "now": timezone.now()}
    return page(request, "dashboard/search.html", context)


@staff_only
@require_safe
def session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Show everything about one session."""
    found = session_or_404(session_id)
    purchase = selectors.purchase_of(found)
    now = timezone.now()
    entries = selectors.timeline(found, at_most=SHOWN_ENTRIES + 1)
    phases = {entry.row.phase_after for entry in entries if isinstance(entry.row, Event)}
    return page(
        request,
        "dashboard/session.html",
        {
            "session": found,
            "purchase": purchase,
            "badge": badge_of(found, purchase),
            "explanation": explain(found, purchase, now=now),
            "steps": steps(found, purchase, phases),
            "sums": _sums(found, purchase),
            "ids": _ids(found, purchase),
            "cases": selectors.open_cases(found).select_related("owner"),
            "discrepancies": selectors.discrepancies_of_session(found),
            "waiting": selectors.waiting_notifications(found),
            "lines": lines(entries[-SHOWN_ENTRIES:]),
            "is_cut": len(entries) > SHOWN_ENTRIES,
            "acts": acts_that_fit(found, cast("User", request.user)),
            "receipts": selectors.receipts_of(found),
            "notifications": selectors.notifications_of(found),
            "may_replay": request.user.has_perm(f"payments.{roles.REPLAY}"),
            "may_resend": request.user.has_perm(f"payments.{roles.RESEND}"),
            "approvals": selectors.approvals_of_session(found),
            "may_take_bundle": request.user.has_perm(TAKE_BUNDLE),
            "now": now,
        },
    )


def _sums(session: PaymentSession, purchase: Purchase | None) -> list[tuple[str, Decimal]]:
    registered = Decimal(session.amount)
    captured = purchase.captured_amount if purchase else Decimal()
    refunded = purchase.refunded_amount if purchase else Decimal()
    return [
        ("Registered", registered),
        ("Captured", captured.quantize(registered)),
        ("Refunded", refunded.quantize(registered)),
    ]


def _ids(session: PaymentSession, purchase: Purchase | None) -> list[tuple[str, str]]:
    named = [
        ("Checkout", session.checkout_id),
        ("Order", session.order_reference),
        ("PSP token", session.psp_token or ""),
        ("PSP payment reference", purchase.payment_reference if purchase else ""),
        ("Purchase", purchase.public_id if purchase else ""),
        ("Session", str(session.pk)),
        ("Result page", selectors.result_url(session)),
    ]
    return [(label, value) for label, value in named if value]

"""The pages of the mid-office. Each translates in, makes one call, translates out."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import staff_only
from dashboard.badges import badge_of
from dashboard.steps import steps
from dashboard.support import TAKE_BUNDLE
from dashboard.timeline_lines import lines
from payments import selectors
from payments.explanations import explain
from payments.models import CauseKind, Event, PaymentSession, Purchase
from payments.services.look_up import can_look_at_page, look_at_page, look_up
from payments.services.timeline import Cause
from psp_clients.contract import Report

SHOWN_ENTRIES: Final = 300
SANDBOX_WORDS: Final = "Sandbox: no real money is moved."
ACT: Final = "payments.change_purchase"


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a page of the mid-office."""
    return render(request, template, {"sandbox_words": sandbox_words(), **context})


def sandbox_words() -> str:
    """Return what every page says while the sandbox PSP is in use."""
    return SANDBOX_WORDS if selectors.moves_no_money() else ""


@staff_only
@require_safe
def session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Show everything about one session."""
    found = _session_or_404(session_id)
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
            "may_act": request.user.has_perm(ACT),
            "may_take_bundle": request.user.has_perm(TAKE_BUNDLE),
            "now": now,
        },
    )


def _session_or_404(session_id: UUID) -> PaymentSession:
    found = selectors.session_by_id(session_id)
    if found is None:
        raise Http404("There is no such session.")
    return found


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


@staff_only
@require_POST
def ask_the_psp(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Ask the PSP what became of a purchase, now, and apply what it says."""
    if not request.user.has_perm(ACT):
        raise PermissionDenied
    found = _session_or_404(session_id)
    purchase = selectors.purchase_of(found)
    if can_look_at_page(found):
        cause = Cause(CauseKind.STAFF, actor=request.user.get_username())
        _tell(request, look_at_page(found, cause=cause, now=timezone.now()))
    elif purchase is None:
        messages.warning(request, "Nobody pressed Buy Now: there is nothing to ask about.")
    else:
        _ask(request, purchase, timezone.now())
    return redirect("mid-office:session", found.pk)


def _ask(request: HttpRequest, purchase: Purchase, now: datetime) -> None:
    actor = request.user.get_username()
    _tell(request, look_up(purchase, cause_kind=CauseKind.STAFF, actor=actor, now=now))


def _tell(request: HttpRequest, report: Report | None) -> None:
    if report is None:
        messages.warning(request, "The PSP could not be asked. The timeline says why.")
    else:
        messages.success(request, f"The PSP says: {report.state}.")

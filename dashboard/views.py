"""The pages of the mid-office. Each translates in, makes one call, translates out."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.access import staff_only
from dashboard.badges import badge_of
from dashboard.pages import page
from dashboard.session_acts import acts_that_fit, session_or_404
from dashboard.steps import steps
from dashboard.support import TAKE_BUNDLE
from dashboard.timeline_lines import lines
from payments import selectors
from payments.approvals import approvals_of_session
from payments.domain import roles
from payments.explanations import explain
from payments.models import Event, PaymentSession, Purchase

SHOWN_ENTRIES: Final = 300


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
            "approvals": approvals_of_session(found),
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

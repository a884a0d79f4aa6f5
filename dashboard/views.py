"""The pages of the mid-office. Each translates in, makes one call, translates out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.access import staff_only
from dashboard.amounts import movements, sums
from dashboard.badges import badge_of
from dashboard.lifecycle_drawing import drawings, may_become
from dashboard.masking import readable
from dashboard.pages import page
from dashboard.session_acts import acts_that_fit, session_or_404
from dashboard.steps import walk
from dashboard.support import TAKE_BUNDLE
from dashboard.timeline_lines import Raw, lines
from payments import selectors
from payments.domain import roles
from payments.explanations import explain
from payments.history import moves_of, timeline
from payments.models import PaymentSession, Purchase
from payments.psp import dashboard_url
from psp_clients.contract import PspReference

SHOWN_ENTRIES: Final = 300


@staff_only
@require_safe
def session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Show everything about one session."""
    found = session_or_404(session_id)
    purchase = selectors.purchase_of(found)
    user, now = cast("User", request.user), timezone.now()
    return page(
        request,
        "dashboard/session.html",
        {
            "session": found,
            "purchase": purchase,
            "badge": badge_of(found, purchase),
            "explanation": explain(found, purchase, now=now),
            "ids": _ids(found, purchase),
            "psp_page": _psp_page(found, purchase),
            "shop_sent": _shop_sent(found, purchase),
            "acts": acts_that_fit(found, user),
            "may_replay": user.has_perm(f"payments.{roles.REPLAY}"),
            "may_resend": user.has_perm(f"payments.{roles.RESEND}"),
            "may_take_bundle": user.has_perm(TAKE_BUNDLE),
            "now": now,
            **_lifecycle(found, purchase, now),
            **_money(found, purchase),
            **_open_questions(found),
            **_messages(found),
        },
    )


def _lifecycle(session: PaymentSession, purchase: Purchase | None, now: datetime) -> dict[str, Any]:
    walked = walk(session, purchase, moves_of(session), now=now)
    return {
        "walk": walked,
        "drawings": drawings(walked, _buy_now(purchase)),
        "may_become": may_become(walked),
    }


def _money(session: PaymentSession, purchase: Purchase | None) -> dict[str, Any]:
    refunds = list(selectors.refunds_of(purchase)) if purchase else []
    instructions = list(selectors.instructions_of(purchase)) if purchase else []
    return {
        "sums": sums(session, purchase, refunds),
        "movements": movements(refunds, instructions),
    }


def _open_questions(session: PaymentSession) -> dict[str, Any]:
    return {
        "cases": selectors.open_cases(session).select_related("owner"),
        "discrepancies": selectors.discrepancies_of_session(session),
        "approvals": selectors.approvals_of_session(session),
        "waiting": selectors.waiting_notifications(session),
    }


def _messages(session: PaymentSession) -> dict[str, Any]:
    entries = timeline(session, at_most=SHOWN_ENTRIES + 1)
    shown = lines(entries[-SHOWN_ENTRIES:])
    return {
        "lines": shown,
        "told": {line.id for line in shown},
        "is_cut": len(entries) > SHOWN_ENTRIES,
        "receipts": selectors.receipts_of(session),
        "notifications": selectors.notifications_of(session),
    }


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


def _buy_now(purchase: Purchase | None) -> str:
    if purchase is None:
        return "Buy Now"
    if purchase.on_page:
        return "on the PSP's page"
    return "Buy Now" if purchase.presses == 1 else f"Buy Now, {purchase.presses} times"


def _psp_page(session: PaymentSession, purchase: Purchase | None) -> str:
    """Return where the PSP itself shows the payment, or nothing."""
    if session.psp_token is None:
        return ""
    theirs = purchase.payment_reference if purchase else ""
    return dashboard_url(session.psp, PspReference(session.psp_token, session.reference, theirs))


def _shop_sent(session: PaymentSession, purchase: Purchase | None) -> list[Raw]:
    """Return what the shop told of the purchase and of the session, in its own words."""
    told = {
        "purchase info": purchase.purchase_info if purchase else {},
        "metadata": session.metadata,
    }
    return [Raw(label, readable(said)) for label, said in told.items() if said]

"""What happened on the page of a PSP that charges there: the first news of it makes the purchase.

The shopper's click on that page is the Buy Now. Whether our own Buy Now, a webhook, the shopper's
return or a look tells of it first, there is one purchase, and its outcome goes through the gate.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction

from payments.domain.lifecycle import Phase, SessionStatus
from payments.domain.reports import NOTHING_WILL_BE_CHARGED
from payments.models import CaseKind, PaymentSession, Purchase
from payments.services import settle
from payments.services.endings import record_end
from payments.services.inserts import insert_together
from payments.services.order_lock import lock_order
from payments.services.timeline import Cause, event, open_case
from psp_clients.contract import Report, ReportedState

# What a session that had ended without a purchase is found to have been bought as: a success of
# it is a late one.
ENDED_AS: Final = {
    SessionStatus.EXPIRED: Phase.EXPIRED,
    SessionStatus.CANCELLED: Phase.CANCELLED,
}


def apply_page_report(
    session: PaymentSession, report: Report, *, cause: Cause, now: datetime
) -> Purchase | None:
    """Apply what a PSP whose page charges says of a session; return the purchase, if any.

    1. Lock all sessions of the order, as Buy Now does.
    2. Nobody bought, and nobody acted on the page: nothing. It ended there: end it here.
    3. Nobody bought, and the shopper acted: store the purchase, whatever stands in its way. What
       is one too many is for the gate to mark.
    4. Take the report to the gate, in the same transaction.

    Repeatable, in any order and any number. Joins the caller's transaction if there is one.
    """
    with transaction.atomic(savepoint=False):
        locked, purchases = lock_order(session.shop, session.checkout_id)
        purchase = next((p for p in purchases if p.session_id == locked.pk), None)
        purchase = purchase or _begin(locked, report, cause, now)
        if purchase is None:
            return None
        return settle.apply_report(purchase, report, cause=cause, now=now).purchase


def _begin(session: PaymentSession, report: Report, cause: Cause, now: datetime) -> Purchase | None:
    """Store the purchase that a report tells of, if it tells of one."""
    status = SessionStatus(session.status)
    if report.state is ReportedState.OPEN:
        return None
    if report.state in NOTHING_WILL_BE_CHARGED:
        _end(session, report, cause)
        return None
    if status is SessionStatus.REGISTERED:
        return _store(session, Phase.PENDING, cause, now)
    if report.state is ReportedState.CAPTURED and status in ENDED_AS:
        return _store(session, ENDED_AS[status], cause, now)
    if report.state is not ReportedState.DECLINED:
        why = f"This session is {status}, yet the PSP says {report.psp_word!r}."
        open_case(session, CaseKind.CONFLICTING_REPORT, why, None)
    return None


def _end(session: PaymentSession, report: Report, cause: Cause) -> None:
    if session.status != SessionStatus.REGISTERED:
        return
    expired = report.state is ReportedState.EXPIRED and session.cancel_requested_at is None
    record_end(
        session,
        SessionStatus.EXPIRED if expired else SessionStatus.CANCELLED,
        cause,
        why=session.cancel_reason or f"the PSP says {report.psp_word!r}",
    )


def _store(session: PaymentSession, phase: Phase, cause: Cause, now: datetime) -> Purchase:
    purchase = settle.newborn(session, phase=phase, now=now, on_page=True, presses=0)
    begun = event(session, "purchase.begun_at_psp", cause, purchase=purchase, phase_after=phase)
    insert_together(begun, purchase)
    return purchase

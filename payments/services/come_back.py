"""The shopper comes back from the page of a PSP that charges there: time to ask what happened.

What the browser brings back is not believed. It is handed to the PSP, which may want to see it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from payments.domain.lifecycle import PurchaseStatus, SessionStatus
from payments.models import CauseKind, PaymentSession
from payments.psp import page_charges
from payments.selectors import purchase_of
from payments.services.look_up import fetch_page, record_page_look
from payments.services.patience import LATE, NO_THREAD, within
from payments.services.timeline import Cause

# Whoever reloads the page, or has only its link, does not have the PSP asked more often.
ASK_AT_MOST_EVERY: Final = timedelta(seconds=10)
# PSPs append a token or two. What is longer is not from them, and a part of it would be of no use.
LONGEST_QUERY: Final = 2000


def come_back(session: PaymentSession, *, return_query: str, now: datetime) -> None:
    """Ask what happened on the PSP's page, and wait for it as long as Buy Now would.

    Nothing is asked of a session that has nothing to tell, nor again within seconds. An answer that
    comes late is recorded when it comes.
    """
    if not _has_news(session) or not _take_turn(session, now):
        return
    query = return_query if len(return_query) <= LONGEST_QUERY else ""
    cause = Cause(CauseKind.RETURN)
    answer = within(
        timedelta(seconds=settings.BPS_BUY_NOW_BUDGET_SECONDS),
        lambda: fetch_page(session, return_query=query),
        late=lambda late: record_page_look(session, late, cause=cause, now=timezone.now()),
        name=str(session),
    )
    if answer is not LATE and answer is not NO_THREAD:
        record_page_look(session, answer, cause=cause, now=timezone.now())


def _has_news(session: PaymentSession) -> bool:
    """Tell whether the PSP's page may have done something that we do not know the end of."""
    if not session.psp_token or session.psp not in settings.BPS_PSPS:
        return False
    purchase = purchase_of(session)
    unfinished = (
        session.status == SessionStatus.REGISTERED
        if purchase is None
        else purchase.status == PurchaseStatus.STARTED
    )
    return unfinished and page_charges(session.psp)


def _take_turn(session: PaymentSession, now: datetime) -> bool:
    """Note that the PSP is asked now, unless it was a moment ago. Until it answers, who knows."""
    free = Q(returned_at__isnull=True) | Q(returned_at__lte=now - ASK_AT_MOST_EVERY)
    came_back = PaymentSession.objects.filter(free, pk=session.pk)
    return bool(came_back.update(returned_at=now, may_be_paid=True))

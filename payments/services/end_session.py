"""Ends a session that nobody bought on: at its expiry, or because the shop cancels it.

The PSP is asked to cancel first (a fence: nothing can be charged on the token any more), and only
its confirmation is recorded. A session with a purchase is never ended here.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import SessionStatus
from payments.domain.reports import NOTHING_WILL_BE_CHARGED
from payments.domain.schedule import SUBMISSION_RETRIES, retry_delay
from payments.models import (
    CaseKind,
    CauseKind,
    PaymentSession,
    Purchase,
    Shop,
)
from payments.psp import ask
from payments.services import due
from payments.services.fence import cancel_at_psp
from payments.services.inserts import insert_together
from payments.services.refusals import (
    CheckoutEnded,
    CheckoutUnknown,
    NotRegistered,
    PurchaseStarted,
)
from payments.services.timeline import Cause, event, open_case
from psp_clients.contract import PspReference, ReportedState


def cancel_session(*, shop: Shop, checkout_id: str, cause: Cause, now: datetime) -> PaymentSession:
    """Cancel a session that nobody bought on; from now on Buy Now is refused.

    The answer is still `registered` while the PSP has not confirmed; a worker goes on asking.
    Raises CheckoutUnknown, NotRegistered, PurchaseStarted, CheckoutEnded; each changes nothing.
    Cancelling a cancelled session is granted.
    """
    with transaction.atomic(durable=True):
        session = (
            PaymentSession.objects.select_for_update(no_key=True)
            .filter(shop=shop, checkout_id=checkout_id)
            .first()
        )
        if session is None:
            raise CheckoutUnknown
        session.shop = shop
        _refuse_unless_cancellable(session)
        if session.status == SessionStatus.CANCELLED:
            return session
        if session.cancel_requested_at is None:
            session.cancel_requested_at, session.cancel_reason = now, "asked for by the shop"
            insert_together(event(session, "session.cancel_requested", cause))
        session.due_at, session.leased_until = now, due.lease_end(now)
        session.save(
            update_fields=[
                "cancel_requested_at",
                "cancel_reason",
                "due_at",
                "leased_until",
                "updated_at",
            ]
        )
    return end_session(session, now=now)


def _refuse_unless_cancellable(session: PaymentSession) -> None:
    purchase = Purchase.objects.filter(session=session).first()
    if purchase is not None:
        raise PurchaseStarted(purchase)
    if session.status == SessionStatus.CREATED:
        raise NotRegistered
    if session.status not in (SessionStatus.REGISTERED, SessionStatus.CANCELLED):
        raise CheckoutEnded(session.status)


def carry_ending(session_id: UUID, *, now: datetime) -> None:
    """End a registered session whose time has come; leave any other alone."""
    session = PaymentSession.objects.get(pk=session_id)
    bought = Purchase.objects.filter(session=session).exists()
    if bought or session.status != SessionStatus.REGISTERED:
        due.release("session", session.pk, due_at=None)
    elif session.cancel_requested_at is None and session.expires_at > now:
        due.release("session", session.pk, due_at=session.expires_at)
    else:
        end_session(session, now=now)


def end_session(session: PaymentSession, *, now: datetime) -> PaymentSession:
    """Fence the session at its PSP and record the end, or leave it due."""
    reference = PspReference(session.psp_token or "", session.reference)
    fence = cancel_at_psp(session, reference, now=now)
    if fence is not None:
        with transaction.atomic(durable=True):
            fence.finish(timezone.now())
    if fence is None or fence.answer.outcome == CallOutcome.STATE_CONFLICT:
        answer = ask(session.psp, lambda asked: asked.fetch(reference))
    else:
        answer = fence.answer
    if answer.result is not None and answer.result.state in NOTHING_WILL_BE_CHARGED:
        return _record_end(session)
    if answer.result is not None and answer.result.state is not ReportedState.OPEN:
        open_case(
            session,
            CaseKind.CONFLICTING_REPORT,
            f"Nobody pressed Buy Now here, yet the PSP says {answer.result.psp_word!r}.",
            None,
        )
    wait = retry_delay(SUBMISSION_RETRIES, session.attempts)
    due.release("session", session.pk, due_at=due.sooner(now + wait, now))
    return session


def _record_end(session: PaymentSession) -> PaymentSession:
    """Record expiry or cancellation, unless a purchase came first."""
    with transaction.atomic(durable=True):
        locked = PaymentSession.objects.select_for_update(no_key=True).get(pk=session.pk)
        locked.shop_id = session.shop_id
        bought = Purchase.objects.filter(session=locked).exists()
        if bought or locked.status != SessionStatus.REGISTERED:
            return locked
        cancelled = locked.cancel_requested_at is not None
        locked.status = SessionStatus.CANCELLED if cancelled else SessionStatus.EXPIRED
        locked.due_at = locked.leased_until = None
        locked.save(update_fields=["status", "due_at", "leased_until", "updated_at"])
        insert_together(
            event(
                locked,
                f"session.{locked.status}",
                Cause(CauseKind.CLOCK),
                why=locked.cancel_reason or "its time passed without a purchase",
            )
        )
    return locked

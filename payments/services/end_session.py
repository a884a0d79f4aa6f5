"""Ends a session that nobody bought on: at its expiry, or because the shop cancels it.

One whose purchase was declined for now is cancelled by ending that purchase, which carry does.

The PSP is asked to cancel first (a fence: nothing can be charged on the token any more), and only
its confirmation is recorded. Where its page charges it may turn out that the shopper was faster:
then there is a purchase. A session with a purchase is never ended here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from payments.domain.lifecycle import SessionStatus
from payments.domain.reports import NOTHING_WILL_BE_CHARGED
from payments.domain.schedule import NEWS_MARGIN, SUBMISSION_RETRIES, retry_delay
from payments.models import (
    CaseKind,
    CauseKind,
    PaymentSession,
    Purchase,
    Shop,
)
from payments.psp import ask, can_be_asked, psp_client
from payments.services import due
from payments.services.calls import record_look_up
from payments.services.endings import record_end
from payments.services.fence import cancel_at_psp
from payments.services.inserts import insert_together
from payments.services.page_news import apply_page_report
from payments.services.refusals import (
    CheckoutEnded,
    CheckoutUnknown,
    NotRegistered,
    PurchaseStarted,
)
from payments.services.timeline import Cause, event, open_case
from psp_clients.contract import ConfirmMode, PspReference, Report, ReportedState


def cancel_session(
    *,
    shop: Shop,
    checkout_id: str,
    cause: Cause,
    now: datetime,
    why: str = "asked for by the shop",
    reason: str = "",
) -> PaymentSession:
    """Cancel a session on which nobody bought, or was declined for now; no call follows then.

    The answer is still `registered` while the PSP has not confirmed; a worker goes on asking.
    Raises CheckoutUnknown, NotRegistered, CheckoutEnded, each of which changes nothing, and
    PurchaseStarted, which the PSP may have been the first to know. Cancelling a cancelled session
    is granted.
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
            told: dict[str, Any] = {"reason": reason} if reason else {}
            session.cancel_requested_at, session.cancel_reason = now, why
            insert_together(event(session, "session.cancel_requested", cause, **told))
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
        waiting = Purchase.objects.filter(session=session, awaits_shopper=True)
        if waiting.update(due_at=now, leased_until=None):
            due.hint()
            return session
    session = end_session(session, now=now)
    bought = Purchase.objects.filter(session=session).first()
    if bought is not None:
        raise PurchaseStarted(bought)
    return session


def _refuse_unless_cancellable(session: PaymentSession) -> None:
    purchase = Purchase.objects.filter(session=session).first()
    if purchase is not None and not purchase.awaits_shopper:
        raise PurchaseStarted(purchase)
    if session.status == SessionStatus.CREATED:
        raise NotRegistered
    if session.status not in (SessionStatus.REGISTERED, SessionStatus.CANCELLED):
        raise CheckoutEnded(session.status)


def carry_ending(session_id: UUID, *, now: datetime) -> None:
    """End a registered session whose time has come; leave any other alone."""
    session = PaymentSession.objects.select_related("shop").get(pk=session_id)
    if _is_bought(session) or session.status != SessionStatus.REGISTERED:
        due.release("session", session.pk, due_at=None)
    elif session.cancel_requested_at is None and session.expires_at > now:
        due.release("session", session.pk, due_at=session.expires_at)
    else:
        end_session(session, now=now)


def end_session(session: PaymentSession, *, now: datetime) -> PaymentSession:
    """Make sure that nothing will be charged on a session and record its end, or leave it due.

    Where the PSP cannot cancel, and charges only when we ask it to, it is enough that we never
    will. Where it can neither cancel nor be asked, its sessions must end by themselves.
    """
    can = psp_client(session.psp).capabilities
    page_charges = can.confirm_mode is ConfirmMode.READS
    if not page_charges and not can.can_cancel:
        return _record_end(session)
    if not can.can_cancel and not can.can_poll:
        return _end_by_itself(session, now, ends_at_expiry=can.ends_at_expiry)
    report = _fence(session, now) if can.can_cancel else _look(session, now)
    is_over = can.ends_at_expiry and not can.can_cancel and session.expires_at <= now
    if report is not None and _proves_the_end(report, is_over=is_over):
        return _record_end(session)
    if report is not None and report.state is not ReportedState.OPEN:
        _take_what_happened(session, report, page_charges=page_charges)
    wait = retry_delay(SUBMISSION_RETRIES, session.attempts)
    due.release("session", session.pk, due_at=due.sooner(now + wait, now))
    return session


def _proves_the_end(report: Report, *, is_over: bool) -> bool:
    """Tell whether nothing will be charged: fenced, or untouched when its time was over."""
    untouched = report.state is ReportedState.OPEN
    return report.state in NOTHING_WILL_BE_CHARGED or (untouched and is_over)


def _take_what_happened(session: PaymentSession, report: Report, *, page_charges: bool) -> None:
    """Have the purchase that the shopper made on the PSP's page; elsewhere there can be none."""
    if page_charges:
        apply_page_report(session, report, cause=Cause(CauseKind.CLOCK), now=timezone.now())
        return
    why = f"Nobody pressed Buy Now here, yet the PSP says {report.psp_word!r}."
    open_case(session, CaseKind.CONFLICTING_REPORT, why, None)


def _end_by_itself(
    session: PaymentSession, now: datetime, *, ends_at_expiry: bool
) -> PaymentSession:
    """End a session of a PSP that can only tell of itself, once its news has had time to come."""
    ends = due.sooner(session.expires_at + NEWS_MARGIN, session.expires_at)
    if ends_at_expiry and ends <= now:
        return _record_end(session)
    if not ends_at_expiry:
        why = "This PSP can neither end a session nor tell whether it was paid. Ask its people."
        open_case(session, CaseKind.UNANSWERED, why, None)
    due.release("session", session.pk, due_at=ends if ends_at_expiry else None)
    return session


def _fence(session: PaymentSession, now: datetime) -> Report | None:
    """Cancel at the PSP; return what it says then, in its answer or to a look.

    A cancel that was refused, or whose answer was lost, may have found or made an end.
    """
    fence = cancel_at_psp(session, _reference(session), now=now)
    if fence is None:
        return _look(session, now)
    with transaction.atomic(durable=True):
        fence.finish(timezone.now())
    return fence.answer.result or _look(session, now)


def _look(session: PaymentSession, now: datetime) -> Report | None:
    if not can_be_asked(session.psp):
        return None
    reference = _reference(session)
    answer = ask(session.psp, lambda asked: asked.fetch(reference))
    record_look_up(session, answer, now=max(now, timezone.now()))
    return answer.result


def _reference(session: PaymentSession) -> PspReference:
    return PspReference(session.psp_token or "", session.reference)


def _is_bought(session: PaymentSession) -> bool:
    return Purchase.objects.filter(session=session).exists()


def _record_end(session: PaymentSession) -> PaymentSession:
    """Record expiry or cancellation, unless a purchase came first."""
    with transaction.atomic(durable=True):
        locked = PaymentSession.objects.select_for_update(no_key=True).get(pk=session.pk)
        locked.shop_id = session.shop_id
        if _is_bought(locked) or locked.status != SessionStatus.REGISTERED:
            return locked
        cancelled = locked.cancel_requested_at is not None
        record_end(
            locked,
            SessionStatus.CANCELLED if cancelled else SessionStatus.EXPIRED,
            Cause(CauseKind.CLOCK),
            why=locked.cancel_reason or "its time passed without a purchase",
        )
    return locked

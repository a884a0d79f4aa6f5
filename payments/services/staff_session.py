"""Acts of staff on sessions: cancel one that nobody bought on, ask the PSP about one or many."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from payments.domain import roles
from payments.domain.lifecycle import PurchaseStatus
from payments.models import CauseKind, PaymentSession, Purchase
from payments.selectors import purchase_of
from payments.services import due
from payments.services.end_session import cancel_session
from payments.services.look_up import can_look_at_page, look_at_page, look_up
from payments.services.purchase_lock import lock_session
from payments.services.refusals import NothingToAskAbout
from payments.services.staff_rules import MOST_AT_ONCE, allowed, record_act
from psp_clients.contract import Report


def cancel(*, by: User, session: PaymentSession, reason: str, now: datetime) -> PaymentSession:
    """Cancel a session. Raises NotAllowed, ReasonRefused, and what cancel_session raises."""
    cause = allowed(by, roles.CANCEL, reason)
    return cancel_session(
        shop=session.shop,
        checkout_id=session.checkout_id,
        cause=cause,
        now=now,
        why="asked for by staff",
        reason=reason,
    )


def ask_psp(*, by: User, session: PaymentSession, reason: str, now: datetime) -> Report | None:
    """Ask the PSP what is true now, and apply it; None where it could not be asked.

    Raises NotAllowed, ReasonRefused, and NothingToAskAbout where nobody has bought.
    """
    cause = allowed(by, roles.ASK, reason)
    purchase, at_page = purchase_of(session), can_look_at_page(session)
    if purchase is None and not at_page:
        raise NothingToAskAbout
    with transaction.atomic(durable=True):
        record_act(lock_session(session.pk), "psp.asked", cause, reason=reason)
    if at_page or purchase is None:
        return look_at_page(session, cause=cause, now=now)
    return look_up(purchase, cause_kind=CauseKind.STAFF, actor=cause.actor, now=now)


def ask_psp_about_started(*, by: User, psp: str, reason: str, now: datetime) -> int:
    """Have a worker ask a PSP about every purchase there that has started and not ended.

    At most 500, those first that are looked at last; returns how many. Raises NotAllowed and
    ReasonRefused.
    """
    cause = allowed(by, roles.ASK, reason)
    waiting = (
        Purchase.objects.filter(session__psp=psp, status=PurchaseStatus.STARTED)
        .order_by("-due_at")
        .values_list("pk", "session_id")[:MOST_AT_ONCE]
    )
    asked = list(waiting)
    for purchase_id, session_id in sorted(asked, key=lambda pair: pair[1]):
        with transaction.atomic(durable=True):
            session = lock_session(session_id)
            record_act(session, "psp.asked", cause, reason=reason)
            Purchase.objects.filter(pk=purchase_id, status=PurchaseStatus.STARTED).update(
                due_at=now
            )
    due.hint()
    return len(asked)

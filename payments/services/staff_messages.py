"""Acts of staff on messages: replay a webhook that came, resend a notification to a shop."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from payments.domain import roles
from payments.domain.approvals import ApprovedAct
from payments.models import (
    Approval,
    NotificationState,
    PaymentSession,
    ReceiptState,
    Shop,
    ShopNotification,
    WebhookReceipt,
)
from payments.services import due
from payments.services.purchase_lock import lock_session
from payments.services.refusals import NotReplayable
from payments.services.staff_rules import MOST_AT_ONCE, allowed, record_act
from payments.services.stage_approval import stage_approval
from payments.services.timeline import Cause

REPLAYABLE = (ReceiptState.PROCESSED, ReceiptState.UNMATCHED)


def replay_receipt(*, by: User, receipt: WebhookReceipt, reason: str, now: datetime) -> None:
    """Have a stored webhook worked on again, as if it had just come.

    Raises NotAllowed, ReasonRefused, and NotReplayable for one that was never proved to be the
    PSP's, or still waits.
    """
    cause = allowed(by, roles.REPLAY, reason)
    if not _replay(receipt.pk, receipt.session_id, reason, cause, now):
        raise NotReplayable
    due.hint()


def _replay(
    receipt_id: UUID, session_id: UUID | None, reason: str, cause: Cause, now: datetime
) -> bool:
    with transaction.atomic(durable=True):
        session = lock_session(session_id) if session_id else None
        again = WebhookReceipt.objects.filter(pk=receipt_id, state__in=REPLAYABLE).update(
            state=ReceiptState.WAITING, due_at=now, attempts=0, leased_until=None, updated_at=now
        )
        if again and session is not None:
            record_act(session, "receipt.replayed", cause, receipt=str(receipt_id), reason=reason)
    return bool(again)


def ask_to_replay_many(
    *,
    by: User,
    psp: str,
    since: datetime,
    until: datetime,
    reason: str,
    form_key: str,
    now: datetime,
) -> Approval:
    """Ask for a second person who agrees to replay what a PSP sent in a period.

    Raises NotAllowed and ReasonRefused.
    """
    cause = allowed(by, roles.REPLAY, reason)
    arguments = {"psp": psp, "since": since.isoformat(), "until": until.isoformat()}
    with transaction.atomic(durable=True):
        return stage_approval(
            ApprovedAct.REPLAY_MANY,
            arguments,
            session=None,
            by=by,
            reason=reason,
            request_key=form_key,
            cause=cause,
            now=now,
        )


def replay_many(
    *, psp: str, since: datetime, until: datetime, reason: str, cause: Cause, now: datetime
) -> int:
    """Replay what a PSP sent in a period, the oldest 500 at most; return how many.

    For whoever has had it agreed to: asks for no permission itself.
    """
    found = WebhookReceipt.objects.filter(
        psp=psp, created_at__gte=since, created_at__lt=until, state__in=REPLAYABLE
    ).order_by("pk")
    rows = list(found.values_list("pk", "session_id")[:MOST_AT_ONCE])
    again = sum(_replay(pk, session_id, reason, cause, now) for pk, session_id in rows)
    due.hint()
    return again


def resend_notification(
    *, by: User, notification: ShopNotification, reason: str, now: datetime
) -> None:
    """Tell a shop again, in the same bytes under the same id. Raises NotAllowed, ReasonRefused."""
    cause = allowed(by, roles.RESEND, reason)
    _resend(notification.pk, notification.session, reason, cause, now)
    due.hint()


def resend_since(*, by: User, shop: Shop, since: datetime, reason: str, now: datetime) -> int:
    """Tell a shop again all that it was to be told since an instant; return how many.

    The oldest 500 at most. Raises NotAllowed and ReasonRefused.
    """
    cause = allowed(by, roles.RESEND, reason)
    found = ShopNotification.objects.filter(session__shop=shop, created_at__gte=since)
    rows = list(found.select_related("session").order_by("pk")[:MOST_AT_ONCE])
    for row in rows:
        _resend(row.pk, row.session, reason, cause, now)
    due.hint()
    return len(rows)


def _resend(
    notification_id: UUID, session: PaymentSession, reason: str, cause: Cause, now: datetime
) -> None:
    with transaction.atomic(durable=True):
        locked = lock_session(session.pk)
        ShopNotification.objects.filter(pk=notification_id).update(
            state=NotificationState.WAITING,
            delivered_at=None,
            due_at=now,
            attempts=0,
            leased_until=None,
            updated_at=now,
        )
        told = f"msg_{notification_id.hex}"
        record_act(locked, "notification.resent", cause, notification=told, reason=reason)

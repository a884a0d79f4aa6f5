"""What staff can do to webhooks that came and notifications that went out, one or many."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.urls import reverse

from dashboard.act_forms import PeriodForm, PspForm, ReasonForm, ShopSinceForm
from dashboard.acts import Act
from payments.domain import roles
from payments.models import ShopNotification, WebhookReceipt
from payments.services import staff_messages, staff_session
from payments.services.foresee import foresee_replay


def _receipt(receipt_id: UUID | None) -> WebhookReceipt:
    return get_object_or_404(WebhookReceipt, pk=receipt_id)


def _notification(notification_id: UUID | None) -> ShopNotification:
    found = ShopNotification.objects.select_related("session__shop")
    return get_object_or_404(found, pk=notification_id)


def _session_or_list(row: WebhookReceipt | ShopNotification) -> str:
    if row.session_id is None:
        return reverse("mid-office:sessions")
    return reverse("mid-office:session", args=[row.session_id])


def _replay(by: User, receipt: WebhookReceipt, form: ReasonForm, now: datetime) -> str:
    reason = form.cleaned_data["reason"]
    staff_messages.replay_receipt(by=by, receipt=receipt, reason=reason, now=now)
    return "It is worked on again."


def _resend(by: User, notification: ShopNotification, form: ReasonForm, now: datetime) -> str:
    reason = form.cleaned_data["reason"]
    staff_messages.resend_notification(by=by, notification=notification, reason=reason, now=now)
    return "It is sent again, under the same id."


def _ask_many(by: User, _: None, form: ReasonForm, now: datetime) -> str:
    given = form.cleaned_data
    count = staff_session.ask_psp_about_started(
        by=by, psp=given["psp"], reason=given["reason"], now=now
    )
    return f"A worker asks about {count} {'purchase' if count == 1 else 'purchases'}."


def _replay_many(by: User, _: None, form: ReasonForm, now: datetime) -> str:
    given = form.cleaned_data
    staff_messages.ask_to_replay_many(
        by=by,
        psp=given["psp"],
        since=given["since"],
        until=given["until"],
        reason=given["reason"],
        form_key=form.key,
        now=now,
    )
    return "Asked for. Nothing is replayed until a second person agrees."


def _resend_since(by: User, _: None, form: ReasonForm, now: datetime) -> str:
    given = form.cleaned_data
    count = staff_messages.resend_since(
        by=by, shop=given["shop"], since=given["since"], reason=given["reason"], now=now
    )
    are_sent = "notification is" if count == 1 else "notifications are"
    return f"{count} {are_sent} sent again."


def _about_session(row: Any) -> UUID | None:
    session_id: UUID | None = row.session_id
    return session_id


REPLAY: Final = Act(
    "replay-receipt",
    "Replay a webhook",
    roles.REPLAY,
    _replay,
    find=_receipt,
    session_id=_about_session,
    back=_session_or_list,
    what_happens=lambda receipt: [
        "It is worked on again, as if it had just come.",
        f"As things stand: {foresee_replay(receipt)}",
    ],
)
RESEND: Final = Act(
    "resend-notification",
    "Resend a notification",
    roles.RESEND,
    _resend,
    find=_notification,
    session_id=_about_session,
    back=_session_or_list,
    what_happens=lambda row: [
        f"{row.type} is sent to {row.session.shop} again, in the same bytes, as {row.public_id}."
    ],
)
ASK_MANY: Final = Act(
    "ask-many",
    "Ask a PSP about all that is started",
    roles.ASK,
    _ask_many,
    what_happens=lambda _: ["A worker asks about at most 500 purchases that have not ended."],
    form=PspForm,
)
REPLAY_MANY: Final = Act(
    "replay-many",
    "Replay a PSP's webhooks",
    roles.REPLAY,
    _replay_many,
    what_happens=lambda _: [
        "At most 500 webhooks of a period, the oldest first, are worked on again.",
        "A second person must agree first.",
    ],
    form=PeriodForm,
)
RESEND_SINCE: Final = Act(
    "resend-since",
    "Resend a shop's notifications",
    roles.RESEND,
    _resend_since,
    what_happens=lambda _: ["At most 500 notifications, the oldest first, are sent again."],
    form=ShopSinceForm,
)
ROW_ACTS: Final = {REPLAY: "receipts", RESEND: "notifications"}
# Each with the list of what it is done to.
BULK_ACTS: Final = {ASK_MANY: "sessions", REPLAY_MANY: "receipts", RESEND_SINCE: "notifications"}


def acts_on_many(by: User, list_name: str = "") -> list[tuple[str, str]]:
    """Return the title and address of each act on many rows, of one list if it is named.

    Those only that somebody may do.
    """
    return [
        (act.title, reverse(f"mid-office:{act.name}"))
        for act, of_list in BULK_ACTS.items()
        if list_name in ("", of_list) and by.has_perm(f"payments.{act.permission}")
    ]

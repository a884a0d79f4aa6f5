"""Builds rows for tests, straight into the database, in whatever state a test begins with.

The database refuses illegal moves, not illegal beginnings: a row may be born in any phase. What a
test does not name is chosen so that nothing else refuses the row.
"""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from payments.domain.approvals import ApprovedAct, arguments_hash
from payments.domain.instructions import InstructionKind
from payments.domain.lifecycle import STARTED_PHASES, Phase, SessionStatus
from payments.domain.refunds import RefundPhase
from payments.models import (
    Approval,
    CallOutcome,
    Case,
    CaseKind,
    CauseKind,
    Discrepancy,
    Event,
    Instruction,
    NotificationSecret,
    NotificationState,
    NotificationTry,
    PaymentSession,
    PspCall,
    Purchase,
    ReceiptState,
    ReconciliationRun,
    Refund,
    RunState,
    Shop,
    ShopNotification,
    StaffEvent,
    StatementFormat,
    StatementLine,
    WebhookReceipt,
)
from psp_clients.contract import Operation

_numbers = itertools.count(1)

PASSWORD = "a password for tests alone"
TOTP_KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def make_shop(**fields: Any) -> Shop:
    """Return a shop that sends everything to the sandbox and is not notified.

    `notification_secrets` are values, newest first; all but the first retire in a day.
    """
    current, *older = fields.pop("notification_secrets", [None])
    defaults = {
        "name": f"Shop {next(_numbers)}",
        "return_origins": ["https://shop.example"],
        "routing": {"*": ["sandbox"]},
    }
    shop = Shop.objects.create(**defaults | fields)
    for value in reversed(older):
        retires_at = timezone.now() + timedelta(days=1)
        NotificationSecret.objects.create(shop=shop, value=value, retires_at=retires_at)
    if current:
        NotificationSecret.objects.create(shop=shop, value=current)
    return shop


def make_session(**fields: Any) -> PaymentSession:
    """Return a registered session of 19.99 EUR that nobody has bought on."""
    number = next(_numbers)
    status = fields.get("status", SessionStatus.REGISTERED)
    unregistered = status in (SessionStatus.CREATED, SessionStatus.FAILED)
    token = None if unregistered else f"tok_{number}"
    defaults = {
        "shop": fields.get("shop") or make_shop(),
        "checkout_id": f"c-{number}",
        "order_reference": f"o-{number}",
        "psp": "sandbox",
        "psp_token": token,
        "purchase_url": f"https://psp.example/purchase/{token}" if token else "",
        "amount": "19.99",
        "currency": "EUR",
        "status": status,
        "return_url": f"https://shop.example/thanks/{number}",
        "buy_now_url": f"https://shop.example/buy-now/{number}",
        "expires_at": timezone.now() + timedelta(hours=1),
    }
    created_at = fields.pop("created_at", None)
    session = PaymentSession.objects.create(**defaults | fields)
    _date_back(session, created_at)
    return session


def make_purchase(session: PaymentSession | None = None, **fields: Any) -> Purchase:
    """Return a purchase of a session, pending unless `phase` says otherwise."""
    phase = Phase(fields.get("phase", Phase.PENDING))
    started = phase in STARTED_PHASES
    if session is None:
        status = SessionStatus.REGISTERED if started else SessionStatus.COMPLETED
        session = make_session(status=status)
    now = timezone.now()
    defaults = {
        "session": session,
        "shop": session.shop,
        "order_reference": session.order_reference,
        "purchase_info": {"items": [{"name": "Book", "quantity": 1, "unit_amount": "19.99"}]},
        "amount": session.amount,
        "currency": session.currency,
        "phase": phase,
        "phase_since": now,
        "captured_amount": Decimal(session.amount) if phase is Phase.CAPTURED else 0,
        "due_at": now + timedelta(minutes=1) if started else None,
        "finished_at": None if started else now,
    }
    created_at = fields.pop("created_at", None)
    purchase = Purchase.objects.create(**defaults | fields)
    _date_back(purchase, created_at)
    return purchase


def make_event(session: PaymentSession, name: str = "purchase.captured", **fields: Any) -> Event:
    """Return an event; the database numbers it and links it to the one before."""
    defaults = {"session": session, "name": name, "cause_kind": CauseKind.CLOCK}
    return Event.objects.create(**defaults | fields)


def make_psp_call(session: PaymentSession, **fields: Any) -> PspCall:
    """Return an answered confirm call."""
    now = timezone.now()
    defaults = {
        "session": session,
        "psp": session.psp,
        "operation": Operation.CONFIRM,
        "method": "POST",
        "path": f"/v1/sessions/{session.psp_token}/purchase",
        "headers": {"content-type": "application/json"},
        "body": b'{"amount":"19.99","currency":"EUR"}',
        "sends": 1,
        "first_sent_at": now,
        "last_sent_at": now,
        "answered_at": now,
        "duration_ms": 42,
        "outcome": CallOutcome.ANSWERED,
        "answer": {"status": "paid"},
    }
    return PspCall.objects.create(**defaults | fields)


def make_refund(purchase: Purchase, **fields: Any) -> Refund:
    """Return a refund of 5.00 that the PSP has taken on."""
    now = timezone.now()
    defaults = {
        "session": purchase.session,
        "purchase": purchase,
        "amount": "5.00",
        "currency": purchase.currency,
        "phase": RefundPhase.PENDING,
        "phase_since": now,
        "due_at": now + timedelta(minutes=1),
    }
    return Refund.objects.create(**defaults | fields)


def make_instruction(purchase: Purchase, **fields: Any) -> Instruction:
    """Return a capture of everything that is about to be sent."""
    defaults = {
        "session": purchase.session,
        "purchase": purchase,
        "kind": InstructionKind.CAPTURE,
        "amount": purchase.amount,
        "currency": purchase.currency,
        "due_at": timezone.now() + timedelta(minutes=1),
    }
    return Instruction.objects.create(**defaults | fields)


def make_receipt(session: PaymentSession | None, **fields: Any) -> WebhookReceipt:
    """Return a verified webhook that was worked on."""
    number = next(_numbers)
    defaults = {
        "session": session,
        "psp": "sandbox",
        "event_id": f"evt_{number}",
        "event_type": "session.paid",
        "headers": {"webhook-id": f"evt_{number}"},
        "body": b'{"type":"session.paid"}',
        "state": ReceiptState.PROCESSED,
    }
    return WebhookReceipt.objects.create(**defaults | fields)


def make_notification_try(session: PaymentSession, **fields: Any) -> NotificationTry:
    """Return a try that delivered a notification of its own."""
    now = timezone.now()
    notification = ShopNotification.objects.create(
        session=session,
        type="purchase.successful",
        body='{"type":"purchase.successful"}',
        state=NotificationState.DELIVERED,
        delivered_at=now,
    )
    defaults = {"notification": notification, "http_status": 200, "duration_ms": 7}
    return NotificationTry.objects.create(**defaults | fields)


def make_case(session: PaymentSession, **fields: Any) -> Case:
    """Return an open case."""
    defaults = {"session": session, "kind": CaseKind.UNANSWERED, "detail": "Nobody answered."}
    return Case.objects.create(**defaults | fields)


def make_approval(session: PaymentSession | None, **fields: Any) -> Approval:
    """Return a request to resolve a case, which waits for a second person."""
    number = next(_numbers)
    act = fields.get("act", ApprovedAct.RESOLVE_CASE)
    arguments = fields.get("arguments", {"case": str(number), "resolution": "Settled."})
    defaults = {
        "act": act,
        "session": session,
        "arguments": arguments,
        "arguments_hash": arguments_hash(act, arguments),
        "reason": "Settled.",
        "request_key": f"form:{number}",
        "requested_by": fields.get("requested_by") or make_user(),
        "expires_at": timezone.now() + timedelta(hours=24),
    }
    return Approval.objects.create(**defaults | fields)


def make_staff_event(**fields: Any) -> StaffEvent:
    """Return what somebody did to a shop's key."""
    defaults = {"name": "api_key.revoked", "actor": "olga", "subject": "web (Ab12Cd34…)"}
    return StaffEvent.objects.create(**defaults | fields)


def make_run(**fields: Any) -> ReconciliationRun:
    """Return a finished run over yesterday."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    state = fields.get("state", RunState.FINISHED)
    defaults = {
        "psp": "sandbox",
        "since": midnight - timedelta(days=1),
        "until": midnight,
        "asked_by": "olga",
        "state": state,
        "finished_at": None if state == RunState.RUNNING else timezone.now(),
    }
    return ReconciliationRun.objects.create(**defaults | fields)


def make_statement_line(**fields: Any) -> StatementLine:
    """Return a charge of 19.99 EUR that a PSP listed, booked yesterday."""
    run = fields.get("run") or make_run()
    defaults = {
        "run": run,
        "kind": "charge",
        "psp_reference": f"ch_{next(_numbers)}",
        "amount": "19.99",
        "currency": "EUR",
        "status": "successful",
        "booked_at": run.since + timedelta(hours=12),
    }
    return StatementLine.objects.create(**defaults | fields)


def make_discrepancy(session: PaymentSession | None, **fields: Any) -> Discrepancy:
    """Return an open discrepancy: the PSP charged another amount."""
    run = fields.get("run") or make_run()
    number = next(_numbers)
    defaults = {
        "run": run,
        "last_run": run,
        "psp": "sandbox",
        "kind": "amount",
        "subject": f"charge:ch_{number}",
        "session": session,
        "ours": "successful, 19.99 EUR",
        "theirs": "successful, 20.99 EUR",
        "psp_reference": f"ch_{number}",
        "happened_at": run.since + timedelta(hours=12),
    }
    return Discrepancy.objects.create(**defaults | fields)


def make_statement_format(**fields: Any) -> StatementFormat:
    """Return a saved column mapping of statements in our own words."""
    return StatementFormat.objects.create(
        **{"psp": "sandbox", "name": f"Format {next(_numbers)}"} | fields
    )


def make_user(*permissions: str, **fields: Any) -> User:
    """Return a member of staff with these permissions ("change_purchase"), and PASSWORD."""
    defaults: dict[str, Any] = {"username": f"user-{next(_numbers)}", "is_staff": True}
    user = get_user_model().objects.create_user(password=PASSWORD, **defaults | fields)
    if permissions:
        user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    return user


def make_authenticator_app(user: User) -> Authenticator:
    """Return an authenticator app that a member of staff has enrolled, with the key TOTP_KEY."""
    kind, data = Authenticator.Type.TOTP, {"secret": TOTP_KEY}
    app: Authenticator = Authenticator.objects.create(user=user, type=kind, data=data)
    return app


def _date_back(row: PaymentSession | Purchase, at: datetime | None) -> None:
    """Set when a row was made, which the models leave to the clock."""
    if at is not None:
        type(row).objects.filter(pk=row.pk).update(created_at=at)
        row.created_at = at

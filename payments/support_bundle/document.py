"""The document: summary, references, rows and timeline of one session."""

from __future__ import annotations

import json
import platform
import tomllib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import django
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model, QuerySet

from payments import selectors
from payments.history import TimelineEntry, timeline
from payments.models import (
    Case,
    Event,
    Instruction,
    NotificationTry,
    PaymentSession,
    PspCall,
    Purchase,
    Refund,
    ShopNotification,
    WebhookReceipt,
)
from payments.support_bundle.masking import Masker, secrets_of_settings
from payments.support_bundle.summary import Rows, instant, summary

Row = TypeVar("Row", bound=Model)

FORMAT: Final = 1
ROWS_AT_MOST: Final = 500
WORDS_OF_PEOPLE: Final = frozenset({"reason", "note", "to", "arguments"})


def support_bundle(session: PaymentSession, *, now: datetime) -> dict[str, Any]:
    """Return the bundle of a session that was read with purchase and shop."""
    of_shop = session.shop.notification_secrets.values_list("value", flat=True)
    masker = Masker({*secrets_of_settings(), *of_shop})
    return _Document(_read(session), masker, now).document()


def as_text(bundle: dict[str, Any]) -> str:
    """Return a bundle as JSON in ASCII, which harms nobody who opens it as something else."""
    text = json.dumps(bundle, indent=2)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _read(session: PaymentSession) -> Rows:
    """Read the latest rows of every kind, in order of time."""
    notifications = session.notifications.prefetch_related("tries")
    return Rows(
        session=session,
        purchase=selectors.purchase_of(session),
        calls=_latest(session.psp_calls.all()),
        receipts=_latest(session.receipts.all()),
        notifications=_latest(notifications),
        refunds=_latest(session.refunds.all()),
        instructions=_latest(session.instructions.all()),
        cases=_latest(session.cases.all()),
        timeline=timeline(session, at_most=ROWS_AT_MOST),
    )


def _latest(rows: QuerySet[Row]) -> list[Row]:
    return [*reversed(rows.order_by("-created_at", "-pk")[:ROWS_AT_MOST])]


def _without_words_of_people(data: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what shops and staff wrote themselves: it may be about anybody."""
    return {name: value for name, value in data.items() if name not in WORDS_OF_PEOPLE}


class _Document:
    """Tells of the rows, through the masker."""

    def __init__(self, rows: Rows, masker: Masker, now: datetime) -> None:
        self.rows, self.masker, self.now = rows, masker, now
        self.session, self.purchase = rows.session, rows.purchase

    def document(self) -> dict[str, Any]:
        return {
            "summary": self.masker.value(summary(self.rows, now=self.now)),
            "references": self._references(),
            "session": self._session(),
            "purchase": self._purchase(self.purchase) if self.purchase else None,
            "timeline": [self._line(entry) for entry in self.rows.timeline],
            "psp_calls": [self._call(call) for call in self.rows.calls],
            "webhooks": [self._receipt(receipt) for receipt in self.rows.receipts],
            "notifications": [self._notification(row) for row in self.rows.notifications],
            "refunds": [self._refund(refund) for refund in self.rows.refunds],
            "captures_and_voids": [self._instruction(row) for row in self.rows.instructions],
            "cases": [self._case(case) for case in self.rows.cases],
            "about": {
                "format": FORMAT,
                "made_at": instant(self.now),
                "at_most_of_each": ROWS_AT_MOST,
                "masked": "secrets, card numbers, and what concerns people",
                "versions": _versions(),
            },
        }

    def _references(self) -> dict[str, Any]:
        session, purchase = self.session, self.purchase
        named = {
            "checkout_id": session.checkout_id,
            "order_reference": session.order_reference,
            "session_id": str(session.pk),
            "our_reference_at_the_psp": session.reference,
            "psp": session.psp,
            "psp_token": session.psp_token,
            "psp_payment_reference": purchase.payment_reference if purchase else "",
            "purchase_id": purchase.public_id if purchase else "",
        }
        kept = {name: self.masker.text(value) if value else None for name, value in named.items()}
        keys = {call.operation: call.idempotency_key for call in self.rows.calls if call.path}
        return {**kept, "idempotency_keys": keys}

    def _session(self) -> dict[str, Any]:
        session = self.session
        return {
            "status": str(session.status),
            "amount": session.amount,
            "currency": session.currency,
            "capture": session.capture,
            "created_at": instant(session.created_at),
            "expires_at": instant(session.expires_at),
            "cancel_requested_at": instant(session.cancel_requested_at),
            "cancel_reason": self.masker.text(session.cancel_reason),
            "due_at": instant(session.due_at),
        }

    def _purchase(self, purchase: Purchase) -> dict[str, Any]:
        shown = self.masker.value(selectors.purchase_as_shown(purchase))
        return {
            **shown,
            "presses": purchase.presses,
            "polls": purchase.polls,
            "created_at": instant(purchase.created_at),
            "phase_since": instant(purchase.phase_since),
        }

    def _line(self, entry: TimelineEntry) -> dict[str, Any]:
        line: dict[str, Any] = {
            "at": instant(entry.at),
            "kind": entry.kind,
            "id": str(entry.row.pk),
        }
        match entry.row:
            case Event() as event:
                return line | {
                    "what": self.masker.text(event.name),
                    "because_of": event.get_cause_kind_display(),
                    "cause_id": self.masker.text(event.cause_id),
                    "phase_before": event.phase_before,
                    "phase_after": event.phase_after,
                    "evidence": self.masker.value(_without_words_of_people(event.data)),
                    "hash": event.hash,
                }
            case PspCall() as call:
                return line | {"what": f"{call.operation}: {call.get_outcome_display()}"}
            case WebhookReceipt() as receipt:
                return line | {"what": self.masker.text(receipt.event_type)}
            case NotificationTry() as tried:
                heard = "failed" if tried.error else "delivered"
                return line | {"what": f"{tried.notification.type}: {heard}"}

    def _call(self, call: PspCall) -> dict[str, Any]:
        return {
            "id": str(call.pk),
            "operation": call.operation,
            "psp": call.psp,
            "outcome": call.outcome,
            "error": self.masker.text(call.error),
            "sends": call.sends,
            "first_sent_at": instant(call.first_sent_at),
            "last_sent_at": instant(call.last_sent_at),
            "answered_at": instant(call.answered_at),
            "duration_ms": call.duration_ms,
            "idempotency_key": call.idempotency_key,
            "request": {
                "method": call.method,
                "path": self.masker.text(call.path),
                "headers": self.masker.value(call.headers),
                "body": self.masker.body(bytes(call.body)),
            },
            "answer": self.masker.value(call.answer),
        }

    def _receipt(self, receipt: WebhookReceipt) -> dict[str, Any]:
        return {
            "id": str(receipt.pk),
            "event_id": self.masker.text(receipt.event_id or ""),
            "event_type": self.masker.text(receipt.event_type),
            "state": receipt.get_state_display(),
            "received_at": instant(receipt.created_at),
            "processed_at": instant(receipt.processed_at),
            "deliveries": receipt.deliveries,
            "note": self.masker.text(receipt.note),
            "headers": self.masker.value(receipt.headers),
            "body": self.masker.body(bytes(receipt.body)),
        }

    def _notification(self, notification: ShopNotification) -> dict[str, Any]:
        return {
            "id": notification.public_id,
            "type": notification.type,
            "state": notification.get_state_display(),
            "created_at": instant(notification.created_at),
            "next_try_at": instant(notification.due_at),
            "tries": [
                {
                    "at": instant(tried.created_at),
                    "http_status": tried.http_status,
                    "error": self.masker.text(tried.error),
                    "duration_ms": tried.duration_ms,
                }
                for tried in notification.tries.all()
            ],
        }

    def _refund(self, refund: Refund) -> dict[str, Any]:
        return {
            "id": refund.public_id,
            "amount": refund.amount,
            "currency": refund.currency,
            "state": str(refund.state),
            "psp_refund_reference": self.masker.text(refund.refund_reference),
            "asked_for_at": instant(refund.created_at),
            "finished_at": instant(refund.finished_at),
            "next_check_at": instant(refund.due_at),
        }

    def _instruction(self, instruction: Instruction) -> dict[str, Any]:
        return {
            "id": instruction.public_id,
            "kind": str(instruction.kind),
            "amount": instruction.amount,
            "currency": instruction.currency,
            "state": str(instruction.state),
            "why_failed": self.masker.text(instruction.why),
            "asked_for_at": instant(instruction.created_at),
            "finished_at": instant(instruction.finished_at),
            "next_check_at": instant(instruction.due_at),
        }

    def _case(self, case: Case) -> dict[str, Any]:
        return {
            "kind": case.get_kind_display(),
            "detail": self.masker.text(case.detail),
            "opened_at": instant(case.created_at),
            "resolved_at": instant(case.resolved_at),
            "resolution": self.masker.text(case.resolution),
        }


def _versions() -> dict[str, str]:
    """Return what ran when the bundle was made."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    applied = MigrationRecorder.Migration.objects.filter(app="payments").order_by("-id").first()
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        [postgresql] = cursor.fetchone()
    return {
        "bps": project["version"],
        "migration": applied.name if applied else "",
        "python": platform.python_version(),
        "django": django.get_version(),
        "postgresql": postgresql,
    }

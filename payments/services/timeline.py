"""Rows that tell what happened: events, cases, and what the shop is told. Staged, never sent.

Whoever stages a row about a session holds that session's row lock.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payments import selectors
from payments.domain.notifications import NotificationType
from payments.models import (
    Case,
    CaseKind,
    CauseKind,
    Event,
    Instruction,
    PaymentSession,
    Purchase,
    Refund,
    ShopNotification,
)


@dataclass(frozen=True, slots=True)
class Cause:
    """What made something happen: its kind, the id of the row or request, and who, if a person."""

    kind: CauseKind
    id: str = ""
    actor: str = ""


def event(
    session: PaymentSession,
    name: str,
    cause: Cause,
    *,
    purchase: Purchase | None = None,
    phase_before: str = "",
    phase_after: str = "",
    **data: Any,
) -> Event:
    """Return an event that is yet to be inserted. `data` is its evidence, as JSON."""
    return Event(
        session=session,
        purchase=purchase,
        name=name,
        cause_kind=cause.kind,
        cause_id=cause.id,
        actor=cause.actor,
        phase_before=phase_before,
        phase_after=phase_after,
        data=data,
    )


def outcome_notification(purchase: Purchase, *, now: datetime) -> ShopNotification:
    """Return the notification of a final outcome, yet to be inserted, due at once."""
    shown = selectors.session_as_shown(purchase.session, purchase)
    return _notification(purchase, NotificationType(f"purchase.{purchase.status}"), shown, now)


def refund_notification(refund: Refund, purchase: Purchase, *, now: datetime) -> ShopNotification:
    """Return the notification of what became of a refund, yet to be inserted, due at once."""
    shown = selectors.session_as_shown(purchase.session, purchase)
    shown["refund"] = selectors.refund_as_shown(refund)
    return _notification(purchase, NotificationType(f"refund.{refund.state}"), shown, now)


def authorised_notification(purchase: Purchase, *, now: datetime) -> ShopNotification:
    """Return the notification that an amount is reserved, which the shop is to capture."""
    shown = selectors.session_as_shown(purchase.session, purchase)
    return _notification(purchase, NotificationType.PURCHASE_AUTHORIZED, shown, now)


def action_notification(purchase: Purchase, *, now: datetime) -> ShopNotification:
    """Return the notification that the shopper must choose again, yet to be inserted.

    Where to send her is the purchase's `next_action`.
    """
    shown = selectors.session_as_shown(purchase.session, purchase)
    return _notification(purchase, NotificationType.PURCHASE_ACTION_REQUIRED, shown, now)


def instruction_notification(
    instruction: Instruction, purchase: Purchase, *, now: datetime
) -> ShopNotification:
    """Return the notification of a capture or a void that failed, yet to be inserted."""
    shown = selectors.session_as_shown(purchase.session, purchase)
    # Not by its kind: `capture` says already how the session is captured.
    shown["instruction"] = selectors.instruction_as_shown(instruction)
    kind = NotificationType(f"{instruction.kind}.{instruction.state}")
    return _notification(purchase, kind, shown, now)


def _notification(
    purchase: Purchase, kind: NotificationType, data: dict[str, Any], now: datetime
) -> ShopNotification:
    body = {"type": kind, "timestamp": now.isoformat(), "data": data}
    return ShopNotification(
        session=purchase.session,
        purchase=purchase,
        type=kind,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        due_at=now,
    )


def resolved_case(
    purchase: Purchase, kind: CaseKind, detail: str, resolution: str, *, now: datetime
) -> None:
    """Record what needs nobody any more, where people look for what needed somebody."""
    Case.objects.create(
        session=purchase.session,
        purchase=purchase,
        kind=kind,
        detail=detail,
        resolution=resolution,
        resolved_at=now,
    )


def close_cases(purchase: Purchase, kinds: Collection[CaseKind], why: str, now: datetime) -> None:
    """Resolve a purchase's open cases of some kinds: what they asked for has been done."""
    Case.objects.filter(purchase=purchase, kind__in=kinds, resolved_at__isnull=True).update(
        resolved_at=now, resolution=why, updated_at=now
    )


def open_case(
    session: PaymentSession, kind: CaseKind, detail: str, purchase: Purchase | None
) -> None:
    """Open a case, unless one of the kind is open for the session."""
    Case.objects.bulk_create(
        [Case(session=session, purchase=purchase, kind=kind, detail=detail)], ignore_conflicts=True
    )

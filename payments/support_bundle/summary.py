"""The top of a bundle in plain words: what happened, what is in doubt, since when, what comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from payments.domain.lifecycle import Phase, SessionStatus
from payments.domain.money import with_digits_of
from payments.explanations import explain
from payments.history import TimelineEntry
from payments.models import (
    CallOutcome,
    Case,
    Instruction,
    NotificationState,
    PaymentSession,
    PspCall,
    Purchase,
    Refund,
    ShopNotification,
    WebhookReceipt,
)
from psp_clients.contract import RefundState

UNANSWERED: Final = (CallOutcome.OPEN, CallOutcome.NOT_SENT, CallOutcome.IN_DOUBT)
_DOUBTED: Final[dict[str, str]] = {
    Phase.SUBMITTING: "Whether the PSP charged.",
    Phase.IN_DOUBT: "Whether the PSP charged.",
    Phase.PENDING: "Whether the PSP will charge.",
    Phase.AUTHORIZED: "Whether the PSP will take what is reserved.",
}


@dataclass(frozen=True, slots=True)
class Rows:
    """All that is stored about one session, each kind in order of time."""

    session: PaymentSession
    purchase: Purchase | None
    calls: list[PspCall]
    receipts: list[WebhookReceipt]
    notifications: list[ShopNotification]
    refunds: list[Refund]
    instructions: list[Instruction]
    cases: list[Case]
    timeline: list[TimelineEntry]


def instant(at: datetime | None) -> str | None:
    """Return an instant as ISO 8601."""
    return at.isoformat() if at else None


def summary(rows: Rows, *, now: datetime) -> dict[str, Any]:
    """Return the summary. `since` is when the oldest of the doubts began."""
    explanation = explain(rows.session, rows.purchase, now=now)
    doubts = _doubts(rows)
    return {
        "what_happened": [*_happened(rows), explanation.why],
        "what_is_in_doubt": [words for _, words in doubts],
        "since": instant(min((since for since, _ in doubts), default=None)),
        "what_comes_next": explanation.what_next,
        "next_check_at": instant(explanation.at),
    }


def _happened(rows: Rows) -> list[str]:
    session = rows.session
    made = (
        f"Checkout {session.checkout_id} for {session.amount} {session.currency} was made at "
        f"{instant(session.created_at)}, to be paid at {session.psp}. It is {session.status}."
    )
    unanswered = sum(call.outcome in UNANSWERED for call in rows.calls)
    said = (
        f"Calls to the PSP: {len(rows.calls)}, of which {unanswered} went without an answer. "
        f"Webhooks from it: {len(rows.receipts)}."
    )
    return [made, *([_bought(rows.purchase)] if rows.purchase else []), said]


def _bought(purchase: Purchase) -> str:
    captured, refunded = (
        with_digits_of(purchase.amount, total)
        for total in (purchase.captured_amount, purchase.refunded_amount)
    )
    return (
        f"Buy Now was first pressed at {instant(purchase.created_at)}; presses: "
        f"{purchase.presses}. The purchase is {purchase.status}: {purchase.get_phase_display()} "
        f"since {instant(purchase.phase_since)}. Captured: {captured} {purchase.currency}, "
        f"refunded: {refunded} {purchase.currency}."
    )


def _doubts(rows: Rows) -> list[tuple[datetime, str]]:
    """Return what is not known or not settled, each with the instant since when."""
    session, purchase = rows.session, rows.purchase
    doubts: list[tuple[datetime, str]] = []
    if session.status == SessionStatus.CREATED:
        doubts.append((session.created_at, "Whether the PSP registered the checkout."))
    if purchase and purchase.phase in _DOUBTED:
        doubts.append((purchase.phase_since, _DOUBTED[purchase.phase]))
    for refund in rows.refunds:
        if refund.state == RefundState.PENDING:
            words = f"Whether {refund.amount} {refund.currency} were refunded: {refund.public_id}."
            doubts.append((refund.created_at, words))
    for instruction in rows.instructions:
        if instruction.is_pending:
            words = f"Whether the PSP has done what was asked: {instruction.public_id}."
            doubts.append((instruction.created_at, words))
    for notification in rows.notifications:
        if notification.state != NotificationState.DELIVERED:
            words = f"Whether the shop was told {notification.type}: {notification.public_id}."
            doubts.append((notification.created_at, words))
    return doubts + [
        (case.created_at, f"{case.get_kind_display()}: {case.detail}")
        for case in rows.cases
        if case.resolved_at is None
    ]

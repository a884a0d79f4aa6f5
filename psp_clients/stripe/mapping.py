"""Stripe's words and ours, as tables, and its JSON objects as our reports.

A word that no table lists becomes PENDING with `known=False`, never an outcome. What does not
look as documented raises Unreadable, which callers take as in doubt.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from psp_clients.contract import (
    Money,
    RefundReport,
    RefundState,
    RegisteredSession,
    Report,
    ReportedState,
)
from psp_clients.evidence import fit_to_keep
from psp_clients.strict_json import (
    MAX_TEXT,
    JsonObject,
    Unreadable,
    child,
    text,
    text_or_blank,
    web_address,
)
from psp_clients.stripe.money import is_zero, read_money

# Names of our notes in Stripe's metadata. The shop's notes lie beside them.
REFERENCE: Final = "bps_reference"
CHECKOUT_ID: Final = "bps_checkout_id"
REFUND_ID: Final = "bps_refund_id"
REASON: Final = "bps_reason"

# A session's status, and that of its payment once there is one. The payment is what moves money,
# so it decides: an expired page whose payment went through was paid. A payment whose method was
# refused wants another, which the shopper may give while the session is open, and never after.
SESSION_STATES: Final[dict[str, ReportedState]] = {
    "open": ReportedState.OPEN,
    "open/requires_payment_method": ReportedState.OPEN,  # after a decline, too
    "open/requires_confirmation": ReportedState.OPEN,
    "open/requires_action": ReportedState.PENDING,  # the shopper is at their bank's page
    "open/processing": ReportedState.PENDING,
    "open/requires_capture": ReportedState.AUTHORIZED,
    "open/succeeded": ReportedState.CAPTURED,
    "complete/requires_payment_method": ReportedState.DECLINED,  # a debit that bounced days later
    "complete/requires_action": ReportedState.PENDING,  # a voucher that is yet to be paid
    "complete/processing": ReportedState.PENDING,
    "complete/requires_capture": ReportedState.AUTHORIZED,
    "complete/succeeded": ReportedState.CAPTURED,
    "complete/canceled": ReportedState.CANCELLED,  # by us, or by Stripe after seven days of waiting
    "expired": ReportedState.EXPIRED,  # by its time, or by us
    "expired/requires_payment_method": ReportedState.EXPIRED,
    "expired/requires_confirmation": ReportedState.EXPIRED,
    "expired/requires_action": ReportedState.PENDING,  # the bank may yet let it through
    "expired/processing": ReportedState.PENDING,
    "expired/requires_capture": ReportedState.AUTHORIZED,
    "expired/succeeded": ReportedState.CAPTURED,
    "expired/canceled": ReportedState.EXPIRED,
}

# What a payment is after we captured or cancelled it; its other words would be news of its session.
INTENT_STATES: Final[dict[str, ReportedState]] = {
    "processing": ReportedState.PENDING,
    "requires_capture": ReportedState.AUTHORIZED,
    "succeeded": ReportedState.CAPTURED,
    "canceled": ReportedState.CANCELLED,
}

REFUND_STATES: Final[dict[str, RefundState]] = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,  # the shopper must say where the money shall go
    "succeeded": RefundState.SUCCESSFUL,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}

# While a session is open it is the session that is ended, and Stripe refuses to cancel its payment.
# So whoever cancels must not know of the payment before it can be captured or given back.
_NAMED_WHILE_OPEN: Final = frozenset({ReportedState.AUTHORIZED, ReportedState.CAPTURED})

# The shopper's own, which proves nothing about the payment.
_PERSONAL: Final = frozenset(
    {
        "billing_details",
        "collected_information",
        "customer_details",
        "customer_email",
        "next_action",
        "payment_method",
        "payment_method_details",
        "receipt_email",
        "receipt_url",
        "shipping",
        "shipping_details",
    }
)


def read_registered(session: JsonObject) -> RegisteredSession:
    """Return what a registration was answered with."""
    return RegisteredSession(
        psp_token=text(session, "id"),
        purchase_url=web_address(session, "url"),
        expires_at=moment(session, "expires_at"),
        evidence=_evidence(session),
    )


def read_session(session: JsonObject) -> Report:
    """Return what a session says, with its payment in it whole. Its amount is what it is for."""
    intent = None if session.get("payment_intent") is None else child(session, "payment_intent")
    status = text(session, "status")
    word = _word(session, status, intent)
    state = SESSION_STATES.get(word, ReportedState.PENDING)
    code, reason = ("", "") if intent is None else _reason(intent)
    is_named = intent is not None and (status != "open" or state in _NAMED_WHILE_OPEN)
    return Report(
        state=state,
        psp_word=word,
        money=read_money(session, "amount_total"),
        captured=None if intent is None else _captured(intent),
        payment_reference=text(intent, "id") if intent is not None and is_named else "",
        reason_code=code,
        reason_text=reason,
        known=word in SESSION_STATES,
        evidence=_evidence(session),
    )


def read_intent(intent: JsonObject) -> Report:
    """Return what a payment says after it was captured or cancelled."""
    word = text(intent, "status")
    code, reason = _reason(intent)
    return Report(
        state=INTENT_STATES.get(word, ReportedState.PENDING),
        psp_word=word,
        money=read_money(intent, "amount"),
        captured=_captured(intent),
        payment_reference=text(intent, "id"),
        reason_code=code,
        reason_text=reason,
        known=word in INTENT_STATES,
        evidence=_evidence(intent),
    )


def read_refund(refund: JsonObject) -> RefundReport:
    """Return what a refund says."""
    word = text(refund, "status")
    return RefundReport(
        state=REFUND_STATES.get(word, RefundState.PENDING),
        psp_word=word,
        refund_reference=text(refund, "id"),
        money=read_money(refund, "amount"),
        reason_code=text_or_blank(refund, "failure_reason"),
        known=word in REFUND_STATES,
        evidence=_evidence(refund),
    )


def noted(entity: JsonObject, name: str) -> str:
    """Return what we noted in an object's metadata; blank in one that is not ours."""
    metadata = entity.get("metadata")
    value = metadata.get(name) if isinstance(metadata, dict) else None
    return value if isinstance(value, str) and len(value) <= MAX_TEXT else ""


def id_of(source: JsonObject, name: str) -> str:
    """Return the id in a field that holds an object, its id, or null."""
    value = source.get(name)
    return text_or_blank(value if isinstance(value, dict) else {"id": value}, "id")


def moment(source: JsonObject, name: str) -> datetime:
    """Return a field that must be whole seconds since 1970, or raise Unreadable."""
    value = source.get(name)
    if type(value) is not int or not 0 < value < 2**34:
        raise Unreadable(f"{name} is not a time")
    return datetime.fromtimestamp(value, tz=UTC)


def _word(session: JsonObject, status: str, intent: JsonObject | None) -> str:
    if intent is not None:
        return f"{status}/{text(intent, 'status')}"
    paid = text(session, "payment_status")
    return status if paid == "unpaid" else f"{status}/{paid}"


def _captured(intent: JsonObject) -> Money | None:
    received = read_money(intent, "amount_received")
    return None if is_zero(received) else received


def _reason(intent: JsonObject) -> tuple[str, str]:
    """Return why the last try was refused, or why the payment was cancelled."""
    if intent.get("last_payment_error") is None:
        return text_or_blank(intent, "cancellation_reason"), ""
    error = child(intent, "last_payment_error")
    code = text_or_blank(error, "decline_code") or text_or_blank(error, "code")
    return code, text_or_blank(error, "message")


def _evidence(entity: JsonObject) -> dict[str, Any]:
    kept: dict[str, Any] = _impersonal(fit_to_keep(entity))
    return kept


def _impersonal(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _impersonal(v) for name, v in value.items() if name not in _PERSONAL}
    if isinstance(value, list):
        return [_impersonal(item) for item in value]
    return value

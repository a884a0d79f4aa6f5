"""Mollie's words and ours, as tables, and its JSON objects as our reports.

A word that no table lists becomes PENDING with `known=False`, never an outcome. What does not
look as documented raises Unreadable, which callers take as in doubt.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from psp_clients.contract import (
    Money,
    RefundReport,
    RefundState,
    RegisteredSession,
    Report,
    ReportedState,
    StateConflict,
    Transaction,
)
from psp_clients.evidence import fit_to_keep
from psp_clients.mollie.money import is_zero, read_money
from psp_clients.strict_json import (
    MAX_TEXT,
    JsonObject,
    Unreadable,
    child,
    instant,
    text,
    text_or_blank,
    web_address,
)

PAYMENT_STATES: Final[dict[str, ReportedState]] = {
    "open": ReportedState.OPEN,
    "pending": ReportedState.PENDING,
    "authorized": ReportedState.AUTHORIZED,
    "paid": ReportedState.CAPTURED,  # and stays so when it is refunded or charged back
    "canceled": ReportedState.CANCELLED,
    "expired": ReportedState.EXPIRED,
    "failed": ReportedState.DECLINED,  # for good: whoever may try another method stays "open"
}

REFUND_STATES: Final[dict[str, RefundState]] = {
    "queued": RefundState.PENDING,
    "pending": RefundState.PENDING,
    "processing": RefundState.PENDING,
    "refunded": RefundState.SUCCESSFUL,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}

# A capture under way leaves the payment as it was, in a look-up too.
CAPTURE_STATES: Final[dict[str, ReportedState]] = {
    "pending": ReportedState.AUTHORIZED,
    "succeeded": ReportedState.CAPTURED,
}
CAPTURE_FAILED: Final = "failed"

# Of a payment's details only what tells why it failed is kept: the rest is the shopper's name,
# bank account and card.
_KEPT_DETAILS: Final = ("failureReason", "failureMessage")


def read_registered(payment: JsonObject) -> RegisteredSession:
    """Return what a registration was answered with."""
    links = child(payment, "_links")
    return RegisteredSession(
        psp_token=text(payment, "id"),
        purchase_url=web_address(child(links, "checkout"), "href"),
        expires_at=None if payment.get("expiresAt") is None else instant(payment, "expiresAt"),
        evidence=_evidence(payment),
    )


def read_report(payment: JsonObject) -> Report:
    """Return what a payment object says. `captured` is None as long as nothing was taken."""
    word = text(payment, "status")
    state = PAYMENT_STATES.get(word, ReportedState.PENDING)
    money = read_money(payment, "amount")
    captured = captured_of(payment)
    if state is ReportedState.AUTHORIZED and captured is not None:
        # Mollie says "authorized" for as long as more could be captured; we capture once.
        state = ReportedState.CAPTURED
    elif state is ReportedState.CAPTURED and payment.get("amountCaptured") is None:
        captured = money  # a method without captures takes the whole
    code, reason = _reason(payment)
    return Report(
        state=state,
        psp_word=word,
        money=money,
        captured=captured,
        payment_reference=text(payment, "id"),
        reason_code=code,
        reason_text=reason,
        known=word in PAYMENT_STATES,
        evidence=_evidence(payment),
    )


def read_capture(capture: JsonObject) -> Report:
    """Return what a capture object says of its payment, whose whole amount it does not tell.

    Raises StateConflict for one that failed: whether the payment did too, the payment tells.
    """
    word = text(capture, "status")
    if word == CAPTURE_FAILED:
        raise StateConflict("capture: the capture failed")
    state = CAPTURE_STATES.get(word, ReportedState.PENDING)
    captured = read_money(capture, "amount")
    return Report(
        state=state,
        psp_word=word,
        money=None,
        captured=captured if state is ReportedState.CAPTURED else None,
        payment_reference=text(capture, "paymentId"),
        known=word in CAPTURE_STATES,
        evidence=fit_to_keep(capture),
    )


def read_refund(refund: JsonObject) -> RefundReport:
    """Return what a refund object says."""
    word = text(refund, "status")
    return RefundReport(
        state=REFUND_STATES.get(word, RefundState.PENDING),
        psp_word=word,
        refund_reference=text(refund, "id"),
        money=read_money(refund, "amount"),
        known=word in REFUND_STATES,
        evidence=fit_to_keep(refund),
    )


def read_charge(payment: JsonObject, booked_at: datetime) -> Transaction:
    """Return a payment that was captured as a line of a list."""
    report = read_report(payment)
    if report.captured is None:
        raise Unreadable("paid, without saying how much")
    return Transaction(
        kind="charge",
        psp_reference=report.payment_reference,
        reference=noted(payment, "reference"),
        psp_token=report.payment_reference,
        money=report.captured,
        status=RefundState.SUCCESSFUL,
        booked_at=booked_at,
    )


def read_given_back(refund: JsonObject) -> Transaction:
    """Return a refund as a line of a list."""
    report = read_refund(refund)
    return Transaction(
        kind="refund",
        psp_reference=report.refund_reference,
        reference=noted(refund, "reference"),
        psp_token=text(refund, "paymentId"),
        money=read_money(refund, "amount"),
        status=report.state,
        booked_at=instant(refund, "createdAt"),
    )


def captured_of(payment: JsonObject) -> Money | None:
    """Return what was captured of a payment; None for nothing, or where captures do not apply."""
    if payment.get("amountCaptured") is None:
        return None
    captured = read_money(payment, "amountCaptured")
    return None if is_zero(captured) else captured


def noted(entity: JsonObject, name: str) -> str:
    """Return what we noted in an entity's metadata; blank in one that is not ours."""
    metadata = entity.get("metadata")
    value = metadata.get(name) if isinstance(metadata, dict) else None
    return value if isinstance(value, str) and len(value) <= MAX_TEXT else ""


def _reason(payment: JsonObject) -> tuple[str, str]:
    """Return why a payment failed: cards tell it in their details, terminals beside the status."""
    for name, code, reason in (
        ("details", "failureReason", "failureMessage"),
        ("statusReason", "code", "message"),
    ):
        told = payment.get(name)
        if isinstance(told, dict) and told.get(code) is not None:
            return text_or_blank(told, code), text_or_blank(told, reason)
    return "", ""


def _evidence(payment: JsonObject) -> dict[str, Any]:
    evidence = fit_to_keep(payment)
    details = evidence.get("details")
    if isinstance(details, dict):
        evidence["details"] = {name: details[name] for name in _KEPT_DETAILS if name in details}
    return evidence

"""Adyen's words and ours, as tables, and its answers as our reports.

A word that no table lists becomes PENDING with `known=False`, never an outcome. What does not
look as documented raises Unreadable, which callers take as in doubt.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from psp_clients.adyen.money import read_money
from psp_clients.contract import (
    RefundReport,
    RefundState,
    RegisteredSession,
    Report,
    ReportedState,
)
from psp_clients.evidence import fit_to_keep
from psp_clients.strict_json import (
    JsonObject,
    children,
    instant,
    text,
    text_or_blank,
    web_address,
)

# "Completed" says that the payment was authorised, and not who captures it when: whether the money
# was taken, the webhook tells. A shopper who cancels may still pay in the same session.
SESSION_STATES: Final = MappingProxyType(
    {
        "active": ReportedState.OPEN,
        "canceled": ReportedState.OPEN,
        "completed": ReportedState.AUTHORIZED,
        "expired": ReportedState.EXPIRED,
        "paymentPending": ReportedState.PENDING,
        "refused": ReportedState.DECLINED,
    }
)

# Of the payments that a session lists: what "completed" then stands for.
RESULT_STATES: Final = MappingProxyType(
    {
        "Authorised": ReportedState.AUTHORIZED,
        "Pending": ReportedState.PENDING,
        "Received": ReportedState.PENDING,
    }
)

# What is answered to a capture, a cancel or a refund: a receipt. The outcome comes by webhook.
RECEIVED: Final = "received"

# Handed to the shopper's browser, long, and of no use to anybody who looks into a payment.
_NOT_KEPT: Final = frozenset({"sessionData"})


def read_registered(session: JsonObject) -> RegisteredSession:
    """Return what a registration was answered with."""
    return RegisteredSession(
        psp_token=text(session, "id"),
        purchase_url=web_address(session, "url"),
        expires_at=instant(session, "expiresAt"),
        evidence=fit_to_keep(
            {name: value for name, value in session.items() if name not in _NOT_KEPT}
        ),
    )


def read_session(session: JsonObject) -> Report:
    """Return what a session says of itself, on the shopper's return.

    `money` is what was authorised. More payments than one, or one in a session that failed, are
    more than a report can say: a person must look.
    """
    word = text(session, "status")
    payments = children(session, "payments") if session.get("payments") is not None else []
    state = SESSION_STATES.get(word)
    for payment in payments:
        state = _with_payment(state, text(payment, "resultCode"))
    if len(payments) > 1:
        state = None
    [paid] = payments if state is not None and payments else [None]
    return Report(
        state=state or ReportedState.PENDING,
        psp_word=word,
        money=read_money(paid) if paid else None,
        captured=None,
        payment_reference=text(paid, "pspReference") if paid else "",
        known=state is not None,
        evidence=fit_to_keep(session),
    )


def _with_payment(state: ReportedState | None, result: str) -> ReportedState | None:
    """Return what a session's state is in the light of a payment in it, or None if nothing."""
    told = RESULT_STATES.get(result)
    if state is ReportedState.AUTHORIZED or state is told:
        return told
    return None


def read_modification(answer: JsonObject, payment_reference: str) -> Report:
    """Return what a capture or a cancel was answered with: that it was received."""
    word = text(answer, "status")
    return Report(
        state=ReportedState.PENDING,
        psp_word=word,
        money=None,
        captured=None,
        payment_reference=payment_reference,
        known=word == RECEIVED,
        evidence=fit_to_keep(answer),
    )


def read_refund(answer: JsonObject) -> RefundReport:
    """Return what a refund was answered with: that it was received."""
    word = text(answer, "status")
    return RefundReport(
        state=RefundState.PENDING,
        psp_word=word,
        refund_reference=text(answer, "pspReference"),
        money=read_money(answer),
        known=word == RECEIVED,
        evidence=fit_to_keep(answer),
    )


def reason_in(source: JsonObject) -> str:
    """Return why something failed, in Adyen's words."""
    reason = text_or_blank(source, "reason") if isinstance(source.get("reason"), str) else ""
    return "" if reason == "null" else reason

"""The sandbox PSP's words and ours, as tables, and its JSON objects as our reports.

A word that no table lists becomes PENDING with `known=False`, never an outcome. What does not
look as documented raises Unreadable, which callers take as in doubt.
"""

from __future__ import annotations

import re
from typing import Final

from psp_clients.contract import (
    InvalidRequest,
    Money,
    RefundReport,
    RefundState,
    RegisteredSession,
    Report,
    ReportedState,
    Transaction,
    Unsupported,
    WebhookNotice,
)
from psp_clients.evidence import fit_to_keep
from psp_clients.strict_json import (
    JsonObject,
    Unreadable,
    child,
    instant,
    text,
    text_or_blank,
    web_address,
)

# Digits after the point, as the sandbox takes them: ISO 4217's. Other PSPs differ, so this table
# is the sandbox's own, and what it does not list is refused.
_CURRENCIES: Final[dict[int, str]] = {
    0: "CLP ISK JPY KRW PYG RWF UGX VND XAF XOF XPF",
    2: "AED ARS AUD BDT BRL CAD CHF CNY COP CZK DKK DOP EGP EUR GBP GHS HKD HUF IDR ILS INR KES"
    " LKR MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD SAR SEK SGD THB TRY TWD UAH USD"
    " UYU ZAR",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
DIGITS: Final[dict[str, int]] = {
    currency: digits for digits, listed in _CURRENCIES.items() for currency in listed.split()
}

PAYMENT_STATES: Final[dict[str, ReportedState]] = {
    "open": ReportedState.OPEN,
    "processing": ReportedState.PENDING,
    "authorized": ReportedState.AUTHORIZED,
    "paid": ReportedState.CAPTURED,
    "declined": ReportedState.DECLINED,
    "cancelled": ReportedState.CANCELLED,
    "expired": ReportedState.EXPIRED,
}

REFUND_STATES: Final[dict[str, RefundState]] = {
    "pending": RefundState.PENDING,
    "successful": RefundState.SUCCESSFUL,
    "failed": RefundState.FAILED,
}

TRANSACTION_KINDS: Final = frozenset({"charge", "refund"})

_AMOUNT = {
    0: re.compile(r"(?:0|[1-9][0-9]{0,11})"),
    2: re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{2}"),
    3: re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{3}"),
}


def payable(money: Money) -> Money:
    """Return `money` if the sandbox can move it; raise Unsupported or InvalidRequest if not."""
    if money.currency not in DIGITS:
        raise Unsupported(f"the sandbox PSP does not take {money.currency!r}")
    if not _is_canonical(money) or _is_zero(money):
        raise InvalidRequest(
            f"not a positive amount with {money.currency}'s digits", field="amount"
        )
    return money


def read_registered(session: JsonObject) -> RegisteredSession:
    """Return what a registration was answered with."""
    return RegisteredSession(
        psp_token=text(session, "token"),
        purchase_url=web_address(session, "purchase_url"),
        expires_at=instant(session, "expires_at"),
        evidence=fit_to_keep(session),
    )


def read_report(session: JsonObject) -> Report:
    """Return what a session object says. `captured` is None as long as nothing was taken."""
    word = text(session, "status")
    captured = _money(session, "captured_amount")
    return Report(
        state=PAYMENT_STATES.get(word, ReportedState.PENDING),
        psp_word=word,
        money=_money(session, "amount"),
        captured=None if _is_zero(captured) else captured,
        payment_reference=text_or_blank(session, "charge"),
        reason_code=text_or_blank(session, "decline_code"),
        reason_text=text_or_blank(session, "decline_message"),
        known=word in PAYMENT_STATES,
        evidence=fit_to_keep(session),
    )


def read_refund(refund: JsonObject) -> RefundReport:
    """Return what a refund object says."""
    word = text(refund, "status")
    return RefundReport(
        state=REFUND_STATES.get(word, RefundState.PENDING),
        psp_word=word,
        refund_reference=text(refund, "id"),
        money=_money(refund, "amount"),
        known=word in REFUND_STATES,
        evidence=fit_to_keep(refund),
    )


def read_transaction(line: JsonObject) -> Transaction:
    """Return one line of the transaction list."""
    kind = text(line, "kind")
    if kind not in TRANSACTION_KINDS:
        raise Unreadable("kind is neither charge nor refund")
    return Transaction(
        kind=kind,
        psp_reference=text(line, "id"),
        reference=text(line, "reference"),
        psp_token=text(line, "token"),
        money=_money(line, "amount"),
        status=text(line, "status"),
        booked_at=instant(line, "booked_at"),
        fee=None if line.get("fee") is None else _money(line, "fee"),
    )


def read_notice(event: JsonObject, event_id: str) -> WebhookNotice:
    """Return which payment a webhook is about; what it says of it is not read."""
    if event.get("id") != event_id:
        raise Unreadable("the id differs from the header's")
    session = child(child(event, "data"), "session")
    return WebhookNotice(
        event_id=event_id,
        event_type=text(event, "type"),
        psp_token=text(session, "token"),
        reference=text(session, "reference"),
        occurred_at=instant(event, "created_at"),
    )


def _money(source: JsonObject, name: str) -> Money:
    money = Money(amount=text(source, name), currency=text(source, "currency"))
    if money.currency not in DIGITS or not _is_canonical(money):
        raise Unreadable(f"{name} is not money")
    return money


def _is_canonical(money: Money) -> bool:
    return _AMOUNT[DIGITS[money.currency]].fullmatch(money.amount) is not None


def _is_zero(money: Money) -> bool:
    return not money.amount.strip("0.")

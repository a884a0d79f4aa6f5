"""PayPal's words and ours, as tables, and its JSON objects as our reports.

A word that no table lists becomes PENDING with `known=False`, never an outcome. What does not
look as documented raises Unreadable, which callers take as in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from psp_clients.contract import (
    Money,
    RefundReport,
    RefundState,
    RegisteredSession,
    Report,
    ReportedState,
)
from psp_clients.evidence import fit_to_keep
from psp_clients.paypal.money import from_paypal
from psp_clients.strict_json import (
    JsonObject,
    Unreadable,
    child,
    children,
    instant,
    text,
    text_or_blank,
    web_address,
)

# An order that nobody has captured. APPROVED is no more than the shopper's consent, with no money
# reserved: only our call, which is the purchase, charges.
ORDER_STATES: Final[dict[str, ReportedState]] = {
    "CREATED": ReportedState.OPEN,
    "SAVED": ReportedState.OPEN,
    "APPROVED": ReportedState.OPEN,
    "PAYER_ACTION_REQUIRED": ReportedState.OPEN,
    "VOIDED": ReportedState.CANCELLED,
}
# Such an order says where the money is, and it alone does not: its captures do.
COMPLETED: Final = "COMPLETED"

# One that was given back had been taken: refunds are told of by themselves.
CAPTURE_STATES: Final[dict[str, ReportedState]] = {
    "COMPLETED": ReportedState.CAPTURED,
    "PARTIALLY_REFUNDED": ReportedState.CAPTURED,
    "REFUNDED": ReportedState.CAPTURED,
    "PENDING": ReportedState.PENDING,
    "DECLINED": ReportedState.DECLINED,
    "FAILED": ReportedState.DECLINED,
}

REFUND_STATES: Final[dict[str, RefundState]] = {
    "PENDING": RefundState.PENDING,
    "COMPLETED": RefundState.SUCCESSFUL,
    "FAILED": RefundState.FAILED,
    "CANCELLED": RefundState.FAILED,
}

# Where an order has several captures, what was taken decides, and what was refused decides last.
_DECISIVE: Final = (ReportedState.CAPTURED, ReportedState.PENDING, ReportedState.DECLINED)

# For so long after it was made a payer can be sent to an order's page, unless an account was given
# more: https://developer.paypal.com/docs/api/orders/v2/#orders_create, at its links.
ORDER_LASTS: Final = timedelta(hours=3)

# Who paid, and where they live: none of our business, and not kept.
_PERSONAL: Final = frozenset({"payer", "payment_source", "shipping"})

_APPROVAL_LINKS: Final = ("payer-action", "approve")
_CAPTURE_LINK: Final = re.compile(r".*/v2/payments/captures/([A-Za-z0-9-]{1,64})")


def read_registered(order: JsonObject) -> RegisteredSession:
    """Return what a registration was answered with.

    When an order ends PayPal says in its documentation alone, and for most accounts.
    """
    return RegisteredSession(
        psp_token=text(order, "id"),
        purchase_url=_approval_address(order),
        expires_at=_end_of(order),
        evidence=_kept(order),
    )


def read_report(order: JsonObject) -> Report:
    """Return what an order says. `captured` is None as long as nothing was taken."""
    unit, captures = only_unit(order), captures_of(order)
    money = from_paypal(child(unit, "amount")) if "amount" in unit else None
    if not captures:
        return _uncaptured(order, money)
    deciding = min(captures, key=lambda capture: _DECISIVE.index(_state_of(capture)))
    word = text(deciding, "status")
    return Report(
        state=_state_of(deciding),
        psp_word=word,
        money=money,
        captured=_taken(captures),
        payment_reference=text(deciding, "id"),
        reason_code=_reason(deciding),
        known=word in CAPTURE_STATES,
        evidence=_kept(order),
    )


def only_unit(order: JsonObject) -> JsonObject:
    """Return an order's one purchase unit, which is all that we register."""
    units = children(order, "purchase_units")
    if len(units) != 1:
        raise Unreadable(f"{len(units)} purchase units")
    return units[0]


def captures_of(order: JsonObject) -> list[JsonObject]:
    """Return the captures of an order; none while nobody has captured it."""
    return _payments(order, "captures")


def refunds_of(order: JsonObject) -> list[JsonObject]:
    """Return the refunds of an order."""
    return _payments(order, "refunds")


def read_refund(refund: JsonObject) -> RefundReport:
    """Return what a refund object says."""
    word = text(refund, "status")
    return RefundReport(
        state=REFUND_STATES.get(word, RefundState.PENDING),
        psp_word=word,
        refund_reference=text(refund, "id"),
        money=from_paypal(child(refund, "amount")),
        reason_code=_reason(refund),
        known=word in REFUND_STATES,
        evidence=_kept(refund),
    )


def capture_behind(resource: JsonObject) -> str:
    """Return the id of the capture that a refund or a reversal is of, or nothing if not told."""
    for link in _links(resource):
        match = _CAPTURE_LINK.fullmatch(str(link.get("href", "")))
        if link.get("rel") == "up" and match:
            return match[1]
    return ""


def _uncaptured(order: JsonObject, money: Money | None) -> Report:
    word = text(order, "status")
    if word == COMPLETED:
        raise Unreadable("completed, without saying what was captured")
    return Report(
        state=ORDER_STATES.get(word, ReportedState.PENDING),
        psp_word=word,
        money=money,
        captured=None,
        known=word in ORDER_STATES,
        evidence=_kept(order),
    )


def _state_of(capture: JsonObject) -> ReportedState:
    return CAPTURE_STATES.get(text(capture, "status"), ReportedState.PENDING)


def _taken(captures: Sequence[JsonObject]) -> Money | None:
    """Return the sum of what was taken: a second capture must not go unseen."""
    sums = [
        from_paypal(child(capture, "amount"))
        for capture in captures
        if _state_of(capture) is ReportedState.CAPTURED
    ]
    if not sums:
        return None
    if len({one.currency for one in sums}) != 1:
        raise Unreadable("captured in several currencies")
    return Money(str(sum(Decimal(one.amount) for one in sums)), sums[0].currency)


def _payments(order: JsonObject, name: str) -> list[JsonObject]:
    unit = only_unit(order)
    payments = child(unit, "payments") if "payments" in unit else {}
    return children(payments, name) if name in payments else []


def _reason(resource: JsonObject) -> str:
    return (
        text_or_blank(child(resource, "status_details"), "reason")
        if "status_details" in resource
        else ""
    )


def _end_of(order: JsonObject) -> datetime | None:
    return instant(order, "create_time") + ORDER_LASTS if "create_time" in order else None


def _approval_address(order: JsonObject) -> str:
    """Return where the shopper approves."""
    for link in _links(order):
        if link.get("rel") in _APPROVAL_LINKS:
            return web_address(link, "href")
    raise Unreadable("no link is the address of PayPal's page")


def _links(resource: JsonObject) -> Iterator[JsonObject]:
    yield from children(resource, "links") if "links" in resource else ()


def _kept(resource: JsonObject) -> JsonObject:
    return fit_to_keep(_impersonal(resource))


def _impersonal(resource: JsonObject) -> JsonObject:
    kept = {name: value for name, value in resource.items() if name not in _PERSONAL}
    if "purchase_units" in kept:
        kept["purchase_units"] = [_impersonal(unit) for unit in children(kept, "purchase_units")]
    return kept

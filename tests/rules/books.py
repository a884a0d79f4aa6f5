"""Payments of ours and lines of a PSP's list about them, which agree unless they are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from payments.domain.lifecycle import PurchaseStatus
from payments.domain.matching import PaymentHere, RefundHere
from psp_clients.contract import Money, RefundState, Transaction

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
MIDNIGHT = datetime(2030, 1, 1, tzinfo=UTC)
NOON = MIDNIGHT + 12 * HOUR
EUR_20 = Money("20.00", "EUR")


def payment(number: int = 1, **changes: Any) -> PaymentHere:
    """Return a payment that was successful at noon."""
    at = changes.get("finished_at", NOON) or NOON
    values: dict[str, Any] = {
        "reference": f"{number:032x}",
        "psp_token": f"tok_{number}",
        "payment_reference": f"ch_{number}",
        "money": EUR_20,
        "status": PurchaseStatus.SUCCESSFUL,
        "begun_at": at - MINUTE,
        "finished_at": at,
    }
    return PaymentHere(**values | changes)


def charge(number: int = 1, **changes: Any) -> Transaction:
    """Return the line of that payment."""
    values: dict[str, Any] = {
        "kind": "charge",
        "psp_reference": f"ch_{number}",
        "reference": f"{number:032x}",
        "psp_token": f"tok_{number}",
        "money": EUR_20,
        "status": "successful",
        "booked_at": NOON,
        "fee": Money("0.30", "EUR"),
    }
    return Transaction(**values | changes)


def refund(number: int = 1, **changes: Any) -> RefundHere:
    """Return a refund of 5 EUR that was successful at noon."""
    values: dict[str, Any] = {
        "id": f"{number:032x}",
        "refund_reference": f"re_{number}",
        "money": Money("5.00", "EUR"),
        "state": RefundState.SUCCESSFUL,
        "asked_at": NOON,
        "finished_at": NOON,
    }
    return RefundHere(**values | changes)


def given_back(number: int = 1, **changes: Any) -> Transaction:
    """Return the line of that refund, of payment 1."""
    values: dict[str, Any] = {
        "kind": "refund",
        "psp_reference": f"re_{number}",
        "money": Money("5.00", "EUR"),
        "fee": None,
    }
    return charge(1, **values | changes)

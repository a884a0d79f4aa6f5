"""Lists what Mollie took and gave back in a period, from its lists of payments and of refunds.

These take the key that payments are made with, and repeat our reference. Balance transactions and
settlements do neither, and are in the currency of the payout. Both lists are newest first by
creation and know no period, so they are read from the end until nothing older can matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from psp_clients.contract import Operation, Transaction
from psp_clients.mollie.calls import PAYMENTS_PATH, payment_path
from psp_clients.mollie.mapping import captured_of, read_charge, read_given_back
from psp_clients.mollie.wire import Wire
from psp_clients.strict_json import JsonObject, Unreadable, instant, text

REFUNDS_PATH: Final = "/v2/refunds"

# A card's hold may be captured for 30 days after the payment was made; a bank transfer, which is
# the next longest, may take 14. A day more for clocks and month ends.
LONGEST_UNTIL_PAID: Final = timedelta(days=31)


def transactions(wire: Wire, since: datetime, until: datetime) -> Iterator[Transaction]:
    """Yield charges, then refunds, whose time lies in [since, until); newest first."""
    yield from _charges(wire, since, until)
    for page in wire.pages(Operation.TRANSACTIONS, REFUNDS_PATH, "refunds"):
        for refund in page:
            created_at = instant(refund, "createdAt")
            if created_at < since:
                return
            if created_at < until:
                yield read_given_back(refund)


def _charges(wire: Wire, since: datetime, until: datetime) -> Iterator[Transaction]:
    for page in wire.pages(Operation.TRANSACTIONS, PAYMENTS_PATH, "payments"):
        for payment in page:
            created_at = instant(payment, "createdAt")
            if created_at < since - LONGEST_UNTIL_PAID:
                return
            taken_at = _taken_at(wire, payment) if created_at < until else None
            if taken_at is not None and since <= taken_at < until:
                yield read_charge(payment, taken_at)


def _taken_at(wire: Wire, payment: JsonObject) -> datetime | None:
    """Return when a payment's money was taken, or None if it was not."""
    word = text(payment, "status")
    if word == "paid":
        return instant(payment, "paidAt")
    if word == "authorized" and captured_of(payment) is not None:
        return _captured_at(wire, text(payment, "id"))
    return None


def _captured_at(wire: Wire, payment_id: str) -> datetime:
    """Return when a part was captured of a payment whose rest is still held."""
    path = f"{payment_path(payment_id)}/captures"
    captures = [
        instant(capture, "createdAt")
        for page in wire.pages(Operation.TRANSACTIONS, path, "captures")
        for capture in page
        if text(capture, "status") == "succeeded"
    ]
    if not captures:
        raise Unreadable("captured, without a capture")
    return max(captures)

"""Lists what Stripe took and gave back in a period: its balance transactions, with what made them.

A balance transaction is in the currency of the payout; charge and refund, which lie in it, are in
the shopper's and bear our reference, so the sums are theirs, and only the fee is the former's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from psp_clients.contract import Operation, RefundState, Transaction
from psp_clients.prepared import segment
from psp_clients.strict_json import JsonObject, child, text
from psp_clients.stripe.calls import INTENTS_PATH, Form
from psp_clients.stripe.mapping import (
    REFERENCE,
    REFUND_STATES,
    id_of,
    moment,
    noted,
)
from psp_clients.stripe.money import DIGITS, is_zero, read_money
from psp_clients.stripe.wire import Wire

BALANCE_PATH: Final = "/v1/balance_transactions"

CHARGES: Final = frozenset({"charge", "payment"})  # by card, and by other methods
# A refund that fails comes back as a line of its own, of the same refund.
REFUNDS: Final = frozenset({"refund", "payment_refund", "refund_failure"})

CHARGE_STATES: Final[dict[str, RefundState]] = {
    "succeeded": RefundState.SUCCESSFUL,
    "pending": RefundState.PENDING,
    "failed": RefundState.FAILED,
}


def transactions(wire: Wire, since: datetime, until: datetime) -> Iterator[Transaction]:
    """Yield charges and refunds that were booked in [since, until), newest first."""
    query: Form = {
        "created": {"gte": _whole_seconds(since), "lt": _whole_seconds(until)},
        "expand": ["data.source"],
    }
    for page in wire.pages(Operation.TRANSACTIONS, BALANCE_PATH, query):
        for line in page:
            kind = text(line, "type")
            if kind in CHARGES and _may_be_ours(line):
                yield _charge(line)
            elif kind in REFUNDS and _may_be_ours(line):
                yield _refund(wire, line)


def _may_be_ours(line: JsonObject) -> bool:
    """Tell whether we could have made this: nothing is registered in a currency not listed."""
    return text(child(line, "source"), "currency").upper() in DIGITS


def _charge(line: JsonObject) -> Transaction:
    charge = child(line, "source")
    word = text(charge, "status")
    fee = read_money(line, "fee")
    return Transaction(
        kind="charge",
        psp_reference=id_of(charge, "payment_intent") or text(charge, "id"),
        reference=noted(charge, REFERENCE),  # Stripe copies the payment's metadata to its charge
        psp_token="",
        money=read_money(charge, "amount_captured"),
        status=CHARGE_STATES.get(word, word),
        booked_at=moment(line, "created"),
        fee=None if is_zero(fee) else fee,
    )


def _refund(wire: Wire, line: JsonObject) -> Transaction:
    refund = child(line, "source")
    word = text(refund, "status")
    return Transaction(
        kind="refund",
        psp_reference=text(refund, "id"),
        reference=noted(refund, REFERENCE) or _reference_of_payment(wire, refund),
        psp_token="",
        money=read_money(refund, "amount"),
        status=REFUND_STATES.get(word, word),
        booked_at=moment(line, "created"),
    )


def _reference_of_payment(wire: Wire, refund: JsonObject) -> str:
    """Return which payment of ours a refund is of that somebody made at Stripe itself."""
    intent_id = id_of(refund, "payment_intent")
    if not intent_id:
        return ""
    path = f"{INTENTS_PATH}/{segment(intent_id, 'payment_intent')}"
    return noted(wire.look_up(Operation.TRANSACTIONS, path), REFERENCE)


def _whole_seconds(at: datetime) -> int:
    """Return an instant as Stripe counts: the next whole second, so that nothing is read twice."""
    return math.ceil(at.timestamp())

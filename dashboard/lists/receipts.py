"""Webhooks that PSPs sent, the rejected ones included."""

from __future__ import annotations

from typing import Final

from django.db.models import Q

from dashboard.badges import Badge
from dashboard.lists import cells, fields
from dashboard.lists.declared import Column, List, Tab
from payments import selectors
from payments.models import ReceiptState, WebhookReceipt

_BADGES: Final[dict[str, Badge]] = {
    ReceiptState.WAITING: Badge("waiting", "started", "clock"),
    ReceiptState.PROCESSED: Badge("worked on", "successful", "check"),
    ReceiptState.UNMATCHED: Badge("for nothing of ours", "open", "question"),
    ReceiptState.REJECTED: Badge("rejected", "failed", "cross"),
}


def _checkout(receipt: WebhookReceipt) -> cells.Cell:
    return fields.checkout(receipt.session, at=str(receipt.pk))


RECEIPTS: Final = List(
    name="receipts",
    title="Receipts",
    nothing="No webhook fits.",
    rows=selectors.all_receipts,
    columns=(
        Column("Status", lambda receipt: cells.status(_BADGES[receipt.state])),
        Column("Age", lambda receipt: cells.age(receipt.created_at)),
        Column("Type", lambda receipt: cells.words(receipt.event_type)),
        Column("Checkout", _checkout),
        Column("PSP", lambda receipt: cells.words(receipt.psp)),
        Column("Event id", lambda receipt: cells.words(receipt.event_id or "")),
        Column("Times", lambda receipt: cells.number(receipt.deliveries)),
        Column("Note", lambda receipt: cells.words(receipt.note)),
        Column("Came (UTC)", lambda receipt: cells.instant(receipt.created_at)),
    ),
    exported={
        "Status": lambda receipt: receipt.state,
        "Type": lambda receipt: receipt.event_type,
        "Checkout": lambda receipt: fields.of_session(receipt, "checkout_id"),
        "PSP": lambda receipt: receipt.psp,
        "Event id": lambda receipt: receipt.event_id,
        "PSP token": lambda receipt: receipt.psp_token,
        "PSP payment reference": lambda receipt: receipt.payment_reference,
        "Times": lambda receipt: receipt.deliveries,
        "Note": lambda receipt: receipt.note,
        "Came (UTC)": lambda receipt: receipt.created_at,
        "Worked on (UTC)": lambda receipt: receipt.processed_at,
    },
    tabs={
        "": Tab("All"),
        "waiting": Tab("Waiting", within=Q(state="waiting")),
        "processed": Tab("Worked on", also=Q(state="processed")),
        "unmatched": Tab("For nothing of ours", within=Q(state="unmatched")),
        "rejected": Tab("Rejected", within=Q(state="rejected")),
    },
    filters={"psp": fields.psp(), "type": fields.exactly("Type", "event_type", size=20)},
)

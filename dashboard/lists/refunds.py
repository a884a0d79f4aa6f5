"""Refunds: what was asked back, and what became of it."""

from __future__ import annotations

from typing import Final

from django.db.models import Q

from dashboard.badges import Badge
from dashboard.lists import cells, fields
from dashboard.lists.declared import Column, List, Tab
from payments import selectors
from payments.domain.refunds import RefundPhase
from payments.models import Refund, RefundOrigin
from psp_clients.contract import RefundState

_BADGES: Final[dict[str, Badge]] = {
    RefundState.PENDING: Badge("pending", "started", "clock"),
    RefundState.SUCCESSFUL: Badge("successful", "successful", "check"),
    RefundState.FAILED: Badge("failed", "failed", "cross"),
}


def _status(refund: Refund) -> cells.Cell:
    note = "" if refund.phase == refund.state else refund.get_phase_display()
    return cells.status(_BADGES[refund.state], note)


REFUNDS: Final = List(
    name="refunds",
    title="Refunds",
    nothing="No refund fits.",
    rows=selectors.all_refunds,
    columns=(
        Column("Status", _status),
        Column("Age", lambda refund: cells.age(refund.created_at)),
        Column("Amount", lambda refund: cells.money(refund.amount, refund.currency)),
        Column("Checkout", lambda refund: fields.checkout(refund.session)),
        Column("Why", lambda refund: cells.words(refund.reason or refund.get_origin_display())),
        Column("PSP", lambda refund: cells.words(refund.session.psp)),
        Column("PSP reference", lambda refund: cells.words(refund.refund_reference)),
        Column("Asked (UTC)", lambda refund: cells.instant(refund.created_at)),
    ),
    exported={
        "Status": lambda refund: refund.state,
        "Phase": lambda refund: refund.phase,
        "Amount": lambda refund: refund.amount,
        "Currency": lambda refund: refund.currency,
        "Origin": lambda refund: refund.get_origin_display(),
        "Reason": lambda refund: refund.reason,
        "Checkout": lambda refund: refund.session.checkout_id,
        "Order": lambda refund: refund.session.order_reference,
        "PSP": lambda refund: refund.session.psp,
        "PSP reference": lambda refund: refund.refund_reference,
        "Refund": lambda refund: refund.public_id,
        "Purchase": lambda refund: f"pur_{refund.purchase_id.hex}",
        "Asked (UTC)": lambda refund: refund.created_at,
        "Ended (UTC)": lambda refund: refund.finished_at,
    },
    tabs={
        "": Tab("All"),
        **{
            state.value: Tab(state.value.capitalize(), within=Q(state=state.value))
            for state in RefundState
        },
    },
    filters={
        "psp": fields.psp("session__psp"),
        "phase": fields.choice(
            "Phase", [(phase, phase.replace("_", " ")) for phase in RefundPhase], "phase"
        ),
        "origin": fields.choice("Origin", RefundOrigin.choices, "origin"),
        "currency": fields.currency(),
    },
)

"""What became of a payment's money: the board of sums, and every refund, capture and void."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from payments.domain.instructions import InstructionKind
from payments.domain.lifecycle import Phase
from payments.domain.refunds import RefundPhase, on_its_way, refundable
from payments.models import Capture, Instruction, PaymentSession, Purchase, Refund
from psp_clients.contract import RefundState


@dataclass(frozen=True, slots=True)
class Movement:
    """One refund, capture or void, as staff read it. `tone` names a CSS class."""

    at: datetime
    kind: str
    amount: str
    state: str
    tone: str
    id: str
    psp_reference: str
    words: str  # why it was asked for, or why it failed


def sums(
    session: PaymentSession, purchase: Purchase | None, refunds: Sequence[Refund]
) -> list[tuple[str, Decimal]]:
    """Return the sums of a payment by name, each with the digits of the registered amount."""
    registered, nothing = Decimal(session.amount), Decimal()
    captured = purchase.captured_amount if purchase else nothing
    refunded = purchase.refunded_amount if purchase else nothing
    given = [(Decimal(one.amount), RefundPhase(one.phase)) for one in refunds]
    soon = on_its_way(given)
    board = [
        ("Registered", registered),
        *_reserved(session, purchase, registered - captured),
        ("Captured", captured),
        ("Refunded", refunded),
        *([("On its way back", soon)] if soon else []),
        ("Refundable", refundable(captured, given)),
    ]
    return [(name, value.quantize(registered)) for name, value in board]


def _reserved(
    session: PaymentSession, purchase: Purchase | None, rest: Decimal
) -> list[tuple[str, Decimal]]:
    """Return what is held on the card, and of a capture by hand, what of it was let go."""
    if purchase is None:
        return []
    if purchase.phase == Phase.AUTHORIZED:
        return [("Reserved, not taken", rest)]
    let_go = session.capture == Capture.MANUAL and purchase.phase == Phase.CAPTURED
    return [("Not captured, let go", rest)] if let_go and rest else []


def movements(refunds: Sequence[Refund], instructions: Sequence[Instruction]) -> list[Movement]:
    """Return what was asked for beyond Buy Now, oldest first."""
    rows = [*map(_refund, refunds), *map(_instruction, instructions)]
    return sorted(rows, key=lambda row: (row.at, row.id))


def _refund(refund: Refund) -> Movement:
    return Movement(
        at=refund.created_at,
        kind="refund",
        amount=refund.amount,
        state=refund.get_phase_display(),
        tone=_tone(refund.state),
        id=refund.public_id,
        psp_reference=refund.refund_reference,
        words=refund.reason,
    )


def _instruction(asked: Instruction) -> Movement:
    return Movement(
        at=asked.created_at,
        kind=str(InstructionKind(asked.kind)),
        amount=asked.amount,
        state=asked.get_state_display(),
        tone=_tone(asked.state),
        id=asked.public_id,
        psp_reference="",
        words=asked.why or asked.reason,
    )


def _tone(state: str) -> str:
    return "started" if state == RefundState.PENDING else str(state)

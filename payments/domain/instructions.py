"""What is asked of an authorised purchase: take the money (a capture), or let it go (a void)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import Phase
from payments.domain.next_step import Step, may_send
from payments.domain.schedule import next_poll


class InstructionKind(StrEnum):
    """What shall become of what is reserved."""

    CAPTURE = "capture"
    VOID = "void"


class InstructionState(StrEnum):
    """What became of an instruction. The words are those of refunds."""

    PENDING = "pending"  # stored; the PSP has not confirmed it
    SUCCESSFUL = "successful"  # the purchase came to the end that was asked for
    FAILED = "failed"  # the PSP refused, or the purchase came to another end


INSTRUCTION_GRAPH: Final[dict[InstructionState, frozenset[InstructionState]]] = {
    InstructionState.PENDING: frozenset({InstructionState.SUCCESSFUL, InstructionState.FAILED}),
    InstructionState.SUCCESSFUL: frozenset(),
    InstructionState.FAILED: frozenset(),
}


def instruction_step(
    *, outcome: CallOutcome, first_sent_at: datetime | None, now: datetime, key_window: timedelta
) -> Step:
    """Decide what a due instruction needs, of whose call `outcome` is the last that is known.

    Unanswered, it is sent again while the PSP surely remembers its key, for the answer then is
    that of the first send. Later, and once the PSP has taken it on, the PSP is only asked.
    """
    unanswered = outcome is not CallOutcome.ANSWERED
    if unanswered and may_send(first_sent_at=first_sent_at, now=now, key_window=key_window):
        return Step.SEND
    return Step.LOOK_UP


def next_look(
    *, outcome: CallOutcome, polls: int, asked_at: datetime, now: datetime
) -> datetime | None:
    """Return when to see to an instruction again, or None once a person must look."""
    answered = outcome is CallOutcome.ANSWERED
    return next_poll(answered=answered, polls=polls, since=asked_at, now=now)


def what_went_wrong(
    kind: InstructionKind, *, asked: Decimal, phase: Phase, captured: Decimal
) -> str:
    """Say how a purchase's end differs from what was asked for, or nothing where it does not."""
    if kind is InstructionKind.VOID:
        return "" if phase is Phase.CANCELLED else f"the purchase ended as {phase}"
    if phase is not Phase.CAPTURED:
        return f"the purchase ended as {phase}"
    return "" if captured == asked else f"the PSP captured {captured.quantize(asked)}"

"""The states of refunds, what may follow what, and how much may still be given back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from payments.domain.lifecycle import Verdict
from payments.domain.next_step import Step, may_send
from payments.domain.schedule import next_poll
from psp_clients.contract import RefundState


class RefundPhase(StrEnum):
    """Where a refund stands, in the machine's words."""

    SUBMITTING = "submitting"  # asked for and stored; the PSP has not answered
    IN_DOUBT = "in_doubt"  # sent and unanswered: the PSP may have acted
    PENDING = "pending"  # the PSP has it; the money has yet to arrive
    SUCCESSFUL = "successful"  # the money was given back
    FAILED = "failed"  # it was not, or the shopper's bank sent it back


UNFINISHED_REFUND_PHASES: Final = (
    RefundPhase.SUBMITTING,
    RefundPhase.IN_DOUBT,
    RefundPhase.PENDING,
)

UNANSWERED_REFUND_PHASES: Final = (RefundPhase.SUBMITTING, RefundPhase.IN_DOUBT)

# An answer may be older than the bank's sending the money back, and the webhook of that older
# than the record of the answer: a success is looked at once more.
SUCCESS_IS_LOOKED_AT_AFTER: Final = timedelta(minutes=1)

# The word that shops see. It takes what is under way for given, so that no sum is given twice.
REFUND_STATE_OF: Final[dict[RefundPhase, RefundState]] = {
    **dict.fromkeys(UNFINISHED_REFUND_PHASES, RefundState.PENDING),
    RefundPhase.SUCCESSFUL: RefundState.SUCCESSFUL,
    RefundPhase.FAILED: RefundState.FAILED,
}

# A bank may send a refund back days after the PSP called it successful. Nothing leaves failed:
# whoever wants the money given back after all asks for a new refund.
REFUND_GRAPH: Final[dict[RefundPhase, frozenset[RefundPhase]]] = {
    RefundPhase.SUBMITTING: frozenset(
        {
            RefundPhase.IN_DOUBT,
            RefundPhase.PENDING,
            RefundPhase.SUCCESSFUL,
            RefundPhase.FAILED,
        }
    ),
    RefundPhase.IN_DOUBT: frozenset(
        {RefundPhase.PENDING, RefundPhase.SUCCESSFUL, RefundPhase.FAILED}
    ),
    RefundPhase.PENDING: frozenset({RefundPhase.SUCCESSFUL, RefundPhase.FAILED}),
    RefundPhase.SUCCESSFUL: frozenset({RefundPhase.FAILED}),
    RefundPhase.FAILED: frozenset(),
}

REFUND_PHASE_REPORTED: Final[dict[RefundState, RefundPhase]] = {
    RefundState.PENDING: RefundPhase.PENDING,
    RefundState.SUCCESSFUL: RefundPhase.SUCCESSFUL,
    RefundState.FAILED: RefundPhase.FAILED,
}


def judge_refund(current: RefundPhase, reported: RefundPhase) -> Verdict:
    """Judge a reported phase against the one we hold: ahead, old news, or a contradiction.

    A success after a failure is the contradiction: the sum may have been given back twice by
    then, so a person must look.
    """
    if reported in REFUND_GRAPH[current]:
        return Verdict.ADVANCE
    if current is RefundPhase.FAILED and reported is RefundPhase.SUCCESSFUL:
        return Verdict.CONFLICT
    return Verdict.STALE


def refundable(captured: Decimal, refunds: Iterable[tuple[Decimal, RefundPhase]]) -> Decimal:
    """Return what may still be given back: everything captured but what may have been given."""
    given = (amount for amount, phase in refunds if phase is not RefundPhase.FAILED)
    return captured - sum(given, Decimal(0))


def on_its_way(refunds: Iterable[tuple[Decimal, RefundPhase]]) -> Decimal:
    """Return what is being given back and has not arrived, as far as is known."""
    return sum(
        (amount for amount, phase in refunds if phase in UNFINISHED_REFUND_PHASES), Decimal(0)
    )


def first_look(phase: RefundPhase, *, now: datetime) -> datetime | None:
    """Return when a refund that enters a phase now is looked at, or None when it never is."""
    if phase is RefundPhase.FAILED:
        return None
    if phase is RefundPhase.SUCCESSFUL:
        return now + SUCCESS_IS_LOOKED_AT_AFTER
    return next_poll(answered=phase is RefundPhase.PENDING, polls=0, since=now, now=now)


def refund_step(
    *, phase: RefundPhase, first_sent_at: datetime | None, now: datetime, key_window: timedelta
) -> Step:
    """Decide what a due refund needs.

    Unanswered, it is sent again while the PSP surely remembers its key, for the answer then is
    that of the first send. Later, and once the PSP has it, the PSP is only asked.
    """
    unanswered = phase in UNANSWERED_REFUND_PHASES
    if unanswered and may_send(first_sent_at=first_sent_at, now=now, key_window=key_window):
        return Step.SEND
    return Step.LOOK_UP

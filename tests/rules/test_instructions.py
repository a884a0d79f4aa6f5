"""An instruction about what is reserved..."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from payments.domain.answers import CallOutcome
from payments.domain.instructions import (
    INSTRUCTION_GRAPH,
    InstructionKind,
    instruction_step,
    next_look,
    what_went_wrong,
)
from payments.domain.lifecycle import Phase
from payments.domain.next_step import Step

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ASKED = Decimal("20.00")


@pytest.mark.parametrize(
    ("outcome", "sent_ago", "step"),
    [
        (CallOutcome.OPEN, None, Step.SEND),
        (CallOutcome.IN_DOUBT, timedelta(hours=11), Step.SEND),
        (CallOutcome.IN_DOUBT, timedelta(hours=12), Step.LOOK_UP),
        (CallOutcome.ANSWERED, timedelta(seconds=1), Step.LOOK_UP),
    ],
)
def test_is_sent_while_unanswered_and_its_key_is_remembered(
    outcome: CallOutcome, sent_ago: timedelta | None, step: Step
):
    first_sent_at = None if sent_ago is None else NOW - sent_ago

    chosen = instruction_step(outcome=outcome, first_sent_at=first_sent_at, now=NOW, key_window=DAY)

    assert chosen is step


@pytest.mark.parametrize(
    ("outcome", "wait"),
    [(CallOutcome.IN_DOUBT, timedelta(seconds=15)), (CallOutcome.ANSWERED, timedelta(minutes=1))],
)
def test_is_looked_at_sooner_where_nobody_answered(outcome: CallOutcome, wait: timedelta):
    assert next_look(outcome=outcome, polls=0, asked_at=NOW, now=NOW) == NOW + wait


def test_is_handed_to_a_person_after_a_week():
    week = 7 * DAY

    assert next_look(outcome=CallOutcome.IN_DOUBT, polls=9, asked_at=NOW - week, now=NOW) is None


@pytest.mark.parametrize(
    ("kind", "phase", "captured", "wrong"),
    [
        ("capture", Phase.CAPTURED, "20.00", ""),
        ("capture", Phase.CAPTURED, "7", "the PSP captured 7.00"),
        ("capture", Phase.EXPIRED, "0", "the purchase ended as expired"),
        ("void", Phase.CANCELLED, "0", ""),
        ("void", Phase.CAPTURED, "20.00", "the purchase ended as captured"),
        ("void", Phase.EXPIRED, "0", "the purchase ended as expired"),
    ],
)
def test_is_done_only_where_the_purchase_ended_so(
    kind: str, phase: Phase, captured: str, wrong: str
):
    said = what_went_wrong(
        InstructionKind(kind), asked=ASKED, phase=phase, captured=Decimal(captured)
    )

    assert said == wrong


def test_ends_once():
    following = {str(state): set(map(str, ends)) for state, ends in INSTRUCTION_GRAPH.items()}

    assert following == {"pending": {"successful", "failed"}, "successful": set(), "failed": set()}

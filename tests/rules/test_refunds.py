"""Refunds: how reports are judged, how much is left, and when a call may be sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.lifecycle import Verdict
from payments.domain.next_step import Step
from payments.domain.refunds import (
    REFUND_GRAPH,
    REFUND_PHASE_REPORTED,
    REFUND_STATE_OF,
    RefundPhase,
    first_look,
    judge_refund,
    on_its_way,
    refund_step,
    refundable,
)
from psp_clients.contract import RefundState

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
WINDOW = timedelta(hours=24)

# One row for what we hold, one column for what is reported, both in the order of RefundPhase.
VERDICTS = {
    #                        sub dou pen suc fai
    RefundPhase.SUBMITTING: "s   A   A   A   A",
    RefundPhase.IN_DOUBT: "  s   s   A   A   A",
    RefundPhase.PENDING: "   s   s   s   A   A",
    RefundPhase.SUCCESSFUL: "s   s   s   s   A",
    RefundPhase.FAILED: "    s   s   s   C   s",
}
LETTERS = {"A": Verdict.ADVANCE, "s": Verdict.STALE, "C": Verdict.CONFLICT}


class TestAReport:
    @pytest.mark.parametrize("held", list(RefundPhase))
    def test_is_judged_by_the_table(self, held: RefundPhase) -> None:
        judged = [judge_refund(held, reported) for reported in RefundPhase]

        assert judged == [LETTERS[letter] for letter in VERDICTS[held].split()]

    def test_never_leads_in_a_circle(self) -> None:
        order = list(RefundPhase)

        assert all(
            order.index(before) < order.index(after)
            for before, following in REFUND_GRAPH.items()
            for after in following
        )

    def test_is_of_the_phase_that_bears_its_name(self) -> None:
        assert {said: phase.value for said, phase in REFUND_PHASE_REPORTED.items()} == {
            RefundState.PENDING: "pending",
            RefundState.SUCCESSFUL: "successful",
            RefundState.FAILED: "failed",
        }

    def test_that_has_not_ended_counts_as_pending(self) -> None:
        pending = {phase for phase, state in REFUND_STATE_OF.items() if state == "pending"}

        assert pending == {RefundPhase.SUBMITTING, RefundPhase.IN_DOUBT, RefundPhase.PENDING}
        assert set(REFUND_STATE_OF) == set(RefundPhase)
        assert set(REFUND_STATE_OF.values()) == set(RefundState)


amounts = st.decimals("0.01", "1000", places=2)


class TestWhatIsLeft:
    @given(amounts, st.lists(st.tuples(amounts, st.sampled_from(RefundPhase))))
    def test_counts_every_refund_that_may_have_been_made(
        self, captured: Decimal, refunds: list[tuple[Decimal, RefundPhase]]
    ) -> None:
        left = refundable(captured, refunds)

        given_back = [amount for amount, phase in refunds if phase != RefundPhase.FAILED]
        assert left + sum(given_back) == captured

    def test_of_a_refund_that_failed_is_left_again(self) -> None:
        assert refundable(Decimal("19.99"), [(Decimal("5.00"), RefundPhase.FAILED)]) == Decimal(
            "19.99"
        )


def test_what_is_on_its_way_has_neither_arrived_nor_failed() -> None:
    refunds = [(Decimal(2**place), phase) for place, phase in enumerate(RefundPhase)]

    assert list(RefundPhase)[:3] == ["submitting", "in_doubt", "pending"]
    assert on_its_way(refunds) == 1 + 2 + 4
    assert on_its_way([]) == 0


class TestADueRefund:
    @pytest.mark.parametrize("age", [None, timedelta(), timedelta(hours=11, minutes=59)])
    @pytest.mark.parametrize("phase", [RefundPhase.SUBMITTING, RefundPhase.IN_DOUBT])
    def test_without_an_answer_is_sent_while_its_key_protects(
        self, phase: RefundPhase, age: timedelta | None
    ) -> None:
        sent_at = None if age is None else NOW - age

        step = refund_step(phase=phase, first_sent_at=sent_at, now=NOW, key_window=WINDOW)

        assert step is Step.SEND

    @pytest.mark.parametrize("phase", [RefundPhase.SUBMITTING, RefundPhase.IN_DOUBT])
    def test_is_only_asked_about_afterwards(self, phase: RefundPhase) -> None:
        step = refund_step(phase=phase, first_sent_at=NOW - WINDOW / 2, now=NOW, key_window=WINDOW)

        assert step is Step.LOOK_UP

    def test_that_the_psp_has_is_only_asked_about(self) -> None:
        step = refund_step(phase=RefundPhase.PENDING, first_sent_at=NOW, now=NOW, key_window=WINDOW)

        assert step is Step.LOOK_UP


class TestTheFirstLookAtARefund:
    @pytest.mark.parametrize(
        ("phase", "after"),
        [
            (RefundPhase.IN_DOUBT, timedelta(seconds=15)),
            (RefundPhase.PENDING, timedelta(minutes=1)),
            (RefundPhase.SUCCESSFUL, timedelta(minutes=1)),
        ],
    )
    def test_comes_soon_and_at_a_success_too(self, phase: RefundPhase, after: timedelta) -> None:
        assert first_look(phase, now=NOW) == NOW + after

    def test_never_comes_where_nothing_can_change(self) -> None:
        assert first_look(RefundPhase.FAILED, now=NOW) is None

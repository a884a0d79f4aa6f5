"""Next step: what a due purchase needs, to the microsecond at which a key stops protecting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.lifecycle import Phase
from payments.domain.next_step import Step, first_step, may_send, step_after_look_up
from psp_clients.contract import ReportedState

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
WINDOW = timedelta(hours=24)
HALF = timedelta(hours=12)
TICK = timedelta(microseconds=1)

# How long ago the call may first have reached the PSP, and whether its key still protects.
AGES = [
    (None, True),
    (timedelta(), True),
    (HALF - TICK, True),
    (HALF, False),
    (HALF + TICK, False),
    (WINDOW, False),
    (timedelta(days=30), False),
]
UNANSWERED = (Phase.SUBMITTING, Phase.IN_DOUBT)


def sent(age: timedelta | None) -> datetime | None:
    return None if age is None else NOW - age


class TestAStoredCall:
    @pytest.mark.parametrize(("age", "allowed"), AGES)
    def test_may_be_sent_for_half_of_the_key_window(
        self, age: timedelta | None, allowed: bool
    ) -> None:
        assert may_send(first_sent_at=sent(age), now=NOW, key_window=WINDOW) is allowed

    @given(st.timedeltas(timedelta(), timedelta(days=60)), st.timedeltas(TICK, timedelta(days=30)))
    def test_is_never_sent_when_its_key_may_be_forgotten(
        self, age: timedelta, window: timedelta
    ) -> None:
        if may_send(first_sent_at=NOW - age, now=NOW, key_window=window):
            assert age < window


class TestADuePurchase:
    @pytest.mark.parametrize(("age", "sendable"), AGES)
    @pytest.mark.parametrize("phase", list(Phase))
    def test_is_sent_if_it_was_cut_off_and_looked_up_otherwise(
        self, phase: Phase, age: timedelta | None, sendable: bool
    ) -> None:
        step = first_step(phase=phase, first_sent_at=sent(age), now=NOW, key_window=WINDOW)

        cut_off = phase is Phase.SUBMITTING and sendable
        assert step is (Step.SEND if cut_off else Step.LOOK_UP)

    @pytest.mark.parametrize(("age", "sendable"), AGES)
    @pytest.mark.parametrize("phase", UNANSWERED)
    def test_that_the_psp_has_not_acted_on_is_sent_again_or_closed_with_a_fence(
        self, phase: Phase, age: timedelta | None, sendable: bool
    ) -> None:
        step = step_after_look_up(
            phase=phase,
            seen=ReportedState.OPEN,
            first_sent_at=sent(age),
            now=NOW,
            key_window=WINDOW,
        )

        assert step is (Step.SEND if sendable else Step.FENCE)

    @pytest.mark.parametrize(("age", "sendable"), AGES)
    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase not in UNANSWERED])
    def test_that_the_psp_has_answered_before_waits_whatever_is_seen(
        self, phase: Phase, age: timedelta | None, sendable: bool
    ) -> None:
        seen = {
            step_after_look_up(
                phase=phase, seen=state, first_sent_at=sent(age), now=NOW, key_window=WINDOW
            )
            for state in ReportedState
        }

        assert seen == {Step.WAIT}

    @pytest.mark.parametrize("seen", [s for s in ReportedState if s is not ReportedState.OPEN])
    @pytest.mark.parametrize("phase", UNANSWERED)
    def test_that_the_psp_has_acted_on_waits(self, phase: Phase, seen: ReportedState) -> None:
        step = step_after_look_up(
            phase=phase, seen=seen, first_sent_at=None, now=NOW, key_window=WINDOW
        )

        assert step is Step.WAIT

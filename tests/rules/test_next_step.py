"""Next step: what a due purchase needs, to the microsecond at which a key stops protecting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import Phase
from payments.domain.next_step import (
    SUBMIT_WITHIN,
    Step,
    first_step,
    may_charge,
    may_send,
    phase_of_try,
    step_after_look_up,
    step_at_page,
    step_without_try,
)
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


class TestAPurchase:
    @pytest.mark.parametrize(("age", "remembered"), AGES)
    def test_is_never_sent_without_a_key_that_protects(
        self, age: timedelta | None, remembered: bool
    ) -> None:
        chargeable = may_charge(
            accepted_at=NOW, first_sent_at=sent(age), now=NOW, key_window=WINDOW
        )

        assert chargeable is remembered

    @pytest.mark.parametrize(
        ("age", "expected"),
        [(timedelta(), True), (SUBMIT_WITHIN - TICK, True), (SUBMIT_WITHIN, False)],
    )
    @pytest.mark.parametrize("first_sent_at", [None, NOW])
    def test_is_not_sent_when_its_shopper_has_long_gone(
        self, age: timedelta, expected: bool, first_sent_at: datetime | None
    ) -> None:
        chargeable = may_charge(
            accepted_at=NOW - age, first_sent_at=first_sent_at, now=NOW, key_window=WINDOW
        )

        assert chargeable is expected


class TestADuePurchase:
    @pytest.mark.parametrize("chargeable", [True, False])
    @pytest.mark.parametrize("phase", list(Phase))
    def test_is_sent_if_it_was_cut_off_and_looked_up_otherwise(
        self, phase: Phase, chargeable: bool
    ) -> None:
        step = first_step(phase=phase, chargeable=chargeable)

        cut_off = phase is Phase.SUBMITTING and chargeable
        assert step is (Step.SEND if cut_off else Step.LOOK_UP)

    @pytest.mark.parametrize("phase", UNANSWERED)
    def test_that_the_psp_has_not_acted_on_is_sent_again_or_closed_with_a_fence(
        self, phase: Phase
    ) -> None:
        steps = [
            step_after_look_up(phase=phase, seen=ReportedState.OPEN, chargeable=chargeable)
            for chargeable in (True, False)
        ]

        assert steps == [Step.SEND, Step.FENCE]

    @pytest.mark.parametrize("chargeable", [True, False])
    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase not in UNANSWERED])
    def test_that_the_psp_has_answered_before_waits_whatever_is_seen(
        self, phase: Phase, chargeable: bool
    ) -> None:
        seen = {
            step_after_look_up(phase=phase, seen=state, chargeable=chargeable)
            for state in ReportedState
        }

        assert seen == {Step.WAIT}

    @pytest.mark.parametrize("seen", [s for s in ReportedState if s is not ReportedState.OPEN])
    @pytest.mark.parametrize("phase", UNANSWERED)
    @pytest.mark.parametrize("chargeable", [True, False])
    def test_that_the_psp_has_acted_on_waits(
        self, phase: Phase, seen: ReportedState, chargeable: bool
    ) -> None:
        assert step_after_look_up(phase=phase, seen=seen, chargeable=chargeable) is Step.WAIT


def test_nobody_is_charged_four_hours_after_buy_now() -> None:
    assert timedelta(hours=4) == SUBMIT_WITHIN


class TestATry:
    @pytest.mark.parametrize("outcome", list(CallOutcome))
    @pytest.mark.parametrize("may_have_arrived", [True, False])
    @pytest.mark.parametrize("phase", list(Phase))
    def test_that_is_the_first_has_come_as_far_as_the_purchase(
        self, *, phase: Phase, outcome: CallOutcome, may_have_arrived: bool
    ) -> None:
        reached = phase_of_try(
            phase, is_first=True, outcome=outcome, may_have_arrived=may_have_arrived
        )

        assert reached is phase

    @pytest.mark.parametrize(
        ("outcome", "may_have_arrived", "expected"),
        [
            (CallOutcome.OPEN, False, Phase.SUBMITTING),
            (CallOutcome.OPEN, True, Phase.SUBMITTING),
            (CallOutcome.NOT_SENT, False, Phase.SUBMITTING),
            (CallOutcome.NOT_SENT, True, Phase.IN_DOUBT),
            (CallOutcome.RETRYABLE, False, Phase.SUBMITTING),
            (CallOutcome.AUTH_FAILED, True, Phase.IN_DOUBT),
            (CallOutcome.IN_DOUBT, True, Phase.IN_DOUBT),
            (CallOutcome.STATE_CONFLICT, True, Phase.IN_DOUBT),
            (CallOutcome.ANSWERED, True, Phase.PENDING),
        ],
    )
    def test_that_follows_another_has_come_as_far_as_its_own_call(
        self, *, outcome: CallOutcome, may_have_arrived: bool, expected: Phase
    ) -> None:
        reached = phase_of_try(
            Phase.PENDING, is_first=False, outcome=outcome, may_have_arrived=may_have_arrived
        )

        assert reached is expected

    @pytest.mark.parametrize("outcome", list(CallOutcome))
    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.PENDING])
    def test_that_follows_another_has_not_come_further_than_the_purchase(
        self, phase: Phase, outcome: CallOutcome
    ) -> None:
        reached = phase_of_try(phase, is_first=False, outcome=outcome, may_have_arrived=True)

        assert reached is phase


class TestAPurchaseDeclinedForNow:
    @pytest.mark.parametrize("seen", list(ReportedState))
    @pytest.mark.parametrize("is_over", [True, False])
    def test_is_ended_once_its_time_is_over_and_nothing_was_charged(
        self, *, seen: ReportedState, is_over: bool
    ) -> None:
        ended = seen is ReportedState.OPEN and is_over

        step = step_without_try(seen=seen, is_over=is_over)

        assert step is (Step.FENCE if ended else Step.WAIT)


class TestAPageThatCharges:
    @pytest.mark.parametrize("seen", list(ReportedState))
    @pytest.mark.parametrize("is_over", [True, False])
    @pytest.mark.parametrize("can_cancel", [True, False])
    def test_is_fenced_once_its_time_is_over_and_nobody_acted_on_it(
        self, *, seen: ReportedState, is_over: bool, can_cancel: bool
    ) -> None:
        fenced = seen is ReportedState.OPEN and is_over and can_cancel

        step = step_at_page(seen=seen, is_over=is_over, can_cancel=can_cancel)

        assert step is (Step.FENCE if fenced else Step.WAIT)

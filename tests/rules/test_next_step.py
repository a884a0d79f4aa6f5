"""Next step: what a due purchase needs, to the microsecond at which a key stops protecting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

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
    def test_is_sent_if_it_was_cut_off_and_looked_up_otherwise(self) -> None:
        steps = {
            (phase, chargeable): first_step(phase=phase, chargeable=chargeable)
            for phase, chargeable in product(Phase, (True, False))
        }

        cut_off = {(Phase.SUBMITTING, True): Step.SEND}
        assert steps == dict.fromkeys(steps, Step.LOOK_UP) | cut_off

    @pytest.mark.parametrize("phase", UNANSWERED)
    def test_that_the_psp_has_not_acted_on_is_sent_again_or_closed_with_a_fence(
        self, phase: Phase
    ) -> None:
        steps = [
            step_after_look_up(phase=phase, seen=ReportedState.OPEN, chargeable=chargeable)
            for chargeable in (True, False)
        ]

        assert steps == [Step.SEND, Step.FENCE]

    def test_that_the_psp_has_answered_before_waits_whatever_is_seen(self) -> None:
        answered = [phase for phase in Phase if phase not in UNANSWERED]
        steps = {
            (phase, seen, chargeable): step_after_look_up(
                phase=phase, seen=seen, chargeable=chargeable
            )
            for phase, seen, chargeable in product(answered, ReportedState, (True, False))
        }

        assert steps == dict.fromkeys(steps, Step.WAIT)

    def test_that_the_psp_has_acted_on_waits(self) -> None:
        acted = [state for state in ReportedState if state is not ReportedState.OPEN]
        steps = {
            (phase, seen, chargeable): step_after_look_up(
                phase=phase, seen=seen, chargeable=chargeable
            )
            for phase, seen, chargeable in product(UNANSWERED, acted, (True, False))
        }

        assert steps == dict.fromkeys(steps, Step.WAIT)


def test_nobody_is_charged_four_hours_after_buy_now() -> None:
    assert timedelta(hours=4) == SUBMIT_WITHIN


class TestATry:
    def test_that_is_the_first_has_come_as_far_as_the_purchase(self) -> None:
        reached = {
            (phase, outcome, arrived): phase_of_try(
                phase, is_first=True, outcome=outcome, may_have_arrived=arrived
            )
            for phase, outcome, arrived in product(Phase, CallOutcome, (True, False))
        }

        assert reached == {tried: tried[0] for tried in reached}

    def test_that_follows_another_has_come_as_far_as_its_own_call(self) -> None:
        # By what became of the call, and whether it may have arrived.
        expected = {
            (CallOutcome.OPEN, False): Phase.SUBMITTING,
            (CallOutcome.OPEN, True): Phase.SUBMITTING,
            (CallOutcome.NOT_SENT, False): Phase.SUBMITTING,
            (CallOutcome.NOT_SENT, True): Phase.IN_DOUBT,
            (CallOutcome.RETRYABLE, False): Phase.SUBMITTING,
            (CallOutcome.AUTH_FAILED, True): Phase.IN_DOUBT,
            (CallOutcome.IN_DOUBT, True): Phase.IN_DOUBT,
            (CallOutcome.STATE_CONFLICT, True): Phase.IN_DOUBT,
            (CallOutcome.ANSWERED, True): Phase.PENDING,
        }

        reached = {
            (outcome, arrived): phase_of_try(
                Phase.PENDING, is_first=False, outcome=outcome, may_have_arrived=arrived
            )
            for outcome, arrived in expected
        }

        assert reached == expected

    def test_that_follows_another_has_not_come_further_than_the_purchase(self) -> None:
        others = [phase for phase in Phase if phase is not Phase.PENDING]
        reached = {
            (phase, outcome): phase_of_try(
                phase, is_first=False, outcome=outcome, may_have_arrived=True
            )
            for phase, outcome in product(others, CallOutcome)
        }

        assert reached == {tried: tried[0] for tried in reached}


class TestAPurchaseDeclinedForNow:
    def test_is_ended_once_its_time_is_over_and_nothing_was_charged(self) -> None:
        steps = {
            (seen, is_over): step_without_try(seen=seen, is_over=is_over)
            for seen, is_over in product(ReportedState, (True, False))
        }

        over = {(ReportedState.OPEN, True): Step.FENCE}
        assert steps == dict.fromkeys(steps, Step.WAIT) | over


class TestAPageThatCharges:
    def test_is_fenced_once_its_time_is_over_and_nobody_acted_on_it(self) -> None:
        either = (True, False)
        steps = {
            (seen, is_over, can): step_at_page(seen=seen, is_over=is_over, can_cancel=can)
            for seen, is_over, can in product(ReportedState, either, either)
        }

        over = {(ReportedState.OPEN, True, True): Step.FENCE}
        assert steps == dict.fromkeys(steps, Step.WAIT) | over

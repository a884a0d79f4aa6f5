"""Schedule: the exact instants at which BPS looks, tries and gives up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.lifecycle import FAILED_PHASES, STARTED_PHASES, UNANSWERED_PHASES, Phase
from payments.domain.schedule import (
    NEWS_MARGIN,
    NOTIFICATION_RETRIES,
    RECEIPT_RETRIES,
    SESSION_LIFETIME,
    SESSION_LIFETIME_LIMITS,
    SUBMISSION_RETRIES,
    next_notification_try,
    next_poll,
    retry_delay,
)

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400

IN_DOUBT = [
    15 * SECOND,
    30 * SECOND,
    1 * MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    1 * HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
]
PENDING = [
    1 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    1 * HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
]


def seconds_to_next_poll(phase: Phase, polls: int, age: timedelta = timedelta()) -> float | None:
    answered = phase not in UNANSWERED_PHASES
    at = next_poll(answered=answered, polls=polls, since=NOW - age, now=NOW)
    return None if at is None else (at - NOW).total_seconds()


class TestAPoll:
    @pytest.mark.parametrize("phase", [Phase.SUBMITTING, Phase.IN_DOUBT])
    def test_of_a_purchase_in_doubt_comes_soon_then_ever_more_rarely(self, phase: Phase) -> None:
        waits = [seconds_to_next_poll(phase, polls) for polls in range(len(IN_DOUBT) + 2)]

        assert waits == [*IN_DOUBT, 12 * HOUR, 12 * HOUR]

    @pytest.mark.parametrize("phase", [Phase.PENDING, Phase.AUTHORIZED])
    def test_of_a_pending_purchase_leaves_time_for_the_webhook(self, phase: Phase) -> None:
        waits = [seconds_to_next_poll(phase, polls) for polls in range(len(PENDING) + 2)]

        assert waits == [*PENDING, 12 * HOUR, 12 * HOUR]

    @pytest.mark.parametrize("phase", STARTED_PHASES)
    def test_is_the_last_just_before_seven_days(self, phase: Phase) -> None:
        before = timedelta(days=7) - timedelta(microseconds=1)

        assert seconds_to_next_poll(phase, 99, before) == 12 * HOUR
        assert seconds_to_next_poll(phase, 99, timedelta(days=7)) is None
        assert seconds_to_next_poll(phase, 0, timedelta(days=8)) is None

    @pytest.mark.parametrize("phase", STARTED_PHASES)
    def test_lies_ahead_whatever_the_count(self, phase: Phase) -> None:
        waits = [seconds_to_next_poll(phase, polls) for polls in range(1000)]

        assert min(wait for wait in waits if wait is not None) > 0
        assert None not in waits

    def test_is_planned_for_started_phases_alone(self) -> None:
        assert set(STARTED_PHASES) | set(FAILED_PHASES) | {Phase.CAPTURED} == set(Phase)


class TestARetry:
    def test_of_a_submission_waits_longer_each_time_up_to_five_minutes(self) -> None:
        delays = [retry_delay(SUBMISSION_RETRIES, attempts) for attempts in range(10)]

        waits = [1, 1, 2, 5, 10, 30, 60, 120, 300, 300]
        assert delays == [timedelta(seconds=seconds) for seconds in waits]

    def test_of_a_receipt_waits_longer_each_time_up_to_an_hour(self) -> None:
        delays = [retry_delay(RECEIPT_RETRIES, attempts) for attempts in (*range(8), 500)]

        waits = [2, 2, 5, 15, 60, 300, 900, 3600, 3600]
        assert delays == [timedelta(seconds=seconds) for seconds in waits]


class TestANotification:
    def test_is_tried_for_about_three_days(self) -> None:
        waits = []
        attempts = 1
        while (at := next_notification_try(attempts=attempts, now=NOW, jitter=0)) is not None:
            waits.append((at - NOW).total_seconds())
            attempts += 1

        assert waits == [
            5 * SECOND,
            5 * MINUTE,
            30 * MINUTE,
            2 * HOUR,
            5 * HOUR,
            10 * HOUR,
            14 * HOUR,
            20 * HOUR,
            24 * HOUR,
        ]
        assert attempts == 10
        assert sum(waits) == 3 * DAY + 3 * HOUR + 35 * MINUTE + 5

    @pytest.mark.parametrize(
        ("jitter", "seconds"), [(-1, 270), (-0.5, 285), (0, 300), (0.5, 315), (1, 330)]
    )
    def test_is_spread_by_a_tenth_either_way(self, jitter: float, seconds: int) -> None:
        at = next_notification_try(attempts=2, now=NOW, jitter=jitter)

        assert at == NOW + timedelta(seconds=seconds)

    @given(st.integers(1, len(NOTIFICATION_RETRIES)), st.floats(-1, 1))
    def test_is_never_tried_in_the_past(self, attempts: int, jitter: float) -> None:
        at = next_notification_try(attempts=attempts, now=NOW, jitter=jitter)

        assert at is not None
        assert at > NOW


class TestASession:
    def test_lives_an_hour_unless_the_shop_says_otherwise(self) -> None:
        assert timedelta(hours=1) == SESSION_LIFETIME

    def test_lives_between_a_quarter_of_an_hour_and_a_day(self) -> None:
        assert (timedelta(minutes=15), timedelta(hours=24)) == SESSION_LIFETIME_LIMITS

    def test_is_over_for_good_an_hour_after_its_time(self) -> None:
        assert timedelta(hours=1) == NEWS_MARGIN

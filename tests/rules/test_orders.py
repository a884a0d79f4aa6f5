"""Orders: what stands in the way of a purchase, and what one success too many calls for."""

from __future__ import annotations

import pytest

from payments.domain.lifecycle import FAILED_PHASES, Phase
from payments.domain.orders import LateSuccess, Obstacle, SuccessStep, after_success, obstacle

OBSTACLES = {
    Phase.SUBMITTING: Obstacle.IN_PROGRESS,
    Phase.IN_DOUBT: Obstacle.IN_DOUBT,
    Phase.PENDING: Obstacle.IN_PROGRESS,
    Phase.AUTHORIZED: Obstacle.IN_PROGRESS,
    Phase.CAPTURED: Obstacle.PAID,
    Phase.DECLINED: None,
    Phase.CANCELLED: None,
    Phase.EXPIRED: None,
    Phase.ERRORED: None,
}


@pytest.mark.parametrize("phase", list(Phase))
def test_whatever_may_have_been_charged_stands_in_the_way(phase: Phase) -> None:
    assert obstacle(phase) is OBSTACLES[phase]


class TestASuccess:
    @pytest.mark.parametrize("policy", list(LateSuccess))
    @pytest.mark.parametrize("before", [p for p in Phase if p not in FAILED_PHASES])
    def test_that_was_waited_for_calls_for_nothing(
        self, before: Phase, policy: LateSuccess
    ) -> None:
        step = after_success(
            before=before, surplus=False, other_charge_is_kept=False, policy=policy
        )

        assert step is SuccessStep.NOTHING

    @pytest.mark.parametrize(
        ("policy", "step"),
        [
            (LateSuccess.ACCEPT, SuccessStep.ACCEPT),
            (LateSuccess.REFUND, SuccessStep.REFUND),
            (LateSuccess.ASK, SuccessStep.ASK),
        ],
    )
    @pytest.mark.parametrize("before", FAILED_PHASES)
    def test_that_comes_late_is_dealt_with_as_the_shop_wants(
        self, before: Phase, policy: LateSuccess, step: SuccessStep
    ) -> None:
        decided = after_success(
            before=before, surplus=False, other_charge_is_kept=False, policy=policy
        )

        assert decided is step

    @pytest.mark.parametrize("policy", list(LateSuccess))
    @pytest.mark.parametrize("before", list(Phase))
    def test_that_is_one_too_many_is_given_back_unless_it_is_the_only_one_left(
        self, before: Phase, policy: LateSuccess
    ) -> None:
        steps = [
            after_success(before=before, surplus=True, other_charge_is_kept=kept, policy=policy)
            for kept in (True, False)
        ]

        assert steps == [SuccessStep.REFUND, SuccessStep.ASK]

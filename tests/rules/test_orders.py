"""Orders: what stands in the way of a purchase, and what one success too many calls for."""

from __future__ import annotations

from itertools import product

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


def test_whatever_may_have_been_charged_stands_in_the_way() -> None:
    assert {phase: obstacle(phase) for phase in Phase} == OBSTACLES


class TestASuccess:
    def test_that_was_waited_for_calls_for_nothing(self) -> None:
        waited_for = [phase for phase in Phase if phase not in FAILED_PHASES]
        steps = {
            (before, policy): after_success(
                before=before, surplus=False, other_charge_is_kept=False, policy=policy
            )
            for before, policy in product(waited_for, LateSuccess)
        }

        assert steps == dict.fromkeys(steps, SuccessStep.NOTHING)

    def test_that_comes_late_is_dealt_with_as_the_shop_wants(self) -> None:
        wanted = {
            LateSuccess.ACCEPT: SuccessStep.ACCEPT,
            LateSuccess.REFUND: SuccessStep.REFUND,
            LateSuccess.ASK: SuccessStep.ASK,
        }

        steps = {
            (before, policy): after_success(
                before=before, surplus=False, other_charge_is_kept=False, policy=policy
            )
            for before, policy in product(FAILED_PHASES, LateSuccess)
        }

        assert steps == {(before, policy): wanted[policy] for before, policy in steps}

    def test_that_is_one_too_many_is_given_back_unless_it_is_the_only_one_left(self) -> None:
        steps = {
            (before, policy): tuple(
                after_success(before=before, surplus=True, other_charge_is_kept=kept, policy=policy)
                for kept in (True, False)
            )
            for before, policy in product(Phase, LateSuccess)
        }

        assert steps == dict.fromkeys(steps, (SuccessStep.REFUND, SuccessStep.ASK))

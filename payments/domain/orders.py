"""The rules over all checkouts of one order: one may charge at a time, and one only.

Callers hold the locks of all sessions of the order, so that what these functions are told is
true while it is acted upon.
"""

from __future__ import annotations

from enum import StrEnum, auto

from payments.domain.lifecycle import FAILED_PHASES, STARTED_PHASES, Phase


class Obstacle(StrEnum):
    """How another purchase of the order stands in the way of a new one."""

    PAID = auto()  # it was successful
    IN_DOUBT = auto()  # it may have been charged
    IN_PROGRESS = auto()  # it has started and not ended


def obstacle(phase: Phase) -> Obstacle | None:
    """Return how a purchase in this phase stands in the way, or None if it ended unpaid."""
    if phase is Phase.CAPTURED:
        return Obstacle.PAID
    if phase is Phase.IN_DOUBT:
        return Obstacle.IN_DOUBT
    return Obstacle.IN_PROGRESS if phase in STARTED_PHASES else None


class LateSuccess(StrEnum):
    """What a shop wants done with a success that comes after the purchase had failed."""

    ACCEPT = "accept"
    REFUND = "refund"
    ASK = "ask"


class SuccessStep(StrEnum):
    """What a success calls for, beyond being recorded."""

    NOTHING = auto()  # it was waited for
    ACCEPT = auto()  # late, and kept by the shop's policy
    REFUND = auto()  # to be given back at once
    ASK = auto()  # a person decides


def after_success(
    *, before: Phase, surplus: bool, other_charge_is_kept: bool, policy: LateSuccess
) -> SuccessStep:
    """Decide what a success calls for.

    A surplus charge is given back, but never the only one that is left: where the order's other
    charge was given back already, a person decides which of them was meant.
    """
    if surplus:
        return SuccessStep.REFUND if other_charge_is_kept else SuccessStep.ASK
    if before in FAILED_PHASES:
        return SuccessStep(policy)
    return SuccessStep.NOTHING

"""The gate (services.settle): the only writer of a purchase's phase. Each function is one step."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bench.simulation.instructions import end_with_purchase
from bench.simulation.refunds import left_of, stage_refund
from bench.simulation.rows import Answer, Purchase
from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import (
    PHASE_REPORTED,
    STATUS_OF,
    UNANSWERED_PHASES,
    Phase,
    PurchaseStatus,
    SessionStatus,
    Verdict,
    judge,
)
from payments.domain.orders import LateSuccess, SuccessStep, after_success
from payments.domain.reports import wrong_money
from payments.domain.schedule import next_poll
from psp_clients.contract import ReportedState

if TYPE_CHECKING:
    from bench.simulation.world import World


def reread(purchase: Purchase, held: Phase) -> Phase:
    """Stands for settle._lock: what a process read before is read afresh under the row's lock."""
    return purchase.phase


def apply_report(world: World, purchase: Purchase, report: Answer, held: Phase) -> Verdict | None:
    """Stands for settle.apply_report: compare the money, judge the phase, write what follows."""
    state = report.state
    if not isinstance(state, ReportedState):
        raise TypeError(f"not a report on a purchase: {report}")
    wrong = wrong_money(
        ours=purchase.session.money,
        state=state,
        stated=report.money,
        captured=report.captured,
        part_may_be_captured=world.manual,
    )
    if wrong:
        open_case(world, purchase, "amount_mismatch")
        return None
    reported = PHASE_REPORTED[state]
    if reported is None:
        return None
    before = reread(purchase, held)
    verdict = judge(before, reported)
    if verdict is Verdict.ADVANCE:
        if reported is Phase.CAPTURED:
            if report.captured is None:
                raise TypeError("a capture names its sum")
            purchase.captured = Decimal(report.captured.amount)
            purchase.surplus = any(
                rival.phase is Phase.CAPTURED and not rival.surplus
                for rival in rivals_of(world, purchase)
            )
        _move(world, purchase, reported)
        if reported is Phase.CAPTURED:
            _act_on_success(world, purchase, before)
    elif verdict is Verdict.CONFLICT:
        open_case(world, purchase, "conflicting_report")
    return verdict


def conclude(world: World, purchase: Purchase, phase: Phase, held: Phase) -> Verdict:
    """Stands for settle.mark_in_doubt and settle.mark_errored."""
    verdict = judge(reread(purchase, held), phase)
    if verdict is Verdict.ADVANCE:
        _move(world, purchase, phase)
    return verdict


def mark_declined_for_now(world: World, purchase: Purchase, held: Phase) -> Verdict:
    """Stands for settle.mark_declined_for_now."""
    before = reread(purchase, held)
    if before not in (*UNANSWERED_PHASES, Phase.PENDING) or another_is_under_way(purchase):
        return Verdict.STALE
    _move(world, purchase, Phase.PENDING)
    purchase.awaits_shopper = True
    world.release(purchase, purchase.session.open_until)
    return Verdict.ADVANCE


def another_is_under_way(purchase: Purchase) -> bool:
    """Stands for tries.confirm_under_way."""
    return purchase.call.outcome is not CallOutcome.DECLINED_FOR_NOW


def rivals_of(world: World, purchase: Purchase) -> list[Purchase]:
    """Return the order's other purchases."""
    found = [session.purchase for session in world.sessions]
    return [other for other in found if other is not None and other is not purchase]


def open_case(world: World, purchase: Purchase, kind: str) -> None:
    """Stands for timeline.open_case."""
    purchase.case = kind
    world.tell("case", purchase.name, kind)


def _move(world: World, purchase: Purchase, phase: Phase) -> None:
    """Stands for settle._move, and for the trigger by which the session follows."""
    now = world.now
    before = purchase.phase
    purchase.move(world, phase)
    status = STATUS_OF[phase]
    purchase.phase_since = now
    purchase.polls = 0
    purchase.awaits_shopper = False
    if before is Phase.AUTHORIZED:
        end_with_purchase(world, purchase)
    if status is PurchaseStatus.STARTED:
        answered = phase not in UNANSWERED_PHASES
        world.release(purchase, next_poll(answered=answered, polls=0, since=now, now=now))
        if phase is Phase.AUTHORIZED and world.manual:
            world.tell("notified", purchase.name, phase)
        return
    world.release(purchase, None)
    session = purchase.session
    if session.status is SessionStatus.REGISTERED:
        session.become(world, SessionStatus.COMPLETED)
        session.due_at = None
    world.tell("notified", purchase.name, status)


def _act_on_success(world: World, purchase: Purchase, before: Phase) -> None:
    """Stands for act_on_success: what comes late, or is one too many."""
    step = after_success(
        before=before,
        surplus=purchase.surplus,
        other_charge_is_kept=any(
            rival.phase is Phase.CAPTURED and left_of(rival) > 0
            for rival in rivals_of(world, purchase)
        ),
        policy=LateSuccess(world.policy),
    )
    if step is SuccessStep.NOTHING:
        return
    origin = "surplus" if purchase.surplus else "late_success"
    open_case(world, purchase, f"{origin}: {step}")
    if step is SuccessStep.REFUND:
        stage_refund(world, purchase, purchase.captured, origin)

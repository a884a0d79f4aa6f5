"""Refunds (services.request_refund, stage_refund, carry_refund, settle_refund)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from bench.simulation.calls import claim_send, finish_call, is_first_and_only, key_of, read_call
from bench.simulation.rows import (
    NOTHING,
    Answer,
    Call,
    Purchase,
    Refund,
    Request,
    Row,
    insert_refund,
)
from bench.simulation.world import STEPS, sweep_at
from payments.domain.answers import Conclusion, conclude_refund
from payments.domain.lifecycle import Phase, Verdict
from payments.domain.money import same_money
from payments.domain.next_step import Step
from payments.domain.refunds import (
    REFUND_PHASE_REPORTED,
    UNANSWERED_REFUND_PHASES,
    UNFINISHED_REFUND_PHASES,
    RefundPhase,
    first_look,
    judge_refund,
    refund_step,
    refundable,
)
from payments.domain.schedule import SUBMISSION_RETRIES, next_poll, retry_delay
from psp_clients.contract import Money, RefundState

if TYPE_CHECKING:
    from bench.simulation.world import Process, World


def left_of(purchase: Purchase) -> Decimal:
    """Stands for stage_refund.left_to_refund: what may still be given back."""
    return refundable(purchase.captured, [(r.amount, r.phase) for r in purchase.refunds])


def request_refund(world: World, purchase: Purchase, amount: Decimal | None) -> Process:
    """Stands for request_refund.request_refund; `amount` None means all that is left."""
    yield None
    left = left_of(purchase)
    if purchase.phase is not Phase.CAPTURED or left <= 0:
        return
    asked = left if amount is None else amount
    if asked <= left:
        stage_refund(world, purchase, asked, "requested")


def stage_refund(world: World, purchase: Purchase, amount: Decimal, origin: str) -> None:
    """Stands for stage_refund.stage_refund: row and call together, due for a worker at once."""
    refund = Refund(f"r{world.number()}", purchase, amount, origin, world.now)
    refund.call = Call("refund", refund_key(world, purchase, origin))
    insert_refund(world, refund)
    sweep_at(world, refund)
    world.hint(refund)


def refund_key(world: World, purchase: Purchase, origin: str) -> str:
    """Stands for stage_refund._key: what BPS gives back by itself has a key made of the charge."""
    return f"k{world.number()}.refund" if origin == "requested" else f"{purchase.name}.refund"


def carry_refund(world: World, row: Row) -> Process:
    """Stands for carry_refund.carry_refund: send, or ask what became of it."""
    if not isinstance(row, Refund):
        raise TypeError(row.name)
    refund = row
    yield None
    now = world.now
    held, polls = refund.phase, refund.polls
    if held is RefundPhase.FAILED:
        world.release(refund, None)
        return
    own = read_call(refund.call)
    window = world.psp.window
    session = refund.purchase.session
    step = refund_step(phase=held, first_sent_at=own.first_sent_at, now=now, key_window=window)
    if step is Step.SEND and claim_send(world, refund.call, own, window):
        yield None
        answer = yield Request("refund", session, key_of(world, own), None, refund)
        record_refund(world, refund, held=held, polls=polls, own=own, answer=answer)
        return
    due_when_read = refund.due_at
    answer = yield Request("fetch_refund", session, "", None, refund)
    if answer is not None and answer.state is not None:
        apply_refund_report(world, refund, answer)
        held, polls = refund.phase, refund.polls
        if held not in UNFINISHED_REFUND_PHASES:
            leave(world, refund, due_when_read)
            return
    plan_refund_look(world, refund, held, polls)


def record_refund(
    world: World, refund: Refund, *, held: RefundPhase, polls: int, own: Call, answer: Answer | None
) -> None:
    """Stands for carry_refund._send after the answer and carry_refund._conclude."""
    if answer is None:
        raise TypeError("a send has an outcome")
    first_and_only = is_first_and_only(refund.call, own)
    finish_call(refund.call, answer, first_and_only=first_and_only)
    match conclude_refund(answer.outcome, first_and_only=first_and_only):
        case Conclusion.APPLY:
            apply_refund_report(world, refund, answer)
        case Conclusion.SEND_LATER:
            world.release(refund, world.now + retry_delay(SUBMISSION_RETRIES, own.sends))
        case Conclusion.NEVER_HAPPENED:
            take(world, refund, RefundPhase.FAILED)
        case _:
            take(world, refund, RefundPhase.IN_DOUBT)
            plan_refund_look(world, refund, held, polls)


def leave(world: World, refund: Refund, due_when_read: datetime | None) -> None:
    """Stands for carry_refund._leave: done, unless a webhook made it due meanwhile."""
    world.release(refund, None if refund.due_at == due_when_read else refund.due_at)


def apply_refund_report(world: World, refund: Refund, report: Answer) -> None:
    """Stands for settle_refund.apply_refund_report."""
    ours = Money(str(refund.amount), refund.purchase.session.money.currency)
    if report.money is not None and not same_money(ours, report.money):
        open_refund_case(world, refund, "amount_mismatch")
        return
    if not isinstance(report.state, RefundState):
        raise TypeError(f"not a report on a refund: {report}")
    take(world, refund, REFUND_PHASE_REPORTED[report.state])


def take(world: World, refund: Refund, reported: RefundPhase) -> None:
    """Stands for settle_refund._take and settle_refund._move."""
    verdict = judge_refund(refund.phase, reported)
    if verdict is Verdict.CONFLICT:
        open_refund_case(world, refund, "conflicting_report")
    if verdict is not Verdict.ADVANCE:
        return
    now = world.now
    refund.move(world, reported)
    refund.phase_since, refund.polls = now, 0
    world.release(refund, first_look(reported, now=now))
    if reported in UNFINISHED_REFUND_PHASES:
        return
    purchase = refund.purchase
    purchase.refunded = sum(
        (r.amount for r in purchase.refunds if r.phase is RefundPhase.SUCCESSFUL), NOTHING
    )
    if reported is RefundPhase.FAILED:
        open_refund_case(world, refund, "refund_failed")


def plan_refund_look(world: World, refund: Refund, held: RefundPhase, polls: int) -> None:
    """Stands for carry_refund._schedule_next_look."""
    at = next_poll(
        answered=held not in UNANSWERED_REFUND_PHASES,
        polls=polls + 1,
        since=refund.phase_since,
        now=world.now,
    )
    if refund.phase is held and held is not RefundPhase.FAILED:
        refund.polls = polls + 1
        world.release(refund, at)
        if at is None:
            open_refund_case(world, refund, "unanswered")


def open_refund_case(world: World, refund: Refund, kind: str) -> None:
    """Stands for timeline.open_case."""
    refund.case = kind
    world.tell("case", refund.name, kind)


STEPS["refund"] = carry_refund

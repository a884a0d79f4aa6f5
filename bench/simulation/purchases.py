"""Purchases: accepted, sent, looked up, closed (services.buy_now, carry, look_up, fence)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from bench.simulation.calls import claim_send, finish_call, is_first_and_only, key_of, read_call
from bench.simulation.gate import (
    another_is_under_way,
    apply_report,
    conclude,
    mark_declined_for_now,
    open_case,
)
from bench.simulation.rows import (
    Answer,
    Call,
    Purchase,
    Request,
    Row,
    Session,
    insert_purchase,
    insert_try,
)
from bench.simulation.world import LEASE, STEPS, sweep_at
from payments.domain.answers import REFUSED, Conclusion, conclude_purchase
from payments.domain.lifecycle import (
    STARTED_PHASES,
    UNANSWERED_PHASES,
    Phase,
    SessionStatus,
    Verdict,
)
from payments.domain.next_step import (
    Step,
    first_step,
    may_charge,
    phase_of_try,
    step_after_look_up,
    step_without_try,
)
from payments.domain.orders import obstacle
from payments.domain.schedule import SUBMISSION_RETRIES, next_poll, retry_delay
from psp_clients.contract import ReportedState

if TYPE_CHECKING:
    from collections.abc import Generator

    from bench.simulation.world import Process, World

    Carrying = Generator[timedelta | Request | None, Answer | None, Answer | None]


class Held(NamedTuple):
    """What a process read of a purchase when it began."""

    phase: Phase
    polls: int
    since: datetime
    awaits_shopper: bool


OrderRead = list[tuple[Purchase, Phase]]


def read_order(world: World) -> OrderRead:
    """Return the order's purchases, with their phases as they are now."""
    found = [session.purchase for session in world.sessions]
    return [(purchase, purchase.phase) for purchase in found if purchase is not None]


def lock_order(world: World, read_before: OrderRead) -> OrderRead:
    """Stands for order_lock.lock_order: under the locks, the purchases are read afresh."""
    return read_order(world)


def buy_now(world: World, session: Session, *, carried_by_caller: bool) -> Process:
    """Stands for buy_now.accept_buy_now and carry.submit_within."""
    now = world.now
    read_before = read_order(world)
    yield None
    purchases = lock_order(world, read_before)
    if session.status is SessionStatus.CREATED or not session.token:
        return
    own_purchase = next((p for p, _ in purchases if p.session is session), None)
    if own_purchase is not None:
        if own_purchase.awaits_shopper and now < session.open_until:
            yield from try_again(world, own_purchase, carried_by_caller=carried_by_caller)
        return
    if (
        session.status is not SessionStatus.REGISTERED
        or session.cancel_requested_at is not None
        or session.expires_at <= now
        or any(obstacle(phase) is not None for _, phase in purchases)
    ):
        return
    call = Call("confirm", f"k{world.number()}.confirm")
    purchase = Purchase(session, call, world.now)
    insert_purchase(world, purchase)
    if not carried_by_caller:
        sweep_at(world, purchase)
        world.hint(purchase)
        return
    purchase.leased_until = now + LEASE
    sweep_at(world, purchase)
    # "May have been sent" is the safe reading, should this process die before it sends.
    call.first_sent_at = call.last_sent_at = world.now
    call.sends = 1
    yield from send_at_once(world, purchase)


def try_again(world: World, purchase: Purchase, *, carried_by_caller: bool) -> Process:
    """Stands for buy_now._try_again: another call of a purchase that was declined for now."""
    call = Call("confirm", f"k{world.number()}.confirm")
    insert_try(world, purchase, call)
    purchase.awaits_shopper, purchase.polls = False, 0
    world.release(purchase, world.now)
    if not carried_by_caller:
        world.hint(purchase)
        return
    purchase.leased_until = world.now + LEASE
    sweep_at(world, purchase)
    call.first_sent_at = call.last_sent_at = world.now
    call.sends = 1
    yield from send_at_once(world, purchase)


def send_at_once(world: World, purchase: Purchase) -> Process:
    """Stands for carry.submit_within."""
    own, session = read_call(purchase.call), purchase.session
    held = hold(purchase)
    yield None
    answer = yield Request("confirm", session, key_of(world, own), session.money)
    record_send(world, purchase, held, own, answer)


def hold(purchase: Purchase) -> Held:
    """Return a purchase as a process reads it."""
    return Held(purchase.phase, purchase.polls, purchase.phase_since, purchase.awaits_shopper)


def phase_reached(purchase: Purchase) -> Phase:
    """Stands for tries.how_far."""
    return phase_of_try(
        purchase.phase,
        is_first=not purchase.earlier or purchase.awaits_shopper,
        outcome=purchase.call.outcome,
        may_have_arrived=purchase.call.first_sent_at is not None,
    )


def carry_purchase(world: World, row: Row) -> Process:
    """Stands for carry.carry_purchase: send, look up, or close what is due."""
    if not isinstance(row, Purchase):
        raise TypeError(row.name)
    purchase = row
    yield None
    now = world.now
    held = hold(purchase)
    if held.phase not in STARTED_PHASES:
        world.release(purchase, None)
        return
    if not another_is_under_way(purchase):
        yield from carry_declined_for_now(world, purchase)
        return
    call, own, phase = purchase.call, read_call(purchase.call), phase_reached(purchase)
    window = world.psp.window
    chargeable = may_charge(
        accepted_at=purchase.tried_at,
        first_sent_at=own.first_sent_at,
        now=now,
        key_window=window,
    )
    step = first_step(phase=phase, chargeable=chargeable)
    if step is Step.LOOK_UP:
        seen = yield from look_up(world, purchase)
        if seen is None:
            return
        yield None
        if not isinstance(seen.state, ReportedState):
            raise TypeError(f"not a report on a purchase: {seen}")
        step = step_after_look_up(phase=phase, seen=seen.state, chargeable=chargeable)
    if step is Step.SEND and claim_send(world, call, own, window):
        yield None
        session = purchase.session
        answer = yield Request("confirm", session, key_of(world, own), session.money)
        record_send(world, purchase, held, own, answer)
    elif step is Step.FENCE:
        yield from close(world, purchase)


def carry_declined_for_now(world: World, purchase: Purchase) -> Process:
    """Stands for carry._carry_declined_for_now."""
    now = world.now
    seen = yield from look_up(world, purchase)
    if seen is None:
        return
    yield None
    if not isinstance(seen.state, ReportedState):
        raise TypeError(f"not a report on a purchase: {seen}")
    is_over = purchase.session.open_until <= now
    if step_without_try(seen=seen.state, is_over=is_over) is Step.FENCE:
        yield from close(world, purchase)


def record_send(
    world: World, purchase: Purchase, held: Held, own: Call, answer: Answer | None
) -> None:
    """Stands for carry._record_send and carry._conclude, one transaction."""
    if answer is None:
        raise TypeError("a send has an outcome")
    [row] = [call for call in (purchase.call, *purchase.earlier) if call.key == own.key]
    first_and_only = is_first_and_only(row, own)
    finish_call(row, answer, first_and_only=first_and_only)
    verdict: Verdict | None
    if answer.outcome in REFUSED:
        open_case(world, purchase, "refused_by_psp")
        others = [call for call in (purchase.call, *purchase.earlier) if call is not row]
        first_and_only = first_and_only and all(call.sends == 1 for call in others)
    match conclude_purchase(answer.outcome, first_and_only=first_and_only):
        case Conclusion.APPLY:
            verdict = apply_report(world, purchase, answer, held.phase)
        case Conclusion.ASK_SHOPPER:
            verdict = mark_declined_for_now(world, purchase, held.phase)
        case Conclusion.SEND_LATER:
            wait = retry_delay(SUBMISSION_RETRIES, own.sends)
            world.release(purchase, world.now + wait)
            return
        case Conclusion.NEVER_HAPPENED:
            verdict = conclude(world, purchase, Phase.ERRORED, held.phase)
        case _:
            verdict = conclude(world, purchase, Phase.IN_DOUBT, held.phase)
    if verdict is not Verdict.ADVANCE:
        schedule_next_look(world, purchase, hold(purchase))


def read_look_up(answer: Answer) -> Answer | None:
    """Stands for the PSP client's reading: "not found" and all errors are no report."""
    return answer if answer.state is not None else None


def look_up(world: World, purchase: Purchase) -> Carrying:
    """Stands for look_up.look_up: ask the PSP what is true, and apply it."""
    held = hold(purchase)
    answer = yield Request("fetch", purchase.session, "")
    if answer is None:
        raise TypeError("a look-up has an outcome")
    report = read_look_up(answer)
    if report is not None:
        apply_report(world, purchase, report, held.phase)
    schedule_next_look(world, purchase, held)
    return report


def schedule_next_look(world: World, purchase: Purchase, held: Held) -> None:
    """Stands for look_up.schedule_next_look: plan the next look, unless the gate moved it."""
    if held.phase not in STARTED_PHASES:
        return
    if held.awaits_shopper and world.now < purchase.session.open_until:
        at: datetime | None = purchase.session.open_until
    else:
        at = next_poll(
            answered=phase_reached(purchase) not in UNANSWERED_PHASES,
            polls=held.polls + 1,
            since=held.since,
            now=world.now,
        )
    if (purchase.phase, purchase.awaits_shopper) == (held.phase, held.awaits_shopper):
        purchase.polls = held.polls + 1
        world.release(purchase, at)
    if at is None:
        open_case(world, purchase, "unanswered")


def cancel_at_psp(world: World, session: Session) -> Generator[Request, Answer | None, Answer]:
    """Stands for fence.cancel_at_psp, and for recording what came of the cancel."""
    row = session.cancel_call
    window = world.psp.window
    own = None if row is None else read_call(row)
    if row is None or own is None or not claim_send(world, row, own, window):
        row = session.cancel_call = Call("cancel", f"k{world.number()}.cancel")
        own = read_call(row)
        claim_send(world, row, own, window)
    answer = yield Request("cancel", session, key_of(world, own))
    if answer is None:
        raise TypeError("a cancel has an outcome")
    finish_call(row, answer, first_and_only=is_first_and_only(row, own))
    return answer


def close(world: World, purchase: Purchase) -> Carrying:
    """Stands for carry._fence: only what the PSP confirms as cancelled is recorded as ended."""
    answer = yield from cancel_at_psp(world, purchase.session)
    if isinstance(answer.state, ReportedState):
        apply_report(world, purchase, answer, purchase.phase)
    return answer


STEPS["purchase"] = carry_purchase

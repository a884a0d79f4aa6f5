"""Sessions: registered at the PSP, and ended there (services.register and end_session)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.simulation.calls import claim_send, finish_call, is_first_and_only, key_of, read_call
from bench.simulation.purchases import cancel_at_psp
from bench.simulation.rows import Answer, Request, Row, Session
from bench.simulation.world import LEASE, STEPS, sweep_at
from payments.domain.answers import NOTHING_HAPPENED, CallOutcome
from payments.domain.lifecycle import SessionStatus
from payments.domain.orders import Obstacle, obstacle
from payments.domain.reports import NOTHING_WILL_BE_CHARGED
from payments.domain.schedule import SUBMISSION_RETRIES, retry_delay
from psp_clients.contract import ReportedState

if TYPE_CHECKING:
    from collections.abc import Generator

    from bench.simulation.world import Process, World

UNDECIDED = (*NOTHING_HAPPENED, CallOutcome.IN_DOUBT)


def register(world: World, session: Session) -> Process:
    """Stands for register.register_session: store session and call, send, record the token."""
    made = session not in world.sessions
    if made:
        if any(_is_taken(other) for other in world.sessions):
            return
        world.sessions.append(session)
        session.leased_until = world.now + LEASE
        sweep_at(world, session)
        yield None
    if session.status is SessionStatus.CREATED:
        if not made:
            if session.leased_until is not None and session.leased_until > world.now:
                return
            session.leased_until = world.now + LEASE
            yield None
        yield from _register_once(world, session)
    if made and session.status is not SessionStatus.FAILED:
        yield None
        _end_earlier_sessions(world, session)


def _is_taken(session: Session) -> bool:
    """Stands for register._refuse_if_order_is_taken."""
    purchase = session.purchase
    return purchase is not None and obstacle(purchase.phase) in (Obstacle.PAID, Obstacle.IN_DOUBT)


def _register_once(
    world: World, session: Session
) -> Generator[Request | None, Answer | None, None]:
    """Stands for register._register_somewhere where the shop has one PSP."""
    row = session.register_call
    own = read_call(row)
    if not claim_send(world, row, own, world.psp.window):
        return
    yield None
    answer = yield Request("register", session, key_of(world, own), session.money)
    if answer is None:
        raise TypeError("a registration has an outcome")
    finish_call(row, answer, first_and_only=is_first_and_only(row, own))
    if answer.token:
        if session.status is SessionStatus.CREATED:
            session.token = answer.token
            session.become(world, SessionStatus.REGISTERED)
            world.release(session, session.expires_at)
        return
    wait = retry_delay(SUBMISSION_RETRIES, own.sends)
    world.release(session, world.now + wait)
    if answer.outcome not in UNDECIDED:
        _fail(world, session)


def _fail(world: World, session: Session) -> None:
    """Stands for register._fail."""
    if session.status is SessionStatus.CREATED:
        session.become(world, SessionStatus.FAILED)
        world.release(session, None)


def _end_earlier_sessions(world: World, session: Session) -> None:
    """Stands for earlier_sessions.end_earlier_sessions_of_the_order."""
    for other in world.sessions:
        if (
            other.status is SessionStatus.REGISTERED
            and (other.purchase is None or other.purchase.awaits_shopper)
            and other.cancel_requested_at is None
            and other.created_at < session.created_at
        ):
            other.cancel_requested_at = other.due_at = world.now
            ended: Row = other.purchase or other
            ended.due_at = world.now
            sweep_at(world, ended)
            world.hint(ended)


def cancel(world: World, session: Session) -> Process:
    """Stands for end_session.cancel_session, asked for by the shop."""
    yield None
    purchase = session.purchase
    waits = purchase is not None and purchase.awaits_shopper
    if (purchase and not waits) or session.status is not SessionStatus.REGISTERED:
        return
    now = world.now
    session.cancel_requested_at = session.cancel_requested_at or now
    if purchase is not None:
        world.release(purchase, now)
        return
    session.due_at, session.leased_until = now, now + LEASE
    sweep_at(world, session)
    yield None
    yield from end(world, session)


def carry_session(world: World, row: Row) -> Process:
    """Stands for tasks.carry_session: continue a registration, or end what is over."""
    if not isinstance(row, Session):
        raise TypeError(row.name)
    session = row
    yield None
    now = world.now
    if session.status is SessionStatus.CREATED:
        if session.expires_at <= now:
            _fail(world, session)
        else:
            yield from _register_once(world, session)
    elif session.purchase is not None or session.status is not SessionStatus.REGISTERED:
        world.release(session, None)
    elif session.cancel_requested_at is None and session.expires_at > now:
        world.release(session, session.expires_at)
    else:
        yield from end(world, session)


def end(world: World, session: Session) -> Generator[Request | None, Answer | None, None]:
    """Stands for end_session.end_session: fence the session at its PSP, and record the end."""
    now = world.now
    answer: Answer | None = yield from cancel_at_psp(world, session)
    yield None
    if answer is not None and answer.outcome is CallOutcome.STATE_CONFLICT:
        answer = yield Request("fetch", session, "")
    if answer is not None and answer.state in NOTHING_WILL_BE_CHARGED:
        yield None
        record_end(world, session)
        return
    if answer is not None and answer.state not in (None, ReportedState.OPEN):
        world.tell("case", session.name, "conflicting_report")
    wait = retry_delay(SUBMISSION_RETRIES, session.attempts)
    world.release(session, now + wait)


def record_end(world: World, session: Session) -> None:
    """Stands for end_session._record_end: expired or cancelled, unless a purchase came first."""
    if session.purchase is not None or session.status is not SessionStatus.REGISTERED:
        return
    cancelled = session.cancel_requested_at is not None
    session.become(world, SessionStatus.CANCELLED if cancelled else SessionStatus.EXPIRED)
    world.release(session, None)


STEPS["session"] = carry_session

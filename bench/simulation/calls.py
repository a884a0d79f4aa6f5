"""Stored calls: claimed before each send, finished with what came of it (services.calls).

A process works with its own copy of a call, read when it began, as it does with the ORM's objects;
the row is what the database holds meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bench.simulation.rows import Answer, Backups, Call
from payments.domain.answers import CallOutcome, never_arrived

if TYPE_CHECKING:
    from bench.simulation.world import World


def read_call(row: Call) -> Call:
    """Return a process's own copy of a call."""
    copy = Call(row.operation, row.key)
    copy.sends = row.sends
    copy.outcome = row.outcome
    copy.first_sent_at = row.first_sent_at
    copy.last_sent_at = row.last_sent_at
    return copy


def claim_send(world: World, row: Call, call: Call, window: timedelta) -> bool:
    """Stands for calls.claim_send: note that the call is about to be sent, if it still may be."""
    now = world.now
    if is_over(row):
        return False
    first = row.first_sent_at
    if first is not None and first <= now - window / 2 and "claim_send" not in Backups.off:
        return False
    row.first_sent_at = row.first_sent_at or now
    row.last_sent_at = now
    row.sends += 1
    call.first_sent_at = call.first_sent_at or now
    call.last_sent_at = now
    call.sends += 1
    world.tell("claimed", call.key)
    return True


def is_over(row: Call) -> bool:
    """Stands for calls._not_over, its opposite: asked of the row."""
    return row.outcome is CallOutcome.DECLINED_FOR_NOW


def key_of(world: World, call: Call) -> str:
    """Return the key that a call is sent with: the stored one."""
    return call.key


def is_first_and_only(row: Call, call: Call) -> bool:
    """Stands for calls.is_first_and_only: asked of the row, not of the copy alone."""
    return call.first_sent_at == call.last_sent_at and call.sends == row.sends


def finish_call(row: Call, answer: Answer, *, first_and_only: bool) -> None:
    """Stands for calls.finish_call: record what came of a send, unless this try is over."""
    if is_over(row):
        return
    row.outcome = answer.outcome
    if never_arrived(answer.outcome, first_and_only=first_and_only):
        row.first_sent_at = None

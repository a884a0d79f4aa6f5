"""Captures and voids, carried to their end (services.carry_instruction)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bench.simulation.calls import claim_send, finish_call, is_first_and_only, key_of, read_call
from bench.simulation.gate import apply_report
from bench.simulation.instructions import mark_instruction_failed, open_instruction_case
from bench.simulation.purchases import read_look_up
from bench.simulation.rows import Answer, Call, Instruction, Request, Row
from bench.simulation.world import STEPS
from payments.domain.answers import CallOutcome, Conclusion, conclude_refund
from payments.domain.instructions import (
    InstructionKind,
    InstructionState,
    instruction_step,
    next_look,
)
from payments.domain.lifecycle import Phase
from payments.domain.next_step import Step
from payments.domain.schedule import SUBMISSION_RETRIES, retry_delay

if TYPE_CHECKING:
    from collections.abc import Generator

    from bench.simulation.world import Process, World


class Held(NamedTuple):
    """What a process read of an instruction and its purchase when it began."""

    phase: Phase
    polls: int


def carry_instruction(world: World, row: Row) -> Process:
    """Stands for carry_instruction.carry_instruction: send, or ask what became of it."""
    if not isinstance(row, Instruction):
        raise TypeError(row.name)
    instruction = row
    yield None
    if instruction.state is not InstructionState.PENDING:
        world.release(instruction, None)
        return
    held = Held(instruction.purchase.phase, instruction.polls)
    own = read_call(instruction.call)
    window = world.psp.window
    step = instruction_step(
        outcome=own.outcome,
        first_sent_at=own.first_sent_at,
        now=world.now,
        key_window=window,
    )
    if step is Step.SEND and claim_send(world, instruction.call, own, window):
        yield None
        answer = yield from send(world, instruction, own)
        _record(world, instruction, held, own, answer)
        return
    seen = yield Request("fetch", instruction.purchase.session, "")
    report = None if seen is None else read_look_up(seen)
    if report is not None:
        apply_report(world, instruction.purchase, report, held.phase)
    _schedule_next_look(world, instruction, held, own.outcome)


def send(
    world: World, instruction: Instruction, own: Call
) -> Generator[Request, Answer | None, Answer]:
    """Stands for carry_instruction._send: a capture names its sum, a void is a cancel."""
    money = instruction.money if instruction.what is InstructionKind.CAPTURE else None
    session, key = instruction.purchase.session, key_of(world, own)
    answer = yield Request(own.operation, session, key, money, None, instruction)
    if answer is None:
        raise TypeError("a send has an outcome")
    return answer


def _record(world: World, instruction: Instruction, held: Held, own: Call, answer: Answer) -> None:
    """Stands for carry_instruction._conclude, and for recording the answer with it."""
    first_and_only = is_first_and_only(instruction.call, own)
    finish_call(instruction.call, answer, first_and_only=first_and_only)
    match conclude_refund(answer.outcome, first_and_only=first_and_only):
        case Conclusion.APPLY:
            apply_report(world, instruction.purchase, answer, held.phase)
            _schedule_next_look(world, instruction, held, answer.outcome)
        case Conclusion.SEND_LATER:
            world.release(instruction, world.now + retry_delay(SUBMISSION_RETRIES, own.sends))
        case Conclusion.NEVER_HAPPENED:
            mark_instruction_failed(world, instruction)
        case _:
            _schedule_next_look(world, instruction, held, answer.outcome)


def _schedule_next_look(
    world: World, instruction: Instruction, held: Held, outcome: CallOutcome
) -> None:
    """Stands for carry_instruction._schedule_next_look."""
    polls = held.polls + 1
    asked_at, now = instruction.asked_at, world.now
    at = next_look(outcome=outcome, polls=polls, asked_at=asked_at, now=now)
    if instruction.state is not InstructionState.PENDING:
        return
    instruction.polls = polls
    world.release(instruction, at)
    if at is None:
        open_instruction_case(world, instruction, "unanswered")


STEPS["instruction"] = carry_instruction

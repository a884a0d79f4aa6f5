"""Captures and voids, asked for and ended (request_capture, request_void, settle_instruction)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bench.simulation.rows import Call, Instruction, Purchase, insert_instruction
from bench.simulation.world import sweep_at
from payments.domain.instructions import InstructionKind, InstructionState, what_went_wrong
from payments.domain.lifecycle import Phase

if TYPE_CHECKING:
    from bench.simulation.world import Process, World

# What a void is at the PSP.
OPERATION_OF = {InstructionKind.CAPTURE: "capture", InstructionKind.VOID: "cancel"}


def pending_instruction(purchase: Purchase) -> Instruction | None:
    """Stands for selectors.pending_instruction."""
    pending = (one for one in purchase.instructions if one.state is InstructionState.PENDING)
    return next(pending, None)


def is_reserved(purchase: Purchase) -> bool:
    """Stands for what raises NothingReserved."""
    return purchase.phase is Phase.AUTHORIZED


def stands_in_the_way(purchase: Purchase) -> Instruction | None:
    """Stands for what raises InstructionPending."""
    return pending_instruction(purchase)


def is_free(purchase: Purchase) -> bool:
    """Tell whether a purchase is reserved, and nothing is asked of it."""
    return is_reserved(purchase) and stands_in_the_way(purchase) is None


def is_too_large(purchase: Purchase, asked: Decimal) -> bool:
    """Stands for what raises CaptureTooLarge."""
    return asked > Decimal(purchase.session.money.amount)


def request_capture(world: World, purchase: Purchase, amount: Decimal | None) -> Process:
    """Stands for request_capture.request_capture; `amount` None means all that is reserved."""
    yield None
    asked = Decimal(purchase.session.money.amount) if amount is None else amount
    if is_free(purchase) and not is_too_large(purchase, asked):
        stage_instruction(world, purchase, InstructionKind.CAPTURE, asked)


def request_void(world: World, purchase: Purchase) -> Process:
    """Stands for request_void.request_void."""
    yield None
    if is_free(purchase):
        reserved = Decimal(purchase.session.money.amount)
        stage_instruction(world, purchase, InstructionKind.VOID, reserved)


def stage_instruction(
    world: World, purchase: Purchase, what: InstructionKind, amount: Decimal
) -> None:
    """Stands for stage_instruction.stage_instruction: row and call together, due at once."""
    instruction = Instruction(f"x{world.number()}", purchase, what, amount, world.now)
    instruction.call = Call(OPERATION_OF[what], f"k{world.number()}.{what}")
    insert_instruction(world, instruction)
    sweep_at(world, instruction)
    world.hint(instruction)


def end_with_purchase(world: World, purchase: Purchase) -> None:
    """Stands for settle_instruction.end_with_purchase: the gate has just moved the purchase."""
    instruction = pending_instruction(purchase)
    if instruction is None:
        return
    wrong = what_went_wrong(
        instruction.what,
        asked=instruction.amount,
        phase=purchase.phase,
        captured=purchase.captured,
    )
    _end(world, instruction, wrong)


def mark_instruction_failed(world: World, instruction: Instruction) -> None:
    """Stands for settle_instruction.mark_instruction_failed: refused, and proved not done."""
    if instruction.state is not InstructionState.PENDING:
        return
    _end(world, instruction, "the PSP refused")
    purchase = instruction.purchase
    if purchase.phase is Phase.AUTHORIZED:
        purchase.due_at = world.now
        sweep_at(world, purchase)


def open_instruction_case(world: World, instruction: Instruction, kind: str) -> None:
    """Stands for timeline.open_case."""
    world.tell("case", instruction.name, kind)


def _end(world: World, instruction: Instruction, wrong: str) -> None:
    instruction.become(world, InstructionState.FAILED if wrong else InstructionState.SUCCESSFUL)
    world.release(instruction, None)
    if wrong:
        open_instruction_case(world, instruction, "not_as_asked")
        world.tell("notified", instruction.name, "failed")

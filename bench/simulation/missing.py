"""What BPS would be without each of its guards: what stands in a guard's place, for guards.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import bench.simulation.people  # noqa: F401 - loads all of the shell
from bench.simulation import carry_instruction
from bench.simulation.faults import HINT_LOST_CHANCE, Fault
from bench.simulation.gate import conclude
from bench.simulation.psp import UNKNOWN
from bench.simulation.purchases import OrderRead
from bench.simulation.rows import (
    Answer,
    Call,
    Instruction,
    Purchase,
    Refund,
    Request,
    Row,
    Session,
)
from bench.simulation.sessions import record_end
from bench.simulation.wire import NOT_FOUND
from bench.simulation.world import SWEPT, World
from payments.domain import answers, lifecycle, orders, refunds
from payments.domain.answers import CallOutcome, Conclusion
from payments.domain.instructions import InstructionKind
from payments.domain.lifecycle import FAILED_PHASES, Phase, Verdict
from payments.domain.orders import LateSuccess, Obstacle, SuccessStep
from payments.domain.refunds import RefundPhase
from psp_clients.contract import ReportedState

if TYPE_CHECKING:
    from bench.simulation.purchases import Carrying

SHIPPED_JUDGE: Final = lifecycle.judge
SHIPPED_CONCLUSION: Final = answers.conclude_purchase
SHIPPED_OBSTACLE: Final = orders.obstacle
SHIPPED_LOOK: Final = refunds.first_look
SHIPPED_STEP: Final = orders.after_success
SHIPPED_SEND: Final = carry_instruction.send


def new_key_each_time(world: World, call: Call) -> str:
    return f"k{world.number()}.{call.operation}"


def new_purchase_key(world: World, call: Call) -> str:
    return new_key_each_time(world, call) if call.operation == "confirm" else call.key


def new_refund_key(world: World, call: Call) -> str:
    return new_key_each_time(world, call) if call.operation == "refund" else call.key


def new_capture_key(world: World, call: Call) -> str:
    return new_key_each_time(world, call) if call.operation == "capture" else call.key


def silence_is_failure(outcome: CallOutcome, *, first_and_only: bool) -> Conclusion:
    if outcome is CallOutcome.IN_DOUBT:
        return Conclusion.NEVER_HAPPENED
    return SHIPPED_CONCLUSION(outcome, first_and_only=first_and_only)


def not_found_is_failure(answer: Answer) -> Answer | None:
    if answer is NOT_FOUND or answer is UNKNOWN:
        return Answer(CallOutcome.ANSWERED, ReportedState.CANCELLED)
    return answer if answer.state is not None else None


def as_read_before(world: World, read_before: OrderRead) -> OrderRead:
    return read_before


def last_message_wins(current: Phase, reported: Phase) -> Verdict:
    return Verdict.STALE if current is reported else Verdict.ADVANCE


def late_success_is_ignored(current: Phase, reported: Phase) -> Verdict:
    return Verdict.STALE if current in FAILED_PHASES else SHIPPED_JUDGE(current, reported)


def always(*, first_sent_at: datetime | None, now: datetime, key_window: timedelta) -> bool:
    return True


def end_unasked(world: World, session: Session) -> Iterator[Request | None]:
    yield None
    record_end(world, session)


def close_unasked(world: World, purchase: Purchase) -> Carrying:
    yield None
    conclude(world, purchase, Phase.EXPIRED, purchase.phase)
    return None


def as_held(purchase: Purchase, held: Phase) -> Phase:
    return held


def any_sum(**said: object) -> str:
    return ""


def doubt_is_no_obstacle(phase: Phase) -> Obstacle | None:
    found = SHIPPED_OBSTACLE(phase)
    return None if found is Obstacle.IN_DOUBT else found


def paid_is_no_obstacle(phase: Phase) -> Obstacle | None:
    found = SHIPPED_OBSTACLE(phase)
    return None if found is Obstacle.PAID else found


def only_timers(world: World, row: Row) -> None:
    if row.due_at is None or (row.leased_until is not None and row.leased_until > world.now):
        return
    if world.chance() < HINT_LOST_CHANCE:
        world.fault(Fault.HINT_LOST)
    else:
        world.at(max(row.due_at, world.now) + world.pick(SWEPT), world.claim, row)


def only_done_counts(captured: Decimal, made: Iterable[tuple[Decimal, RefundPhase]]) -> Decimal:
    done = (amount for amount, phase in made if phase is RefundPhase.SUCCESSFUL)
    return captured - sum(done, Decimal(0))


def surplus_is_kept(
    *, before: Phase, surplus: bool, other_charge_is_kept: bool, policy: LateSuccess
) -> SuccessStep:
    if surplus:
        return SuccessStep.NOTHING
    return SHIPPED_STEP(
        before=before, surplus=surplus, other_charge_is_kept=other_charge_is_kept, policy=policy
    )


def surplus_always_goes(
    *, before: Phase, surplus: bool, other_charge_is_kept: bool, policy: LateSuccess
) -> SuccessStep:
    return SHIPPED_STEP(before=before, surplus=surplus, other_charge_is_kept=True, policy=policy)


def proof_anyway(row: Call, call: Call) -> bool:
    return True


def own_copy_proves(row: Call, call: Call) -> bool:
    return call.first_sent_at == call.last_sent_at


def no_second_look(phase: RefundPhase, *, now: datetime) -> datetime | None:
    return None if phase is RefundPhase.SUCCESSFUL else SHIPPED_LOOK(phase, now=now)


def left_for_good(world: World, refund: Refund, due_when_read: datetime | None) -> None:
    world.release(refund, None)


def nothing_in_the_way(purchase: Purchase) -> None:
    return None


def whatever_its_phase(purchase: Purchase) -> bool:
    return True


def any_part(purchase: Purchase, asked: Decimal) -> bool:
    return False


def let_go_unasked(world: World, instruction: Instruction, own: Call) -> Carrying:
    if instruction.what is InstructionKind.VOID:
        yield None
        return Answer(CallOutcome.ANSWERED, ReportedState.CANCELLED)
    return (yield from SHIPPED_SEND(world, instruction, own))


def as_was_asked(kind: InstructionKind, *, asked: Decimal, phase: Phase, captured: Decimal) -> str:
    return ""


def gate_ends_nothing(world: World, purchase: Purchase) -> None:
    return


def left_of_the_whole(purchase: Purchase) -> Decimal:
    made = [(r.amount, r.phase) for r in purchase.refunds]
    return refunds.refundable(Decimal(purchase.session.money.amount), made)

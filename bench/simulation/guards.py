"""The guards, and what BPS would be without each: one name replaced at a time.

What masks a missing guard (a constraint of the database, a PSP's own limit) is switched off with
it: such a backup is a guard too, and each must be seen to carry its weight alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import bench.simulation.people  # noqa: F401 - loads all of the shell
from bench.simulation.faults import HINT_LOST_CHANCE, Fault
from bench.simulation.gate import conclude
from bench.simulation.psp import UNKNOWN
from bench.simulation.purchases import OrderRead
from bench.simulation.rows import Answer, Backups, Call, Purchase, Refund, Request, Row, Session
from bench.simulation.sessions import record_end
from bench.simulation.wire import NOT_FOUND
from bench.simulation.world import SWEPT, World
from payments.domain import answers, lifecycle, orders, refunds
from payments.domain.answers import CallOutcome, Conclusion
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


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard: what it prevents, where it stands, and what stands there without it.

    `off` names backups that would mask its absence; `because` says how they would.
    """

    name: str
    replaced: str
    by: Any
    off: frozenset[str] = frozenset()
    because: str = ""


def new_key_each_time(world: World, call: Call) -> str:
    return f"k{world.number()}.{call.operation}"


def new_purchase_key(world: World, call: Call) -> str:
    return new_key_each_time(world, call) if call.operation == "confirm" else call.key


def new_refund_key(world: World, call: Call) -> str:
    return new_key_each_time(world, call) if call.operation == "refund" else call.key


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


BOOKS: Final = "a PSP whose sessions succeed once would charge once all the same"
INDEX: Final = "its unique index would refuse the second purchase"
SHELL: Final = "bench.simulation"
RULES: Final = "payments.domain"

GUARDS: Final = {
    guard.name: guard
    for guard in (
        Guard(
            "one-key-per-purchase",
            f"{SHELL}.calls.key_of",
            new_purchase_key,
            frozenset({"single"}),
            BOOKS,
        ),
        Guard("one-key-per-refund", f"{SHELL}.calls.key_of", new_refund_key),
        Guard("silence-is-no-failure", f"{RULES}.answers.conclude_purchase", silence_is_failure),
        Guard("not-found-is-no-failure", f"{SHELL}.purchases.read_look_up", not_found_is_failure),
        Guard("a-repeat-proves-nothing", f"{SHELL}.calls.is_first_and_only", proof_anyway),
        Guard("proof-is-asked-of-the-row", f"{SHELL}.calls.is_first_and_only", own_copy_proves),
        Guard(
            "a-running-key-is-in-doubt",
            f"{SHELL}.psp.STILL_RUNNING",
            Answer(CallOutcome.RETRYABLE),
            frozenset({"single"}),
            BOOKS,
        ),
        Guard(
            "lock-of-the-order",
            f"{SHELL}.purchases.lock_order",
            as_read_before,
            frozenset({"one_started_purchase_per_order", "one_purchase_per_session", "single"}),
            f"{INDEX}; {BOOKS}",
        ),
        Guard(
            "doubt-locks-the-order",
            f"{RULES}.orders.obstacle",
            doubt_is_no_obstacle,
            frozenset({"one_started_purchase_per_order"}),
            INDEX,
        ),
        Guard("a-paid-order-is-paid", f"{RULES}.orders.obstacle", paid_is_no_obstacle),
        Guard(
            "the-graph-judges",
            f"{RULES}.lifecycle.judge",
            last_message_wins,
            frozenset({"legal_phase", "one_successful_purchase_per_order"}),
            "the trigger and the index would refuse the move",
        ),
        Guard(
            "the-gate-reads-afresh",
            f"{SHELL}.gate.reread",
            as_held,
            frozenset({"legal_phase", "one_successful_purchase_per_order"}),
            "the trigger and the index would refuse the move",
        ),
        Guard("late-success-counts", f"{RULES}.lifecycle.judge", late_success_is_ignored),
        Guard("the-sum-is-checked", f"{RULES}.reports.wrong_money", any_sum),
        Guard(
            "half-a-key-window",
            f"{RULES}.next_step.may_send",
            always,
            frozenset({"claim_send"}),
            "the conditional claim refuses what the rule lets pass",
        ),
        Guard("fence-before-expiry", f"{SHELL}.sessions.end", end_unasked),
        Guard("fence-before-closing", f"{SHELL}.purchases.close", close_unasked),
        Guard(
            "only-a-confirmed-cancel-is-a-fence",
            f"{RULES}.reports.NOTHING_WILL_BE_CHARGED",
            (None, *ReportedState),
        ),
        Guard("sweeper", f"{SHELL}.world.sweep_at", only_timers),
        Guard(
            "refunds-reserve",
            f"{RULES}.refunds.refundable",
            only_done_counts,
            frozenset({"refunds_within_captured"}),
            "the trigger would refuse the second refund",
        ),
        Guard("surplus-goes-back", f"{RULES}.orders.after_success", surplus_is_kept),
        Guard("the-last-charge-stays", f"{RULES}.orders.after_success", surplus_always_goes),
        Guard(
            "a-refunds-success-is-looked-at-again", f"{RULES}.refunds.first_look", no_second_look
        ),
        Guard("news-is-not-overwritten", f"{SHELL}.refunds.leave", left_for_good),
    )
}


@contextmanager
def without(guard: Guard) -> Iterator[None]:
    """Replace what a guard is made of, wherever the rules and the shell know it by name."""
    module, _, name = guard.replaced.rpartition(".")
    shipped = getattr(import_module(module), name)
    places = [
        known
        for path, known in sys.modules.items()
        if path.startswith((f"{SHELL}.", f"{RULES}.")) and path != __name__
        if getattr(known, name, None) is shipped
    ]
    for place in places:
        setattr(place, name, guard.by)
    Backups.off = guard.off
    try:
        yield
    finally:
        Backups.off = frozenset()
        for place in places:
            setattr(place, name, shipped)

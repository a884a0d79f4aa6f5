"""The guards: one name replaced at a time by what BPS would be without it (`missing`).

What masks a missing guard (a constraint of the database, a PSP's own limit) is switched off with
it: such a backup is a guard too, and each must be seen to carry its weight alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from bench.simulation import missing
from bench.simulation.rows import Answer, Backups
from payments.domain.answers import CallOutcome
from psp_clients.contract import ReportedState


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
            missing.new_purchase_key,
            frozenset({"single"}),
            BOOKS,
        ),
        Guard("one-key-per-refund", f"{SHELL}.calls.key_of", missing.new_refund_key),
        Guard(
            "one-key-per-capture",
            f"{SHELL}.calls.key_of",
            missing.new_capture_key,
            frozenset({"single"}),
            "a PSP whose sessions succeed once would capture once all the same",
        ),
        Guard(
            "silence-is-no-failure",
            f"{RULES}.answers.conclude_purchase",
            missing.silence_is_failure,
        ),
        Guard(
            "not-found-is-no-failure",
            f"{SHELL}.purchases.read_look_up",
            missing.not_found_is_failure,
        ),
        Guard("a-repeat-proves-nothing", f"{SHELL}.calls.is_first_and_only", missing.proof_anyway),
        Guard(
            "proof-is-asked-of-the-row", f"{SHELL}.calls.is_first_and_only", missing.own_copy_proves
        ),
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
            missing.as_read_before,
            frozenset({"one_started_purchase_per_order", "one_purchase_per_session", "single"}),
            f"{INDEX}; {BOOKS}",
        ),
        Guard(
            "doubt-locks-the-order",
            f"{RULES}.orders.obstacle",
            missing.doubt_is_no_obstacle,
            frozenset({"one_started_purchase_per_order"}),
            INDEX,
        ),
        Guard("a-paid-order-is-paid", f"{RULES}.orders.obstacle", missing.paid_is_no_obstacle),
        Guard(
            "the-graph-judges",
            f"{RULES}.lifecycle.judge",
            missing.last_message_wins,
            frozenset({"legal_phase", "one_successful_purchase_per_order"}),
            "the trigger and the index would refuse the move",
        ),
        Guard(
            "the-gate-reads-afresh",
            f"{SHELL}.gate.reread",
            missing.as_held,
            frozenset({"legal_phase", "one_successful_purchase_per_order"}),
            "the trigger and the index would refuse the move",
        ),
        Guard("late-success-counts", f"{RULES}.lifecycle.judge", missing.late_success_is_ignored),
        Guard("the-sum-is-checked", f"{RULES}.reports.wrong_money", missing.any_sum),
        Guard(
            "half-a-key-window",
            f"{RULES}.next_step.may_send",
            missing.always,
            frozenset({"claim_send"}),
            "the conditional claim refuses what the rule lets pass",
        ),
        Guard("fence-before-expiry", f"{SHELL}.sessions.end", missing.end_unasked),
        Guard("fence-before-closing", f"{SHELL}.purchases.close", missing.close_unasked),
        Guard(
            "only-a-confirmed-cancel-is-a-fence",
            f"{RULES}.reports.NOTHING_WILL_BE_CHARGED",
            (None, *ReportedState),
        ),
        Guard("sweeper", f"{SHELL}.world.sweep_at", missing.only_timers),
        Guard(
            "refunds-reserve",
            f"{RULES}.refunds.refundable",
            missing.only_done_counts,
            frozenset({"refunds_within_captured"}),
            "the trigger would refuse the second refund",
        ),
        Guard("surplus-goes-back", f"{RULES}.orders.after_success", missing.surplus_is_kept),
        Guard(
            "the-last-charge-stays", f"{RULES}.orders.after_success", missing.surplus_always_goes
        ),
        Guard(
            "a-refunds-success-is-looked-at-again",
            f"{RULES}.refunds.first_look",
            missing.no_second_look,
        ),
        Guard("news-is-not-overwritten", f"{SHELL}.refunds.leave", missing.left_for_good),
        Guard(
            "one-instruction-at-a-time",
            f"{SHELL}.instructions.stands_in_the_way",
            missing.nothing_in_the_way,
            frozenset({"one_pending_instruction_per_purchase"}),
            "its unique index would refuse the second instruction",
        ),
        Guard(
            "only-what-is-reserved-is-asked-for",
            f"{SHELL}.instructions.is_reserved",
            missing.whatever_its_phase,
        ),
        Guard(
            "no-more-than-is-reserved",
            f"{SHELL}.instructions.is_too_large",
            missing.any_part,
            frozenset({"instructed_within_authorised"}),
            "the trigger would refuse the sum",
        ),
        Guard(
            "a-void-is-asked-of-the-psp", f"{SHELL}.carry_instruction.send", missing.let_go_unasked
        ),
        Guard(
            "another-end-is-no-success",
            f"{RULES}.instructions.what_went_wrong",
            missing.as_was_asked,
        ),
        Guard(
            "the-gate-ends-instructions",
            f"{SHELL}.instructions.end_with_purchase",
            missing.gate_ends_nothing,
        ),
        Guard(
            "refunds-count-against-what-was-taken",
            f"{SHELL}.refunds.left_of",
            missing.left_of_the_whole,
            frozenset({"refunds_within_captured"}),
            "the trigger would refuse the refund",
        ),
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
        if path.startswith((f"{SHELL}.", f"{RULES}.")) and path not in (__name__, missing.__name__)
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

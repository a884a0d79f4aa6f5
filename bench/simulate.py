"""Plays orders against the shipped rules, with faults of every kind, and judges each history.

    python -m bench.simulate --checkouts 1000000 --seed 1 --processes 2
    python -m bench.simulate --seed 1 --only 4711           one order's story
    python -m bench.simulate --mutants                       every guard removed, one at a time
    python -m bench.simulate --without sweeper               one guard removed

Exits with 1 on a violation, or where a removed guard is not missed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Final

from bench.simulation.campaign import Tally, play_block, run
from bench.simulation.guards import GUARDS, Guard, without
from bench.simulation.judging import INVARIANTS
from bench.simulation.oracle import judge
from bench.simulation.people import play
from bench.simulation.story import digest, told

# A removed guard has to be missed within so many seeds, each of so many orders.
SEEDS: Final = 100
ORDERS_PER_SEED: Final = 200


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkouts", type=_positive, default=20_000)
    parser.add_argument("--seed", type=_positive, default=1)
    parser.add_argument("--processes", type=_positive, default=1)
    parser.add_argument("--only", type=int, metavar="ORDER", help="tell the story of one order")
    parser.add_argument("--without", choices=GUARDS, metavar="GUARD", help=", ".join(GUARDS))
    parser.add_argument("--mutants", action="store_true", help="remove each guard in turn")
    asked = parser.parse_args(arguments)
    if asked.mutants:
        return _remove_each()
    guard = GUARDS.get(asked.without)
    if asked.only is not None:
        return _tell(asked.seed, asked.only, guard)
    if guard is not None:
        return 0 if _is_missed(guard) else 1
    return _campaign(asked.seed, asked.checkouts, asked.processes)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _campaign(seed: int, checkouts: int, processes: int) -> int:
    tally, seconds = run(seed, checkouts, processes)
    _print_table("faults", tally.faults.most_common())
    _print_table("outcomes of checkouts", tally.outcomes.most_common())
    _print_table(
        "invariants, and how often each was judged",
        [(f"{name:<4} {words}", tally.checked[name]) for name, words in INVARIANTS.items()],
    )
    _print_violations(seed, tally)
    print(
        f"\nseed {seed}: {tally.orders:,} orders, {tally.checkouts:,} checkouts, "
        f"{tally.faults.total():,} faults of {len(tally.faults)} kinds, "
        f"{tally.violated.total():,} violations\n"
        f"{seconds:,.1f} s with {processes} processes: "
        f"{tally.checkouts / seconds:,.0f} checkouts/s; "
        f"{tally.cpu_seconds:,.1f} s of CPU: {tally.checkouts / tally.cpu_seconds:,.0f} a second\n"
        f"digest {tally.digest:032x}"
    )
    return 1 if tally.violated else 0


def _print_table(title: str, rows: Iterable[tuple[str, int]]) -> None:
    print(f"\n{title}")
    for words, count in rows:
        print(f"{count:>12,}  {words}")


def _print_violations(seed: int, tally: Tally) -> None:
    for order, violation in tally.violations:
        print(
            f"\nVIOLATION of {violation.invariant} ({INVARIANTS[violation.invariant]}): "
            f"{violation.why}\n  replay: python -m bench.simulate --seed {seed} --only {order}"
        )


def _tell(seed: int, order: int, guard: Guard | None) -> int:
    if guard is None:
        facts = play(seed, order).facts
    else:
        with without(guard):
            facts = play(seed, order).facts
    violations = judge(facts, Counter())
    print(told(facts))
    for violation in violations:
        print(f"VIOLATION of {violation.invariant}: {violation.why}")
    print(f"digest {digest(facts):032x}")
    return 1 if violations else 0


def _remove_each() -> int:
    if not _all_is_well():
        return 1
    missed = [_is_missed(guard) for guard in GUARDS.values()]
    print(f"\n{sum(missed)} of {len(missed)} removed guards were missed")
    return 0 if all(missed) else 1


def _all_is_well() -> bool:
    """Play the same seeds with every guard in place, so that no mutant is blamed for the rest."""
    for seed in range(1, SEEDS + 1):
        tally = play_block(seed, 0, ORDERS_PER_SEED)
        if tally.violated:
            _print_violations(seed, tally)
            return False
    print(f"no violation in {SEEDS} seeds of {ORDERS_PER_SEED} orders with every guard in place")
    return True


def _is_missed(guard: Guard) -> bool:
    """Play without a guard until an invariant breaks; print how soon."""
    with without(guard):
        for seed in range(1, SEEDS + 1):
            tally = play_block(seed, 0, ORDERS_PER_SEED)
            if tally.violated:
                order, violation = tally.violations[0]
                broken = ", ".join(sorted(tally.violated))
                print(
                    f"missed after {seed:>3} seeds  {guard.name:<36} {broken:<12} "
                    f"--seed {seed} --only {order} --without {guard.name}\n"
                    f"{'':<25}{violation.why}"
                )
                return True
    print(f"NOT MISSED in {SEEDS} seeds  {guard.name}")
    return False


if __name__ == "__main__":
    sys.exit(main())

"""python -m bench.mutation: changes the rules in every small way, and counts what tests catch."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Final

from bench.mutation.mutants import Mutant
from bench.mutation.scope import PARTS, Part
from bench.mutation.trials import survivors

KILLED_AT_LEAST: Final = 0.95


def main() -> int:
    """Print the score of every module and the mutants that survived; return 1 below 95 %."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutation", description=__doc__)
    parser.add_argument("--only", default="", help="modules whose path contains this")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    parts = [part for part in PARTS if options.only in part.path]
    started = time.monotonic()
    # A process for each part, started afresh: none may have imported what it is to mutate.
    pool = ProcessPoolExecutor(
        options.processes, mp_context=get_context("spawn"), max_tasks_per_child=1
    )
    alive: list[tuple[Part, Mutant]] = []
    total = 0
    with pool:
        trials = {pool.submit(survivors, part): part for part in parts}
        for trial in as_completed(trials):
            part, (lived, number) = trials[trial], trial.result()
            total += number
            alive += [(part, mutant) for mutant in lived]
            print(f"{part.path:<40} {number - len(lived):>4} of {number:>4} killed", flush=True)
    for part, mutant in alive:
        print(f"SURVIVED {part.path}:{mutant}")
    killed = (total - len(alive)) / total if total else 0.0
    print(f"{total - len(alive)} of {total} killed: {killed:.1%}", end=", ")
    print(f"{time.monotonic() - started:.0f} s")
    return 0 if killed >= KILLED_AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())

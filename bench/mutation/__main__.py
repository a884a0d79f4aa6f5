"""python -m bench.mutation: changes the rules in every small way, and counts what tests catch."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Final

from bench.mutation.scope import PARTS
from bench.mutation.trials import Verdict, try_all

KILLED_AT_LEAST: Final = 0.95


def main() -> int:
    """Print the score of every module and the mutants that survived; return 1 below 95 %.

    What never ends was noticed too: it is printed, and counts as killed.
    """
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
    counted: Counter[Verdict] = Counter()
    with pool:
        trials = {pool.submit(try_all, part): part for part in parts}
        for trial in as_completed(trials):
            verdicts = trial.result()
            counted.update(verdicts.values())
            number = len(verdicts)
            killed = number - Counter(verdicts.values())[Verdict.SURVIVED]
            print(f"{trials[trial].path:<40} {killed:>4} of {number:>4} killed")
            for mutant, verdict in verdicts.items():
                if verdict is not Verdict.KILLED:
                    print(f"    {verdict.name} {mutant}")
            sys.stdout.flush()
    total = counted.total()
    killed = total - counted[Verdict.SURVIVED]
    print(f"{killed} of {total} killed ({counted[Verdict.ENDLESS]} never ended)", end=", ")
    print(f"{time.monotonic() - started:.0f} s")
    return 0 if total and killed >= KILLED_AT_LEAST * total else 1


if __name__ == "__main__":
    sys.exit(main())

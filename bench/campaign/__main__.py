"""python -m bench.campaign: runs a campaign, prints what it showed, and writes its report."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.campaign.plan import as_lines
from bench.campaign.run import Outcome, run
from bench.campaign.setup import Setup

FOLDER: Final = Path(__file__).resolve().parents[2] / ".dev" / "campaign"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if nothing was violated and everything ended in time, else 1."""
    options = _parser().parse_args(arguments)
    setup = Setup(seed=options.seed, seconds=options.minutes * 60, rate=options.rate)
    if options.plan_only:
        sys.stdout.write(as_lines(setup.plan))
        return 0
    outcome = run(setup, options.folder, say)
    print_outcome(outcome)
    return 0 if outcome.passed else 1


def say(words: str) -> None:
    """Print a line behind the time."""
    print(f"{time.strftime('%H:%M:%S')}  {words}", flush=True)


def print_outcome(outcome: Outcome) -> None:
    """Print figures, faults, convergence and every violation."""
    for name, number in outcome.figures.items():
        print(f"  {number:>8}  {name}")
    struck = Counter(done.fault.kind for done in outcome.done)
    missed = [done for done in outcome.done if done.struck.startswith("failed")]
    print(f"  {len(outcome.done):>8}  faults of {len(struck)} kinds, {len(missed)} of them missed")
    for done in missed:
        print(f"            {done.fault.kind} at {done.began:.0f} s {done.struck}")
    print("  started again: " + ", ".join(f"{n} {name}" for name, n in outcome.deaths.items()))
    seen = outcome.convergence
    print(
        f"  purchases ended after p50 {seen.age(0.5):.2f} s, p99 {seen.age(0.99):.2f} s, "
        f"max {seen.age(1):.2f} s"
    )
    slowest = "never" if seen.slowest is None else f"{seen.slowest:.1f} s"
    print(
        f"  after the faults: {seen.open_at_the_end_of_faults} open, "
        f"{seen.share_within_30_seconds:.2%} ended within 30 s, the last after {slowest}"
    )
    for fault in outcome.load_faults:
        print(f"  the load failed: {fault}")
    for violation in outcome.violations:
        print(f"  VIOLATED {violation.rule}: {violation.says} {violation.ids}")
    print(f"{len(outcome.violations)} violations; {'PASSED' if outcome.passed else 'FAILED'}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.campaign", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of load (default: 10)")
    parser.add_argument("--rate", type=float, default=20, help="shoppers a second (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="of plan and shoppers (default: 1)")
    parser.add_argument("--report", type=Path, help="write an HTML report to this file")
    parser.add_argument("--plan-only", action="store_true", help="print the plan and stop")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="for servers and logs (default: .dev/campaign)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

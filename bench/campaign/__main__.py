"""python -m bench.campaign: runs a campaign, prints what it showed, and writes its report."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench.campaign.bugs import NO_BUG, all_bugs, caught_by, hunt, setup_from
from bench.campaign.crash_points import crash_everywhere
from bench.campaign.plan import as_lines
from bench.campaign.report import write_report
from bench.campaign.run import Outcome, run
from bench.campaign.setup import Setup

FOLDER: Final = Path(__file__).resolve().parents[2] / ".dev" / "campaign"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if nothing was violated and everything ended in time, else 1."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # so that everything is stopped
    setup = Setup(seed=options.seed, seconds=options.minutes * 60, rate=options.rate)
    if options.plan_only:
        sys.stdout.write(as_lines(setup.plan))
        return 0
    if options.bugs:
        return hunt_bugs(options.folder, options.only)
    if options.crash_points:
        return crash_points(options.seed, options.crash_points, options.folder, options.only)
    if options.setup:
        setup = setup_from(json.loads(options.setup.read_text()))
    outcome = run(setup, options.folder, say)
    print_outcome(outcome)
    if options.report:
        write_report(outcome, options.report)
    if options.verdict:
        options.verdict.write_text(json.dumps(verdict(outcome)))
    return 0 if outcome.passed else 1


def hunt_bugs(folder: Path, only: str) -> int:
    """Plant each seeded bug in a copy of the source and let the oracle look for it."""
    say("no bug, which the oracle must not see")
    if violations := hunt(NO_BUG, folder):
        print(f"The oracle saw what is not there: {violations}")
        return 1
    bugs = [bug for bug in all_bugs() if only in bug.name]
    missed = []
    for bug in bugs:
        say(f"{bug.name}: {bug.what}; switched off: {bug.switched_off}")
        seen = caught_by(hunt(bug, folder))
        say(f"  caught by: {seen}" if seen else "  NOT CAUGHT")
        if not seen:
            missed.append(bug.name)
    print(f"{len(bugs) - len(missed)} of {len(bugs)} bugs caught. {' '.join(missed)}".rstrip())
    return 1 if missed else 0


def crash_points(seed: int, times: int, folder: Path, only: str) -> int:
    """Let processes die at every named crash point, and print the oracle's verdict of each."""
    outcomes = crash_everywhere(seed, times, folder, say, only)
    deaths = {
        point: sum(number for name, number in outcome.deaths.items() if "children" in name)
        for point, outcome in outcomes.items()
    }
    for point, outcome in outcomes.items():
        word = "passed" if outcome.passed and deaths[point] >= times else "FAILED"
        print(
            f"  {point:<24} {word}: {deaths[point]} deaths, "
            f"{outcome.figures['checkouts registered']} checkouts, "
            f"{len(outcome.violations)} violations"
        )
        for violation in outcome.violations:
            print(f"    VIOLATED {violation.rule}: {violation.says} {violation.ids}")
    passed = all(outcome.passed for outcome in outcomes.values())
    return 0 if passed and all(number >= times for number in deaths.values()) else 1


def verdict(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the violations as a parent process reads them."""
    return [asdict(violation) for violation in outcome.violations]


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
    parser.add_argument("--bugs", action="store_true", help="plant every seeded bug, one by one")
    parser.add_argument("--only", default="", help="of bugs or crash points: those named so")
    parser.add_argument(
        "--crash-points", type=int, metavar="N", help="die at every crash point, N times each"
    )
    parser.add_argument("--setup", type=Path, help="a setup as JSON (used by --bugs)")
    parser.add_argument("--verdict", type=Path, help="write the violations as JSON to this file")
    parser.add_argument(
        "--folder",
        type=lambda path: Path(path).resolve(),
        default=FOLDER,
        help="for servers and logs (default: .dev/campaign)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

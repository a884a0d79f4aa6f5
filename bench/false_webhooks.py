"""A hundred thousand false webhooks against a running BPS: none may change anything.

Starts a demo of its own, brings purchases into every phase, stops everything that could move them
by itself, and sends false webhooks of every kind from several threads. Every table must then be
what it was; of the inbox, only the delivery counts of repeated webhooks may have risen, and what
is not proved must lie there as evidence that nobody will work on. At last the workers go on, and
BPS and the PSP's books must agree.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bench import storm
from bench.every_phase import Scene, prepare
from bench.kinds import KINDS
from bench.running import running_demo

PORT, SANDBOX_PORT = 8120, 8121
THREADS = 6


def main() -> int:
    """Print the answers and the digests; return 1 if anything was not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with running_demo("false-webhooks", port=PORT, sandbox_port=SANDBOX_PORT) as running:
        scene = prepare(running)
        print(f"purchases: {_words(scene.phases)}; {len(scene.material.genuine)} genuine webhooks")
        faults = _storm(scene, options.number, options.seed)
        faults += scene.faults_after_going_on()
    for fault in faults:
        print(f"FAULT: {fault}")
    print(f"{len(faults)} faults" if faults else "Nothing changed, and no answer was a 5xx.")
    return 1 if faults else 0


def _storm(scene: Scene, number: int, seed: int) -> list[str]:
    url = urlsplit(scene.bps_url)
    before = storm.State.of(scene.database_url, scene.material)
    started = time.monotonic()
    answers = storm.send(
        (url.hostname or "", url.port or 0),
        scene.material,
        number=number,
        seed=seed,
        threads=THREADS,
    )
    seconds = time.monotonic() - started
    after = storm.State.of(scene.database_url, scene.material)
    _print(answers, seconds)
    for table, digest in after.tables.items():
        same = "same" if before.tables[table] == digest else "CHANGED"
        print(f"  {table:<32} {same:<8} {digest}")
    print(
        f"  genuine receipts                 {after.genuine[0]}, their deliveries "
        f"{before.deliveries} -> {after.deliveries}"
    )
    print(f"  evidence of what was rejected    {before.rejected} -> {after.rejected}")
    return storm.faults(before, after, answers)


def _print(answers: storm.Answers, seconds: float) -> None:
    for kind in KINDS:
        statuses = {status: n for (name, status), n in answers.seen.items() if name == kind.name}
        print(f"  {kind.name:<32} {_words(statuses)}")
    print(f"{answers.total} webhooks in {seconds:.0f} s: {answers.total / seconds:.0f} a second;")
    print(f"answers 5xx: {answers.server_errors}; no answer: {answers.of_status(0)}")


def _words(numbers: Mapping[Any, int]) -> str:
    return ", ".join(f"{number} x {name}" for name, number in sorted(numbers.items(), key=str))


if __name__ == "__main__":
    sys.exit(main())

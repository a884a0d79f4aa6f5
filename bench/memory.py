"""Resident memory of each process after a thousand purchases.

Starts a demo of its own, buys half synchronously (web calls the PSP) and half asynchronously
(workers do), waits until all are captured, and prints every web and worker process's resident set.
"""

from __future__ import annotations

import argparse
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.demo import Demo
from config.demo.check.stage import Checkout, Stage

LIMIT_MB = 200
SHOPPERS = 8
PORT, SANDBOX_PORT = 8110, 8111


def main() -> int:
    """Print a line a process; return 1 if one exceeds the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=1000)
    purchases: int = parser.parse_args().purchases
    demo = Demo(
        "check",
        port=PORT,
        sandbox_port=SANDBOX_PORT,
        report=_say_nothing,
        stopping=threading.Event(),
    )
    try:
        stage = Stage(demo, demo.start()["api_key"])
        print("before:")
        _measure(demo)
        with ThreadPoolExecutor(SHOPPERS) as shoppers:
            bought = list(shoppers.map(lambda n: _buy(stage, n), range(purchases)))
        for checkout in bought:
            stage.until_phase(checkout, "captured")
        print(f"after {purchases} purchases, all captured:")
        largest = _measure(demo)
    finally:
        demo.stop()
    print(f"largest: {largest:.0f} MB; limit: {LIMIT_MB} MB")
    return 0 if largest < LIMIT_MB else 1


def _say_nothing(_name: str, _line: str) -> None:
    """Drop the log lines of the processes."""


def _buy(stage: Stage, number: int) -> Checkout:
    checkout = stage.register("20.00")
    prefer = "respond-async" if number % 2 else ""
    stage.patiently(lambda: stage.buy(checkout, prefer=prefer))
    return checkout


def _measure(demo: Demo) -> float:
    """Print the resident set of web, worker and their children; return the largest, in MB."""
    largest = 0.0
    for name in ("web", "worker"):
        leader = demo.pid(name)
        for pid in (leader, *_children(leader)):
            resident = _resident_mb(pid)
            largest = max(largest, resident)
            print(f"  {name:<7} {'parent' if pid == leader else 'child':<7} {resident:6.0f} MB")
    return largest


def _children(pid: int) -> list[int]:
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in words]


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())

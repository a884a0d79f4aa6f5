"""Many clients press Buy Now, or ask for refunds, on one purchase at the same instant.

Starts a demo of its own. A round of Buy Now is one checkout, or an order that gets a newer
checkout before or meanwhile, pressed by every client at once, with keys of their own and shared
ones, waiting for the outcome and not. Each must end in one purchase and one charge in the PSP's
books, and no answer may be one that a shop cannot show. A round of refunds is one purchase, of
which all clients together want back more than was taken.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench import buy_now_rounds, refund_rounds
from bench.api import Answer, Api, books
from bench.figures import latencies
from bench.rounds import Played, Round, play
from bench.running import Running, running_demo

PORT, SANDBOX_PORT = 8130, 8131
PREPARED_AT_ONCE = 4
FAULTS_SHOWN = 20
PREPARE: dict[str, Callable[[Api, str, int, int], Round]] = {
    "buy-now": buy_now_rounds.prepare,
    "refunds": refund_rounds.prepare,
}


def main() -> int:
    """Print answers, charges and latencies; return 1 if anything was not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--of", choices=PREPARE, default="buy-now")
    options = parser.parse_args()
    with running_demo("contention", port=PORT, sandbox_port=SANDBOX_PORT) as running:
        faults = _contend(running, options.of, options.clients, options.rounds)
    for fault in faults[:FAULTS_SHOWN]:
        print(f"FAULT: {fault}")
    print(f"{len(faults)} faults" if faults else "All as it must be.")
    return 1 if faults else 0


def _contend(running: Running, what: str, clients: int, number: int) -> list[str]:
    api = Api(running.demo.bps_url, running.api_key)
    return_url = f"{running.demo.sandbox_url}/shop/orders/"
    with ThreadPoolExecutor(PREPARED_AT_ONCE) as pool:
        rounds = list(
            pool.map(lambda place: PREPARE[what](api, return_url, clients, place), range(number))
        )
    print(f"{number} rounds are prepared; {clients} clients press at once in each")
    started = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        played = play(rounds, pool, clients)
    _print_answers(played, time.monotonic() - started)
    for one in rounds:
        running.stage.until(one.has_ended, f"the end of a round of {one.kind!r}")
    charged = books(running.demo.sandbox_url)
    charges, refunds = (
        sum(len(entry[name]) for entry in charged.values()) for name in ("charges", "refunds")
    )
    print(f"{number} rounds, {len(charged)} checkouts in the PSP's books:", end=" ")
    print(f"{charges} charges, {refunds} refunds")
    faults = [fault for one in played for fault in one.faults]
    return faults + [fault for one in rounds for fault in one.faults_at_the_end(charged)]


def _print_answers(played: Sequence[Played], seconds: float) -> None:
    statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
    times: defaultdict[int, list[float]] = defaultdict(list)
    for one in played:
        for answer in one.answers:
            statuses[one.round.kind][_words(answer)] += 1
            times[answer.status].append(answer.seconds)
    for kind, counted in statuses.items():
        print(f"  {kind}: {', '.join(f'{n} x {what}' for what, n in sorted(counted.items()))}")
    for status, some in sorted(times.items()):
        print(f"  {status}: {len(some):6} answers, ms: {latencies(some)}")
    total = sum(map(len, times.values()))
    print(f"{total} presses in {seconds:.0f} s: {total / seconds:.0f} a second")


def _words(answer: Answer) -> str:
    if answer.headers.get("Content-Type") != "application/problem+json":
        return str(answer.status)
    return f"{answer.status} {answer.json['type'].rpartition(':')[2]}"


if __name__ == "__main__":
    sys.exit(main())

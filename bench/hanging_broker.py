"""Buy Now and webhooks while the broker hangs, or is away, against the same while it answers.

Starts a demo of its own, with three sets of web processes: one has a Valkey that answers, one has
a broker that accepts connections and never says a word, and one has none. A few clients send them
Buy Nows and webhooks in turn, fifty to each, so that whatever else the machine does hits all three
alike. No worker runs meanwhile, so that all have the same to do. At last PostgreSQL is stopped, and
what is answered then must say "ask again", soon, and be as good as never asked.
"""

from __future__ import annotations

import argparse
import math
import socket
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from bench.api import Api
from bench.away import faults_without_postgres
from bench.figures import latencies, percentile
from bench.load import Load, Measured
from bench.running import running_demo

PORT, SANDBOX_PORT = 8140, 8141
NORMAL, HANGS, AWAY = "answers", "hangs", "is away"
IN_TURN = 50
MOST_TIMES_SLOWER = 1.2
P99 = 0.99
NOBODY_LISTENS = "redis://127.0.0.1:9/0"


def main() -> int:
    """Print latencies by broker; return 1 if one that hangs is felt, or anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=1500, help="of each sort, in each round")
    options = parser.parse_args()
    with (
        running_demo("hanging-broker", port=PORT, sandbox_port=SANDBOX_PORT) as running,
        _silent_port() as silent,
    ):
        for name in ("worker", "beat", "clock"):
            running.demo.stop_process(name)
        load = Load(running)
        sites = {
            broker: running.start_web_beside(
                f"web whose broker {broker}", port=port, variables={"REDIS_URL": url}
            )
            for broker, port, url in (
                (NORMAL, 8142, running.demo.servers.redis_url),
                (HANGS, 8143, f"redis://127.0.0.1:{silent}/0"),
                (AWAY, 8144, NOBODY_LISTENS),
            )
        }
        faults = _compare(load, sites, options.rounds, options.requests)
        faults += load.faults_at_the_end()
        faults += faults_without_postgres(running, load)
    for fault in faults:
        print(f"FAULT: {fault}")
    print(f"{len(faults)} faults" if faults else "A broker that hangs is not felt.")
    return 1 if faults else 0


def _compare(load: Load, sites: dict[str, Api], rounds: int, requests: int) -> list[str]:
    turns = math.ceil(requests / IN_TURN)
    print(f"registering {rounds * len(sites) * turns * IN_TURN} checkouts")
    load.register(rounds * len(sites) * turns * IN_TURN)
    for api in sites.values():
        load.warm_up(api)
    measured: defaultdict[tuple[str, str], list[Measured]] = defaultdict(list)
    for number in range(rounds):
        for sort, run in (("Buy Now", load.buy), ("webhook", load.webhooks)):
            seen = {broker: Measured([], []) for broker in sites}
            for _ in range(turns):
                for broker, api in sites.items():
                    seen[broker] += run(api, IN_TURN)
            for broker, one in seen.items():
                measured[sort, broker].append(one)
                print(f"  {number + 1} {sort:<8} broker {broker:<8} {latencies(one.seconds)}")
    return [fault for sort in ("Buy Now", "webhook") for fault in _judge(sort, measured, sites)]


def _judge(
    sort: str, measured: dict[tuple[str, str], list[Measured]], brokers: Iterable[str]
) -> list[str]:
    faults = []
    normal = _p99(measured[sort, NORMAL])
    for broker in brokers:
        rounds = measured[sort, broker]
        failures = [failure for one in rounds for failure in one.failures]
        ratio = _p99(rounds) / normal
        print(
            f"{sort:<8} broker {broker:<8} {sum(len(one.seconds) for one in rounds)} requests, "
            f"{len(failures)} failures, median p99 {_p99(rounds) * 1000:.0f} ms, ratio {ratio:.2f}"
        )
        faults += [f"{sort}, broker {broker}: {failure}" for failure in failures[:5]]
        if ratio > MOST_TIMES_SLOWER:
            faults.append(f"{sort}: p99 is {ratio:.2f} times as long while the broker {broker}")
    return faults


def _p99(rounds: Sequence[Measured]) -> float:
    """Return the median of the rounds' 99th percentiles."""
    return statistics.median(percentile(one.seconds, P99) for one in rounds)


@contextmanager
def _silent_port() -> Iterator[int]:
    """Yield a port that accepts connections, and on which nobody ever says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        yield listener.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())

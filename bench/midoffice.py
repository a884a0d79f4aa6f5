"""How fast the mid-office is however much there is, and that none of its queries reads a table.

Seeds sessions and all that belongs to them into a database of its own, asks every list by every
tab, filters, searches, files and the home, and reads the plan of every query that they made.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

WANTED_MS: Final = 300


class Spent(NamedTuple):
    """What an answer took, in milliseconds: by the clock, and of the processors' time."""

    clock: float
    ours: float
    postgres: float

    @property
    def cpu(self) -> float:
        """How long it takes on a machine that has nothing else to do, whatever this one does.

        The two processes take turns, each waiting for the other, and all they read is in memory.
        """
        return self.ours + self.postgres


def main() -> int:
    """Print a median for everything that can be asked.

    Return 1 if a query reads a table, or a page costs more of the processors than is wanted.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    _set_up_django()
    from django.test.runner import DiscoverRunner  # noqa: PLC0415 - needs Django set up

    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment(debug=False)
    databases = runner.setup_databases()
    try:
        _store(given.sessions)
        return _measure(given.sessions, given.runs)
    finally:
        runner.teardown_databases(databases)


def _set_up_django() -> None:
    import logging  # noqa: PLC0415 - beside what it quiets

    import django  # noqa: PLC0415 - reads the settings named above

    django.setup()
    logging.disable(logging.WARNING)  # a line for each request would hide the figures


def _store(sessions: int) -> None:
    from bench.seeded_quarter import DAYS, seed  # noqa: PLC0415 - needs Django set up

    begun = time.monotonic()
    seed(sessions)
    print(
        f"{sessions:,} sessions of {DAYS} days, stored in {time.monotonic() - begun:.0f} s",
        flush=True,
    )


def _measure(sessions: int, runs: int) -> int:
    from bench.midoffice_pages import targets  # noqa: PLC0415 - needs Django set up
    from bench.plans import looked_into  # noqa: PLC0415 - likewise

    slow = reading = 0
    print(f"{f'medians of {runs}, ms':58}  clock   CPU = ours + PostgreSQL's, statements")
    for target in targets(sessions):
        statements, offences = looked_into(target.ask)
        spent = _medians([_spent(target.ask) for _ in range(runs)])
        is_slow = spent.cpu > WANTED_MS and not target.is_file
        cpu = f"{spent.cpu:4.0f} = {spent.ours:4.0f} + {spent.postgres:3.0f}"
        line = f"{target.name:58} {spent.clock:6.0f}  {cpu}  {statements:3}"
        print(f"{line}{'  slow' * is_slow}", flush=True)
        for offence in offences:
            print(f"    {offence}")
        slow += is_slow
        reading += len(offences)
    print(f"above {WANTED_MS} ms of CPU: {slow}; queries that read a table: {reading}")
    print(f"load of the machine: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    return 1 if slow or reading else 0


def _spent(ask: Callable[[], Any]) -> Spent:
    clock, ours, postgres = time.monotonic(), time.process_time(), _postgres_seconds()
    ask()
    return Spent(
        1_000 * (time.monotonic() - clock),
        1_000 * (time.process_time() - ours),
        1_000 * (_postgres_seconds() - postgres),
    )


def _postgres_seconds() -> float:
    """Return how long the process that answers our queries was on a processor."""
    from django.db import connection  # noqa: PLC0415 - needs Django set up

    with connection.cursor() as cursor:
        pid = cursor.connection.info.backend_pid
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _medians(spent: list[Spent]) -> Spent:
    return Spent(*(median(column) for column in zip(*spent, strict=True)))


if __name__ == "__main__":
    sys.exit(main())

"""Finds 500 planted differences of 10 kinds among 10,000 purchases, and nothing else.

Plants a day's books, ours in a database of its own, the PSP's behind a small HTTP server, and runs
`manage.py reconcile` on them as a process of its own, whose time and peak memory are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS, LIMIT_MB = 60, 200
# A process dies at its first batch or at its second, so that the run gets on between deaths.
PASSAGES = (1, 2)


def main() -> int:
    """Print what was found and what it took; return 1 if it is not what was planted or too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=10_000)
    parser.add_argument("--of-each-kind", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--deaths", type=int, default=0, help="kill so many processes before a batch is committed"
    )
    given = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    _set_up_django()
    from django.test.runner import DiscoverRunner  # noqa: PLC0415 - needs Django set up

    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        if given.deaths:
            return _die(given.purchases, given.of_each_kind, given.seed, given.deaths)
        return _measure(given.purchases, given.of_each_kind, given.seed)
    finally:
        runner.teardown_databases(databases)


def _set_up_django() -> None:
    import django  # noqa: PLC0415 - reads the settings named above

    django.setup()


def _measure(purchases: int, of_each_kind: int, seed: int) -> int:
    from bench.listing_psp import listing_psp  # noqa: PLC0415 - beside the next
    from bench.planted_books import plant  # noqa: PLC0415 - needs Django set up
    from payments.models import Discrepancy  # noqa: PLC0415 - likewise

    yesterday = _yesterday()
    books = plant(purchases=purchases, of_each_kind=of_each_kind, day=yesterday, seed=seed)
    books.store()
    print(f"{purchases} purchases, {len(books.lines)} lines, {len(books.planted)} planted")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_before = before.ru_utime + before.ru_stime
    with listing_psp(books.lines) as url:
        seconds, summary = _reconcile(yesterday, url)
        again, second = _reconcile(yesterday, url)
    found = set(Discrepancy.objects.values_list("kind", "subject"))
    rows = Discrepancy.objects.count()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak_mb, cpu_seconds = used.ru_maxrss / 1024, used.ru_utime + used.ru_stime - used_before
    missed, false = books.planted - found, found - books.planted
    print(f"found: {len(books.planted & found)} of {len(books.planted)}, false: {len(false)}")
    print(f"healed: {summary['healed']}, open: {len(summary['differences'])}")
    print(f"seconds: {seconds:.1f}, again: {again:.1f}, limit: {LIMIT_SECONDS}")
    print(f"seconds of CPU, both runs without the database's: {cpu_seconds:.1f}")
    print(f"peak memory: {peak_mb:.0f} MB, limit: {LIMIT_MB}")
    print(f"new when run again: {rows - len(found)}, known: {second['already_known']}")
    for kind, subject in sorted(missed | false):
        print(f"  {'missed' if (kind, subject) in missed else 'false'}: {kind} {subject}")
    good = not (missed or false) and rows == len(found)
    return 0 if good and seconds < LIMIT_SECONDS and peak_mb < LIMIT_MB else 1


def _die(purchases: int, of_each_kind: int, seed: int, deaths: int) -> int:
    """Kill processes in the midst of one run; return 1 unless it finds just what was planted."""
    from django.conf import settings  # noqa: PLC0415 - needs Django set up

    from bench.listing_psp import listing_psp  # noqa: PLC0415 - beside the next
    from bench.planted_books import plant  # noqa: PLC0415 - needs Django set up
    from payments.models import Discrepancy, ReconciliationRun  # noqa: PLC0415 - likewise
    from payments.services.reconcile import carry_run, start_run  # noqa: PLC0415 - likewise

    books = plant(purchases=purchases, of_each_kind=of_each_kind, day=_yesterday(), seed=seed)
    books.store()
    killed = 0
    with listing_psp(books.lines) as settings.SANDBOX_PSP_URL:
        run = start_run(
            psp="sandbox",
            since=_yesterday(),
            until=_yesterday() + timedelta(1),
            asked_by="the bench",
            now=datetime.now(UTC),
        )
        while killed < deaths and run.is_running:
            killed += _is_killed(run.pk, PASSAGES[killed % len(PASSAGES)])
            run.refresh_from_db()
        while run.is_running:
            carry_run(run.pk, now=datetime.now(UTC))
            run.refresh_from_db()
    rows = list(Discrepancy.objects.values_list("kind", "subject"))
    missed, false = books.planted - set(rows), set(rows) - books.planted
    twice = len(rows) - len(set(rows))
    counted = sum(ReconciliationRun.objects.get(pk=run.pk).found.values())
    print(f"killed {killed} times before a batch was committed, of {deaths} asked for")
    print(f"planted: {len(books.planted)}, found: {len(rows)}, counted by the run: {counted}")
    print(f"missed: {len(missed)}, false: {len(false)}, twice: {twice}")
    good = killed >= deaths and not (missed or false or twice) and counted == len(books.planted)
    return 0 if good else 1


def _is_killed(run_id: UUID, passage: int) -> bool:
    """Carry the run on in a process that dies at a passage; tell whether it did."""
    from django.conf import settings  # noqa: PLC0415 - needs Django set up
    from django.db import connections  # noqa: PLC0415 - likewise

    from payments.services.reconcile import carry_run  # noqa: PLC0415 - likewise

    connections.close_all()  # two processes on one connection would read each other's answers
    child = os.fork()
    if not child:
        settings.BPS_CRASH_AT = f"before_batch_commit:{passage}"
        carry_run(run_id, now=datetime.now(UTC))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _yesterday() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(1)


def _reconcile(day: datetime, url: str) -> tuple[float, dict[str, Any]]:
    from django.db import connection  # noqa: PLC0415 - needs Django set up

    head, _, query = os.environ["DATABASE_URL"].partition("?")
    name = connection.settings_dict["NAME"]
    command = ["manage.py", "reconcile", "--psp", "sandbox", "--from", str(day.date()), "--json"]
    started = time.monotonic()
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": f"{head.rpartition('/')[0]}/{name}?{query}",
            "SANDBOX_PSP_URL": url,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if ended.returncode not in (0, 1):
        raise SystemExit(ended.stderr)
    return seconds, json.loads(ended.stdout)


if __name__ == "__main__":
    sys.exit(main())

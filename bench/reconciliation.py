"""Finds 500 planted differences of 10 kinds among 10,000 purchases, and nothing else.

Plants a day's books, ours in a database of its own, the PSP's behind a small HTTP server, and runs
`manage.py reconcile` on them as a process of its own, whose time and peak memory are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS, LIMIT_MB = 60, 200


def main() -> int:
    """Print what was found and what it took; return 1 if it is not what was planted or too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=10_000)
    parser.add_argument("--of-each-kind", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    _set_up_django()
    from django.test.runner import DiscoverRunner  # noqa: PLC0415 - needs Django set up

    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
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

    yesterday = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(1)
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

"""How fast the mid-office is however much there is, and that none of its queries reads a table.

Seeds sessions and all that belongs to them into a database of its own, asks every list by every
tab, filters, searches, files and the home, and reads the plan of every query that they made.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from statistics import median
from typing import Any, Final, NamedTuple

# As many rows a page may look at; a table that has more must not be read through.
SMALL: Final = 20_000
READ_AT_MOST: Final = 100_000
WANTED_MS: Final = 300


class Target(NamedTuple):
    """Something to ask for: its name, and how to ask."""

    name: str
    ask: Callable[[], Any]


def main() -> int:
    """Print a median for everything that can be asked; return 1 if a query reads a table."""
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
        return _measure(given.sessions, given.runs)
    finally:
        runner.teardown_databases(databases)


def _set_up_django() -> None:
    import logging  # noqa: PLC0415 - beside what it quiets

    import django  # noqa: PLC0415 - reads the settings named above

    django.setup()
    logging.disable(logging.WARNING)  # a line for each request would hide the figures


def _measure(sessions: int, runs: int) -> int:
    started = time.monotonic()
    _store(sessions)
    print(f"{sessions:,} sessions of 90 days, stored in {time.monotonic() - started:.0f} s")
    offences, slow = [], 0
    for name, ask in _targets(sessions):
        found = list(_offences(ask))
        seconds, of_cpu = [], []
        for _ in range(runs):
            begun, used = time.monotonic(), time.process_time()
            ask()
            seconds.append(time.monotonic() - begun)
            of_cpu.append(time.process_time() - used)
        ms, cpu_ms = 1_000 * median(seconds), 1_000 * median(of_cpu)
        is_slow = ms > WANTED_MS and "CSV" not in name
        slow += is_slow
        mark = "  slow" * is_slow
        print(f"{name:58} {ms:6.0f} ms, {cpu_ms:4.0f} of our CPU{mark}", flush=True)
        for offence in found:
            print(f"    {offence}")
        offences += found
    print(f"slower than {WANTED_MS} ms: {slow}; queries that read a table: {len(offences)}")
    return 1 if offences else 0


def _store(sessions: int) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - beside the next

    from bench.seeded_quarter import DAYS, seed  # noqa: PLC0415 - needs Django set up
    from payments.models import Shop  # noqa: PLC0415 - likewise
    from payments.services.tally import tally_hours  # noqa: PLC0415 - likewise

    seed(Shop.objects.create(name="Seeded").pk, sessions)
    tally_hours(now=datetime.now(UTC), days_at_most=DAYS + 2)


def _targets(sessions: int) -> Iterator[Target]:
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - needs Django set up
    from django.test import Client  # noqa: PLC0415 - likewise
    from django.urls import reverse  # noqa: PLC0415 - likewise

    from dashboard.lists.catalogue import LISTS  # noqa: PLC0415 - likewise

    browser = Client()
    browser.force_login(get_user_model().objects.create_user("bench", is_staff=True))

    def get(address: str) -> Any:
        response = browser.get(address)
        if response.status_code not in {200, 302}:
            raise AssertionError(f"{address}: {response.status_code}")
        return response

    for period in ("day", "week", "month"):
        address = f"{reverse('mid-office:home')}?period={period}"
        yield Target(f"home, {period}", partial(get, address))
    for name, declared in LISTS.items():
        address = reverse(f"mid-office:{name}")
        for key, tab in declared.tabs.items():
            query = f"{address}?status={key}"
            yield Target(f"{name}, {tab.word}", partial(get, query))
        for query in FILTERS.get(name, ()):
            narrowed = f"{address}?{query}"
            yield Target(f"{name}?{query}", partial(get, narrowed))
        third = _third_page(get, address)
        yield Target(f"{name}, page 3", partial(get, third))
    for what, words in _ids(sessions).items():
        address = f"{reverse('mid-office:search')}?q={words}"
        yield Target(f"search, {what}", partial(get, address))
    for name in LISTS:
        address = reverse(f"mid-office:{name}-csv")
        yield Target(
            f"{name} as CSV, the first 5,000 rows",
            partial(_begin_of_file, get, address),
        )


FILTERS: Final[dict[str, tuple[str, ...]]] = {
    "sessions": (
        "psp=adyen",
        "currency=JPY&psp=mollie",
        "currency=KWD",
        "phase=errored",
        "phase=in_doubt",
        "amount_from=100000",
        "amount_from=190&amount_to=191&status=failed",
        "made_from=2000-01-01&made_to=2000-01-31",
        "status=started&psp=adyen",
        "status=expired&currency=KWD",
    ),
    "refunds": ("psp=adyen", "currency=KWD", "phase=pending"),
    "receipts": ("psp=adyen", "type=nothing"),
    "notifications": ("shop=Seeded", "type=nothing"),
    "cases": ("kind=surplus", "psp=adyen&status=all", "owner=nobody"),
    "audit": ("who=olga", "what=nothing"),
}


def _begin_of_file(get: Callable[[str], Any], address: str) -> None:
    list(islice(get(address).streaming_content, 6))


def _third_page(get: Callable[[str], Any], address: str) -> str:
    page = address
    for _ in range(2):
        page = f"{address}{get(page).context['older']}"
    return page


def _ids(sessions: int) -> dict[str, str]:
    from payments.models import Case, PaymentSession, Refund  # noqa: PLC0415 - needs Django set up

    middle = PaymentSession.objects.get(checkout_id=f"c-{sessions // 2 // 20 * 20 + 1}")
    number = middle.checkout_id.removeprefix("c-")
    refund = Refund.objects.order_by("pk")[1]
    return {
        "checkout": middle.checkout_id,
        "order reference": f"o-{number}",
        "token": f"tok_{number}",
        "PSP payment reference": f"ch_{number}",
        "session": str(middle.pk),
        "customer reference": "k-7",
        "refund": refund.public_id,
        "PSP refund reference": refund.refund_reference,
        "webhook": f"evt_{number}",
        "idempotency key": f"key-{number}",
        "case": str(Case.objects.order_by("pk")[0].pk),
        "nothing": "nothing",
    }


def _offences(ask: Callable[[], Any]) -> Iterator[str]:
    """Yield what reads a table through among the queries that asking makes."""
    from django.db import connection, transaction  # noqa: PLC0415 - needs Django set up

    from dashboard.lists.reading import ROW_BY_ROW  # noqa: PLC0415 - likewise

    made: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        made.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    walks = any(sql == ROW_BY_ROW for sql, _ in made)
    for sql, params in made:
        if not sql.lstrip().startswith(("SELECT", "WITH")):
            continue
        with transaction.atomic(), connection.cursor() as cursor:
            if walks:
                cursor.execute(ROW_BY_ROW)
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            [(plan,)] = cursor.fetchall()
        plans = json.loads(plan) if isinstance(plan, str) else plan
        for node in _nodes(plans[0]["Plan"]):
            if offence := _offence(node):
                yield f"{offence}: {' '.join(sql.split())[:300]}"


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _offence(node: dict[str, Any]) -> str:
    """Return what is wrong with a step of a plan, if it reads what grows without an end."""
    table = node.get("Relation Name", "")
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    once = node["Actual Rows"] + removed
    if node["Node Type"] == "Seq Scan" and once > SMALL:
        return f"scans {table} ({once:,.0f} rows)"
    if table and once * node["Actual Loops"] > READ_AT_MOST:
        return f"reads {once * node['Actual Loops']:,.0f} rows of {table}"
    return ""


if __name__ == "__main__":
    sys.exit(main())

"""Which queries read what grows without an end, by the plans that PostgreSQL carried out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.db import connection, transaction

from dashboard.lists.reading import ROW_BY_ROW

# As many rows a page may look at; a table that has more must not be read through.
SMALL: Final = 20_000
READ_AT_MOST: Final = 100_000


def looked_into(ask: Callable[[], Any]) -> tuple[int, list[str]]:
    """Return how many statements asking makes, and what reads a table through among them."""
    made: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        made.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    walks = any(sql == ROW_BY_ROW for sql, _ in made)
    reads = [each for each in made if each[0].lstrip().startswith(("SELECT", "WITH"))]
    found = [
        f"{offence}: {' '.join(sql.split())[:300]}"
        for sql, params in reads
        for node in _nodes(_plan(sql, params, walks=walks))
        if (offence := _offence(node))
    ]
    return len(made), found


def _plan(sql: str, params: Any, *, walks: bool) -> dict[str, Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        if walks:
            cursor.execute(ROW_BY_ROW)
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        [(plan,)] = cursor.fetchall()
    plans = json.loads(plan) if isinstance(plan, str) else plan
    return dict(plans[0]["Plan"])


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

"""Collects what the oracle judges: over HTTP, from the load's history, and by read-only SQL.

Imports nothing of BPS or the sandbox: it knows them from outside alone.
"""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from bench.campaign.history import read

HTTP_SECONDS: Final = 30.0
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known of a run when it is over.

    books: the PSP's, a session each. deliveries: the PSP's log of webhooks. sessions: BPS's
    answers to GET, a session each. receipts: `event_id`, `state`. notifications: as the shop
    received them. history: as bench.campaign.history describes it.
    """

    books: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    sessions: list[Row] = field(default_factory=list)
    receipts: list[Row] = field(default_factory=list)
    notifications: list[Row] = field(default_factory=list)
    history: list[Row] = field(default_factory=list)


def collect(
    *,
    bps_url: str,
    api_key: str,
    sandbox_url: str,
    bps_database: str,
    sandbox_database: str,
    history: Path,
) -> Evidence:
    """Read everything from the places that know it."""
    control = f"{sandbox_url}/psp/control"
    key = {"Authorization": f"Api-Key {api_key}"}
    sessions = _pages(f"{bps_url}/api/v1/payment-sessions", "results", key)
    receipts = "SELECT event_id, state FROM payments_webhookreceipt WHERE event_id IS NOT NULL"
    return Evidence(
        books=list(_pages(f"{control}/books", "data", {})),
        deliveries=list(_pages(f"{control}/webhooks", "data", {})),
        sessions=list(sessions),
        receipts=_rows(bps_database, receipts),
        notifications=[
            _notification(row)
            for row in _rows(sandbox_database, "SELECT webhook_id, body FROM shop_notification")
        ],
        history=list(read(history)),
    )


def _notification(row: Row) -> Row:
    body = json.loads(row["body"])
    data = body["data"]
    return {
        "webhook_id": row["webhook_id"],
        "type": body["type"],
        "checkout_id": data["checkout_id"],
        "status": data["purchase"]["status"],
    }


def _pages(url: str, name: str, headers: dict[str, str]) -> Iterator[Row]:
    """Yield the rows of every page of a list."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    cursor = None
    while True:
        query = f"?{urllib.parse.urlencode({'cursor': cursor})}" if cursor else ""
        request = urllib.request.Request(url + query, headers=headers)  # noqa: S310 - http, ours
        with opener.open(request, timeout=HTTP_SECONDS) as answer:
            page = json.load(answer)
        yield from page[name]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _rows(database: str, query: str) -> list[Row]:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        connection.read_only = True
        return connection.execute(query.encode()).fetchall()

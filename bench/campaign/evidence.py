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
    received them. history: as bench.campaign.history describes it. captures, refunds: BPS's lists
    of them, each with its `checkout_id`, where the shop asked for any. keys_ran_out: the PSP was
    away for longer than its keys live, and what was asked of it then, beside purchases, may be
    left to a person.
    """

    books: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    sessions: list[Row] = field(default_factory=list)
    receipts: list[Row] = field(default_factory=list)
    notifications: list[Row] = field(default_factory=list)
    history: list[Row] = field(default_factory=list)
    captures: list[Row] = field(default_factory=list)
    refunds: list[Row] = field(default_factory=list)
    keys_ran_out: bool = False


def collect(
    *,
    bps_url: str,
    api_key: str,
    sandbox_url: str,
    bps_database: str,
    sandbox_database: str,
    history: Path,
    keys_ran_out: bool,
) -> Evidence:
    """Read everything from the places that know it."""
    control = f"{sandbox_url}/psp/control"
    key = {"Authorization": f"Api-Key {api_key}"}
    listed = f"{bps_url}/api/v1/payment-sessions"
    lines = list(read(history))
    receipts = "SELECT event_id, state FROM payments_webhookreceipt WHERE event_id IS NOT NULL"
    return Evidence(
        books=list(_pages(f"{control}/books", "data", {})),
        deliveries=list(_pages(f"{control}/webhooks", "data", {})),
        sessions=list(_pages(listed, "results", key)),
        receipts=_rows(bps_database, receipts),
        notifications=[
            _notification(row)
            for row in _rows(sandbox_database, "SELECT webhook_id, body FROM shop_notification")
        ],
        history=lines,
        captures=list(_asked_for(listed, "capture", lines, key)),
        refunds=list(_asked_for(listed, "refund", lines, key)),
        keys_ran_out=keys_ran_out,
    )


def _notification(row: Row) -> Row:
    body = json.loads(row["body"])
    data = body["data"]
    return {
        "webhook_id": row["webhook_id"],
        "type": body["type"],
        "checkout_id": data["checkout_id"],
        "status": data["purchase"]["status"],
        "about": _about(data),
    }


def _about(data: Row) -> str:
    """Return the id of the refund, capture or void that a notification tells of, or nothing."""
    told = data.get("refund") or data.get("instruction")
    return told["id"] if told else ""


def _asked_for(url: str, act: str, lines: list[Row], headers: dict[str, str]) -> Iterator[Row]:
    """Yield what BPS lists of what was asked for in this way, with its checkout."""
    for checkout in sorted({line["checkout"] for line in lines if line["act"] == act}):
        for row in _get(f"{url}/{checkout}/{act}s", headers)["results"]:
            yield {"checkout_id": checkout, **row}


def _pages(url: str, name: str, headers: dict[str, str]) -> Iterator[Row]:
    """Yield the rows of every page of a list."""
    cursor = None
    while True:
        query = f"?{urllib.parse.urlencode({'cursor': cursor})}" if cursor else ""
        page = _get(url + query, headers)
        yield from page[name]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _get(url: str, headers: dict[str, str]) -> Row:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http, ours
    with opener.open(request, timeout=HTTP_SECONDS) as answer:
        said: Row = json.load(answer)
    return said


def _rows(database: str, query: str) -> list[Row]:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        connection.read_only = True
        return connection.execute(query.encode()).fetchall()

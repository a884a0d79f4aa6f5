"""Plays the journeys one after another, compares with the books, and prints the table."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

import requests
from rich.console import Console as Rich
from rich.table import Table

from config.demo.check.journeys import JOURNEYS, Journey
from config.demo.check.stage import Checkout, Disagreement, Stage
from config.demo.demo import Demo
from config.demo.supervision import Report

# Leases and waits as short as the proof allows: every rule stays, only hours become seconds.
HASTE: Final = {
    "BPS_SCHEDULE_SPEED": "60",
    "BPS_LEASE_SECONDS": "6",
    "BPS_PSP_CONNECT_TIMEOUT_SECONDS": "1",
    "BPS_PSP_MONEY_TIMEOUT_SECONDS": "4",
    "BPS_SWEEP_SECONDS": "1",
}


WIDTH: Final = 140


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    journey: Journey
    seen: str
    agrees: bool
    seconds: float


def check(port: int, sandbox_port: int, report: Report, stopping: threading.Event) -> int:
    """Start a demo of its own, play everything, stop everything. Returns 0 if all agreed."""
    demo = Demo(
        "check",
        port=port,
        sandbox_port=sandbox_port,
        report=report,
        stopping=stopping,
        bps_variables=HASTE,
    )
    try:
        known = demo.start()
        rows = []
        for journey in JOURNEYS:
            if stopping.is_set():
                return 1
            report("demo", f"journey: {journey.plot}")
            rows.append(_play(journey, Stage(demo, known["api_key"])))
    finally:
        demo.stop()
    _print(rows)
    return 0 if all(row.agrees for row in rows) else 1


def _play(journey: Journey, stage: Stage) -> Row:
    started = time.monotonic()
    stage.control("reset", {})
    try:
        seen, agrees = journey.play(stage), True
        for checkout in stage.checkouts:
            _compare(stage, checkout)
    except (Disagreement, requests.RequestException, LookupError) as fault:
        seen, agrees = f"{type(fault).__name__}: {fault}", False
    return Row(journey, seen, agrees, time.monotonic() - started)


def _compare(stage: Stage, checkout: Checkout) -> None:
    """Compare BPS with the books: successful here exactly if charged there once, and as much."""
    purchase = stage.session(checkout)["purchase"] or {"status": "none", "captured_amount": "0.00"}
    book = stage.book(checkout)
    charged = [charge["amount"] for charge in book["charges"]]
    expected = [checkout.amount] if purchase["status"] == "successful" else []
    if charged != expected:
        raise Disagreement(f"BPS says {purchase['status']}, the books say {charged}")
    if expected and purchase["captured_amount"] != checkout.amount:
        raise Disagreement(f"BPS says {purchase['captured_amount']}, not {checkout.amount}")


def _print(rows: list[Row]) -> None:
    table = Table(title="bin/demo --check: BPS against the PSP's books")
    for name in ("", "journey", "expected", "seen", "s"):
        table.add_column(name, justify="right" if name == "s" else "left")
    for row in rows:
        mark = "[green]ok[/]" if row.agrees else "[red]NO[/]"
        table.add_row(mark, row.journey.plot, row.journey.expected, row.seen, f"{row.seconds:.1f}")
    agreed = sum(row.agrees for row in rows)
    console = Rich(width=WIDTH)
    console.print(table)
    console.print(f"{agreed} of {len(rows)} journeys agree with the books.")

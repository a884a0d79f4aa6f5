"""Brings purchases into every phase, by the sandbox PSP, and holds them there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import psycopg
import requests

from bench.running import Running
from bench.webhook_material import Genuine, Material
from config.demo.check.stage import Checkout, Disagreement, Stage

EACH: Final = 3
WORKERS: Final = ("worker", "beat")
CLOCK: Final = "clock"  # of the sandbox: it lets time pass there, and sends webhooks
AFTER_THE_ISSUER_SECONDS: Final = 5 * 3600
UNKNOWN_WORD: Final = "20.20"  # paid after a state that no document lists: a case
# No answer of the sandbox leads there: what it refuses as invalid, BPS never sends.
MAKE_ERRORED: Final = """
    UPDATE payments_purchase p SET phase = 'errored', due_at = NULL, finished_at = now()
      FROM payments_paymentsession s WHERE s.id = p.session_id AND s.checkout_id = %s
"""


@dataclass(frozen=True)
class Scene:
    """Purchases that stand still, and what false webhooks about them are made of."""

    running: Running
    material: Material
    phases: Counter[str]
    checkouts: dict[str, list[Checkout]]

    @property
    def bps_url(self) -> str:
        """Where BPS answers."""
        return self.running.demo.bps_url

    @property
    def database_url(self) -> str:
        """The database of BPS."""
        return self.running.demo.servers.database_url

    def faults_after_going_on(self) -> list[str]:
        """Let everything move again; say where BPS and the PSP's books do not come to agree."""
        for name in (*WORKERS, CLOCK):
            self.running.demo.start_process(name)
        stage = self.running.stage
        stage.control("clock", {"advance_seconds": AFTER_THE_ISSUER_SECONDS})
        faults = []
        for phase, checkouts in self.checkouts.items():
            for checkout in checkouts:
                try:
                    stage.until(partial(_agrees, stage, checkout), "agreement")
                except Disagreement as fault:
                    faults.append(f"{phase} {checkout.id}: {fault}; {stage.book(checkout)}")
        return faults


def prepare(running: Running) -> Scene:
    """Bring purchases into every phase, with genuine webhooks received for some."""
    stage, demo = running.stage, running.demo
    checkouts = {
        phase: [_bought(stage, amount) for _ in range(EACH)]
        for phase, amount in (("captured", "20.00"), ("declined", "20.02"), ("pending", "20.03"))
    }
    database_url = demo.servers.database_url
    with_a_case = _bought(stage, UNKNOWN_WORD)
    stage.until_phase(with_a_case, "captured")
    checkouts["captured"].append(with_a_case)
    bought = sum(map(len, checkouts.values()))
    stage.until(lambda: len(_processed(database_url)) >= bought, "webhooks")
    for name in WORKERS:
        demo.stop_process(name)
    checkouts["expired"] = [_expired(stage) for _ in range(EACH)]
    demo.stop_process(CLOCK)
    roads: dict[str, Callable[[], Checkout]] = {
        "authorized": lambda: _bought(stage, "20.19"),
        "in_doubt": lambda: _bought(stage, "20.05"),
        "submitting": lambda: _bought(stage, "20.00", prefer="respond-async"),
        "cancelled": lambda: _cancelled(running),
        "errored": lambda: _errored(stage, database_url),
        "none": lambda: stage.register("20.00"),
    }
    for phase, road in roads.items():
        checkouts[phase] = [road() for _ in range(EACH)]
    for phase, brought in checkouts.items():
        seen = {stage.phase(checkout) for checkout in brought}
        if seen != {phase}:
            raise Disagreement(f"{phase} was to be prepared, and {seen} is")
    return Scene(
        running=running,
        material=Material(
            secret=running.webhook_secret,
            genuine=tuple(Genuine(*row) for row in _processed(database_url)),
            sessions=tuple(_sessions(database_url)),
        ),
        phases=Counter({phase: len(brought) for phase, brought in checkouts.items()}),
        checkouts=checkouts,
    )


def _bought(stage: Stage, amount: str, *, prefer: str = "") -> Checkout:
    checkout = stage.register(amount)
    stage.patiently(lambda: stage.buy(checkout, prefer=prefer))
    return checkout


def _cancelled(running: Running) -> Checkout:
    """Cancel a pending purchase at the PSP, behind BPS's back."""
    checkout = _bought(running.stage, "20.03")
    requests.post(
        f"{running.demo.sandbox_url}/psp/v1/sessions/{checkout.token}/cancel",
        json={},
        headers={
            "Authorization": f"Bearer {running.psp_api_key}",
            "Idempotency-Key": f"cancel-{checkout.id}",
        },
        timeout=10,
    ).raise_for_status()
    running.stage.refresh(checkout)
    return checkout


def _expired(stage: Stage) -> Checkout:
    """Look when the PSP has given up, and before it finds that the issuer approved."""
    checkout = _bought(stage, "20.17")
    stage.until(lambda: stage.refresh(checkout)["purchase"]["phase"] == "expired", "expiry")
    return checkout


def _errored(stage: Stage, database_url: str) -> Checkout:
    checkout = _bought(stage, "20.00", prefer="respond-async")
    with psycopg.connect(database_url) as connection:
        connection.execute(MAKE_ERRORED, [checkout.id])
    return checkout


def _processed(database_url: str) -> list[tuple[str, bytes]]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT event_id, body FROM payments_webhookreceipt WHERE state = 'processed'"
            " ORDER BY created_at"
        )
        return [(event_id, bytes(body)) for event_id, body in rows]


def _sessions(database_url: str) -> list[tuple[str, str]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "SELECT psp_token, replace(id::text, '-', '') FROM payments_paymentsession ORDER BY id"
        ).fetchall()


def _agrees(stage: Stage, checkout: Checkout) -> bool:
    """Tell whether BPS holds a success exactly if the PSP charged, once."""
    with suppress(requests.RequestException):
        purchase = stage.session(checkout)["purchase"]
        successful = purchase is not None and purchase["status"] == "successful"
        return stage.charges(checkout) == int(successful)
    return False

"""One run from beginning to end: stand, load, faults, calm, evidence, verdict."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.campaign.case import Violation
from bench.campaign.evidence import Evidence, Row, collect
from bench.campaign.history import History
from bench.campaign.load import Load
from bench.campaign.nemesis import Done, Nemesis
from bench.campaign.oracle import judge
from bench.campaign.plan import BEYOND_KEYS
from bench.campaign.setup import Setup
from bench.campaign.shop import Shop
from bench.campaign.stand import Stand
from bench.campaign.watch import Convergence, Watch

Say = Callable[[str], None]


class Harm(Protocol):
    """Whatever does harm while the load runs; the load may end with it."""

    done: list[Done]
    ends_the_load: bool

    def start(self) -> None:
        """Begin."""

    def wait(self) -> None:
        """Return once no more harm is done, and what can be mended is."""


@dataclass(frozen=True)
class Outcome:
    """What a run showed."""

    setup: Setup
    done: list[Done]
    violations: list[Violation]
    convergence: Convergence
    samples: list[tuple[float, dict[str, int]]]
    figures: dict[str, int]
    deaths: dict[str, int]
    load_faults: list[str]

    @property
    def passed(self) -> bool:
        """Whether nothing was violated, everything ended in time, and the load did its part."""
        return not self.violations and self.convergence.held and not self.load_faults


def run(
    setup: Setup, folder: Path, say: Say, harm: Callable[[Stand], Harm] | None = None
) -> Outcome:
    """Run a setup in a folder of its own, with its plan of faults or what does harm instead.

    Leaves no process behind.
    """
    stand = Stand(setup, folder)
    history = History(_made(folder) / "history.jsonl")
    try:
        say("starting PostgreSQL, Valkey, the sandbox and BPS")
        stand.start()
        shop = Shop(stand.bps_url, stand.public_url, stand.api_key, history, stand.sandbox_url)
        load = Load(setup, shop)
        try:
            nemesis = harm(stand) if harm else Nemesis(stand, setup.plan)
            return _play(stand, nemesis, load, history, say)
        finally:
            load.stop()
    finally:
        stand.stop()
        history.close()


def _play(stand: Stand, nemesis: Harm, load: Load, history: History, say: Say) -> Outcome:
    setup = stand.setup
    watch = Watch(stand.database_url, stand.sandbox_database_url)
    say(f"{setup.seconds:.0f} s of load at {setup.rate:g} a second, {len(setup.plan)} faults")
    watch.start()
    nemesis.start()
    load.start()
    nemesis.wait()
    if nemesis.ends_the_load:
        load.send_no_more()
    load.wait_until_all_came()
    faults_ended_at = time.time()
    say("the faults have ended; waiting until everything else has")
    load.wait_until_all_left()
    watch.wait_until_done(setup.calm_seconds)
    watch.stop()
    say("asking everyone what they know")
    history.close()
    evidence = collect(
        bps_url=stand.bps_url,
        api_key=stand.api_key,
        sandbox_url=stand.sandbox_url,
        bps_database=stand.database_url,
        sandbox_database=stand.sandbox_database_url,
        history=history.path,
        keys_ran_out=any(fault.kind == BEYOND_KEYS for fault in setup.plan),
    )
    return Outcome(
        setup=setup,
        done=sorted(nemesis.done, key=lambda done: done.began),
        violations=judge(evidence),
        convergence=watch.convergence(faults_ended_at),
        samples=watch.samples,
        figures={
            "shoppers": load.sent,
            "of which never had their turn": load.turned_away,
            **_figures(evidence),
        },
        deaths=_deaths(stand),
        load_faults=load.faults,
    )


def _figures(evidence: Evidence) -> dict[str, int]:
    """Count what happened, for the reader to see that it was a lot."""
    asked = Counter(line["act"] for line in evidence.history if line["trouble"] != "gave_up")
    asked["gave_up"] = len(evidence.history) - asked.total()
    unanswered = sum(1 for line in evidence.history if line["trouble"] not in ("", "gave_up"))
    server = sum(1 for line in evidence.history if (line["status"] or 0) >= 500)  # noqa: PLR2004
    ours = sum(1 for line in evidence.history if _is_our_fault(line["said"]))
    statuses = Counter(
        session["purchase"]["status"] for session in evidence.sessions if session["purchase"]
    )
    return {
        "checkouts registered": len(evidence.sessions),
        "purchases successful": statuses["successful"],
        "purchases failed": statuses["failed"],
        "purchases not ended": statuses["started"],
        "captures asked for": len(evidence.captures),
        "checkouts let go": sum(_is_let_go(session) for session in evidence.sessions),
        "refunds asked for": len(evidence.refunds),
        "refunds in the PSP's books": sum(len(row["refunds"]) for row in evidence.books),
        "charges in the PSP's books": sum(len(row["charges"]) for row in evidence.books),
        "purchase requests that the PSP saw": sum(r["purchase_requests"] for r in evidence.books),
        "requests of the shop": asked.total() - asked["gave_up"],
        "of which Buy Now": asked["buy"],
        "of which not answered": unanswered,
        "of which answered 5xx": server,
        "of which a fault of BPS (500)": ours,
        "of which given up unanswered": asked["gave_up"],
        "webhooks delivered or tried": len(evidence.deliveries),
        "webhooks stored": len(evidence.receipts),
        "notifications received": len(evidence.notifications),
    }


def _is_let_go(session: Row) -> bool:
    by_hand = session["capture"] == "manual"
    return by_hand and (session["purchase"] or {}).get("phase") == "cancelled"


def _is_our_fault(said: dict[str, object]) -> bool:
    return str(said.get("type", "")).endswith(":internal-error")


def _deaths(stand: Stand) -> dict[str, int]:
    """Count how often each process was started again, and how many children were killed."""
    deaths = {}
    for name, process in stand.processes.items():
        deaths[name] = process.starts - 1
        if children := stand.children_killed(name):
            deaths[f"{name}: children"] = children
    return deaths


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder

"""A short campaign against real processes: kills, broken connections, and the oracle's verdict."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from bench.campaign.case import Violation
from bench.campaign.report import page
from bench.campaign.run import Outcome, run
from bench.campaign.setup import Setup
from tests.databases import name_in

ROOT = Path(__file__).resolve().parents[2]
FAULTS = {
    "kill_web_worker": 1,
    "kill_pool_child": 1,
    "kill_worker": 1,
    "kill_beat": 1,
    "restart_postgres": 1,
    "flush_valkey": 1,
    "half:psp": 1,
    "burst:charge_then_drop": 1,
}
SETUP = Setup(seed=11, seconds=9, rate=4, faults=FAULTS)


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    # Named as this run's database is, which no other run beside it uses.
    folder = ROOT / ".dev" / "test" / f"campaign-{name_in(os.environ['DATABASE_URL'])}"
    # The variables of the tests' own servers are not those of the campaign.
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"):
            patch.delenv(name, raising=False)
        return run(SETUP, folder, lambda _words: None)


def test_ends_without_a_violation(outcome: Outcome):
    assert outcome.violations == []
    assert outcome.load_faults == []
    assert outcome.convergence.slowest is not None  # how soon, the long campaigns say


def test_was_no_calm_day(outcome: Outcome):
    struck = [done for done in outcome.done if not done.struck.startswith("failed")]

    assert len(struck) >= len(FAULTS) - 1
    assert outcome.figures["shoppers"] == 36
    assert outcome.figures["purchases successful"] >= 15
    assert outcome.figures["captures asked for"] >= 1
    assert outcome.figures["refunds in the PSP's books"] >= 1
    assert outcome.figures["charges in the PSP's books"] >= 15
    assert sum(outcome.deaths.values()) >= 3


def test_is_told_by_a_report_that_needs_nothing_else(outcome: Outcome):
    shown = page(outcome)

    verdict = "passed" if outcome.passed else "failed"
    assert f"<span class='{verdict}'>{verdict}</span>" in shown
    assert "No violation." in shown
    assert shown.count("<svg") == 2
    for outside in ("http://", "https://", "<script", "<link", "url("):
        assert outside not in shown


def test_tells_of_violations_with_their_ids(outcome: Outcome):
    wrong = Violation("I1", "2 charges <for> one checkout", {"checkout": "c-13"})

    shown = page(dataclasses.replace(outcome, violations=[wrong]))

    assert "2 charges &lt;for&gt; one checkout" in shown
    assert "checkout c-13" in shown

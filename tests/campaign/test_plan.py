"""A plan of faults comes from its seed alone."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.campaign.plan import ALL, BY_NAME, CRASH_POINTS, as_lines, full_numbers, make_plan
from bench.campaign.setup import Setup
from payments.crash_points import CrashPoint
from sandbox.psp.scenarios import BY_NAME as SCENARIOS

ROOT = Path(__file__).resolve().parents[2]
TEN_MINUTES = 600.0


def test_is_the_same_for_the_same_seed_in_every_process():
    command = [sys.executable, "-m", "bench.campaign", "--plan-only", "--seed=7"]

    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert said == as_lines(Setup(seed=7, seconds=TEN_MINUTES, rate=1).plan)
    assert said != as_lines(Setup(seed=8, seconds=TEN_MINUTES, rate=1).plan)


def test_of_ten_minutes_has_what_was_promised():
    plan = make_plan(1, seconds=TEN_MINUTES, numbers=full_numbers(TEN_MINUTES))

    number = Counter(fault.kind for fault in plan)
    kills = sum(number[kind] for kind in number if kind.startswith("kill_"))
    assert len(number) == len(ALL) >= 20
    assert kills >= 60
    assert number["pause_web_worker"] + number["pause_pool_child"] == 10
    assert number["restart_postgres"] == 6
    assert sum(number[f"{act}_valkey"] for act in ("flush", "stop", "hang")) >= 5
    assert number["outage_beyond_key_window"] == 1


def test_ends_before_the_load_does():
    for fault in make_plan(3, seconds=TEN_MINUTES, numbers=full_numbers(TEN_MINUTES)):
        assert fault.at > 0
        assert fault.at + fault.seconds <= TEN_MINUTES - 5


def test_keeps_the_faults_of_a_kind_when_another_is_added():
    alone = make_plan(5, seconds=60, numbers={"kill_beat": 3})
    among = make_plan(5, seconds=60, numbers={"kill_beat": 3, "kill_worker": 2})

    assert [fault for fault in among if fault.kind == "kill_beat"] == alone


def test_of_a_short_run_leaves_out_the_long_outage():
    assert "outage_beyond_key_window" not in full_numbers(60)
    assert "kill_beat" in full_numbers(60)


def test_refuses_a_kind_that_there_is_not():
    with pytest.raises(ValueError, match="no such kind of fault: kill_everyone"):
        make_plan(1, seconds=10, numbers={"kill_everyone": 1})


def test_knows_every_crash_point_and_only_scenarios_that_there_are():
    bursts = {name.removeprefix("burst:") for name in BY_NAME if name.startswith("burst:")}

    # Reconciliation runs by night: tests/scenarios kills it.
    by_day = set(CrashPoint) - {CrashPoint.BEFORE_BATCH_COMMIT}
    assert set(CRASH_POINTS) == {str(point) for point in by_day}
    assert bursts <= set(SCENARIOS)

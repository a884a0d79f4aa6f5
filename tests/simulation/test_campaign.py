"""The simulation: the rules hold under faults, and a seed repeats exactly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import simulate
from bench.simulation.campaign import orders_for, play_block, run
from bench.simulation.faults import Fault
from bench.simulation.judging import INVARIANTS

ROOT = Path(__file__).parents[2]
ORDERS = 2000


def test_the_rules_hold_for_two_thousand_orders_under_faults_of_every_kind() -> None:
    tally = play_block(1, 0, ORDERS)

    assert tally.violations == []
    assert tally.faults.total() > 3 * tally.checkouts > 3 * ORDERS
    assert len(tally.faults) == len(Fault) == 44
    assert set(tally.checked) == set(INVARIANTS)


def test_a_seed_repeats_exactly_whatever_the_processes_and_hashes() -> None:
    here, _ = run(7, 1800, processes=1)

    elsewhere = subprocess.run(
        [sys.executable, "-m", "bench.simulate", "--seed=7", "--checkouts=1800", "--processes=2"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert here.checkouts >= 1800
    assert re.findall(r"digest ([0-9a-f]+)", elsewhere.stdout) == [f"{here.digest:032x}"]


def test_another_seed_is_another_history() -> None:
    assert play_block(1, 0, 20).digest != play_block(2, 0, 20).digest


@pytest.mark.parametrize(("checkouts", "orders"), [(1, 1), (2, 2), (12, 8), (13, 9), (1200, 800)])
def test_there_are_as_many_orders_as_it_takes(checkouts: int, orders: int) -> None:
    assert orders_for(checkouts) == orders


def test_one_order_is_told_as_a_story(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(["--seed", "1", "--only", "3"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(maxsplit=1)[1].startswith("The PSP protects by")
    assert "Nothing is left to happen." in lines[-2]
    assert re.fullmatch("digest [0-9a-f]{32}", lines[-1])


def test_of_shops_that_capture_by_hand_a_story_tells_what_was_reserved_and_became_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert simulate.main(["--seed", "1", "--only", "129"]) == 0

    told = capsys.readouterr().out
    assert "The shop captures by hand." in told
    assert "PSP: 19.99 is reserved on c1." in told
    assert "void x5 of p1 is stored: 19.99." in told


def test_bad_numbers_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        simulate.main(["--checkouts", "0"])

    assert "must be 1 or more" in capsys.readouterr().err

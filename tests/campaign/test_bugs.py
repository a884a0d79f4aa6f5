"""Every seeded bug still fits the source that it breaks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.campaign.bugs import ROOT, Bug, Edit, Misfit, all_bugs, caught_by, plant, run_for
from bench.campaign.plan import BY_NAME
from bench.campaign.setup import STORIES
from bench.campaign.shoppers import Shopper

BUGS = all_bugs()


def copied(bug: Bug, tree: Path) -> None:
    for edit in bug.edits:
        (tree / edit.file).parent.mkdir(parents=True, exist_ok=True)
        (tree / edit.file).write_text((ROOT / edit.file).read_text())


def test_are_twenty_or_more():
    assert len(BUGS) >= 20


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_fits_and_still_compiles(bug: Bug, tmp_path: Path):
    copied(bug, tmp_path)

    plant(bug, tmp_path)

    for edit in bug.edits:
        text = (tmp_path / edit.file).read_text()
        assert text != (ROOT / edit.file).read_text()
        compile(text, edit.file, "exec")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_has_a_run_of_known_faults_and_stories(bug: Bug):
    assert set(bug.setup.faults or {}) <= set(BY_NAME)
    assert bug.setup.plan is not None
    for story in (*bug.setup.stories, *STORIES):
        assert hasattr(Shopper, f"_{story}")


def test_that_does_not_fit_changes_nothing(tmp_path: Path):
    first = BUGS[0]
    copied(first, tmp_path)
    edits = (*first.edits, Edit(first.edits[0].file, "nothing reads so", ""))

    with pytest.raises(Misfit, match="has 0 times"):
        plant(Bug("misfit", "", "", edits, first.setup), tmp_path)

    file = first.edits[0].file
    assert (tmp_path / file).read_text() == (ROOT / file).read_text()


def test_counts_as_caught_only_by_a_verdict():
    assert caught_by([{"rule": "I1"}, {"rule": "I1"}, {"rule": "I5"}]) == "I1 (2), I5 (1)"
    assert caught_by([{"rule": "no verdict"}]) == ""


def test_whose_run_takes_too_long_is_let_stop_what_it_started(tmp_path: Path):
    script = """
import pathlib, signal, time
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    time.sleep(60)
except KeyboardInterrupt:
    pathlib.Path("tidied").touch()
"""
    with (tmp_path / "log").open("wb") as log:
        run_for(1, (sys.executable, "-c", script), cwd=tmp_path, log=log)

    assert (tmp_path / "tidied").exists()

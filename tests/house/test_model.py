"""The model of a checkout: its table shows what is expected, and where spin is, spin sees it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

MODEL = Path(__file__).resolve().parents[2] / "docs/model"
# Seconds, mostly the compiler's.
QUICK = ["never closed"]


@pytest.fixture(scope="module")
def run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("model_run", MODEL / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_shows_every_row_and_each_was_seen_as_expected(run: ModuleType) -> None:
    shown = re.findall(r"^\| (.+?) \| .* \| (\w+) \| (\w+) \| [\d,]+ \|", readme(), re.MULTILINE)

    assert shown == [(row.name, row.expected, row.expected) for row in run.rows()]


def test_every_guard_that_is_taken_away_is_one_of_the_model(run: ModuleType) -> None:
    sources = "\n".join(path.read_text() for path in MODEL.glob("*.pml"))

    for row in run.rows():
        for name in (*row.without, *row.world):
            assert re.search(rf"^#ifn?def {name}\b", sources, re.MULTILINE), name


@pytest.mark.parametrize("name", QUICK)
def test_spin_sees_what_is_expected(run: ModuleType, name: str, tmp_path: Path) -> None:
    [row] = [row for row in run.rows() if row.name == name]
    try:
        run.tools()
    except run.ToolMissing as missing:
        pytest.skip(str(missing))

    assert run.check(row, tmp_path).verdict == row.expected


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        ("\tinvalid end states\t+\nerrors: 0", "holds"),
        ("pan:1: assertion violated  !(unfinished) (at depth 9)\nerrors: 1", "unfinished"),
        ("pan:1: invalid end state (at depth 9)\nerrors: 1", "dead end"),
        ("pan:1: non-progress cycle (at depth 9)\nerrors: 1", "goes on for ever"),
        ("error: max search depth too small\nerrors: 0", "too deep"),
        ("Warning: Search not completed\nerrors: 0", "cut short"),
        ("", "nothing"),
    ],
)
def test_a_search_proves_only_what_it_finished(run: ModuleType, report: str, verdict: str) -> None:
    assert run._verdict(report) == verdict  # noqa: SLF001 - what it says is what the table says


def readme() -> str:
    return (MODEL / "README.md").read_text()

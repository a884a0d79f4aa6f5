"""The mutation testing: what it changes, what it counts as caught, and what stops it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

import pytest

from bench.mutation.mutants import mutants_of
from bench.mutation.trials import RunFault, Verdict, verdict_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "tests/house/mutation_example"
GOOD = f"{EXAMPLE}/test_discount.py"
NONE = f"{EXAMPLE}/test_discount.py -k nothing"
FAILING = f"{EXAMPLE}/failing.py"
TRY_ALL = """
import json, sys
from bench.mutation.scope import Part
from bench.mutation.trials import RunFault, try_all
module, *all_tests = sys.argv[1:]
said = {}
for tests in all_tests:
    try:
        tried = try_all(Part(module, (tests,), warm=()))
        said[tests] = [f"{verdict.name} {mutant}" for mutant, verdict in tried.items()]
    except RunFault as fault:
        said[tests] = [f"RunFault: {fault}"]
print(json.dumps(said))
"""

# A source, and one change of it.
CHANGED = [
    ("a < b", "a < b  ->  a <= b"),
    ("a and b", "a and b  ->  a or b"),
    ("not a", "not a  ->  a"),
    ("-a", "-a  ->  a"),
    ("10**a", "10 ** a  ->  10 * a"),
    ("min(a)", "min  ->  max"),
    ("a = 1", "1  ->  2"),
    ("a = 0.5", "0.5  ->  1.5"),
    ("a = b'k'", "b'k'  ->  b'Xk'"),
    ("a = 'k'", "'k'  ->  'Xk'"),
    ("a = b", "b  ->  None"),
    ("a: int = b", "b  ->  None"),
    ("a = None", "None  ->  'X'"),
    ("a.b = c", "a.b = c  ->  pass"),
    ("a(b=c)", "b=c  ->  b=None"),
    ("a(b=None)", "b=None  ->  (left out)"),
    ("def a(b=c): pass", "c  ->  None"),
    ("def a(*, b=None): pass", "None  ->  'X'"),
    ("@a(b=True)\ndef c(): pass", "b=True  ->  b=False"),
    ("a = [b for b in c if b]", "[b for b in c if b]  ->  [b for b in c]"),
    ("a = {b: c, **d}", "{b: c, **d}  ->  {b: c}"),
    ("a = (b, c)", "(b, c)  ->  (b,)"),
    ("with a(): b()", "with a(): b()  ->  if True: b()"),
    ("if a: b()", "if a: b()  ->  if not a: b()"),
    ("raise a", "raise a  ->  pass"),
    ("def a(): return b", "return b  ->  return None"),
]

Said: TypeAlias = dict[str, list[str]]


def changes(source: str) -> list[str]:
    """Return what the mutants of a source put in which place."""
    return [str(mutant).partition(": ")[2] for mutant in mutants_of(source)]


@pytest.fixture(scope="module")
def said() -> Said:
    """Return what came of the example's mutants, by the tests that tried them.

    A process of its own tries them: none may have imported what it is to mutate.
    """
    done = subprocess.run(
        [sys.executable, "-c", TRY_ALL, f"{EXAMPLE}/discount.py", GOOD, NONE, FAILING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    read: Said = json.loads(done.stdout)
    return read


def test_it_makes_each_of_these_changes() -> None:
    missed = [(source, change) for source, change in CHANGED if change not in changes(source)]

    assert missed == []


def test_it_leaves_alone_what_is_no_rule() -> None:
    assert changes('"""Why."""\nimport a\nfrom b import c\ndef d(e: "f") -> "g": ...') == []
    assert changes("@a\nclass B: ...") == []


def test_it_makes_each_mutant_once_and_with_its_line() -> None:
    made = [(mutant.line, mutant.source) for mutant in mutants_of("\na = {1: 2}")]
    assert made == [(2, "a = {}"), (2, "a = None"), (2, "a = {2: 2}"), (2, "a = {1: 3}")]
    assert len(mutants_of("a = not not b")) == 2


def test_it_counts_as_caught_what_a_test_failed_or_could_not_be_collected_for() -> None:
    assert verdict_of(0) is Verdict.SURVIVED
    assert verdict_of(1) is Verdict.KILLED
    assert verdict_of(2) is Verdict.KILLED
    assert verdict_of(-signal.SIGXCPU) is Verdict.ENDLESS
    assert verdict_of(-signal.SIGALRM) is Verdict.ENDLESS


@pytest.mark.parametrize("status", [3, 4, 5, -signal.SIGSEGV, -signal.SIGKILL])
def test_it_stops_where_a_run_says_nothing_of_the_mutant(status: int) -> None:
    with pytest.raises(RunFault, match=f"status {status}"):
        verdict_of(status)


def test_it_finds_what_no_test_asks_and_nothing_else(said: Said) -> None:
    assert [line for line in said[GOOD] if not line.startswith("KILLED")] == [
        "SURVIVED 23: 0  ->  1"
    ]
    for caught in (
        "8: frozenset({90})  ->  None",
        "11: frozen=True  ->  frozen=False",
        "16: '%'  ->  'X%'",
        "21: return f'{self.percent} {self.unit}'  ->  return None",
        "27: max  ->  min",
    ):
        assert f"KILLED {caught}" in said[GOOD]


def test_it_stops_where_there_are_no_tests(said: Said) -> None:
    assert said[NONE] == ["RunFault: a trial ended with status 5"]


def test_it_stops_where_the_tests_fail_without_any_change(said: Said) -> None:
    [stopped] = said[FAILING]

    assert stopped.startswith("RunFault: ")
    assert "discount.py fails without any change: " in stopped
    assert "failing.py::test_is_generous" in stopped

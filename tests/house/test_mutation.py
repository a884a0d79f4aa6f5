"""The mutation testing: what it changes, what it counts as caught, and what stops it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.mutation.mutants import mutants_of
from bench.mutation.trials import RunFault, Verdict, verdict_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "tests/house/mutation_example"
TRY_ALL = """
import sys
from bench.mutation.scope import Part
from bench.mutation.trials import try_all
for mutant, verdict in try_all(Part(sys.argv[1], tuple(sys.argv[2:]), warm=())).items():
    print(verdict.name, mutant)
"""


def changes(source: str) -> list[str]:
    """Return what the mutants of a source put in which place."""
    return [str(mutant).partition(": ")[2] for mutant in mutants_of(source)]


def try_all(*tests: str) -> subprocess.CompletedProcess[str]:
    """Try the mutants of the example by some tests, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", TRY_ALL, f"{EXAMPLE}/discount.py", *tests],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("source", "changed"),
    [
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
    ],
)
def test_it_changes(source: str, changed: str) -> None:
    assert changed in changes(source)


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


def test_it_finds_what_no_test_asks_and_nothing_else() -> None:
    done = try_all(f"{EXAMPLE}/test_discount.py")

    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert [line for line in said if not line.startswith("KILLED")] == ["SURVIVED 23: 0  ->  1"]
    for caught in (
        "8: frozenset({90})  ->  None",
        "11: frozen=True  ->  frozen=False",
        "16: '%'  ->  'X%'",
        "21: return f'{self.percent} {self.unit}'  ->  return None",
        "27: max  ->  min",
    ):
        assert f"KILLED {caught}" in said


def test_it_stops_where_there_are_no_tests() -> None:
    done = try_all(f"{EXAMPLE}/test_discount.py -k nothing")

    assert done.returncode == 1
    assert "RunFault: a trial ended with status 5" in done.stderr


def test_it_stops_where_the_tests_fail_without_any_change() -> None:
    done = try_all("tests/house/mutation_example/failing.py")

    assert done.returncode == 1
    assert "discount.py fails without any change: " in done.stderr
    assert "failing.py::test_is_generous" in done.stderr

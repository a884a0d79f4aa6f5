"""Checks the model of one checkout with spin, row by row of expected.toml.

    python docs/model/run.py                    # all rows, as README.md's table
    python docs/model/run.py --only complete    # one row
    python docs/model/run.py --only "a timeout is a failure" --story

Exit status: 0 if every row shows what is expected, 1 if one differs, 2 without spin or a compiler.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
MODEL: Final = HERE / "checkout.pml"
EXPECTED: Final = HERE / "expected.toml"

HOLDS: Final = "holds"
COMPILERS: Final = ("cc", "gcc", "clang")
MEMORY_LIMIT_MB: Final = 3900
# Runs are about 250 steps long; deeper than this would mean that one does not end.
DEEPEST: Final = 100_000
HEADER: Final = (
    "| row | without | in a world of | expected | seen | states | CPU seconds |",
    "|---|---|---|---|---|---|---|",
)


class ToolMissing(Exception):
    """Spin or a C compiler is not installed; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what differs from the complete model, and what must come of it."""

    name: str
    expected: str
    without: tuple[str, ...] = ()
    world: tuple[str, ...] = ()
    bounds: dict[str, int] = field(default_factory=dict)
    watch: str = ""
    check: str = "ends"

    @property
    def definitions(self) -> list[str]:
        """Return the options with which spin reads the model."""
        defined = [f"-D{name}" for name in (*self.without, *self.world)]
        defined += [f"-D{name}={value}" for name, value in self.bounds.items()]
        watched = self.watch or (self.expected if self.expected != HOLDS else "")
        return [*defined, f"-DONLY={watched.upper()}"] if watched else defined

    @property
    def setting(self) -> str:
        """Return the world and its bounds, as the table shows them."""
        bounds = [f"{value} {name}" for name, value in self.bounds.items()]
        return ", ".join(f"`{word}`" for word in (*self.world, *bounds))


@dataclass(frozen=True, slots=True)
class Seen:
    """What spin saw of a row: `holds`, the property violated, or why the search was no proof."""

    verdict: str
    states: int
    cpu_seconds: float


def rows() -> list[Row]:
    """Return the rows of expected.toml, in its order."""
    listed = tomllib.loads(EXPECTED.read_text())["row"]
    return [
        Row(
            **{
                key: tuple(value) if isinstance(value, list) else value
                for key, value in row.items()
            }
        )
        for row in listed
    ]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def tools() -> tuple[str, str]:
    """Return the paths of spin and of a C compiler. Raises ToolMissing."""
    spin = shutil.which("spin")
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if spin is None:
        raise ToolMissing("spin is not installed. Debian and Ubuntu: apt install spin")
    if compiler is None:
        raise ToolMissing("no C compiler is installed. Debian and Ubuntu: apt install gcc")
    return spin, compiler


def check(row: Row, folder: Path) -> Seen:
    """Search all states of a row exhaustively. What spin makes is left in `folder`.

    Raises ToolMissing, and CalledProcessError where the model can't be read or compiled.
    """
    spin, compiler = tools()
    _run([spin, "-a", *row.definitions, str(MODEL)], folder)
    cycles = row.check == "cycles"
    search = "-DNP" if cycles else "-DSAFETY"
    limit = f"-DMEMLIM={MEMORY_LIMIT_MB}"
    _run([compiler, "-O2", "-w", search, limit, "-o", "pan", "pan.c"], folder)
    before = _cpu_seconds()
    options = [f"-m{DEEPEST}", "-n", *(["-l"] if cycles else [])]
    report = _run([str(folder / "pan"), *options], folder, may_fail=True)
    [states] = re.findall(r"([0-9]+) states, stored", report)
    return Seen(_verdict(report), int(states), _cpu_seconds() - before)


def story(row: Row, folder: Path) -> str:
    """Return, line by line, a shortest run that breaks a row. Needs `check` first."""
    spin, compiler = tools()
    shortest = ["-DSAFETY", "-DREACH", f"-DMEMLIM={MEMORY_LIMIT_MB}"]
    _run([compiler, "-O2", "-w", *shortest, "-o", "pan", "pan.c"], folder)
    _run([str(folder / "pan"), f"-m{DEEPEST}", "-n", "-i"], folder, may_fail=True)
    replay = [spin, "-t", "-T", "-k", f"{MODEL.name}.trail", *row.definitions, str(MODEL)]
    lines = _run(replay, folder, may_fail=True).splitlines()
    end = next((place for place, line in enumerate(lines) if line.startswith("spin:")), len(lines))
    return "\n".join(lines[:end])


def _verdict(report: str) -> str:
    """Say what a search found; a search that was cut short proves nothing."""
    for sign, meaning in (
        ("max search depth too small", "too deep"),
        ("Search not completed", "cut short"),
    ):
        if sign in report and "errors: 0" in report:
            return meaning
    violated = re.search(r"^pan:1: assertion violated +!\((\w+)\)", report, re.MULTILINE)
    if violated:
        return violated[1]
    for sign, meaning in (
        ("non-progress cycle", "goes on for ever"),
        ("invalid end state", "dead end"),
        ("assertion violated", "another assertion"),
    ):
        if f"pan:1: {sign}" in report:
            return meaning
    return HOLDS if "errors: 0" in report else "nothing"


def _run(command: list[str], folder: Path, *, may_fail: bool = False) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and not may_fail:
        sys.stderr.write(done.stdout + done.stderr)
        done.check_returncode()
    return done.stdout


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _line(row: Row, seen: Seen) -> str:
    without = ", ".join(f"`{name}`" for name in row.without)
    cells = (row.name, without, row.setting, row.expected, seen.verdict)
    return f"| {' | '.join(cells)} | {seen.states:,} | {seen.cpu_seconds:.1f} |"


def main() -> int:
    """Run the rows that are asked for and print the table. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="ROW", help="run the row of this name")
    parser.add_argument("--story", action="store_true", help="tell what breaks the row")
    asked = parser.parse_args()
    chosen = [row for row in rows() if asked.only in (None, row.name)]
    if not chosen:
        parser.error(f"expected.toml has no row {asked.only!r}")
    differing = []
    print(*HEADER, sep="\n", flush=True)
    for row in chosen:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            try:
                seen = check(row, folder)
            except ToolMissing as missing:
                sys.stderr.write(f"{missing}\n")
                return 2
            print(_line(row, seen), flush=True)
            if seen.verdict != row.expected:
                differing.append(row.name)
            if asked.story and seen.verdict != HOLDS:
                print(f"\n{story(row, folder)}\n", flush=True)
    if differing:
        print(f"\nNot as expected: {', '.join(differing)}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())

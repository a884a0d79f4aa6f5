"""Seeded bugs: patches of a copy of the source, each with the run in which the oracle must see it.

A bug is a TOML file in `bugs/`: `what` is wrong, `switched_off` (other guards that the bug also
removes, since each alone would hide it), `[[edit]]` (file, search, replace), `sql` for the
database, and `[run]`, the setup of its run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from bench.campaign.setup import Setup

ROOT: Final = Path(__file__).resolve().parents[2]
BUGS: Final = Path(__file__).with_name("bugs")
LEFT_OUT: Final = shutil.ignore_patterns(".*", "__pycache__", "docs", "tests", "staticfiles")
RUN_SECONDS: Final = 480.0  # the most patient shoppers wait for 300 of them
# Removes triggers by the name that the models give them; the migration appends a hash.
DROP_TRIGGERS: Final = """
    DO $$ DECLARE one record; BEGIN
        FOR one IN SELECT tgname, tgrelid::regclass AS tab FROM pg_trigger
                    WHERE tgname LIKE 'pgtrigger_{name}%' LOOP
            EXECUTE format('DROP TRIGGER %I ON %s', one.tgname, one.tab);
        END LOOP;
    END $$
"""
# One step, so that a run shows whether the bug is seen and not how long it takes to heal.
DEFAULT_RUN: Final = Setup(seed=1, seconds=15, rate=4, faults={}, calm_seconds=15)


class Misfit(Exception):
    """A patch does not fit the source any more."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement; `search` stands exactly once in the file."""

    file: str
    search: str
    replace: str


@dataclass(frozen=True, slots=True)
class Bug:
    """One seeded bug."""

    name: str
    what: str
    switched_off: str
    edits: tuple[Edit, ...]
    setup: Setup


# What the others are measured by: where nothing is wrong, the oracle has nothing to say.
NO_BUG: Final = Bug("no bug", "nothing is wrong", "nothing", (), DEFAULT_RUN)


def all_bugs() -> list[Bug]:
    """Return every bug, in the order of their names."""
    return [read_bug(path) for path in sorted(BUGS.glob("*.toml"))]


def read_bug(path: Path) -> Bug:
    """Return the bug of a file."""
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    dropped = [DROP_TRIGGERS.format(name=name) for name in told.get("drop_triggers", [])]
    run: dict[str, Any] = {**told.get("run", {}), "sql": (*told.get("sql", []), *dropped)}
    return Bug(
        name=path.stem,
        what=told["what"],
        switched_off=told.get("switched_off", "nothing"),
        edits=tuple(Edit(**edit) for edit in told["edit"]),
        setup=replace(DEFAULT_RUN, **run),
    )


def plant(bug: Bug, tree: Path) -> None:
    """Change the source in `tree`. Raises Misfit, having changed nothing, if it doesn't fit."""
    changed: dict[Path, str] = {}
    for edit in bug.edits:
        path = tree / edit.file
        text = changed.get(path) or path.read_text(encoding="utf-8")
        if text.count(edit.search) != 1:
            found = text.count(edit.search)
            raise Misfit(f"{bug.name}: {edit.file} has {found} times:\n{edit.search}")
        changed[path] = text.replace(edit.search, edit.replace)
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8")


def copy_source(tree: Path) -> None:
    """Copy the source to where it may be broken."""
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT)


def hunt(bug: Bug, folder: Path) -> list[dict[str, Any]]:
    """Run the campaign on a copy with the bug; return the oracle's violations."""
    tree, verdict = folder / "tree", folder / "verdict.json"
    copy_source(tree)
    plant(bug, tree)
    verdict.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "setup.json").write_text(json.dumps(asdict(bug.setup)))
    with (folder / "run.log").open("ab") as log:
        log.write(f"\n== {bug.name}\n".encode())
        log.flush()
        command = (
            *(sys.executable, "-m", "bench.campaign", f"--folder={folder / 'stand'}"),
            *(f"--setup={folder / 'setup.json'}", f"--verdict={verdict}"),
        )
        run_for(RUN_SECONDS, command, cwd=tree, log=log)
    if not verdict.exists():
        return [{"rule": "no verdict", "says": f"see {folder / 'run.log'}", "ids": {}}]
    violations: list[dict[str, Any]] = json.loads(verdict.read_text())
    return violations


def run_for(seconds: float, command: Sequence[str], *, cwd: Path, log: IO[bytes]) -> None:
    """Run a command; ask it to stop when the time is up, and wait until it has.

    It is not killed, or whatever it has started would go on.
    """
    with subprocess.Popen(command, cwd=cwd, stdout=log, stderr=log) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.terminate()


def caught_by(violations: Iterable[Mapping[str, Any]]) -> str:
    """Say which rules saw the bug and how often; nothing if none did."""
    seen = Counter(str(one["rule"]) for one in violations if one["rule"] != "no verdict")
    return ", ".join(f"{rule} ({number})" for rule, number in sorted(seen.items()))


def setup_from(told: Mapping[str, Any]) -> Setup:
    """Return the setup that a parent wrote as JSON."""
    return Setup(**{**told, "sql": tuple(told["sql"])})

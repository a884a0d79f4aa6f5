"""What bin/test runs when it is given no arguments: every check of this repository.

Four lanes share the machine. The tests of whole systems start processes and wait for them. Most
others need no process but their own, and what they take of our code is measured: of pages and
interfaces in one lane, with the tests of this house behind them, and of all else in another. Last,
the checks that read code. All run even when one fails, so that one start names everything there is
to mend.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from config.chromium import provide_chromium
from config.covered import MEASURED
from config.devserver import NoServers, ensure_servers
from config.stopping import Stopped, stop_requests

Checks = Mapping[str, tuple[str, ...]]

PYTHON = sys.executable
SYSTEMS = tuple(f"tests/{folder}" for folder in ("campaign", "e2e", "sandbox", "scenarios"))
PAGES = tuple(
    f"tests/{folder}" for folder in ("api", "database", "hosted", "midoffice", "services")
)
HOUSE = "tests/house"
MEASURABLE = find_spec("slipcover") is not None
MEASURE = (
    PYTHON,
    # The branches of the tests' own files it cannot measure, nor is it asked to.
    "-Wignore:Unable to activate pytest branch coverage",
    *("-m", "slipcover", "--out"),
)
BY_PAGES, BY_RULES = ".coverage.pages.json", ".coverage.rules.json"
# One process, where two or more would each collect what all of them run.
ALONE = ("-m", "pytest", "--numprocesses=0")


def _measured(result: str, *tests: str) -> tuple[str, ...]:
    """Return what runs tests in one process and, where it can, measures what they take."""
    command = (*ALONE, *tests)
    return (*MEASURE, result, *command) if MEASURABLE else (PYTHON, *command)


# None gives way to another: what is to hold within seconds needs its share of the machine.
OF_SYSTEMS: Checks = {
    "tests of systems": (PYTHON, "-m", "pytest", *SYSTEMS),
}
OF_PAGES: Checks = {
    "tests of pages and interfaces": _measured(BY_PAGES, *PAGES),
    "tests of the house": (PYTHON, *ALONE, HOUSE),
}
OF_RULES: Checks = {
    "tests of rules and PSPs": _measured(
        BY_RULES, "tests", *(f"--ignore={folder}" for folder in (*SYSTEMS, *PAGES, HOUSE))
    ),
}
OF_CODE: Checks = {
    "style": ("ruff", "check"),
    "format": ("ruff", "format", "--check"),
    "types": ("mypy",),
    "types of the sandbox": (
        "mypy",
        "--config-file=sandbox/mypy.ini",
        "--cache-dir=.mypy_cache/sandbox",  # the other settings would empty the first cache
    ),
}
OF_MEASURE: Checks = {
    "coverage": (*MEASURE, MEASURED, "--fail-under", "92", "--merge", BY_PAGES, BY_RULES),
    "branches": (PYTHON, "-m", "config.covered"),
}
STOP_SECONDS = 20
LOOK_AGAIN_SECONDS = 0.05


def main() -> int:
    """Run every check and return 0 if all of them passed, else 1."""
    stopping = stop_requests()
    try:
        servers = ensure_servers("test")  # held here, so that the checks share one start of them
    except NoServers as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    try:
        provide_chromium()
        # On servers that were given, two runs might use the same databases.
        given = os.environ.keys() & {"DATABASE_URL", "REDIS_URL"}
        in_turn = {**OF_SYSTEMS, **OF_PAGES, **OF_RULES} if given else OF_SYSTEMS
        with ThreadPoolExecutor(3) as beside:
            lanes = [
                beside.submit(_failing_beside, lane, stopping)
                for lane in (OF_PAGES, OF_RULES, OF_CODE)
                if lane.keys().isdisjoint(in_turn)
            ]
            failed = _failing(in_turn, stopping)
            for lane in lanes:
                said, failing = lane.result()
                sys.stdout.write(said)
                failed += failing
        if MEASURABLE:
            failed += _failing(OF_MEASURE, stopping)
        else:
            sys.stdout.write("\nNot measured: slipcover knows no Python so new.\n")
    except Stopped:
        failed = ["stopped"]
    finally:
        servers.stop()
    sys.stdout.write(f"\nFailed: {', '.join(failed)}\n" if failed else "\nEverything passed.\n")
    return 1 if failed else 0


def _failing_beside(checks: Checks, stopping: threading.Event) -> tuple[str, list[str]]:
    """Run a lane beside another; return what it said, and the names of what failed.

    Of what passed its last line is enough, or nobody would find the failure of another lane.
    """
    said, failing = [], []
    for name, check in checks.items():
        with tempfile.TemporaryFile("w+") as output:
            if not _passes(name, check, stopping, output):
                failing.append(name)
            output.seek(0)
            lines = output.readlines()
        said += lines if name in failing else [*lines[:2], *lines[-2:]]
    return "".join(said), failing


def _failing(checks: Checks, stopping: threading.Event) -> list[str]:
    """Run checks where everybody sees what they say; return the names of those that failed."""
    return [
        name for name, check in checks.items() if not _passes(name, check, stopping, sys.stdout)
    ]


def _passes(
    name: str, command: tuple[str, ...], stopping: threading.Event, output: IO[str]
) -> bool:
    output.write(f"\n== {name}: {' '.join(command).replace(PYTHON, 'python')}\n")
    output.flush()
    started = time.monotonic()
    passed = _run(command, stopping, output) == 0
    seconds = time.monotonic() - started
    output.write(f"-- {name} {'passed' if passed else 'FAILED'} after {seconds:.0f} s\n")
    output.flush()
    return passed


def _run(command: tuple[str, ...], stopping: threading.Event, output: IO[str]) -> int:
    """Return the command's status; raise `Stopped` after stopping it if we are asked to."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
        "PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}",
    }
    process = subprocess.Popen(
        command, env=environment, process_group=0, stdout=output, stderr=subprocess.STDOUT
    )
    while process.poll() is None:
        if stopping.wait(LOOK_AGAIN_SECONDS):
            _interrupt(process)
            raise Stopped
    return process.returncode


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    # Unlike a termination, an interrupt lets pytest stop the processes that its tests started.
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())

"""A supervised process is kept running, speaks through us, and leaves nothing behind."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from config.demo.supervision import SupervisedProcess
from tests.patience import waited

SAY_PID_AND_WAIT = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
IGNORE_TERMINATION = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
WITH_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


class Lines(list[str]):
    """What a process has reported."""

    def report(self, _name: str, line: str) -> None:
        self.append(line)

    def wait_for(self, number: int) -> None:
        waited(lambda: len(self) >= number)


Start = Callable[[str], SupervisedProcess]


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def start(lines: Lines) -> Iterator[Start]:
    started: list[SupervisedProcess] = []

    def start(program: str) -> SupervisedProcess:
        command = [sys.executable, "-c", program]
        started.append(SupervisedProcess("program", command, os.environ, lines.report))
        return started[-1]

    yield start
    for process in started:
        process.stop()


def lives(pid: int) -> bool:
    # A killed orphan stays a zombie until the machine's first process gets round to it.
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_reports_its_lines(start: Start, lines: Lines):
    start("import sys; print('out', flush=True); print('err', file=sys.stderr)")

    lines.wait_for(2)

    assert lines[:2] == ["out", "err"]


def test_is_started_again_when_it_is_killed(start: Start, lines: Lines):
    process = start(SAY_PID_AND_WAIT)
    lines.wait_for(1)

    process.kill()
    lines.wait_for(3)

    assert lines[1] == "ended with status -9; starting again"
    assert lines[2] == str(process.pid) != lines[0]


def test_takes_its_children_along_when_it_is_killed(start: Start, lines: Lines):
    process = start(WITH_CHILD)
    lines.wait_for(1)
    child = int(lines[0])
    assert lives(child)

    os.kill(process.pid, 9)

    waited(lambda: not lives(child))


def test_stays_away_once_it_was_stopped(start: Start, lines: Lines):
    process = start(SAY_PID_AND_WAIT)
    lines.wait_for(1)

    process.stop()

    assert lines == [str(process.pid)]
    assert not lives(process.pid)


def test_is_killed_when_it_does_not_heed(
    start: Start, lines: Lines, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("config.demo.supervision.STOP_SECONDS", 0.1)
    process = start(IGNORE_TERMINATION)
    lines.wait_for(1)

    process.stop()

    assert not lives(process.pid)

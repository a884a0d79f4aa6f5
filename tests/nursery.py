"""Starts processes at a tenth of the price, forked from one that has imported everything.

    with nursery(environment, OF_BPS) as processes:
        pid = processes.start("from payments...")
        assert processes.end_of(pid) == -SIGKILL

Each runs a script as `python -c` would, in a process group of its own.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Final

from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[1]
# What a worker of BPS or a command would import before its work, and what serves the sandbox.
OF_BPS: Final = ("config.wsgi", "config.celery", "celery.bin.celery", "celery.apps.worker")
OF_SANDBOX: Final = (
    "sandbox.wsgi",
    "sandbox.urls",
    "sandbox.psp.clockwork",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
)
READY = "ready"


class Nursery:
    """The process that others are forked from, seen from the test."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders = orders
        self._answers = answers

    def start(self, script: str) -> int:
        """Start a process that runs a script; return its pid, which is its group's too."""
        return self._order({"script": script})

    def end_of(self, pid: int) -> int:
        """Wait until a process has ended; return its exit code as `subprocess` would.

        One that goes on for longer than tests wait is aborted.
        """
        return self._order({"pid": pid})

    def kill(self, pid: int) -> None:
        """End a process, and all that it has started, with SIGKILL."""
        _kill_group(pid)

    def _order(self, order: Mapping[str, object]) -> int:
        self._orders.write(f"{json.dumps(order)}\n")
        self._orders.flush()
        return int(self._answers.readline())


@contextmanager
def nursery(
    environment: Mapping[str, str], modules: tuple[str, ...], *, log: IO[bytes] | None = None
) -> Iterator[Nursery]:
    """Return a nursery whose processes have an environment and modules, and end with the block.

    What they say goes to the log, or where ours does.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "tests.nursery", *modules],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        process_group=0,  # it outlives Ctrl-C and its test, and sees to what it has started
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline().strip() == READY
        yield Nursery(process.stdin, process.stdout)
        process.stdin.close()  # nothing more is ordered


def dying(script: str, *, at: str, passing: int = 1) -> str:
    """Return a script of BPS that ends by SIGKILL at its n-th passing of a crash point."""
    return f"from django.conf import settings\nsettings.BPS_CRASH_AT = '{at}:{passing}'\n{script}"


def _run(script: str) -> None:
    """Be a process of its own from here on."""
    os.setpgid(0, 0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what it says is no answer to an order
    exec(compile(script, "<script>", "exec"), {"__name__": "__main__"})  # noqa: S102 - the tests' own


def _end_of(pid: int) -> int:
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(pid, signal.SIGABRT))
    signal.alarm(PATIENCE_SECONDS)
    _, status = os.waitpid(pid, 0)
    signal.alarm(0)
    return os.waitstatus_to_exitcode(status)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _answer(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _take_orders() -> None:
    started: list[int] = []
    for line in sys.stdin:
        order = json.loads(line)
        if "pid" in order:
            _answer(_end_of(order["pid"]))
            continue
        if (pid := os.fork()) == 0:
            try:
                _run(**order)
            except BaseException:  # noqa: BLE001 - whatever it is, the child goes no further
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        # As the child does: whoever is first, the group is there when the test hears of it.
        os.setpgid(pid, pid)
        started.append(pid)
        _answer(pid)
    for pid in started:  # and what a killed one has left behind
        _kill_group(pid)


if __name__ == "__main__":
    for module in sys.argv[1:]:
        import_module(module)
    gc.freeze()
    _answer(READY)
    _take_orders()

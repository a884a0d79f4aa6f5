"""Tries mutants: each in a child of a pytest that is about to collect, whose tests must fail."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from enum import Enum, auto
from typing import Final

import pytest
from _pytest.main import pytest_cmdline_main as run_tests

from bench.mutation.children import WAIT_SECONDS, Ended, in_child
from bench.mutation.loading import Mutated
from bench.mutation.mutants import Mutant, mutants_of
from bench.mutation.scope import ROOT, Part

# Of the processor, in shares of what the shipped source needs: a mutant must not look endless
# because the machine is busy. The clock ends only what waits for ever.
CPU_SECONDS: Final = 10
CPU_SHARE: Final = 5
WITHOUT: Final = ("randomly", "xdist", "cacheprovider", "pytest_cov", "playwright")
OPTIONS: Final = (
    "-x",
    "-s",
    "--tb=no",
    "-pbench.mutation.profile",
    *(f"-pno:{name}" for name in WITHOUT),
)
PURE: Final = ("-c", os.devnull, f"--rootdir={ROOT}", "-pno:django")
WITH_DATABASE: Final = ("-o", "addopts=", "--ds=config.settings_test", "--reuse-db")


class RunFault(Exception):
    """A trial told nothing about its mutant: the run itself is at fault."""


class Verdict(Enum):
    """What came of a trial."""

    KILLED = auto()
    SURVIVED = auto()
    ENDLESS = auto()  # its tests neither passed nor failed, and so it was noticed


def verdict_of(status: int) -> Verdict:
    """Tell what a child's exit status means; raise RunFault where it says nothing of the mutant.

    pytest ends with 1 where a test failed and with 2 where tests could not be collected. A fault
    of its own, a wrong call and a run without tests (3, 4, 5) are no test's merit, nor is a crash.
    """
    if status == pytest.ExitCode.OK:
        return Verdict.SURVIVED
    if status in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}:
        return Verdict.KILLED
    if status in {-signal.SIGXCPU, -signal.SIGALRM}:
        return Verdict.ENDLESS
    raise RunFault(f"a trial ended with status {status}")


def try_all(part: Part) -> dict[Mutant, Verdict]:
    """Return what came of every mutant of a part; what some of its tests miss, the next ones try.

    Raises RunFault, also where the tests fail on the source as shipped, before all mutants or
    after them.
    """
    verdicts = dict.fromkeys(mutants_of(part.source), Verdict.SURVIVED)
    for tests in part.tests:
        alive = [one for one, verdict in verdicts.items() if verdict is Verdict.SURVIVED]
        if alive:
            verdicts |= _tried(part, tests, alive)
    return verdicts


def _tried(part: Part, tests: str, mutants: list[Mutant]) -> dict[Mutant, Verdict]:
    if not part.needs_database:
        os.environ["DJANGO_SETTINGS_MODULE"] = ""  # no rule needs settings: they load every client
    trials = _Trials(part, mutants)
    kind = WITH_DATABASE if part.needs_database else PURE
    status = pytest.main([*kind, *OPTIONS, *tests.split()], plugins=[trials])
    if not trials.are_done:
        raise RunFault(f"the trials of {part.path} by {tests} ended with status {status}")
    return trials.verdicts


class _Trials:
    """A pytest plugin: children of a pytest that is set up run the tests, one for each mutant."""

    def __init__(self, part: Part, mutants: list[Mutant]) -> None:
        self.verdicts: dict[Mutant, Verdict] = {}
        self.are_done = False
        self._part = part
        self._mutants = mutants
        self._killers: list[str] = []  # the tests that failed, the latest first
        self._mouth = -1

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int:
        """Try all mutants in place of a run of the tests, between two runs that must pass."""
        for name in self._part.warm:
            importlib.import_module(name)
        if self._part.module in sys.modules:
            raise RunFault(f"{self._part.module} is in use before it is mutated")
        gc.freeze()  # so that no child looks through what was made before it
        cpu_seconds = CPU_SECONDS + CPU_SHARE * self._control(config)
        for mutant in self._mutants:
            ended = self._run(config, mutant.source, cpu_seconds)
            self.verdicts[mutant] = verdict_of(ended.status)
            killers = ended.said.split("\n")[:-1]
            self._killers = list(dict.fromkeys([*killers, *self._killers]))
        self._control(config)
        self.are_done = True
        return 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Begin with what failed before: what caught the line above is likely to catch this."""
        ranks = {name: rank for rank, name in enumerate(self._killers)}
        items.sort(key=lambda item: ranks.get(item.nodeid, len(ranks)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Let the parent know which test failed."""
        if report.failed:
            os.write(self._mouth, f"{report.nodeid}\n".encode())

    def _control(self, config: pytest.Config) -> float:
        """Return the seconds that the tests need of a processor for the source as shipped."""
        ended = self._run(config, self._part.source, WAIT_SECONDS)
        if verdict_of(ended.status) is not Verdict.SURVIVED:
            raise RunFault(f"{self._part.path} fails without any change: {ended.said.strip()}")
        return ended.cpu_seconds

    def _run(self, config: pytest.Config, source: str, cpu_seconds: float) -> Ended:
        """Return how the tests ended on a source."""

        def run(mouth: int) -> int:
            self._mouth = mouth
            sys.meta_path.insert(0, Mutated(self._part.module, source))
            try:
                importlib.import_module(self._part.module)
            except Exception:  # noqa: BLE001 - whatever it raises, nothing can use it
                return int(pytest.ExitCode.INTERRUPTED)
            return int(run_tests(config))

        return in_child(run, cpu_seconds=cpu_seconds)

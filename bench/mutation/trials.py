"""Tries mutants: each in a child of a warm process, whose tests must fail, or never end."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
import types
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from typing import Any, Final

import pytest

from bench.mutation.mutants import Mutant, mutants_of
from bench.mutation.scope import ROOT, Part

SECONDS: Final = {False: 60.0, True: 120.0}  # without a database, and with
LOOK_AGAIN_SECONDS: Final = 0.01
OPTIONS: Final = (
    "-x",
    "-p",
    "no:terminal",
    "-p",
    "no:randomly",
    "-p",
    "no:xdist",
    "-p",
    "no:cacheprovider",
)
PURE: Final = ("-c", os.devnull, f"--rootdir={ROOT}", "-p", "no:django")
WITH_DATABASE: Final = ("-o", "addopts=", "--ds=config.settings_test", "--reuse-db")
# Imported once, before any child: what the tests need, and nothing that may be mutated.
WARM: Final = ("babel", "config", "django.db", "hypothesis", "iso4217", "playwright.sync_api")


def survivors(part: Part) -> tuple[list[Mutant], int]:
    """Return the mutants of a part that its tests did not catch, and how many there are.

    Raises AssertionError where the tests fail without any change.
    """
    with_warmth = _with_database if part.needs_database else _pure
    return with_warmth(part, mutants_of(part.source))


def _pure(part: Part, mutants: Sequence[Mutant]) -> tuple[list[Mutant], int]:
    for name in WARM:
        importlib.import_module(name)

    def test(source: str) -> int:
        sys.meta_path.insert(0, _Mutated(part.module, source))
        # One after the other: most mutants are caught before the others are collected.
        return next(filter(None, map(_status, filter(_exists, part.tests))), 0)

    return _tried(part, mutants, test)


def _exists(tests: str) -> bool:
    return (ROOT / tests).exists()


def _status(tests: str) -> int:
    return int(pytest.main([*PURE, *OPTIONS, "-p", "bench.mutation.profile", tests]))


def _with_database(part: Part, mutants: Sequence[Mutant]) -> tuple[list[Mutant], int]:
    """Collect the tests once; each child puts the mutated code into the module that they use."""
    trials = _Trials(part, mutants)
    status = pytest.main([*WITH_DATABASE, *OPTIONS, *part.tests], plugins=[trials])
    if trials.result is None:
        raise AssertionError(f"the tests of {part.path} could not be collected: {status}")
    return trials.result


class _Trials:
    """A pytest plugin that runs the collected tests once per mutant, in children."""

    def __init__(self, part: Part, mutants: Sequence[Mutant]) -> None:
        self.result: tuple[list[Mutant], int] | None = None
        self._part = part
        self._mutants = mutants

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from _pytest.main import pytest_runtestloop as run_all  # noqa: PLC0415
        from django.db import connections  # noqa: PLC0415 - set up by now

        module = importlib.import_module(self._part.module)

        def test(source: str) -> int:
            _put_into(module, source)
            try:
                run_all(session)
            except session.Failed:
                return 1
            return int(session.testsfailed > 0)

        connections.close_all()
        self.result = _tried(self._part, self._mutants, test)
        return True


def _tried(
    part: Part, mutants: Sequence[Mutant], test: Callable[[str], int]
) -> tuple[list[Mutant], int]:
    seconds = SECONDS[part.needs_database]
    if not _passes(part.source, test, seconds):
        raise AssertionError(f"the tests of {part.path} fail without any change")
    return [one for one in mutants if _passes(one.source, test, seconds)], len(mutants)


def _passes(source: str, test: Callable[[str], int], seconds: float) -> bool:
    """Tell whether the tests pass on a source. One that never ends does not."""
    child = os.fork()
    if not child:
        _silence()
        status = 1
        try:
            status = test(source)
        finally:
            os._exit(status)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(LOOK_AGAIN_SECONDS)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a module another source."""

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        exec(compile(self._source, self._name, "exec"), module.__dict__)  # noqa: S102 - our own


def _put_into(module: types.ModuleType, source: str) -> None:
    """Let every function of a module that is in use run the code of another source."""
    changed: dict[str, Any] = {"__name__": module.__name__}
    exec(compile(source, module.__name__, "exec"), changed)  # noqa: S102 - our own
    for name, value in changed.items():
        shipped = module.__dict__.get(name)
        if isinstance(value, types.FunctionType) and isinstance(shipped, types.FunctionType):
            shipped.__code__ = value.__code__
            shipped.__defaults__, shipped.__kwdefaults__ = value.__defaults__, value.__kwdefaults__
        elif isinstance(value, str | tuple):
            setattr(module, name, value)

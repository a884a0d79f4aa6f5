"""Gives a module another source, wherever it is imported."""

from __future__ import annotations

import importlib.abc
import importlib.util
import types
from importlib.machinery import ModuleSpec
from typing import Any


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and loads it from the source that it is given."""

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Find the module of that name; every other is found as ever."""
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def create_module(self, spec: ModuleSpec) -> None:
        """Let a module be made as ever."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the source as the module's own."""
        exec(compile(self._source, self._name, "exec"), module.__dict__)  # noqa: S102 - our own

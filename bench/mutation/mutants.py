"""Makes mutants: copies of a source that differ from it in one small thing. Pure."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from bench.mutation.changes import Change, changes


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where, from what, into what, and the whole source that has it."""

    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.line}: {self.before}  ->  {self.after or '(left out)'}"


def mutants_of(source: str) -> list[Mutant]:
    """Return every mutant of a source once, in the order of its lines."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    found = []
    for number, (parent, place) in enumerate(_places(tree)):
        for changed in changes(place, parent):
            text = _mutated(tree, number, changed)
            if text not in seen:
                seen.add(text)
                line = place.lineno  # type: ignore[attr-defined] # places have lines
                found.append(Mutant(line, _line(place, parent), _line(changed, parent), text))
    return sorted(found, key=lambda mutant: mutant.line)


def _mutated(tree: ast.Module, number: int, changed: Change) -> str:
    mutated = copy.deepcopy(tree)
    parent, twin = list(_places(mutated))[number]
    _put(parent, twin, changed)
    return ast.unparse(ast.fix_missing_locations(mutated))


def _line(node: Change, parent: ast.AST) -> str:
    """Return a piece of source in one line, after the keyword that it is given to."""
    if node is None:
        return ""
    keyword = f"{parent.arg}=" if isinstance(parent, ast.keyword) and parent.arg else ""
    return (keyword + " ".join(ast.unparse(node).split()))[:160]


def _places(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield what may be changed, after its parent: no docstring, annotation or import."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _says_nothing(child):
                continue
            # Of a decorator its arguments alone: which one it is, is no small thing.
            if hasattr(child, "lineno") and name != "decorator_list":
                yield node, child
            yield from _places(child)


def _says_nothing(node: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _put(parent: ast.AST, old: ast.AST, new: Change) -> None:
    """Put `new` in the place of `old`, or leave it out of the list that it stands in."""
    for name, value in ast.iter_fields(parent):
        if value is old:
            setattr(parent, name, new)
        elif isinstance(value, list) and any(item is old for item in value):
            place = next(number for number, item in enumerate(value) if item is old)
            value[place : place + 1] = [] if new is None else [new]

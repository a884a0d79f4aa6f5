"""What could stand in the place of a piece of source, if its author had been careless. Pure."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

Change: TypeAlias = ast.AST | None  # None: it is left out

SWAPPED: Final[dict[type[ast.AST], type[ast.AST]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
SWAPPED_NAMES: Final = {"any": "all", "all": "any", "min": "max", "max": "min"}


def changes(node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    """Yield what could stand in a node's place; it is a child of `parent`."""
    yield from _operation(node)
    yield from _constant(node)
    yield from _collection(node)
    yield from _statement(node)
    yield from _given(node, parent)


def _operation(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=ops):
            for place, op in enumerate(ops):
                yield _with(node, ops=[*ops[:place], SWAPPED[type(op)](), *ops[place + 1 :]])
        case ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in SWAPPED:
            yield _with(node, op=SWAPPED[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.IfExp(test=test):
            yield _with(node, test=ast.UnaryOp(op=ast.Not(), operand=test))
        case ast.Name(id=name) if name in SWAPPED_NAMES:
            yield _with(node, id=SWAPPED_NAMES[name])


def _constant(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(value=not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value=value + 1)
        case ast.Constant(value=str(value)):
            yield ast.Constant(value=f"X{value}")
        case ast.Constant(value=bytes(value)):
            yield ast.Constant(value=b"X" + value)


def _collection(node: ast.AST) -> Iterator[ast.AST]:
    """Leave out a filter or one element. What is taken apart by a target is left whole."""
    match node:
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            if any(one.ifs for one in node.generators):
                yield _with(node, generators=[_with(one, ifs=[]) for one in node.generators])
        case ast.Dict(keys=keys, values=values):
            for place in range(len(keys)):
                yield _with(node, keys=_without(keys, place), values=_without(values, place))
        case ast.Set(elts=[_, _, *_]):
            for place in range(len(node.elts)):
                yield _with(node, elts=_without(node.elts, place))
        case ast.Tuple(ctx=ast.Load()) | ast.List(ctx=ast.Load()):
            for place in range(len(node.elts)):
                yield _with(node, elts=_without(node.elts, place))


def _statement(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.If(test=test) | ast.While(test=test):
            yield _with(node, test=ast.UnaryOp(op=ast.Not(), operand=test))
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield ast.Return(value=ast.Constant(value=None))
        case ast.Expr() | ast.AugAssign() | ast.Raise():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript() | ast.Tuple()]):
            yield ast.Pass()
        case ast.With(items=items, body=body) if not any(one.optional_vars for one in items):
            yield ast.If(test=ast.Constant(value=True), body=body, orelse=[])
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()
        case ast.Match(cases=[_, _, *_]):
            for place in range(len(node.cases)):
                yield _with(node, cases=_without(node.cases, place))


def _given(node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    """Change what a name, a parameter or a keyword is given; constants change by themselves."""
    match parent:
        case ast.Assign(targets=[ast.Name()]) | ast.AnnAssign(target=ast.Name()):
            is_given = node is parent.value
        case ast.keyword():
            is_given = node is parent.value and not _is_none(node)
        case ast.arguments():
            is_given = node in (*parent.defaults, *parent.kw_defaults)
        case _:
            is_given = False
    if is_given and _is_none(node):
        yield ast.Constant(value="X")
    elif is_given and not isinstance(node, ast.Constant):
        yield ast.Constant(value=None)
    if isinstance(node, ast.keyword) and _is_none(node.value):
        yield None


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _without(items: Sequence[object], place: int) -> list[object]:
    return [*items[:place], *items[place + 1 :]]


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed

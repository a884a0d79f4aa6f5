"""Finds in source code whatever could write a purchase's phase."""

import ast
import re
from collections.abc import Iterable, Iterator

WRITING_METHODS = {"update", "bulk_update", "save", "update_or_create", "aupdate", "asave"}
CREATING_CALLS = {"Purchase", "create", "get_or_create", "acreate"}
SQL = re.compile(r"\bset\b[^;]*\bphase\s*=(?!=)", re.IGNORECASE)


def phase_writes(source: str) -> list[int]:
    """Return the lines that write a phase; the birth of a purchase in `submitting` is none."""
    places = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.expr))
    return sorted({place.lineno for place in places if _writes(place)})


def _writes(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(attr="phase", ctx=ast.Store() | ast.Del()):
            return True
        case ast.Call(func=ast.Name("setattr"), args=[_, ast.Constant("phase"), *_]):
            return True
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return _call_writes(name, node)
        case ast.Constant(value=str(text)):
            return bool(SQL.search(text))
    return False


def _call_writes(name: str, call: ast.Call) -> bool:
    if name in WRITING_METHODS:
        return any(keyword.arg == "phase" for keyword in call.keywords) or "phase" in _words(call)
    if name in CREATING_CALLS:
        return any(
            keyword.arg == "phase" and ast.unparse(keyword.value) != "Phase.SUBMITTING"
            for keyword in call.keywords
        )
    return False


def _words(call: ast.Call) -> Iterator[str]:
    """Yield the strings that name fields in the call's own arguments: lists, and keys of dicts."""
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        match argument:
            case ast.List(elts=names) | ast.Tuple(elts=names) | ast.Set(elts=names):
                yield from _texts(names)
            case ast.Dict(keys=keys):
                yield from _texts(key for key in keys if key)


def _texts(names: Iterable[ast.expr]) -> Iterator[str]:
    for name in names:
        match name:
            case ast.Constant(value=str(text)):
                yield text

"""Reads JSON that strangers sent: one object, unambiguous, of bounded depth, fit to be stored.

It refuses what Python's reader lets through: NaN and infinities, names given twice, deep nesting,
NUL and lone surrogates (PostgreSQL stores neither). Errors name the field, never its value.
"""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urlsplit

MAX_DEPTH = 32
MAX_TEXT = 255

JsonObject: TypeAlias = dict[str, Any]

# Brackets, and whole strings, so that brackets inside them do not count.
_STRUCTURE = re.compile(rb'[\[\]{}]|"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_ADDRESS = re.compile(r"[\x21-\x7e]{1,2000}")


class Unreadable(ValueError):
    """These bytes are not what their sender's documentation promises."""


def read_object(body: bytes) -> JsonObject:
    """Return the one JSON object in `body`, or raise Unreadable."""
    if is_deeper(body, MAX_DEPTH):
        raise Unreadable("nested too deeply")
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except ValueError as error:
        raise Unreadable(f"not JSON as we read it ({type(error).__name__})") from None
    _refuse_unstorable(value)
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object")
    return value


def is_deeper(body: bytes, levels: int) -> bool:
    """Tell whether JSON nests more objects and lists than `levels`, before anybody parses it.

    A parser recurses: at the end of its stack, whatever else Python does there fails too.
    """
    depth = 0
    for token in _STRUCTURE.findall(body):
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
        if depth > levels:
            return True
    return False


def text(source: JsonObject, name: str) -> str:
    """Return a field that must be a string of 1 to 255 characters, or raise Unreadable."""
    value = source.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise Unreadable(f"{name} is not a short text")
    return value


def text_or_blank(source: JsonObject, name: str) -> str:
    """Return a field that may be null, absent or empty, as a string; too long a one is cut."""
    value = source.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"{name} is not a text")
    return value[:MAX_TEXT]


def instant(source: JsonObject, name: str) -> datetime:
    """Return a field that must be an RFC 3339 time with its offset, or raise Unreadable."""
    try:
        value = datetime.fromisoformat(text(source, name))
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        raise Unreadable(f"{name} is not a time with an offset")
    return value


def web_address(source: JsonObject, name: str) -> str:
    """Return an address that a shopper may be sent to: never a script, never a bare path."""
    address = source.get(name)
    if isinstance(address, str) and _ADDRESS.fullmatch(address):
        with suppress(ValueError):  # such as brackets that hold no address
            parts = urlsplit(address)
            if parts.scheme in {"http", "https"} and parts.hostname:
                return address
    raise Unreadable(f"{name} is not an http(s) address")


def child(source: JsonObject, name: str) -> JsonObject:
    """Return a field that must be an object, or raise Unreadable."""
    value = source.get(name)
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is not an object")
    return value


def children(source: JsonObject, name: str) -> list[JsonObject]:
    """Return a field that must be a list of objects, or raise Unreadable."""
    value = source.get(name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unreadable(f"{name} is not a list of objects")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a name is given twice")
    return found


def _finite(literal: str) -> float:
    value = float(literal)
    if not math.isfinite(value):
        raise Unreadable("a number is not finite")
    return value


def _refuse_unstorable(value: Any) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            _refuse_unstorable(name)
            _refuse_unstorable(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_unstorable(item)
    elif isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
        raise Unreadable("holds text that cannot be stored")

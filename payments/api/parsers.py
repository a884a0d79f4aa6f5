"""Reads JSON strictly: small, shallow, no name twice, no odd numbers, no odd characters."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from psp_clients.strict_json import is_deeper

LARGEST_BODY_BYTES: Final = 64 * 1024
DEEPEST: Final = 12
# Control characters, surrogates, and the bidirectional overrides that disguise what is read.
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_ODD_CATEGORIES: Final = frozenset({"Cc", "Cs"})
_HARMLESS_CONTROLS: Final = frozenset("\n\t")


class BodyTooLarge(APIException):
    """The body is larger than any checkout can be."""

    status_code = 413
    default_code = "body-too-large"
    default_detail = f"The body is larger than {LARGEST_BODY_BYTES} bytes."


class StrictJSONParser(BaseParser):
    """Parses application/json, raising ParseError with the reason and the place."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the JSON object of a request body."""
        body: bytes = stream.read(LARGEST_BODY_BYTES + 1)
        if len(body) > LARGEST_BODY_BYTES:
            raise BodyTooLarge
        return parse_strictly(body)


def parse_strictly(body: bytes) -> Any:
    """Parse JSON bytes. Raises ParseError saying what is wrong and where.

    Numbers with a fraction become Decimal, so that a field which wants a string can say so.
    """
    if is_deeper(body, DEEPEST):
        raise ParseError(f"The body is nested more than {DEEPEST} deep.")
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_float=_bounded_decimal,
            parse_int=_bounded_int,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8 at byte {error.start}.") from error
    except json.JSONDecodeError as error:
        raise ParseError(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    _refuse_odd_characters(value, "")
    return value


def _bounded_int(digits: str) -> int:
    if len(digits) > 20:  # noqa: PLR2004 - no count of ours is longer
        raise ParseError("The body holds a number with more than 20 digits.")
    return int(digits)


def _bounded_decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation as error:
        raise ParseError("The body holds a number beyond reason.") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"The body holds {name}, which is not JSON.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ParseError(f"The body names {twice[:64]!r} twice.")
    return members


def _refuse_odd_characters(value: Any, place: str) -> None:
    if isinstance(value, str):
        for character in value:
            if _is_odd(character):
                raise ParseError(
                    f"The body holds the character U+{ord(character):04X} at {place or 'its top'}, "
                    "which is not allowed."
                )
    elif isinstance(value, dict):
        for name, member in value.items():
            _refuse_odd_characters(name, place)
            _refuse_odd_characters(member, f"{place}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _refuse_odd_characters(member, f"{place}[{index}]")


def _is_odd(character: str) -> bool:
    return character in _BIDI or (
        unicodedata.category(character) in _ODD_CATEGORIES and character not in _HARMLESS_CONTROLS
    )

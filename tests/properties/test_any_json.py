"""Any bytes for JSON: a plain value, or a refusal that says why. Never another error."""

from __future__ import annotations

import json
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from payments.api.parsers import (
    DEEPEST,
    LARGEST_BODY_BYTES,
    BodyTooLarge,
    StrictJSONParser,
    parse_strictly,
)

PIECES = [
    b"[",
    b"]",
    b"{",
    b"}",
    b'{"a":',
    b'"',
    b'"]",',
    b'"[",',
    b'"}"',
    b"\\",
    b'\\"',
    b"\\ud800",
    b",",
    b":",
    b"1",
    b"-",
    b"1e",
    b"9",
    b".5",
    b"NaN",
    b"null",
    b" ",
    b"\x00",
    b"\xff",
    "\u202e".encode(),
]
pieces = st.lists(
    st.builds(lambda piece, times: piece * times, st.sampled_from(PIECES), st.integers(0, 4000)),
    max_size=6,
).map(b"".join)
plain_text = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"]), max_size=20)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | plain_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_text, inner, max_size=4),
    max_leaves=20,
)


def depth(value: Any) -> int:
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 0


class TestAnyBytes:
    @given(st.binary(max_size=200) | pieces)
    @example(b'{"a":"' + b"]" * 3000 + b'","b":' + b"[" * 3000 + b"]" * 3000 + b"}")
    @example(b'["]",' * 3000 + b"1" + b"]" * 3000)
    @example(b"1e" + b"9" * 30)
    @example(b"9" * 5000)
    @example(b'"' + b"[" * 40 + b'"')
    def test_are_read_or_refused_and_never_another_error(self, body: bytes) -> None:
        with suppress(ParseError, BodyTooLarge):
            assert depth(StrictJSONParser().parse(BytesIO(body))) <= DEEPEST

    @given(st.integers(1, 1000))
    def test_beyond_the_limit_are_not_even_read(self, more: int) -> None:
        body = BytesIO(b" " * (LARGEST_BODY_BYTES + more))

        with pytest.raises(BodyTooLarge):
            StrictJSONParser().parse(body)

        assert body.tell() == LARGEST_BODY_BYTES + 1


class TestAnyPlainValue:
    @given(plain_values)
    def test_is_read_as_it_was_written(self, value: Any) -> None:
        for ascii_only in (True, False):
            written = json.dumps(value, ensure_ascii=ascii_only).encode()
            if depth(value) <= DEEPEST:
                assert parse_strictly(written) == value

    @given(plain_values, st.text(max_size=5))
    def test_with_a_name_given_twice_is_refused(self, value: Any, name: str) -> None:
        member = f"{json.dumps(name)}: {json.dumps(value)}"

        with pytest.raises(ParseError, match="twice"):
            parse_strictly(f"{{{member}, {member}}}".encode())

"""The strict reader of JSON."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psp_clients.strict_json import MAX_DEPTH, Unreadable, read_object
from tests.taken import taken

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=9,
)


class TestTheStrictReader:
    @given(st.dictionaries(TEXT, VALUE, max_size=4))
    def test_reads_what_json_writes(self, value: dict[str, object]):
        assert read_object(json.dumps(value).encode()) == value
        assert read_object(json.dumps(value, ensure_ascii=False).encode()) == value

    @given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
    def test_raises_nothing_but_unreadable(self, body: bytes):
        with suppress(Unreadable):
            assert isinstance(read_object(body), dict)

    def test_reads_down_to_its_depth_and_no_deeper(self):
        inner = MAX_DEPTH - 1
        deep = b'{"[[":' * inner + b"{}" + b"}" * inner
        assert isinstance(read_object(deep), dict)
        for deeper in (b'{"a":' + deep + b"}", b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH):
            with pytest.raises(Unreadable, match="nested too deeply"):
                read_object(deeper)

    def test_refuses(self):
        bodies: list[bytes] = [
            b'{"a": NaN}',
            b'{"a": -Infinity}',
            b'{"a": 1e400}',
            b'{"a": 1, "a": 2}',
            b'{"a": "\\ud800"}',
            b'{"\\udfff": 1}',
            b'{"a": ["\\u0000"]}',
            b'{"a": ' + b"9" * 5000 + b"}",
            b"\xef\xbb\xbf{}",
            "{}".encode("utf-16"),
            b'{"a": 1} {}',
            b"'a'",
            b'"text"',
            b"1",
        ]

        assert taken(bodies, read_object, Unreadable) == []

    def test_shows_no_value_where_it_refuses(self):
        for body in (b'{"k": "see-me" "see-me"}', b'{"see-me": 1, "see-me": 2}'):
            with pytest.raises(Unreadable) as caught:
                read_object(body)
            assert "see-me" not in str(caught.value)
            assert caught.value.__cause__ is None

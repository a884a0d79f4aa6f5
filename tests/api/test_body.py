"""Bodies: what is not one small, plain JSON object is refused before anything looks at it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.answers import reason, refused
from tests.api.caller import Caller, checkout, encoded

pytestmark = pytest.mark.django_db

NESTED_BEHIND_STRINGS = [
    b'{"a":"' + b"]" * 3000 + b'","b":' + b"[" * 3000 + b"]" * 3000 + b"}",
    b'["]",' * 3000 + b"1" + b"]" * 3000,
    b'{"]":' * 3000 + b"1" + b"}" * 3000,
]


def post(api: Caller, body: bytes) -> dict[str, Any]:
    """Expect that a body is refused as unreadable, changing nothing."""
    return refused(lambda: api.send("POST", "", body), 400, "unreadable-body", "body")


class TestABody:
    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"}",
            b" ",
            b"{]",
            b"hello",
            b"{'checkout_id': 'c-1'}",
            b'{"checkout_id": "c-1",}',
            b'{"checkout_id": "c-1"} {}',
            b'{"checkout_id": undefined}',
            b'"' + b"\\",
            b"\xff\xfe{}",
            b"\xef\xbb\xbf{}",
            b'{"a": "\xc3\x28"}',
            '{"checkout_id": "c-1"}'.encode("utf-16"),
        ],
    )
    def test_that_is_no_json_is_refused(self, api: Caller, body: bytes) -> None:
        post(api, body)

    def test_that_is_empty_lacks_every_member(self, api: Caller) -> None:
        required = ("amount", "checkout_id", "currency", "return_url")

        refused(lambda: api.send("POST", "", b""), 400, "invalid-request", *required)
        refused(lambda: api.send("POST", "", b"{}"), 400, "invalid-request", *required)

    def test_that_is_no_json_is_told_where(self, api: Caller) -> None:
        answer = post(api, b'{"checkout_id":\n "c-1" "c-2"}')

        assert answer["detail"] == (
            "The body is not JSON: Expecting ',' delimiter at line 2, column 8."
        )

    @pytest.mark.parametrize(
        ("body", "name"),
        [
            (b'{"amount": "1.00", "amount": "9.99"}', "amount"),
            (b'{"metadata": {"a": "1", "a": "1"}}', "a"),
            (b'{"amount": "1.00", "\\u0061mount": "9.99"}', "amount"),
        ],
    )
    def test_that_names_something_twice_is_refused(
        self, api: Caller, body: bytes, name: str
    ) -> None:
        assert post(api, body)["detail"] == f"The body names '{name}' twice."

    @pytest.mark.parametrize("levels", [13, 1_000, 30_000])
    @pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
    def test_that_is_nested_deeply_is_refused(
        self, api: Caller, opening: bytes, closing: bytes, levels: int
    ) -> None:
        body = opening * levels + b"1" + closing * levels
        if len(body) <= 64 * 1024:
            assert post(api, body)["detail"] == "The body is nested more than 12 deep."

    def test_that_never_closes_its_100_000_brackets_is_refused(self, api: Caller) -> None:
        refused(lambda: api.send("POST", "", b"[" * 100_000), 413, "body-too-large", "body")

    @pytest.mark.parametrize("body", NESTED_BEHIND_STRINGS, ids=["string", "list", "names"])
    def test_that_hides_its_depth_behind_strings_is_refused(self, api: Caller, body: bytes) -> None:
        post(api, body)

    def test_may_hold_brackets_in_its_texts(self, api: Caller) -> None:
        body = encoded(checkout(metadata={"note": "[" * 20}, amount="1e3"))

        refused(lambda: api.send("POST", "", body), 400, "invalid-request", "amount")

    @pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
    def test_that_holds_no_number_is_refused(self, api: Caller, word: bytes) -> None:
        answer = post(api, b'{"amount": ' + word + b"}")

        assert answer["detail"] == f"The body holds {word.decode()}, which is not JSON."

    @pytest.mark.parametrize("number", [b"0.1", b"1e3", b"1e400", b"-1e400", b"1e999999999"])
    def test_that_holds_a_number_for_an_amount_is_told_to_write_a_string(
        self, api: Caller, number: bytes
    ) -> None:
        body = encoded(checkout()).replace(b'"19.99"', number)

        answer = refused(lambda: api.send("POST", "", body), 400, "invalid-request", "amount")

        assert reason(answer, "amount").startswith("must be a string")

    @pytest.mark.parametrize("number", [b"1" + b"0" * 20, b"-" + b"9" * 20, b"1e" + b"9" * 19])
    def test_that_holds_a_number_beyond_reason_is_refused(self, api: Caller, number: bytes) -> None:
        post(api, encoded(checkout()).replace(b'"19.99"', number))

    @pytest.mark.parametrize(
        ("character", "name"),
        [
            ("\\ud800", "U+D800"),
            ("\\udfff", "U+DFFF"),
            ("\\udc00\\ud800", "U+DC00"),
            ("\\u0000", "U+0000"),
            ("\\u0007", "U+0007"),
            ("\\u001b", "U+001B"),
            ("\\u007f", "U+007F"),
            ("\\u0085", "U+0085"),
            ("\\r", "U+000D"),
            ("\\u202e", "U+202E"),
            ("\u202e", "U+202E"),
            ("\\u2066", "U+2066"),
            ("\\u200f", "U+200F"),
            ("\\u061c", "U+061C"),
        ],
    )
    def test_that_holds_an_odd_character_is_refused(
        self, api: Caller, character: str, name: str
    ) -> None:
        in_value = encoded(checkout(metadata={"note": "@"})).replace(b"@", character.encode())
        in_name = encoded(checkout(metadata={"@": "note"})).replace(b"@", character.encode())

        assert post(api, in_value)["detail"] == (
            f"The body holds the character {name} at metadata.note, which is not allowed."
        )
        assert post(api, in_name)["detail"] == (
            f"The body holds the character {name} at metadata, which is not allowed."
        )

    @pytest.mark.parametrize("body", [b"[]", b'["checkout_id"]', b'"text"', b"7", b"true"])
    def test_that_is_no_object_is_refused(self, api: Caller, body: bytes) -> None:
        refused(lambda: api.send("POST", "", body), 400, "invalid-request", "body")

    def test_that_is_null_is_refused(self, api: Caller) -> None:
        refused(lambda: api.send("POST", "", b"null"), 400, "invalid-request", "body")

    def test_over_64_kib_is_refused(self, api: Caller) -> None:
        body = encoded(checkout(metadata={"a": "x" * 70_000}))

        answer = refused(lambda: api.send("POST", "", body), 413, "body-too-large", "body")

        assert answer["detail"] == "The body is larger than 65536 bytes."

    def test_over_64_kib_is_refused_before_the_key_is_looked_at(self) -> None:
        body = b" " * (64 * 1024 + 1)

        refused(lambda: Caller().send("POST", "", body), 413, "body-too-large", "body")

    def test_of_exactly_64_kib_is_read(self, api: Caller) -> None:
        body = encoded(checkout(amount="1e3"))

        answer = refused(
            lambda: api.send("POST", "", body.ljust(64 * 1024)), 400, "invalid-request", "amount"
        )

        assert "plain decimal" in reason(answer, "amount")

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "application/jsonp",
            "application",
            "",
            "/",
        ],
    )
    def test_of_another_content_type_is_refused(self, api: Caller, content_type: str) -> None:
        body = encoded(checkout())

        refused(
            lambda: api.send("POST", "", body, content_type=content_type),
            415,
            "wrong-content-type",
            "Content-Type",
        )

    @pytest.mark.parametrize(
        "content_type", ["application/json; charset=utf-8", "Application/JSON"]
    )
    def test_of_json_is_read_however_its_type_is_written(
        self, api: Caller, content_type: str
    ) -> None:
        body = encoded(checkout(amount="1e3"))

        refused(
            lambda: api.send("POST", "", body, content_type=content_type),
            400,
            "invalid-request",
            "amount",
        )

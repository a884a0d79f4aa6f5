"""Bodies: what is not one small, plain JSON object is refused before anything looks at it."""

from __future__ import annotations

import pytest

from tests.api.answers import each_refused, reason, reasons, refused
from tests.api.caller import Caller, checkout, encoded

pytestmark = pytest.mark.django_db

NESTED_BEHIND_STRINGS = [
    b'{"a":"' + b"]" * 3000 + b'","b":' + b"[" * 3000 + b"]" * 3000 + b"}",
    b'["]",' * 3000 + b"1" + b"]" * 3000,
    b'{"]":' * 3000 + b"1" + b"}" * 3000,
]


def post(api: Caller, *bodies: bytes) -> list[str]:
    """Expect that each body is refused as unreadable, changing nothing; return what is said."""
    answers = each_refused(
        lambda body: api.send("POST", "", body), bodies, 400, "unreadable-body", "body"
    )
    return [answer["detail"] for answer in answers]


class TestABody:
    def test_that_is_no_json_is_refused(self, api: Caller) -> None:
        bodies = [
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
        ]

        post(api, *bodies)

    def test_that_is_empty_lacks_every_member(self, api: Caller) -> None:
        required = ("amount", "checkout_id", "currency", "return_url")

        refused(lambda: api.send("POST", "", b""), 400, "invalid-request", *required)
        refused(lambda: api.send("POST", "", b"{}"), 400, "invalid-request", *required)

    def test_that_is_no_json_is_told_where(self, api: Caller) -> None:
        assert post(api, b'{"checkout_id":\n "c-1" "c-2"}') == [
            "The body is not JSON: Expecting ',' delimiter at line 2, column 8."
        ]

    def test_that_names_something_twice_is_refused(self, api: Caller) -> None:
        said = post(
            api,
            b'{"amount": "1.00", "amount": "9.99"}',
            b'{"metadata": {"a": "1", "a": "1"}}',
            b'{"amount": "1.00", "\\u0061mount": "9.99"}',
        )

        assert said == [f"The body names '{name}' twice." for name in ("amount", "a", "amount")]

    def test_that_is_nested_deeply_is_refused(self, api: Caller) -> None:
        bodies = [
            opening * levels + b"1" + closing * levels
            for opening, closing, deepest in ((b"[", b"]", 30_000), (b'{"a":', b"}", 9_000))
            for levels in (13, 1_000, deepest)
        ]

        assert set(post(api, *bodies)) == {"The body is nested more than 12 deep."}

    def test_that_never_closes_its_100_000_brackets_is_refused(self, api: Caller) -> None:
        refused(lambda: api.send("POST", "", b"[" * 100_000), 413, "body-too-large", "body")

    def test_that_hides_its_depth_behind_strings_is_refused(self, api: Caller) -> None:
        post(api, *NESTED_BEHIND_STRINGS)

    def test_may_hold_brackets_in_its_texts(self, api: Caller) -> None:
        body = encoded(checkout(metadata={"note": "[" * 20}, amount="1e3"))

        refused(lambda: api.send("POST", "", body), 400, "invalid-request", "amount")

    def test_that_holds_no_number_is_refused(self, api: Caller) -> None:
        words = ["NaN", "Infinity", "-Infinity"]

        said = post(api, *(f'{{"amount": {word}}}'.encode() for word in words))

        assert said == [f"The body holds {word}, which is not JSON." for word in words]

    def test_that_holds_a_number_for_an_amount_is_told_to_write_a_string(self, api: Caller) -> None:
        answers = each_refused(
            lambda number: api.send("POST", "", encoded(checkout()).replace(b'"19.99"', number)),
            [b"0.1", b"1e3", b"1e400", b"-1e400", b"1e999999999"],
            400,
            "invalid-request",
            "amount",
        )

        [why] = reasons(answers, "amount")
        assert why.startswith("must be a string")

    def test_that_holds_a_number_beyond_reason_is_refused(self, api: Caller) -> None:
        numbers = [b"1" + b"0" * 20, b"-" + b"9" * 20, b"1e" + b"9" * 19]

        post(api, *(encoded(checkout()).replace(b'"19.99"', number) for number in numbers))

    def test_that_holds_an_odd_character_is_refused(self, api: Caller) -> None:
        names = [
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
        ]
        in_value, in_name = (
            [encoded(checkout(metadata=odd)).replace(b"@", sign.encode()) for sign, _ in names]
            for odd in ({"note": "@"}, {"@": "note"})
        )

        assert post(api, *in_value) == [
            f"The body holds the character {name} at metadata.note, which is not allowed."
            for _, name in names
        ]
        assert post(api, *in_name) == [
            f"The body holds the character {name} at metadata, which is not allowed."
            for _, name in names
        ]

    def test_that_is_no_object_is_refused(self, api: Caller) -> None:
        bodies = [b"[]", b'["checkout_id"]', b'"text"', b"7", b"true", b"null"]

        each_refused(
            lambda body: api.send("POST", "", body), bodies, 400, "invalid-request", "body"
        )

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

    def test_of_another_content_type_is_refused(self, api: Caller) -> None:
        body = encoded(checkout())
        types = [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "application/jsonp",
            "application",
            "",
            "/",
        ]

        each_refused(
            lambda content_type: api.send("POST", "", body, content_type=content_type),
            types,
            415,
            "wrong-content-type",
            "Content-Type",
        )

    def test_of_json_is_read_however_its_type_is_written(self, api: Caller) -> None:
        body = encoded(checkout(amount="1e3"))

        each_refused(
            lambda content_type: api.send("POST", "", body, content_type=content_type),
            ["application/json; charset=utf-8", "Application/JSON"],
            400,
            "invalid-request",
            "amount",
        )

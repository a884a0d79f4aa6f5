"""Registering: shoppers are sent only to the shop's own pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.answers import each_refused, reasons
from tests.api.caller import Caller
from tests.builders import make_shop

pytestmark = pytest.mark.django_db

FOREIGN = [
    "https://evil.example/",
    "https://shop.example.evil.example/thanks",
    "https://evil.example/https://shop.example/thanks",
    "https://evil.example?https://shop.example/",
    "https://evil.example#https://shop.example/",
    "https://pay.shop.example/thanks",
    "https://shop.example:8443/thanks",
    "https://shop.example:443/thanks",
    "https://shop.example./thanks",
    "https://shopXexample/thanks",
    "http://shop.example/thanks",
    "https://127.0.0.1/thanks",
    "https://[::1]/thanks",
]
MALFORMED = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "javascript://shop.example/%0aalert(1)",
    "data:text/html,hello",
    "file:///etc/passwd",
    "ftp://shop.example/thanks",
    "//shop.example/thanks",
    "///shop.example/thanks",
    "https:///shop.example/thanks",
    "https:shop.example/thanks",
    "/thanks",
    "thanks",
    "https://",
    "https://user@shop.example/thanks",
    "https://user:secret@shop.example/thanks",
    "https://shop.example@evil.example/thanks",
    "https://shop.example\\@evil.example/thanks",
    "https://shop.example\\thanks",
    "https:\\\\shop.example\\thanks",
    "https://shop.example/\nthanks",
    "https://shop.example/thanks\nSet-Cookie: a=b",
    "https://shop.example/\tthanks",
    "https://shop.example/thanks you",
    "https://shop.example/\u2028thanks",
    "https://shop.example/\u00a0thanks",
    "ht\ntps://shop.example/thanks",
]
WITH_WHITE_SPACE_AROUND = [
    "https://shop.example/thanks\n",
    "\nhttps://shop.example/thanks",
    "https://shop.example/thanks\t",
    " https://shop.example/thanks",
    "https://shop.example/thanks ",
]
UNPARSABLE = [
    "https://[",
    "https://[::1",
    "https://]shop.example/",
    "https://[shop.example]/",
    "https://shop.example\u2100evil.example/",
    "https://shop.example:port/",
    "https://shop.example:99999/",
]


def registering_with(
    api: Caller, urls: list[Any], field: str = "return_url"
) -> list[dict[str, Any]]:
    """Expect that each is refused, changing nothing."""
    return each_refused(
        lambda url: api.register(**{field: url}), urls, 400, "invalid-request", field
    )


class TestAUrlForShoppers:
    def test_off_the_allow_list_is_refused(self, api: Caller) -> None:
        answers = registering_with(api, FOREIGN)

        assert reasons(answers, "return_url") == {"its origin is not on the shop's allow-list"}

    def test_that_browsers_could_read_otherwise_is_refused(self, api: Caller) -> None:
        registering_with(api, MALFORMED)

    def test_with_white_space_around_it_is_refused(self, api: Caller) -> None:
        registering_with(api, WITH_WHITE_SPACE_AROUND)

    def test_that_cannot_be_parsed_is_refused(self, api: Caller) -> None:
        registering_with(api, UNPARSABLE)

    def test_is_a_string_or_refused(self, api: Caller) -> None:
        registering_with(api, ["", 7, True, None, ["https://shop.example/"], {}])

    def test_longer_than_2000_characters_is_refused(self, api: Caller) -> None:
        registering_with(api, ["https://shop.example/" + "a" * 2000])

    def test_of_another_shop_is_refused(self, api: Caller) -> None:
        make_shop(return_origins=["https://other.example"])

        registering_with(api, ["https://other.example/thanks"])


class TestTheUrlAfterBuyNow:
    def test_is_judged_alike(self, api: Caller) -> None:
        urls = ["https://evil.example/", "javascript:alert(1)", "//shop.example/", "https://["]

        registering_with(api, urls, field="buy_now_url")

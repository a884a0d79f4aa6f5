"""Addresses and methods that lead nowhere are answered in the API's own form."""

from __future__ import annotations

from itertools import product

import pytest
from django.test import Client

from payments.models import PaymentSession, Shop
from tests.api.answers import each_refused
from tests.api.caller import Caller
from tests.builders import make_session

pytestmark = pytest.mark.django_db

ALLOWED = {
    "": "GET, POST, HEAD, OPTIONS",
    "/{}": "GET, HEAD, OPTIONS",
    "/{}/buy-now": "POST, OPTIONS",
    "/{}/cancel": "POST, OPTIONS",
    "/{}/refresh": "POST, OPTIONS",
    "/{}/events": "GET, HEAD, OPTIONS",
}
WRONG_METHODS = [
    (path, method)
    for path, allowed in ALLOWED.items()
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW")
    if method not in allowed
]


@pytest.fixture
def session(shop: Shop) -> PaymentSession:
    """Return a registered session."""
    return make_session(shop=shop)


class TestAMethod:
    def test_that_an_address_does_not_have_is_refused(
        self, api: Caller, session: PaymentSession
    ) -> None:
        answers = each_refused(
            lambda wrong: api.send(wrong[1], wrong[0].format(session), {}),
            WRONG_METHODS,
            405,
            "method-not-allowed",
        )

        assert [answer["detail"] for answer in answers] == [
            f'Method "{method}" not allowed.' for _, method in WRONG_METHODS
        ]

    def test_that_is_allowed_is_named(self, api: Caller, session: PaymentSession) -> None:
        named = {
            path: {*api.send("DELETE", path.format(session))["Allow"].split(", "), "HEAD"}
            for path in ALLOWED
        }

        assert named == {path: {*words.split(", "), "HEAD"} for path, words in ALLOWED.items()}

    def test_head_is_answered_like_get_without_a_body(self, api: Caller) -> None:
        response = api.send("HEAD")

        assert (response.status_code, response.content) == (200, b"")


class TestAnAddress:
    def test_that_leads_nowhere_is_not_found(self) -> None:
        paths = [
            "/api/v1/",
            "/api/v1/nothing",
            "/api/v1/payment-sessions/",
            "/api/v1/payment-sessions/c-1/",
            "/api/v1/payment-sessions/c-1/nothing",
            "/api/v1/payment-sessions/c-1/buy-now/",
            "/api/v1/payment-sessions/c%2F1/buy-now",
            "/api/v1/payment-sessions//buy-now",
        ]

        answers = each_refused(
            lambda case: Client().generic(*case),
            product(("GET", "POST", "DELETE"), paths),
            404,
            "not-found",
        )

        for answer in answers:
            assert answer["detail"].startswith("There is nothing at /api/v1/")

    def test_is_not_found_by_head_either(self) -> None:
        assert Client().head("/api/v1/nothing").status_code == 404


class TestAnAcceptHeader:
    def test_that_takes_no_json_is_refused(self, api: Caller) -> None:
        types = ["text/html", "application/xml"]

        each_refused(lambda one: api.get(Accept=one), types, 406, "not-acceptable", "Accept")

"""Addresses and methods that lead nowhere are answered in the API's own form."""

from __future__ import annotations

import pytest
from django.test import Client

from payments.models import PaymentSession, Shop
from tests.api.answers import problem, refused
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
    @pytest.mark.parametrize(("path", "method"), WRONG_METHODS)
    def test_that_an_address_does_not_have_is_refused(
        self, api: Caller, session: PaymentSession, path: str, method: str
    ) -> None:
        answer = refused(
            lambda: api.send(method, path.format(session), {}), 405, "method-not-allowed"
        )

        assert answer["detail"] == f'Method "{method}" not allowed.'

    @pytest.mark.parametrize("path", ALLOWED)
    def test_that_is_allowed_is_named(
        self, api: Caller, session: PaymentSession, path: str
    ) -> None:
        response = api.send("DELETE", path.format(session))

        assert set(response["Allow"].split(", ")) | {"HEAD"} == (
            set(ALLOWED[path].split(", ")) | {"HEAD"}
        )

    def test_head_is_answered_like_get_without_a_body(self, api: Caller) -> None:
        response = api.send("HEAD")

        assert (response.status_code, response.content) == (200, b"")


class TestAnAddress:
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    @pytest.mark.parametrize(
        "path",
        [
            "/api/v1/",
            "/api/v1/nothing",
            "/api/v1/payment-sessions/",
            "/api/v1/payment-sessions/c-1/",
            "/api/v1/payment-sessions/c-1/nothing",
            "/api/v1/payment-sessions/c-1/buy-now/",
            "/api/v1/payment-sessions/c%2F1/buy-now",
            "/api/v1/payment-sessions//buy-now",
        ],
    )
    def test_that_leads_nowhere_is_not_found(self, method: str, path: str) -> None:
        answer = problem(Client().generic(method, path), 404, "not-found")

        assert answer["detail"].startswith("There is nothing at /api/v1/")

    def test_is_not_found_by_head_either(self) -> None:
        assert Client().head("/api/v1/nothing").status_code == 404


class TestAnAcceptHeader:
    @pytest.mark.parametrize("accept", ["text/html", "application/xml"])
    def test_that_takes_no_json_is_refused(self, api: Caller, accept: str) -> None:
        refused(lambda: api.get(Accept=accept), 406, "not-acceptable", "Accept")

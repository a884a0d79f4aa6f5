"""A page for whoever tries BPS."""

import re

import pytest
import requests

from sandbox.psp.loopback import is_loopback
from tests import direct
from tests.sandbox.merchant import Merchant
from tests.sandbox_server import SandboxServer


def _token(page: requests.Response) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found
    return found[1]


def test_shows_the_books_of_a_checkout(merchant: Merchant):
    session = merchant.paid()
    merchant.refund(session, "5.00")

    page = direct.get(
        f"{merchant.sandbox.base_url}/books/",
        params={"checkout_id": session.checkout_id},
        timeout=10,
    )

    books = merchant.books(session)
    for shown in ("20.00 EUR", "5.00 EUR", session.token, books["charges"][0]["id"], "successful"):
        assert shown in page.text


def test_shows_the_books_of_a_sessions_token(merchant: Merchant):
    session, other = merchant.paid(), merchant.paid()
    url = f"{merchant.sandbox.base_url}/books/"

    page = direct.get(url, params={"token": session.token}, timeout=10)
    unknown = direct.get(url, params={"token": "tok_unknown"}, timeout=10)

    assert session.token in page.text
    assert other.token not in page.text
    assert "No session for the checkout tok_unknown." in unknown.text


def test_shouts_when_a_checkout_was_charged_twice(merchant: Merchant):
    merchant.sandbox.control("policy", {"single_success": False})
    session = merchant.paid()
    merchant.purchase(session)

    page = direct.get(f"{merchant.sandbox.base_url}/books/", timeout=10)

    assert "charged 2 times" in page.text


def test_sets_the_clock(merchant: Merchant):
    url = f"{merchant.sandbox.base_url}/control-panel/"
    with requests.Session() as browser:
        fields = {"csrfmiddlewaretoken": _token(browser.get(url, timeout=10))}

        done = browser.post(
            f"{url}clock", data={**fields, "advance_seconds": "600", "speed": ""}, timeout=10
        )

    assert (done.status_code, "Done: Clock." in done.text) == (200, True)
    assert 599 < merchant.sandbox.control("clock")["ahead_seconds"] < 602


def test_says_what_is_wrong_with_a_form(merchant: Merchant):
    url = f"{merchant.sandbox.base_url}/control-panel/"
    with requests.Session() as browser:
        fields = {"csrfmiddlewaretoken": _token(browser.get(url, timeout=10))}

        faulty = browser.post(f"{url}faults", data={**fields, "rates": "{"}, timeout=10)
        unknown = browser.post(f"{url}resend", data={**fields, "token": "tok_x"}, timeout=10)

    assert (faulty.status_code, "Enter a valid JSON." in faulty.text) == (400, True)
    assert (unknown.status_code, "There is no such token" in unknown.text) == (400, True)


def test_does_nothing_for_a_form_of_another_site(merchant: Merchant):
    url = f"{merchant.sandbox.base_url}/control-panel/outage"

    response = direct.post(url, data={"seconds": "60"}, timeout=10)

    assert response.status_code == 403
    assert merchant.get("transactions").status_code == 200


@pytest.mark.parametrize(
    ("address", "welcome"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.5", False),
        ("::ffff:10.0.0.5", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_controls_nothing_for_clients_from_elsewhere(address: str, *, welcome: bool):
    assert is_loopback(address) is welcome


def test_answers_whether_it_is_well(sandbox: SandboxServer):
    response = direct.get(f"{sandbox.base_url}/healthz", timeout=10)

    assert (response.status_code, response.json()) == (200, {"status": "ok"})

"""The mid-office..."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from dashboard import urls
from dashboard.security.urls import AGAIN, OWN_SECURITY
from tests.builders import PASSWORD, make_user
from tests.midoffice.conftest import logged_in

pytestmark = pytest.mark.django_db

LOGIN = reverse("account_login")
LIST = reverse("mid-office:sessions")


def every_page() -> list[str]:
    """Return the address of every page behind the login."""
    ours = [reverse(f"mid-office:{one.name}", args=_arguments(one)) for one in urls.urlpatterns]
    of_logins = [*AGAIN, *OWN_SECURITY]
    return ours + [reverse(str(one.name), args=_arguments(one)) for one in of_logins]


def _arguments(pattern: URLPattern) -> list[object]:
    if "<uuid:" in str(pattern.pattern):
        return [UUID(int=7)]
    if "<int:" in str(pattern.pattern):
        return [7]
    return ["sessions"] if "<slug:" in str(pattern.pattern) else []


def test_sends_strangers_to_the_login():
    stranger = Client()

    for address in every_page():
        shown, acted = stranger.get(address), stranger.post(address)
        assert (shown.status_code, shown["Location"]) == (302, f"{LOGIN}?next={address}")
        assert (acted.status_code, acted["Location"]) == (302, f"{LOGIN}?next="), address


def test_refuses_whoever_is_no_staff():
    browser = logged_in(is_staff=False)

    answers = {
        (address, method.__name__): method(address).status_code
        for address in every_page()
        for method in (browser.get, browser.post)
    }

    assert {asked: status for asked, status in answers.items() if status != 403} == {}


def test_logs_staff_in_and_leads_them_where_they_wanted_to_go():
    user = make_user()
    browser = Client()

    response = browser.post(
        f"{LOGIN}?next={LIST}",
        {"login": user.username, "password": PASSWORD, "next": f"{LIST}?status=started"},
    )

    assert response.status_code == 302
    assert response["Location"] == f"{LIST}?status=started"
    assert browser.get(LIST).status_code == 200


@pytest.mark.parametrize(
    ("fields", "password"),
    [({"is_staff": False}, PASSWORD), ({"is_active": False}, PASSWORD), ({}, "wrong")],
)
def test_logs_nobody_else_in(fields: dict[str, bool], password: str):
    user = make_user(**fields)
    browser = Client()

    response = browser.post(LOGIN, {"login": user.username, "password": password})

    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()
    assert "session" not in browser.cookies


def test_leads_nobody_to_other_sites_after_the_login():
    user = make_user()

    response = Client().post(
        LOGIN, {"login": user.username, "password": PASSWORD, "next": "https://evil.example/"}
    )

    assert response["Location"] == reverse("mid-office:home")


def test_logs_out(viewer: Client):
    response = viewer.post(reverse("account_logout"))

    assert response["Location"] == LOGIN
    assert viewer.get(LIST).status_code == 302


def test_is_kept_by_no_browser_and_says_that_a_sandbox_moves_no_money(viewer: Client):
    words = "Sandbox: no real money is moved."

    response = viewer.get(LIST)

    assert response["Cache-Control"] == "no-store"
    assert words in response.content.decode()
    assert words in Client().get(LOGIN).content.decode()

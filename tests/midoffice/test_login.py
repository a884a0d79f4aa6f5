"""Whoever logs in..."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.builders import PASSWORD, make_authenticator_app, make_user
from tests.midoffice.second_factors import (
    WRONG_CODE,
    code,
    give_password,
    is_in,
    make_recovery_codes,
    told,
)

pytestmark = pytest.mark.django_db

LOGIN = reverse("account_login")
SECOND = reverse("mfa_authenticate")
TOO_MANY = "Too many failed login attempts. Try again later."


class TestWithAPasswordAlone:
    def test_is_in(self):
        user, browser = make_user(), Client()

        assert give_password(browser, user)["Location"] == reverse("mid-office:home")
        assert is_in(browser)

    def test_is_refused_after_five_wrong_ones_even_with_the_right_one(self):
        user, other = make_user(), make_user()
        for _ in range(5):
            answer = give_password(Client(), user, "wrong")
            assert "are not correct" in answer.content.decode()

        browser = Client()
        answer = give_password(browser, user)

        assert TOO_MANY in answer.content.decode()
        assert not is_in(browser)
        assert give_password(Client(), other).status_code == 302

    def test_is_refused_where_ten_wrong_ones_came_from(self):
        for _ in range(10):
            give_password(Client(REMOTE_ADDR="203.0.113.7"), make_user(), "wrong")

        there, elsewhere = Client(REMOTE_ADDR="203.0.113.7"), Client(REMOTE_ADDR="203.0.113.8")

        user = make_user()
        assert TOO_MANY in give_password(there, user).content.decode()
        assert give_password(elsewhere, user).status_code == 302

    @pytest.mark.parametrize(("proxies", "is_believed"), [(0, False), (1, True)])
    def test_is_told_apart_by_what_our_own_proxy_says(
        self, settings: Settings, proxies: int, is_believed: bool
    ):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
        for number in range(10):
            # What stands before our proxy's own word, anybody may have written.
            forged = {"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.7"}
            give_password(Client(headers=forged), make_user(), "wrong")

        told_apart = Client(headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.8"})

        assert (give_password(told_apart, make_user()).status_code == 302) is is_believed
        same = Client(headers={"X-Forwarded-For": "10.0.0.99, 203.0.113.7"})
        assert TOO_MANY in give_password(same, make_user()).content.decode()

    def test_is_told_plainly_that_these_were_too_many_requests(self, settings: Settings):
        settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
        user = make_user()
        give_password(Client(), user)

        answer = give_password(Client(), user)

        assert answer.status_code == 429
        assert "Wait a minute, then try again." in answer.content.decode()

    def test_is_led_to_no_other_site(self):
        for place in (
            "https://evil.example/",
            "//evil.example",
            "javascript:x",
            "https://localhost/",
        ):
            answer = give_password(Client(), make_user(), next=place)
            assert answer["Location"] == "/mid-office/", place


class TestWithASecondFactor:
    def test_is_in_only_once_both_were_right(self):
        user, browser = make_user(), Client()
        make_authenticator_app(user)

        first = give_password(browser, user, next="/mid-office/psps/")
        assert (first["Location"], is_in(browser)) == (SECOND, False)
        wrong = browser.post(SECOND, {"code": WRONG_CODE})
        assert "Incorrect code." in wrong.content.decode()
        assert not is_in(browser)
        right = browser.post(SECOND, {"code": code()})

        assert (right["Location"], is_in(browser)) == ("/mid-office/psps/", True)
        assert told(user) == ["Gave a wrong second factor."]

    def test_is_refused_a_code_that_was_used(self):
        user, first, second = make_user(), Client(), Client()
        make_authenticator_app(user)
        seen = code()
        for browser in (first, second):
            give_password(browser, user)
            browser.post(SECOND, {"code": seen})

        assert is_in(first)
        assert not is_in(second)

    def test_is_refused_after_five_wrong_codes_even_with_the_right_one(self):
        user, browser = make_user(), Client()
        make_authenticator_app(user)
        give_password(browser, user)
        for _ in range(5):
            browser.post(SECOND, {"code": WRONG_CODE})

        answer = browser.post(SECOND, {"code": code()})

        assert TOO_MANY in answer.content.decode()
        assert not is_in(browser)

    def test_may_use_each_recovery_code_once(self):
        user = make_user()
        make_authenticator_app(user)
        [spare, *_] = make_recovery_codes(user)
        for expected in (True, False):
            browser = Client()
            give_password(browser, user)
            browser.post(SECOND, {"code": spare})
            assert is_in(browser) is expected

        assert told(user) == ["Used a recovery code.", "Gave a wrong second factor."]

    def test_may_begin_again_as_somebody_else(self):
        user, browser = make_user(), Client()
        make_authenticator_app(user)
        give_password(browser, user)

        assert browser.post(reverse("account_logout"))["Location"] == LOGIN
        assert browser.get(LOGIN).status_code == 200


class TestToTheAdmin:
    def test_goes_through_our_login(self):
        answer = Client().get("/admin/login/", {"next": "/admin/auth/user/"})
        assert answer["Location"] == f"{LOGIN}?next=%2Fadmin%2Fauth%2Fuser%2F"

        guess = {"username": make_user(is_superuser=True).username, "password": PASSWORD}
        browser = Client()
        assert browser.post("/admin/login/", guess)["Location"].startswith(LOGIN)
        assert browser.get("/admin/").status_code == 302

    def test_changes_the_password_on_our_page(self, superuser: Client):
        answer = superuser.get("/admin/password_change/")

        assert answer["Location"] == reverse("account_change_password")


def test_finds_no_page_that_is_not_ours(superuser: Client):
    for address in (
        "signup/",
        "password/reset/",
        "email/",
        "inactive/",
        "security/passkeys/",
        "login/code/",
    ):
        assert superuser.get(f"/mid-office/{address}").status_code == 404, address

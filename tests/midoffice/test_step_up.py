"""Whoever moves money, or changes how they log in..."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode
from pytest_django import Settings

from payments.domain.lifecycle import Phase
from payments.models import Approval, Purchase, Refund
from tests.builders import (
    PASSWORD,
    make_approval,
    make_authenticator_app,
    make_purchase,
    make_session,
    make_user,
)
from tests.database.tables import snapshot
from tests.midoffice.conftest import logged_in, proved
from tests.midoffice.forms import REASON, act_page, opened
from tests.midoffice.second_factors import code, give_password, make_passkey

pytestmark = pytest.mark.django_db

CODE = reverse("mfa_reauthenticate")
PASSWORD_AGAIN = reverse("account_reauthenticate")
SECURITY = reverse("mfa_index")
MONEY = ("refund_purchase", "capture_purchase", "void_purchase", "give_approval")


@pytest.fixture
def captured() -> Purchase:
    """Return a purchase of 20.00 EUR that was captured."""
    return make_purchase(make_session(amount="20.00", status="completed"), phase=Phase.CAPTURED)


@pytest.fixture
def anna() -> Client:
    """Return a browser of somebody who may move money, and has an authenticator app."""
    return logged_in(*MONEY)


@pytest.fixture
def bare() -> Client:
    """Return a browser of somebody who may move money and has a password alone, just given."""
    browser = Client()
    browser.force_login(make_user(*MONEY))
    return proved(browser, "password")


def addresses(purchase: Purchase) -> list[str]:
    """Return every page by which money is moved."""
    acts = [act_page(name, purchase.session_id) for name in ("refund", "capture", "void")]
    approval = make_approval(purchase.session)
    return [*acts, reverse("mid-office:approval", args=[approval.pk])]


def asked(where: str, then: str) -> str:
    """Return the address of a page that asks who somebody is, and leads back."""
    return f"{where}?{urlencode({'next': then})}"


class TestWithASecondFactor:
    def test_is_asked_for_it_after_five_minutes(self, anna: Client, captured: Purchase):
        pages = addresses(captured)
        proved(anna, ago=timedelta(minutes=5))
        before = snapshot()

        for address in pages:
            response = anna.post(address, {"reason": REASON})
            assert response["Location"] == asked(CODE, address)
        assert anna.get(pages[0])["Location"] == asked(CODE, pages[0])
        assert snapshot() == before

    def test_is_not_asked_before(self, anna: Client, captured: Purchase):
        proved(anna, ago=timedelta(minutes=4, seconds=55))

        assert anna.get(act_page("refund", captured.session_id)).status_code == 200

    def test_cannot_do_with_the_password(self, anna: Client, captured: Purchase):
        proved(anna, "password")

        response = anna.get(act_page("refund", captured.session_id))

        assert response["Location"].startswith(CODE)
        assert anna.get(PASSWORD_AGAIN)["Location"] == CODE

    def test_is_asked_for_a_passkey_first(self, captured: Purchase):
        user, browser = make_user(*MONEY), Client()
        make_passkey(user)
        make_authenticator_app(user)
        browser.force_login(user)

        response = browser.get(act_page("refund", captured.session_id))

        assert response["Location"].startswith(reverse("mfa_reauthenticate_webauthn"))

    def test_comes_back_to_what_was_typed(self, anna: Client, captured: Purchase):
        address = act_page("refund", captured.session_id)
        form = {**opened(anna, address), "amount": "5.00"}
        proved(anna, ago=timedelta(hours=1))
        where = anna.post(address, form)["Location"]

        back = anna.post(where, {"code": code(), "next": address})
        page = anna.get(back["Location"])

        assert back["Location"] == address
        assert not Refund.objects.exists()
        shown = page.context["form"]
        assert {name: shown[name].value() for name in form} == form
        anna.post(address, form)
        assert Refund.objects.get().amount == "5.00"
        assert "5.00" not in anna.get(address).content.decode().split("<form", 3)[-1]

    def test_finds_nothing_kept_that_we_must_not_store(self, anna: Client, captured: Purchase):
        address = act_page("refund", captured.session_id)
        form = {**opened(anna, address), "reason": "card 4111111111111111"}
        proved(anna, ago=timedelta(hours=1))

        anna.post(address, form)

        assert "4111111111111111" not in str(dict(anna.session))

    def test_gives_a_code_of_the_login_once(self, anna: Client):
        seen = code()
        anna.post(CODE, {"code": seen})

        again = anna.post(CODE, {"code": seen})

        assert "Incorrect code." in again.content.decode()

    def test_is_refused_after_five_wrong_codes(self, anna: Client, captured: Purchase):
        proved(anna, ago=timedelta(hours=1))
        for _ in range(5):
            anna.post(CODE, {"code": "no code"})

        answer = anna.post(CODE, {"code": code()})

        assert "Too many failed login attempts." in answer.content.decode()
        assert anna.get(act_page("refund", captured.session_id)).status_code == 302

    def test_is_led_to_no_other_site(self, anna: Client):
        answer = anna.post(CODE, {"code": code(), "next": "https://evil.example/"})

        assert answer["Location"] == reverse("mid-office:home")


class TestWithAPasswordAlone:
    def test_is_led_to_enrol_and_told_why(self, bare: Client, captured: Purchase):
        pages = addresses(captured)
        before = snapshot()

        for address in pages:
            assert bare.post(address, {"reason": REASON})["Location"] == SECURITY
        assert snapshot() == before
        told = bare.get(SECURITY).content.decode()
        assert "Moving money takes a second factor, and you have none yet." in told

    @pytest.mark.django_db(transaction=True)
    def test_comes_back_to_the_act_once_enrolled(self, bare: Client, captured: Purchase):
        address = act_page("refund", captured.session_id)
        bare.post(address, {"form_key": "0" * 32, "amount": "5.00", "reason": REASON})
        page = bare.get(reverse("mfa_activate_totp"))
        key = page.context["form"].secret

        where = bare.post(page.request["PATH_INFO"], {"code": code(key)})["Location"]
        assert f'href="{address}"' in bare.get(where).content.decode()

        assert bare.get(address).context["form"]["amount"].value() == "5.00"

    def test_needs_no_more_where_the_setting_says_so(
        self, bare: Client, captured: Purchase, settings: Settings
    ):
        settings.BPS_MONEY_NEEDS_SECOND_FACTOR = False
        address = act_page("refund", captured.session_id)

        page = bare.get(address)
        assert page.status_code == 200
        assert "Moving money takes no second factor here." in page.content.decode()
        proved(bare, "password", ago=timedelta(minutes=5))
        where = bare.get(address)["Location"]
        assert where == asked(PASSWORD_AGAIN, address)
        wrong = bare.post(where, {"password": "wrong"})
        assert "Incorrect password." in wrong.content.decode()
        assert bare.post(where, {"password": PASSWORD})["Location"] == address
        assert bare.get(address).status_code == 200

    def test_has_a_login_that_counts(self, captured: Purchase, settings: Settings):
        settings.BPS_MONEY_NEEDS_SECOND_FACTOR = False
        user, browser = make_user(*MONEY), Client()
        give_password(browser, user)

        assert browser.get(act_page("refund", captured.session_id)).status_code == 200


def test_reads_an_approval_without_being_asked(anna: Client, captured: Purchase):
    proved(anna, ago=timedelta(hours=1))
    approval = make_approval(captured.session)

    assert anna.get(reverse("mid-office:approval", args=[approval.pk])).status_code == 200
    assert Approval.objects.get().state == "waiting"


def test_is_asked_before_changing_how_they_log_in(anna: Client):
    proved(anna, ago=timedelta(minutes=5))

    for name in (
        "account_change_password",
        "account_set_password",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_add_webauthn",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
    ):
        assert anna.post(reverse(name))["Location"] == asked(CODE, reverse(name))

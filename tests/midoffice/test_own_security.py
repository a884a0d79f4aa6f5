"""A member of staff can..."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from tests.builders import PASSWORD, make_authenticator_app, make_user
from tests.midoffice.conftest import let_in, proved
from tests.midoffice.second_factors import (
    code,
    give_password,
    is_in,
    make_passkey,
    make_recovery_codes,
    told,
)

pytestmark = pytest.mark.django_db

SECURITY = reverse("mfa_index")
ADD_APP = reverse("mfa_activate_totp")
CODES = reverse("mfa_view_recovery_codes")


@pytest.fixture
def user() -> User:
    """Return a member of staff."""
    return make_user(username="anna")


@pytest.fixture
def bare(user: User) -> Client:
    """Return her browser, in which she has just given the password."""
    browser = Client()
    browser.force_login(user)
    return proved(browser, "password")


def kinds(user: User) -> set[str]:
    """Return which second factors somebody has."""
    return set(Authenticator.objects.filter(user=user).values_list("type", flat=True))


@pytest.mark.django_db(transaction=True)
def test_enrol_an_app_and_read_the_recovery_codes_once(user: User, bare: Client):
    page = bare.get(ADD_APP)
    key = page.context["form"].secret
    assert key in page.content.decode()
    assert "<svg" in page.content.decode()
    assert "otpauth://totp/anna?" in page.context["totp_url"]

    wrong = bare.post(ADD_APP, {"code": "no code"})
    assert ("Incorrect code." in wrong.content.decode(), kinds(user)) == (True, set())
    done = bare.post(ADD_APP, {"code": code(key)})

    assert done["Location"] == CODES
    assert kinds(user) == {"totp", "recovery_codes"}
    spare = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    first, second = bare.get(CODES).content.decode(), bare.get(CODES).content.decode()
    assert all(one in first for one in spare)
    assert not any(one in second for one in spare)
    assert told(user) == ["Added: TOTP Authenticator.", "Added: Recovery codes."]


def test_remove_the_app_and_with_it_the_recovery_codes(user: User):
    browser = let_in(user)
    make_recovery_codes(user)

    browser.post(reverse("mfa_deactivate_totp"))

    assert kinds(user) == set()
    assert told(user) == ["Removed: TOTP Authenticator.", "Removed: Recovery codes."]


def test_remove_a_passkey_of_their_own_alone(user: User):
    browser = let_in(user)
    own, other = make_passkey(user), make_passkey(make_user())
    assert "Laptop" in browser.get(SECURITY).content.decode()

    for passkey, status in ((own, 302), (other, 404)):
        address = reverse("mfa_remove_webauthn", args=[passkey.pk])
        assert browser.get(address).status_code == (200 if status == 302 else 404)
        assert browser.post(address).status_code == status

    assert list(Authenticator.objects.filter(type="webauthn")) == [other]
    assert told(user) == ["Removed: WebAuthn 'Laptop'."]


def test_take_new_recovery_codes(
    user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
):
    browser = let_in(user)
    old = make_recovery_codes(user)

    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse("mfa_generate_recovery_codes"))

    assert not set(old) & set(make_recovery_codes(user))
    assert told(user) == ["Made anew: Recovery codes."]


def test_change_the_password_and_be_logged_out_elsewhere(user: User, bare: Client):
    other = Client()
    give_password(other, user)
    new = "entirely another passphrase"
    answer = {"oldpassword": PASSWORD, "password1": new, "password2": new}

    short = bare.post(
        reverse("account_change_password"), {**answer, "password1": "short", "password2": "short"}
    )
    assert "too short" in short.content.decode()
    done = bare.post(reverse("account_change_password"), answer)

    assert done["Location"] == SECURITY
    assert (is_in(bare), is_in(other)) == (True, False)
    assert told(user) == ["Changed the password."]


def test_have_lost_second_factors_removed_by_a_superuser(user: User, superuser: Client):
    app = make_authenticator_app(user)
    make_recovery_codes(user)
    page = reverse("admin:mfa_authenticator_changelist")
    shown = superuser.get(page, {"q": "anna"}).content.decode()
    detail = superuser.get(reverse("admin:mfa_authenticator_change", args=[app.pk]))
    assert "anna" in shown
    assert app.data["secret"] not in shown + detail.content.decode()

    delete = {"action": "delete_selected", "_selected_action": str(app.pk), "post": "yes"}
    superuser.post(page, delete)

    assert kinds(user) == set()
    assert told(user) == ["Removed second factors of this user."]
    browser = Client()
    give_password(browser, user)
    assert is_in(browser)

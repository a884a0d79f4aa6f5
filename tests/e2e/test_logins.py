"""Staff who log in by a passkey or an authenticator app, in a real browser..."""

from __future__ import annotations

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Page, expect

from payments.domain.lifecycle import Phase
from tests.builders import (
    make_purchase,
    make_session,
    make_user,
)
from tests.e2e.conftest import OpenPage, give_password
from tests.e2e.soundness import AXE, assert_sound
from tests.midoffice.second_factors import code

# A device that finds passkeys by itself, and whose owner lays a finger on it at once.
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def give_device(page: Page) -> None:
    """Let a page have a device for passkeys."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


def let_time_pass() -> None:
    """Let every proof of who somebody is be old."""
    for row in Session.objects.all():
        session = SessionStore(row.session_key)
        for record in session.get(AUTHENTICATION_METHODS_SESSION_KEY, []):
            record["at"] = 0
        session.modified = True
        session.save()


def test_enrol_a_passkey_log_in_by_it_and_move_money(open_page: OpenPage):
    purchase = make_purchase(make_session(status="completed"), phase=Phase.CAPTURED)
    refund = reverse("mid-office:refund", args=[purchase.session_id])
    user = make_user(is_superuser=True)
    page = open_page(refund, script=AXE)
    give_device(page)
    give_password(page, user.username)

    expect(page.get_by_text("Moving money takes a second factor")).to_be_visible()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_text("This page shows them only now.")).to_be_visible()
    page.get_by_role("link", name="Go on with what you were about to do").click()
    expect(page.get_by_role("heading", name="Refund")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url("**/mid-office/")
    page.goto(refund)
    expect(page.get_by_role("heading", name="Refund")).to_be_visible()

    let_time_pass()
    page.goto(refund)
    assert_sound(page)
    page.get_by_role("button", name="Use the passkey").click()
    expect(page.get_by_role("heading", name="Refund")).to_be_visible()
    page.get_by_role("link", name="Your security").click()
    page.get_by_role("link", name="Remove My laptop").click()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("A passkey logs you in by")).to_be_visible()
    assert not Authenticator.objects.exists()


def test_use_a_passkey_behind_the_password(open_page: OpenPage):
    user = make_user()
    page = open_page("/mid-office/security/passkeys/add/")
    give_device(page)
    give_password(page, user.username)
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_role("button", name="Log out").click()

    give_password(page, user.username)
    expect(page.get_by_role("heading", name="Your second factor, please")).to_be_visible()
    page.get_by_role("button", name="Use a passkey instead").click()

    page.wait_for_url("**/mid-office/")
    User.objects.update(is_active=False)
    page.goto("/mid-office/")
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_text("This account may not log in.")).to_be_visible()


def test_read_why_no_passkey_was_used(open_page: OpenPage):
    page = open_page("/mid-office/login/")
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    refusing = {**DEVICE, "isUserVerified": False}
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": refusing})

    page.get_by_role("button", name="Use a passkey instead").click()

    expect(page.get_by_text("No passkey was used")).to_be_visible()


def test_enrol_an_app_without_scripts(open_page: OpenPage):
    user = make_user()
    page = open_page("/mid-office/security/", java_script_enabled=False)
    give_password(page, user.username)
    page.get_by_role("link", name="Add a passkey").click()
    expect(page.get_by_text("This browser can't use passkeys here")).to_be_visible()
    page.get_by_role("link", name="Back, and add nothing").click()
    page.get_by_role("link", name="Add an authenticator app").click()
    key = page.locator("main code").inner_text()

    page.get_by_label("Authenticator code").fill(code(key))
    page.get_by_role("button", name="Add the app").click()

    expect(page.get_by_text("This page shows them only now.")).to_be_visible()
    assert Authenticator.objects.filter(user=user, type="totp").exists()

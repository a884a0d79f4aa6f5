"""Every page that people open can be used by all, whatever PSPs, shops and staff wrote there..."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from dashboard import urls
from dashboard.security.urls import urlpatterns as of_logins
from payments.domain.lifecycle import Phase
from payments.models import Measure, PaymentSession, Tally
from tests.builders import make_authenticator_app, make_purchase, make_session, make_user
from tests.e2e.conftest import OpenPage, give_password
from tests.e2e.hostile_rows import make_hostile_rows
from tests.e2e.soundness import AXE, LOOKS, assert_pages_sound, assert_sound
from tests.hostile_words import SPELLED_OUT
from tests.midoffice.conftest import let_in, proved
from tests.midoffice.second_factors import make_passkey, make_recovery_codes

# What answers with a file, or is done by a button on another page.
NO_PAGES: Final = {
    *(one.name for one in urls.urlpatterns if str(one.name).endswith("-csv")),
    "save-view",
    "delete-view",
    "support-bundle",
    "resolve-discrepancy",
    "check-invariants",
}
# A page about a row on which nothing stands that others wrote.
OUR_OWN_WORDS: Final = {"replay-receipt"}
OTHERWISE: Final = (
    "sessions/?currency=EURO&status=expired",
    "search/?q=nothing",
    "?day_from=2020-01-02&day_to=2020-01-01",
)
# Whose login a page of logins is for. The others lead on at once.
FOR_ONE_WITH_EVERYTHING: Final = (
    "mfa_reauthenticate",
    "mfa_index",
    "account_change_password",
    "mfa_deactivate_totp",
    "mfa_remove_webauthn",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
)
FOR_ONE_WITH_AN_APP: Final = ("mfa_add_webauthn",)
FOR_ONE_WITH_A_PASSWORD: Final = ("mfa_index", "mfa_activate_totp", "account_reauthenticate")
FOR_ONE_WITH_NOTHING: Final = ("account_set_password",)
FOR_STRANGERS: Final = ("account_login", "mfa_authenticate")
# test_logins.py looks at it: it takes a passkey that a browser can read.
FOR_ONE_WITH_A_PASSKEY: Final = ("mfa_reauthenticate_webauthn",)
BUTTONS: Final = ("account_logout", "mfa_login_webauthn")


@pytest.fixture
def open_page(open_page: OpenPage) -> OpenPage:
    """Open pages that can be looked at."""
    return partial(open_page, script=AXE)


def test_in_the_mid_office(open_page: OpenPage):
    olga = make_user(is_superuser=True)
    rows = make_hostile_rows(olga)
    page = open_page("/mid-office/", login=let_in(olga))

    for pattern in urls.urlpatterns:
        name, route = str(pattern.name), str(pattern.pattern)
        if name in NO_PAGES:
            continue
        of_row = [rows.get(name) or rows[route.partition("/")[0]]] if "<uuid:" in route else []
        assert_pages_sound(page, [reverse(f"mid-office:{name}", args=of_row)])
        if of_row and name not in OUR_OWN_WORDS:
            assert SPELLED_OUT in page.locator("main").inner_text(), name
    assert_pages_sound(page, [f"/mid-office/{address}" for address in OTHERWISE])
    for said in forms_sent(page, rows):
        expect(page.get_by_text(said)).to_be_visible()
        assert_sound(page)


def forms_sent(page: Page, rows: dict[str, UUID]) -> Iterator[str]:
    """Send forms, two that are refused and two that are taken; yield what the page then says."""
    page.goto(reverse("mid-office:refund", args=[rows["sessions"]]))
    page.get_by_label("Amount").fill("much")
    page.get_by_label("Reason").fill("A broken cup.")
    page.get_by_role("button", name="Refund").click()
    yield "must be a plain decimal"
    page.goto(reverse("mid-office:reconcile-now"))
    page.get_by_label("First day").fill("2030-01-02")
    page.get_by_label("Last day, included").fill("2030-01-01")
    page.get_by_role("button", name="Reconcile").click()
    yield "comes after the last"
    page.goto(reverse("mid-office:discrepancy", args=[rows["discrepancies"]]))
    page.get_by_label("Reason").fill("Refunded at the PSP.")
    page.get_by_role("button", name="Resolve").click()
    yield "Resolved."
    page.goto(reverse("mid-office:carry-out", args=[rows["carry-out"]]))
    page.get_by_role("button", name="Make it, and show it once").click()
    yield "It is shown this once."


def test_of_logins_and_second_factors(open_page: OpenPage):
    user = make_user(is_superuser=True)
    page = open_page("/mid-office/security/", login=by_password(user))
    assert_pages_sound(page, [reverse(name) for name in FOR_ONE_WITH_A_PASSWORD])
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Go on").click()
    assert_sound(page)
    page.goto(reverse("mid-office:refund", args=[make_purchase().session_id]))
    expect(page.get_by_text("Moving money takes a second factor")).to_be_visible()
    assert_sound(page)

    user.set_unusable_password()
    user.save()
    page = open_page("/mid-office/security/", login=by_password(user))
    assert_pages_sound(page, [reverse(name) for name in FOR_ONE_WITH_NOTHING])

    user = make_user()
    page = open_page("/mid-office/security/", login=let_in(user))
    assert_pages_sound(page, [reverse(name) for name in FOR_ONE_WITH_AN_APP])
    make_recovery_codes(user)
    rows = {"mfa_remove_webauthn": [make_passkey(user, "x" * 80).pk]}
    of_user = [reverse(name, args=rows.get(name)) for name in FOR_ONE_WITH_EVERYTHING]
    shown_again = reverse("mfa_view_recovery_codes")
    assert_pages_sound(page, [*of_user, shown_again])


def by_password(user: User) -> Client:
    """Return the browser of somebody who has just logged in by a password alone."""
    browser = Client()
    browser.force_login(user)
    return proved(browser, "password")


def test_of_strangers(open_page: OpenPage, settings: Any):
    user = make_user()
    make_authenticator_app(user)
    page = open_page("/mid-office/login/")
    assert_sound(page)
    give_password(page, user.username, "wrong")
    assert_sound(page)
    give_password(page, user.username)
    page.wait_for_url(f"**{reverse('mfa_authenticate')}**")
    assert_sound(page)
    page.get_by_label("Code").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    assert_sound(page)

    page.context.clear_cookies()
    page.goto("/mid-office/login/")
    page.context.clear_cookies()
    give_password(page, user.username)
    expect(page).to_have_title("This form has expired")
    assert_sound(page)
    settings.ACCOUNT_RATE_LIMITS = {"login": "0/m/ip"}
    page.goto("/mid-office/login/")
    give_password(page, user.username)
    expect(page).to_have_title("Too many tries")
    assert_sound(page)


def test_that_refuses(open_page: OpenPage):
    capture = reverse("mid-office:capture", args=[make_purchase().session_id])
    page = open_page(capture, status=403, login=let_in(make_user()))
    assert_sound(page)

    addresses = ["/nothing/", *(f"/result/nobody?lang={look.language}" for look in LOOKS)]
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 404
        assert_sound(page)


def test_of_results(open_page: OpenPage):
    page = open_page("/mid-office/login/")

    tokens = [session.public_token for session in every_result()]
    for look in LOOKS:
        addresses = [f"/result/{token}?lang={look.language}" for token in tokens]
        assert_pages_sound(page, addresses, look)


def every_result() -> list[PaymentSession]:
    """Return sessions that show every state of the result page."""
    return [
        make_session(),
        make_session(cancel_requested_at=timezone.now()),
        make_purchase(phase=Phase.IN_DOUBT).session,
        make_purchase(make_session(capture="manual"), phase=Phase.AUTHORIZED).session,
        make_purchase(phase=Phase.CAPTURED).session,
        make_purchase(phase=Phase.DECLINED).session,
        make_session(status="expired"),
    ]


def test_that_logs_somebody_in_is_among_these():
    looked_at = {
        *FOR_STRANGERS,
        *FOR_ONE_WITH_A_PASSWORD,
        *FOR_ONE_WITH_NOTHING,
        *FOR_ONE_WITH_AN_APP,
        *FOR_ONE_WITH_EVERYTHING,
        *FOR_ONE_WITH_A_PASSKEY,
    }

    assert {one.name for one in of_logins} == looked_at | set(BUTTONS)


def test_and_the_home_is_light(open_page: OpenPage):
    olga = make_user(is_superuser=True)
    make_hostile_rows(olga)
    # The most columns that the charts have. Tallies go up to this hour.
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    Tally.objects.create(hour=hour - timedelta(hours=1), measure=Measure.HOUR, count=1)
    days = f"day_from={hour.date() - timedelta(days=61)}&day_to={hour.date()}"

    page = open_page(f"/mid-office/?{days}", login=let_in(olga))
    page.get_by_text("The days before").first.wait_for()

    assert page.locator("#volume ~ svg rect.fill").count() == 62
    # Nothing here is compressed.
    files = page.evaluate("performance.getEntries().map((each) => each.decodedBodySize ?? 0)")
    assert 20_000 < sum(files) <= 120_000

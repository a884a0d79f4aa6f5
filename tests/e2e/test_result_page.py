"""The shopper's page, as browsers run it..."""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from payments.domain.lifecycle import Phase
from payments.models import PaymentSession, Purchase
from tests.builders import make_purchase, make_session
from tests.e2e.conftest import OpenPage


def succeed(purchase: Purchase) -> None:
    """Let the outcome become known while the shopper looks at the page."""
    Purchase.objects.filter(pk=purchase.pk).update(
        phase=Phase.CAPTURED, captured_amount=Decimal("19.99"), finished_at=timezone.now()
    )


def stand_in_for_the_shop(page: Page) -> None:
    """Answer for the shop's own page, which no test reaches."""

    def thank(route: Route) -> None:
        route.fulfill(body="<title>Thank you</title>", content_type="text/html")

    page.context.route("https://shop.example/**", thank)


def open_session(open_page: OpenPage, session: PaymentSession, **profile: object) -> Page:
    page = open_page(f"/result/{session.public_token}", **profile)
    stand_in_for_the_shop(page)
    return page


def test_shows_the_outcome_without_being_reloaded_and_announces_it(open_page: OpenPage):
    purchase = make_purchase(phase=Phase.PENDING)
    page = open_session(open_page, purchase.session)
    page.evaluate("outcome.dataset.untouched = 'yes'")
    expect(page.get_by_role("status").first).to_contain_text("Payment in progress")

    succeed(purchase)

    announced = page.locator("#outcome[data-untouched=yes][role=status]")
    expect(announced).to_contain_text("Payment successful")
    expect(page).to_have_title("Payment successful")
    expect(page.get_by_text("Amount paid")).to_be_visible()


def test_leads_on_to_the_shop_after_a_countdown(open_page: OpenPage):
    session = make_purchase(phase=Phase.CAPTURED).session
    page = open_session(open_page, session)
    expect(page.locator("[data-countdown]")).to_have_text("5")

    expect(page.locator("[data-countdown]")).to_have_text("3")
    page.wait_for_url(session.return_url)


def test_stays_when_asked_to(open_page: OpenPage):
    session = make_purchase(phase=Phase.CAPTURED).session
    page = open_session(open_page, session)
    page.clock.install()
    page.reload()

    page.get_by_role("link", name="Stay on this page").click()
    page.clock.run_for(60_000)

    expect(page).to_have_url(re.compile("/result/"))
    expect(page.locator("#moving-on")).to_have_count(0)


def test_sends_nobody_away_who_came_back(open_page: OpenPage):
    session = make_purchase(phase=Phase.CAPTURED).session
    page = open_session(open_page, session)
    page.get_by_role("link", name="Continue to").click()
    page.wait_for_url(session.return_url)

    page.go_back()

    expect(page.locator("h1")).to_have_text("Payment successful")
    page.wait_for_timeout(200)
    expect(page.locator("#moving-on")).to_have_count(0)


def test_copies_the_reference(open_page: OpenPage):
    purchase = make_purchase(phase=Phase.DECLINED)
    page = open_session(
        open_page, purchase.session, permissions=["clipboard-read", "clipboard-write"]
    )

    page.get_by_role("button", name="Copy the reference").click()

    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == purchase.public_id


def test_shows_the_outcome_without_javascript(open_page: OpenPage):
    purchase = make_purchase(phase=Phase.PENDING)
    page = open_session(open_page, purchase.session, java_script_enabled=False)
    expect(page.locator("h1")).to_have_text("Payment in progress")
    expect(page.get_by_role("button")).to_have_count(0)

    succeed(purchase)

    expect(page.locator("h1")).to_have_text("Payment successful")
    page.wait_for_url(purchase.session.return_url)


def test_prints_a_receipt_in_black_on_white(open_page: OpenPage):
    purchase = make_purchase(phase=Phase.CAPTURED)
    token = purchase.session.public_token
    page = open_page(f"/result/{token}?refresh=off", color_scheme="dark")

    page.emulate_media(media="print")

    expect(page.locator("h1")).to_have_text("Payment successful")
    receipt = page.locator("dl")
    for words in ("€19.99", purchase.session.shop.name, purchase.public_id, "UTC"):
        expect(receipt.get_by_text(words)).to_be_visible()
    expect(page.get_by_role("link")).to_have_count(0)
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    for shown in ("h1", "dt", "dd"):
        expect(page.locator(shown).first).to_have_css("color", "rgb(0, 0, 0)")


def test_speaks_another_language_when_asked_to(open_page: OpenPage):
    page = open_session(open_page, make_session())

    page.get_by_role("link", name="العربية").click()

    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("h1")).to_have_text("لم يتم شراء أي شيء بعد")

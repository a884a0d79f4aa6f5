"""A shopper pays, in a real browser: shop, purchase page, Buy Now, result page, thank-you page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from payments.models import PaymentSession, Purchase
from tests.scenarios.world import World

with_and_without_javascript = pytest.mark.parametrize(
    "javascript", [pytest.param(True, id="with JavaScript"), pytest.param(False, id="without")]
)


def go_to_purchase_page(browser: Browser, site: World, *, javascript: bool) -> Page:
    """Open the shop and buy its first product."""
    page = browser.new_context(java_script_enabled=javascript, locale="en-GB").new_page()
    page.goto(site.sandbox.base_url)
    page.get_by_role("button", name=re.compile("buy", re.IGNORECASE)).first.click()
    expect(page).to_have_url(re.compile("/psp/purchase/"))
    return page


def charges(site: World) -> int:
    """Count the PSP's charges for the one checkout that this BPS knows."""
    return len(site.sandbox.books(PaymentSession.objects.get().checkout_id)["charges"])


class TestAShopper:
    @with_and_without_javascript
    def test_pays_at_once_and_ends_on_the_shops_page(
        self, browser: Browser, site: World, javascript: bool
    ) -> None:
        page = go_to_purchase_page(browser, site, javascript=javascript)
        page.locator("input[value=approve]").check(force=True)

        page.get_by_role("button", name="Buy Now").click()

        expect(page).to_have_url(re.compile("/result/"))
        expect(page.get_by_role("heading", level=1)).to_contain_text("successful")
        # The page moves on by itself, with and without JavaScript.
        expect(page).to_have_url(re.compile("/shop/thanks/"))
        assert Purchase.objects.get().phase == "captured"
        assert charges(site) == 1

    @with_and_without_javascript
    def test_watches_the_bank_take_its_time(
        self, browser: Browser, site: World, javascript: bool
    ) -> None:
        page = go_to_purchase_page(browser, site, javascript=javascript)
        page.locator("input[value=issuer_seconds]").check(force=True)
        page.get_by_role("button", name="Buy Now").click()
        expect(page.get_by_text("not be charged twice")).to_be_visible()

        site.work_until(lambda: Purchase.objects.get().phase == "captured")

        expect(page.get_by_role("heading", level=1)).to_contain_text("successful")
        assert charges(site) == 1

    @with_and_without_javascript
    def test_is_told_why_the_bank_declined_and_led_back(
        self, browser: Browser, site: World, javascript: bool
    ) -> None:
        page = go_to_purchase_page(browser, site, javascript=javascript)
        page.locator("input[value=decline]").check(force=True)

        page.get_by_role("button", name="Buy Now").click()

        expect(page.get_by_role("heading", level=1)).to_contain_text("failed")
        page.get_by_role("link", name=re.compile("back", re.IGNORECASE)).first.click()
        expect(page).to_have_url(re.compile("/shop/thanks/"))
        assert charges(site) == 0

"""A shopper pays, in a real browser: shop, purchase page, Buy Now, result page, thank-you page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from payments.circuit import Circuit
from payments.models import Purchase, Shop, ShopApiKey
from payments.psp import psp_client
from tests.sandbox_server import database_url_for, start_sandbox
from tests.scenarios.world import World

with_and_without_javascript = pytest.mark.parametrize(
    "javascript", [pytest.param(True, id="with JavaScript"), pytest.param(False, id="without")]
)


@pytest.fixture
def site(transactional_db: None, live_server: Any, settings: Any) -> Iterator[World]:
    """Return a world in which the sandbox's shop really calls BPS."""
    shop = Shop.objects.create(name="Demo shop", routing={"*": ["sandbox"]})
    _, key = ShopApiKey.objects.create_key(name="tests", shop=shop)
    sandbox = start_sandbox(
        database_url=database_url_for("site"), bps_url=live_server.url, bps_api_key=key
    )
    shop.return_origins = [sandbox.base_url]
    shop.notification_url = f"{sandbox.base_url}/shop/notifications/"
    shop.notification_secrets = [sandbox.notification_secret]
    shop.save()
    settings.BPS_PUBLIC_URL = live_server.url
    settings.SANDBOX_PSP_URL = sandbox.psp_url
    settings.SANDBOX_PSP_API_KEY = sandbox.api_key
    settings.SANDBOX_PSP_WEBHOOK_SECRETS = [sandbox.webhook_secret]
    psp_client.cache_clear()
    Circuit("sandbox").reset()
    with sandbox:
        yield World(bps_url=live_server.url, api_key=key, sandbox=sandbox)
    psp_client.cache_clear()


def go_to_purchase_page(browser: Browser, site: World, *, javascript: bool) -> Page:
    """Open the shop and buy its first product."""
    page = browser.new_context(java_script_enabled=javascript, locale="en-GB").new_page()
    page.goto(site.sandbox.base_url)
    page.get_by_role("button", name=re.compile("buy", re.IGNORECASE)).first.click()
    expect(page).to_have_url(re.compile("/psp/purchase/"))
    return page


def charges(site: World) -> int:
    """Count all charges in the PSP's books."""
    return sum(len(book["charges"]) for book in site.sandbox.all_books())


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
        expect(page).to_have_url(re.compile("/shop/thanks/"), timeout=15_000)
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

        expect(page.get_by_role("heading", level=1)).to_contain_text("successful", timeout=15_000)
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

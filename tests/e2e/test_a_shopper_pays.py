"""A shopper pays, in a real browser: shop, purchase page, Buy Now, result page, thank-you page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer
from rest_framework_api_key.crypto import KeyGenerator

from payments.circuit import Circuit
from payments.models import NotificationSecret, PaymentSession, Purchase, Shop, ShopApiKey
from payments.psp import psp_client
from tests.sandbox_server import SandboxServer, database_url_for, start_sandbox
from tests.scenarios.world import World

with_and_without_javascript = pytest.mark.parametrize(
    "javascript", [pytest.param(True, id="with JavaScript"), pytest.param(False, id="without")]
)


@dataclass(frozen=True)
class Street:
    """What stays while shoppers come and go: the sandbox, BPS's address, and the shop's API key."""

    sandbox: SandboxServer
    bps_url: str
    key: str
    prefix: str
    hashed_key: str


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    """Start one sandbox whose shop really calls BPS."""
    server = LiveServer("127.0.0.1")
    key, prefix, hashed_key = KeyGenerator().generate()
    with start_sandbox(
        database_url=database_url_for("site"), bps_url=server.url, bps_api_key=key
    ) as sandbox:
        yield Street(sandbox, server.url, key, prefix, hashed_key)
    server.stop()


@pytest.fixture
def site(transactional_db: None, street: Street, settings: Any) -> Iterator[World]:
    """Return a world in which a fresh BPS knows the sandbox's shop."""
    sandbox = street.sandbox
    shop = Shop.objects.create(
        name="Demo shop",
        routing={"*": ["sandbox"]},
        return_origins=[sandbox.base_url],
        notification_url=f"{sandbox.base_url}/shop/notifications/",
    )
    NotificationSecret.objects.create(shop=shop, value=sandbox.notification_secret)
    ShopApiKey.objects.create(
        id=f"{street.prefix}.{street.hashed_key}",
        prefix=street.prefix,
        hashed_key=street.hashed_key,
        name="tests",
        shop=shop,
    )
    settings.BPS_PUBLIC_URL = street.bps_url
    settings.SANDBOX_PSP_URL = sandbox.psp_url
    settings.SANDBOX_PSP_API_KEY = sandbox.api_key
    settings.SANDBOX_PSP_WEBHOOK_SECRETS = sandbox.webhook_secret
    psp_client.cache_clear()
    Circuit("sandbox").reset()
    yield World(bps_url=street.bps_url, api_key=street.key, sandbox=sandbox)
    psp_client.cache_clear()


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

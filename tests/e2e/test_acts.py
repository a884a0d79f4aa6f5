"""Staff, in a real browser, on payments that a PSP really took, can..."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from payments.models import (
    Approval,
    Case,
    Discrepancy,
    NotificationTry,
    ReconciliationRun,
    Shop,
    WebhookReceipt,
)
from payments.psp import psp_client
from tests import direct
from tests.builders import make_user
from tests.e2e.conftest import OpenPage
from tests.midoffice.conftest import let_in
from tests.scenarios.world import Checkout, World

OpenAs = Callable[..., Page]

PSP_DAYS_AHEAD = 100  # days on which nothing else was booked


@pytest.fixture
def open_as(site: World, open_page: OpenPage) -> OpenAs:
    """Open pages as somebody who may do everything, and has just shown a second factor."""

    def open_one(name: str, path: str, **profile: Any) -> Page:
        user = make_user(is_superuser=True, username=name)
        return open_page(path, login=let_in(user), base_url=site.bps_url, **profile)

    return open_one


def bought(site: World, amount: str = "20.00", *, phase: str, **changes: Any) -> Checkout:
    """Return a checkout on which Buy Now was pressed, and what the PSP said to it."""
    checkout = site.register(amount, **changes)
    assert site.buy(checkout).json()["purchase"]["phase"] == phase
    return checkout


def page_of(site: World, checkout: Checkout) -> str:
    return reverse("mid-office:session", args=[site.session(checkout).pk])


def act(page: Page, title: str, **fields: str) -> None:
    """Follow the link to an act, fill in its form, and do it."""
    page.get_by_role("link", name=title, exact=True).click()
    for label, value in fields.items():
        page.get_by_label(label).fill(value)
    page.get_by_label("Reason").fill("The customer called.")
    page.get_by_role("button", name=title, exact=True).click()


def agree(open_as: OpenAs) -> Page:
    """Have a second person agree to what waits."""
    waiting = Approval.objects.get(state="waiting")
    page = open_as("paul", reverse("mid-office:approval", args=[waiting.pk]))
    page.get_by_label("Reason").fill("I called, too.")
    page.get_by_role("button", name="Agree, and have it done").click()
    return page


@pytest.mark.parametrize("with_script", [True, False], ids=["script", "no script"])
def test_find_a_payment_and_give_back_a_part_and_then_the_rest(
    with_script: bool, open_as: OpenAs, site: World
):
    checkout = bought(site, phase="captured")
    Shop.objects.update(refund_limits={"EUR": "10.00"})
    page = open_as("olga", "/mid-office/", java_script_enabled=with_script)

    page.get_by_role("link", name="Sessions", exact=True).click()
    page.get_by_label("At least").fill("20")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name=checkout.id).click()
    act(page, "Refund", Amount="5.00")
    expect(page.get_by_text("5.00 EUR is being given back")).to_be_visible()
    site.work()
    assert site.books(checkout)["refunded"] == "5.00"
    act(page, "Refund")
    expect(page.get_by_text("until a second person agrees")).to_be_visible()
    site.work()
    assert site.books(checkout)["refunded"] == "5.00"

    expect(agree(open_as).get_by_text("Agreed to, and carried out.")).to_be_visible()
    site.work()
    assert site.books(checkout)["refunded"] == "20.00"
    page.reload()
    expect(page.get_by_role("row", name="Refunded 20.00 EUR")).to_be_visible()


def test_capture_a_part_of_what_is_reserved(open_as: OpenAs, site: World):
    checkout = bought(site, phase="authorized", capture="manual")
    page = open_as("olga", page_of(site, checkout))

    act(page, "Capture", Amount="12.00")

    expect(page.get_by_text("12.00 EUR is being captured")).to_be_visible()
    site.work()
    assert site.books(checkout)["charged"] == "12.00"


def test_void_what_is_reserved(open_as: OpenAs, site: World):
    checkout = bought(site, phase="authorized", capture="manual")
    page = open_as("olga", page_of(site, checkout))

    act(page, "Void")

    expect(page.get_by_text("20.00 EUR is being let go")).to_be_visible()
    site.work()
    assert (site.purchase(checkout).phase, site.charges(checkout)) == ("cancelled", 0)


def test_cancel_a_session(open_as: OpenAs, site: World):
    checkout = site.register()
    page = open_as("olga", page_of(site, checkout))

    act(page, "Cancel the session")

    expect(page.get_by_text("nothing can be charged on it any more")).to_be_visible()
    assert site.books(checkout)["status"] == "cancelled"


def test_ask_the_psp_about_one_payment_and_about_all(open_as: OpenAs, site: World):
    checkout = bought(site, "20.03", phase="pending")  # the bank takes hours
    page = open_as("olga", page_of(site, checkout))

    act(page, "Ask the PSP now")
    expect(page.get_by_text("The PSP says: pending.")).to_be_visible()
    page.get_by_role("link", name="Sessions", exact=True).click()
    act(page, "Ask a PSP about all that is started")
    expect(page.get_by_text("A worker asks about 1 purchase.")).to_be_visible()
    due_at = site.purchase(checkout).due_at
    assert due_at is not None
    assert due_at <= timezone.now()

    site.sandbox.control("clock", {"advance_seconds": 4 * 3600})
    site.work_until(site.has_phase(checkout, "captured"))


def test_see_what_a_webhook_would_change_and_replay_it(open_as: OpenAs, site: World):
    checkout = bought(site, "20.03", phase="pending")
    site.sandbox.control("clock", {"advance_seconds": 4 * 3600})
    news = WebhookReceipt.objects.filter(event_type="session.paid")
    site.wait_until(news.exists)
    news.update(state="processed", due_at=None)

    page = open_as("olga", reverse("mid-office:replay-receipt", args=[news.get().pk]))
    expect(page.get_by_text("The purchase would go from pending to captured.")).to_be_visible()
    assert site.purchase(checkout).phase == "pending"
    page.get_by_label("Reason").fill("It was worked on too early.")
    page.get_by_role("button", name="Replay a webhook").click()

    expect(page.get_by_text("It is worked on again.")).to_be_visible()
    site.work()
    assert site.purchase(checkout).phase == "captured"


def test_resend_what_the_shop_was_told(open_as: OpenAs, site: World):
    checkout = bought(site, phase="captured")
    site.work()
    page = open_as("olga", page_of(site, checkout))

    page.get_by_role("link", name="Resend purchase.successful").click()
    page.get_by_label("Reason").fill("The shop lost it.")
    page.get_by_role("button", name="Resend a notification").click()
    expect(page.get_by_text("It is sent again, under the same id.")).to_be_visible()
    site.work()
    page.get_by_role("link", name="Notifications", exact=True).click()
    page.get_by_role("link", name="Resend a shop's notifications").click()
    page.get_by_label("Shop:").select_option(label="Demo shop")
    page.get_by_label("Since (UTC)").fill("2020-01-02T03:04:05")
    page.get_by_label("Reason").fill("The shop lost everything.")
    page.get_by_role("button", name="Resend a shop's notifications").click()
    expect(page.get_by_text("1 notification is sent again.")).to_be_visible()
    site.work()

    answers = NotificationTry.objects.values_list("notification_id", "http_status")
    assert len(answers) == 3
    assert set(answers) == {(answers[0][0], 204)}


def test_take_everything_about_a_payment_as_a_file(open_as: OpenAs, site: World):
    checkout = bought(site, phase="captured")
    page = open_as("olga", page_of(site, checkout))

    with page.expect_download() as download:
        page.get_by_role("button", name="Support bundle").click()

    bundle = json.loads(download.value.path().read_text())
    assert bundle["references"]["checkout_id"] == checkout.id


def test_have_books_compared_and_see_to_what_differs(open_as: OpenAs, site: World, settings: Any):
    settings.SANDBOX_PSP_WEBHOOK_SECRETS = "whsec_YW5vdGhlciBzZWNyZXQgdGhhbiB0aGUgUFNQJ3Mgb25l"
    psp_client.cache_clear()
    clock = site.sandbox.control("clock", {"advance_seconds": PSP_DAYS_AHEAD * 24 * 3600})
    day = datetime.fromisoformat(clock["now"]).date()
    checkout = site.register()
    site.charge_behind_our_back(checkout)
    page = open_as("olga", reverse("mid-office:reconciliations"))

    page.get_by_role("link", name="Reconcile now").click()
    page.get_by_label("First day").fill(f"{day}")
    page.get_by_label("Last day, included").fill(f"{day + timedelta(days=1)}")
    page.get_by_role("button", name="Reconcile").click()
    expect(page.get_by_text("The run is stored.")).to_be_visible()
    site.work_until(lambda: not ReconciliationRun.objects.get().is_running)

    page.goto(page_of(site, checkout))
    page.get_by_role("link", name=Case.objects.get().get_kind_display()).click()
    page.get_by_role("link", name="Assign the case").click()
    page.get_by_label("Owner").select_option(label="olga")
    page.get_by_label("Reason").fill("I know the shop.")
    page.get_by_role("button", name="Assign the case").click()
    expect(page.get_by_text("It is olga's now.")).to_be_visible()
    act(page, "Note something")
    expect(page.get_by_text("Noted.")).to_be_visible()
    act(page, "Resolve the case")
    expect(page.get_by_text("open until a second person agrees")).to_be_visible()
    agree(open_as)

    page.reload()
    expect(page.locator("dt", has_text="Resolved")).to_be_visible()
    page.goto(reverse("mid-office:reconciliation", args=[ReconciliationRun.objects.get().pk]))
    page.get_by_role("link", name=Discrepancy.objects.get().get_kind_display()).click()
    page.get_by_label("Reason").fill("Given back at the PSP.")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("Resolved.")).to_be_visible()


def test_make_a_key_that_works_and_is_shown_once(open_as: OpenAs, site: World):
    shop = Shop.objects.get()
    page = open_as("olga", reverse("mid-office:shop", args=[shop.pk]))

    act(page, "Ask for an API key", Label="web")
    expect(page.get_by_text("Nothing is changed until a second person agrees.")).to_be_visible()
    expect(agree(open_as).get_by_text("olga may carry it out within a day")).to_be_visible()
    carry_out = reverse("mid-office:carry-out", args=[Approval.objects.get().pk])
    page.goto(carry_out)
    page.get_by_role("button", name="Make it, and show it once").click()
    expect(page.get_by_text("It is shown this once.")).to_be_visible()
    key = page.locator("main code").inner_text()

    answer = direct.get(
        f"{site.bps_url}/api/v1/payment-sessions",
        headers={"Authorization": f"Api-Key {key}"},
        timeout=10,
    )
    assert answer.status_code == 200
    page.goto(carry_out)
    assert key not in page.content()

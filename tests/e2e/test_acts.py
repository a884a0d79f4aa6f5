"""Acts of staff in a real browser, with and without JavaScript..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from payments.domain.lifecycle import Phase
from payments.models import Approval, Instruction, PaymentSession, Refund
from tests.builders import (
    PASSWORD,
    make_approval,
    make_authenticator_app,
    make_case,
    make_notification_try,
    make_purchase,
    make_receipt,
    make_session,
    make_shop,
    make_user,
)
from tests.e2e.test_accessibility import PROFILES, assert_accessible
from tests.midoffice.second_factors import code

OpenPage = Callable[..., Page]


def captured() -> PaymentSession:
    """Return a session of which 20.00 EUR was captured; one person may give back 10.00."""
    shop = make_shop(refund_limits={"EUR": "10.00"})
    session = make_session(shop=shop, amount="20.00", status="completed")
    return make_purchase(session, phase=Phase.CAPTURED).session


def log_in(open_page: OpenPage, path: str, **profile: Any) -> Page:
    """Open a page as somebody who may do everything, and has an authenticator app."""
    user = make_user(is_superuser=True)
    make_authenticator_app(user)
    page = open_page(path, **profile)
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Code").fill(code())
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{path}")
    return page


@pytest.mark.parametrize("with_script", [True, False], ids=["script", "no script"])
def test_refund_a_part_and_ask_a_second_person_for_more(open_page: OpenPage, with_script: bool):
    session = captured()
    path = f"/mid-office/sessions/{session.pk}/"
    page = log_in(open_page, path, java_script_enabled=with_script)

    page.get_by_role("link", name="Refund", exact=True).click()
    expect(page.get_by_text("Left: 20.00 EUR.")).to_be_visible()
    page.get_by_label("Amount in EUR").fill("5.00")
    page.get_by_label("Reason").fill("A broken cup.")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_text("5.00 EUR is being given back")).to_be_visible()
    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("Reason").fill("All of it.")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_text("until a second person agrees")).to_be_visible()

    assert Refund.objects.get().amount == "5.00"
    assert Approval.objects.get().arguments["amount"] == "15.00"
    other = log_in(open_page, f"/mid-office/approvals/{Approval.objects.get().pk}/")
    other.get_by_label("Reason").fill("I called, too.")
    other.get_by_role("button", name="Agree, and have it done").click()
    expect(other.get_by_text("Agreed to, and carried out.")).to_be_visible()
    assert sorted(refund.amount for refund in Refund.objects.all()) == ["15.00", "5.00"]


def test_capture_what_is_reserved(open_page: OpenPage):
    session = make_session(amount="20.00", capture="manual")
    make_purchase(session, phase=Phase.AUTHORIZED)
    page = log_in(open_page, f"/mid-office/sessions/{session.pk}/")

    page.get_by_role("link", name="Capture").click()
    page.get_by_label("Reason").fill("Shipped.")
    page.get_by_role("button", name="Capture").click()

    expect(page.get_by_text("20.00 EUR is being captured")).to_be_visible()
    assert Instruction.objects.get().amount == "20.00"


@pytest.mark.parametrize("profile", ["light", "dark phone"])
def test_can_be_used_by_all(profile: str, open_page: OpenPage):
    session = captured()
    case = make_case(session, detail="x" * 200)
    receipt = make_receipt(make_session(), event_type="y" * 80)
    notification = make_notification_try(session).notification
    approval = make_approval(session, reason="z" * 200)
    page = log_in(open_page, f"/mid-office/sessions/{session.pk}/", **PROFILES[profile])
    assert_accessible(page)

    for path in (
        f"sessions/{session.pk}/refund/",
        f"receipts/{receipt.pk}/replay-receipt/",
        f"notifications/{notification.pk}/resend-notification/",
        f"cases/{case.pk}/",
        f"cases/{case.pk}/assign-case/",
        "many/replay-many/",
        "many/resend-since/",
        "approvals/",
        f"approvals/{approval.pk}/",
    ):
        page.goto(f"/mid-office/{path}")
        assert_accessible(page)

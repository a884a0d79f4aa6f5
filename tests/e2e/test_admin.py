"""The Django admin in a browser that enforces the content security policy..."""

from __future__ import annotations

from playwright.sync_api import expect

from payments.models import Shop
from tests.builders import PASSWORD, make_purchase, make_user
from tests.e2e.conftest import OpenPage


def test_works_as_it_came(open_page: OpenPage):
    session = make_purchase().session
    user = make_user(is_superuser=True)
    page = open_page("/admin/")

    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto(f"/admin/payments/paymentsession/?q={session.checkout_id}")
    page.get_by_role("link", name=session.checkout_id).click()
    expect(page.get_by_text(session.public_token)).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    page.goto("/admin/payments/shop/add/")
    page.get_by_label("Name:").fill("Bulbs & More")
    page.get_by_label("Return origins").fill("https://bulbs.example")
    page.get_by_label("Routing").fill('{"*": ["sandbox"]}')
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()

    assert Shop.objects.get(name="Bulbs & More").return_origins == ["https://bulbs.example"]

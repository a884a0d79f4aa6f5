"""The purchase page of the sandbox PSP."""

import pytest
import requests

from tests import direct
from tests.sandbox.merchant import Merchant, Session


def _page(session: Session) -> requests.Response:
    return direct.get(session.body["purchase_url"], timeout=10)


def _buy_now(session: Session, **fields: str) -> requests.Response:
    return direct.post(session.body["purchase_url"], data=fields, allow_redirects=False, timeout=10)


def test_shows_what_is_paid_to_whom(merchant: Merchant):
    session = merchant.register(amount="12.50", metadata={"shop_name": "Tulip & <b>Thorn</b>"})

    page = _page(session)

    assert page.status_code == 200
    assert "12.50 <abbr>EUR</abbr>" in page.text
    assert "Tulip &amp; &lt;b&gt;Thorn&lt;/b&gt;" in page.text
    assert "Sandbox: no real money." in page.text
    assert page.text.count('type="radio"') == 25
    assert "Buy Now</button>" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text


def test_names_the_site_when_the_merchant_has_no_name(merchant: Merchant):
    assert "You pay <strong>20.00 EUR</strong>" in (page := _page(merchant.register()).text)
    assert "Pay shop.test" in page


@pytest.mark.parametrize(
    ("amount", "chosen"), [("20.00", "approve"), ("20.05", "charge_then_drop")]
)
def test_has_chosen_what_the_amount_says(merchant: Merchant, amount: str, chosen: str):
    page = _page(merchant.register(amount=amount))

    assert f'value="{chosen}" checked' in page.text
    assert page.text.count(" checked") == 1


def test_stores_the_choice_and_leads_back_without_charging(merchant: Merchant):
    session = merchant.register(return_url="https://shop.test/back?order=7#pay")

    response = _buy_now(session, scenario="decline")

    assert response.status_code == 303
    assert (
        response.headers["Location"]
        == f"https://shop.test/back?order=7&psp_token={session.token}#pay"
    )
    assert merchant.status(session) == "open"
    assert merchant.books(session)["purchase_requests"] == 0
    assert merchant.purchase(session).json()["status"] == "declined"


@pytest.mark.parametrize("fields", [{}, {"scenario": ""}, {"scenario": "miracle"}])
def test_leaves_the_choice_to_the_amount(merchant: Merchant, fields: dict[str, str]):
    session = merchant.register(amount="20.02")

    response = _buy_now(session, **fields)

    assert response.status_code == 303
    assert merchant.purchase(session).json()["status"] == "declined"


def test_leads_back_again_when_it_is_pressed_again(merchant: Merchant):
    session = merchant.register()
    _buy_now(session, scenario="approve")
    merchant.purchase(session)

    response = _buy_now(session, scenario="decline")

    assert response.headers["Location"] == f"https://shop.test/back?psp_token={session.token}"
    assert merchant.status(session) == "paid"


@pytest.mark.parametrize(
    ("amount", "state"), [("20.00", "paid"), ("20.02", "declined"), ("20.03", "processing")]
)
def test_offers_nothing_once_the_purchase_has_begun(merchant: Merchant, amount: str, state: str):
    session = merchant.register(amount=amount)
    merchant.purchase(session)

    page = _page(session)

    assert f"this payment is <strong>{state}</strong>" in page.text
    assert "Buy Now" not in page.text
    assert f"https://shop.test/back?psp_token={session.token}" in page.text


def test_offers_nothing_once_the_session_has_run_out(merchant: Merchant):
    session = merchant.register()
    merchant.sandbox.control("clock", {"advance_seconds": 4000})

    assert "this payment is <strong>expired</strong>" in _page(session).text


def test_is_not_there_for_an_unknown_token(merchant: Merchant):
    url = f"{merchant.sandbox.psp_url}/purchase/tok_nobody"

    assert direct.get(url, timeout=10).status_code == 404
    assert direct.post(url, timeout=10).status_code == 404

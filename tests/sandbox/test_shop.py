"""The demo shop."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests import direct
from tests.sandbox.bps import StandInBps
from tests.sandbox_server import SandboxServer

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _buy(sandbox: SandboxServer, product: str = "tulips", **headers: str) -> requests.Response:
    return direct.post(
        f"{sandbox.base_url}/shop/buy/{product}",
        headers=headers,
        allow_redirects=False,
        timeout=10,
    )


def _checkout_id(sandbox: SandboxServer, bps: StandInBps) -> str:
    bps.will_answer(201, purchase_url="https://psp.test/purchase/tok_1")
    _buy(sandbox)
    return str(bps.calls[0][3]["checkout_id"])


def _thanks(sandbox: SandboxServer, checkout_id: str) -> str:
    url = f"{sandbox.base_url}/shop/thanks/{checkout_id}"
    return direct.get(url, params={"status": "successful"}, timeout=10).text


def _come_back(sandbox: SandboxServer, checkout_id: str) -> requests.Response:
    return direct.get(
        f"{sandbox.base_url}/shop/buy-now/{checkout_id}",
        params={"psp_token": "tok_1"},
        allow_redirects=False,
        timeout=10,
    )


def test_shows_six_products_and_the_way_behind_the_scenes(sandbox: SandboxServer):
    page = direct.get(f"{sandbox.base_url}/", timeout=10)

    assert page.text.count("<article") == 6
    assert set(re.findall(r"<abbr>(\w+)</abbr>", page.text)) == {"EUR", "USD", "JPY", "KWD"}
    for link in ("/books/", "/control-panel/", "/shop/orders/"):
        assert f'href="{link}"' in page.text
        assert direct.get(f"{sandbox.base_url}{link}", timeout=10).status_code == 200
    for source in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        assert direct.get(f"{sandbox.base_url}{source}", timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("languages", "locale"), [("de-AT,de;q=0.9,en;q=0.5", "de"), ("ar", "ar"), ("fi", "en")]
)
def test_registers_a_checkout_and_sends_the_shopper_to_pay(
    sandbox: SandboxServer, bps: StandInBps, languages: str, locale: str
):
    bps.will_answer(201, purchase_url="https://psp.test/purchase/tok_1")

    response = _buy(sandbox, "bonsai", **{"Accept-Language": languages})

    assert response.status_code == 303
    assert response.headers["Location"] == "https://psp.test/purchase/tok_1"
    ((method, path, headers, body),) = bps.calls
    assert (method, path) == ("POST", "/api/v1/payment-sessions")
    assert headers["authorization"] == "Api-Key key"
    checkout_id, order_reference = body["checkout_id"], body["order_reference"]
    assert re.fullmatch(r"c-[0-9a-f]{12}", checkout_id)
    assert re.fullmatch(r"o-[0-9a-f]{12}", order_reference)
    assert body == {
        "checkout_id": checkout_id,
        "amount": "9800",
        "currency": "JPY",
        "order_reference": order_reference,
        "return_url": f"{sandbox.base_url}/shop/thanks/{checkout_id}",
        "buy_now_url": f"{sandbox.base_url}/shop/buy-now/{checkout_id}",
        "locale": locale,
        "metadata": {"shop_name": "Tulip & Thorn"},
    }


@pytest.mark.parametrize("status", [200, 202])
def test_has_bps_purchase_when_the_shopper_comes_back(
    sandbox: SandboxServer, bps: StandInBps, status: int
):
    checkout_id = _checkout_id(sandbox, bps)
    bps.will_answer(status, result_url="https://bps.test/result/r1")

    response = _come_back(sandbox, checkout_id)

    assert response.status_code == 303
    assert response.headers["Location"] == "https://bps.test/result/r1"
    ((method, path, headers, body),) = bps.calls
    assert (method, path) == ("POST", f"/api/v1/payment-sessions/{checkout_id}/buy-now")
    assert headers["idempotency-key"].startswith("buy-now-")
    assert body["psp_token"] == "tok_1"
    assert body["purchase_info"]["items"] == [
        {"name": "A dozen tulips", "quantity": 1, "unit_amount": "19.99"}
    ]


def test_shows_what_bps_objects_to(sandbox: SandboxServer, bps: StandInBps):
    checkout_id = _checkout_id(sandbox, bps)
    bps.will_answer(409, title="Outcome in doubt", detail="Ask <again> at noon.")

    response = _come_back(sandbox, checkout_id)

    assert response.status_code == 502
    assert "Outcome in doubt" in response.text
    assert "Ask &lt;again&gt; at noon." in response.text
    assert f'href="/shop/buy-now/{checkout_id}?psp_token=tok_1">Try again</a>' in response.text


def test_offers_another_try_when_bps_makes_no_sense(sandbox: SandboxServer, bps: StandInBps):
    checkout_id = _checkout_id(sandbox, bps)
    bps.will_answer(200, nothing="useful")

    assert "The payment system did not answer" in _come_back(sandbox, checkout_id).text
    assert "The payment system did not answer" in _buy(sandbox).text


def test_believes_a_signed_notification(sandbox: SandboxServer, bps: StandInBps):
    checkout_id = _checkout_id(sandbox, bps)
    door = f"{sandbox.base_url}/shop/notifications/"

    response = bps.notify(door, bps.notification(checkout_id, "successful", at=NOW))
    bps.will_answer(500)

    assert response.status_code == 204
    page = _thanks(sandbox, checkout_id)
    assert "Thank you!" in page
    assert "a signed notification" in page
    assert bps.calls == []
    assert checkout_id in direct.get(f"{sandbox.base_url}/shop/orders/", timeout=10).text


def test_believes_no_forged_notification(sandbox: SandboxServer, bps: StandInBps):
    checkout_id = _checkout_id(sandbox, bps)
    door = f"{sandbox.base_url}/shop/notifications/"
    message = bps.notification(checkout_id, "successful", at=NOW)

    forged = bps.notify(door, message, secret="whsec_Zm9yZ2VkIGZvcmdlZCBmb3JnZWQgZm9yZ2Vk")
    unsigned = direct.post(door, json=message, timeout=10)
    nonsense = bps.notify(door, ["no", "news"])
    incomplete = bps.notify(door, {"type": "purchase.successful"})

    assert [one.status_code for one in (forged, unsigned, nonsense, incomplete)] == [400] * 4
    bps.will_answer(200, purchase=None)
    assert "Thank you!" not in _thanks(sandbox, checkout_id)


def test_takes_a_notification_once_and_no_older_one(sandbox: SandboxServer, bps: StandInBps):
    checkout_id = _checkout_id(sandbox, bps)
    door = f"{sandbox.base_url}/shop/notifications/"
    failed = bps.notification(checkout_id, "failed", at=NOW)
    successful = bps.notification(checkout_id, "successful", at=NOW + timedelta(seconds=5))

    answers = [
        bps.notify(door, failed, webhook_id=f"{checkout_id}-1"),
        bps.notify(door, successful, webhook_id=f"{checkout_id}-2"),
        bps.notify(door, failed, webhook_id=f"{checkout_id}-1"),
        bps.notify(door, failed, webhook_id=f"{checkout_id}-3"),
    ]

    assert [one.status_code for one in answers] == [204] * 4
    assert "Thank you!" in _thanks(sandbox, checkout_id)


def test_leads_a_shopper_who_was_declined_for_now_back_to_choose_again(
    sandbox: SandboxServer, bps: StandInBps
):
    checkout_id = _checkout_id(sandbox, bps)
    door = f"{sandbox.base_url}/shop/notifications/"
    bps.notify(door, bps.action_required(checkout_id, url="https://psp.test/pay?a&b", at=NOW))
    bps.will_answer(503, title="Away")

    page = _thanks(sandbox, checkout_id)

    assert 'href="https://psp.test/pay?a&amp;b">Choose another way to pay</a>' in page
    assert "waiting for you" in page
    bps.notify(door, bps.notification(checkout_id, "failed", at=NOW + timedelta(minutes=1)))
    assert "psp.test" not in _thanks(sandbox, checkout_id)


@pytest.mark.parametrize(
    ("purchase", "words"),
    [
        ({"status": "successful"}, "Thank you!"),
        ({"status": "failed"}, "Pay in another way"),
        ({"status": "started"}, "You will not be charged twice"),
        (
            {"status": "started", "next_action": {"type": "redirect", "url": "https://psp.test"}},
            "Choose another way to pay",
        ),
        (None, "We have not heard of a payment"),
    ],
)
def test_asks_bps_when_no_notification_came(
    sandbox: SandboxServer, bps: StandInBps, purchase: dict[str, Any] | None, words: str
):
    checkout_id = _checkout_id(sandbox, bps)
    bps.will_answer(200, purchase=purchase)

    page = _thanks(sandbox, checkout_id)

    assert words in page
    assert [call[:2] for call in bps.calls] == [("GET", f"/api/v1/payment-sessions/{checkout_id}")]


def test_promises_nothing_while_bps_is_away(sandbox: SandboxServer, bps: StandInBps):
    checkout_id = _checkout_id(sandbox, bps)
    bps.will_answer(503, title="Away")

    page = _thanks(sandbox, checkout_id)

    assert "We have not heard of a payment" in page
    assert "Look again" in page


def test_begins_another_checkout_for_the_same_order(sandbox: SandboxServer, bps: StandInBps):
    checkout_id = _checkout_id(sandbox, bps)
    first = bps.calls[0][3]
    bps.will_answer(201, purchase_url="https://psp.test/purchase/tok_2")

    response = direct.post(
        f"{sandbox.base_url}/shop/pay-again/{checkout_id}", allow_redirects=False, timeout=10
    )

    assert response.headers["Location"] == "https://psp.test/purchase/tok_2"
    second = bps.calls[0][3]
    assert second["order_reference"] == first["order_reference"]
    assert second["checkout_id"] != first["checkout_id"]
    assert second["amount"] == first["amount"]


def test_has_no_page_for_what_it_does_not_know(sandbox: SandboxServer):
    for method, path in [
        ("POST", "shop/buy/unicorn"),
        ("GET", "shop/thanks/c-nobody"),
        ("GET", "shop/buy-now/c-nobody"),
        ("POST", "shop/pay-again/c-nobody"),
    ]:
        response = direct.request(method, f"{sandbox.base_url}/{path}", timeout=10)
        assert response.status_code == 404

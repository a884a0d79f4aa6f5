"""A session at the sandbox PSP."""

import pytest

from tests import direct
from tests.sandbox.merchant import Merchant, at_once


def test_is_registered_as_it_was_asked_for(merchant: Merchant):
    body = merchant.registration(amount="19.99", metadata={"shop_name": "Tulip"})

    response = merchant.post("sessions", body)

    assert response.status_code == 201
    session = response.json()
    token, created_at = session["token"], session["created_at"]
    assert token.startswith("tok_")
    assert created_at.endswith("Z")
    assert session == {
        "token": token,
        "reference": body["reference"],
        "checkout_id": body["checkout_id"],
        "status": "open",
        "amount": "19.99",
        "currency": "EUR",
        "capture": "automatic",
        "purchase_url": f"{merchant.sandbox.psp_url}/purchase/{token}",
        "return_url": "https://shop.test/back",
        "expires_at": body["expires_at"].replace("+00:00", "Z"),
        "charge": None,
        "captured_amount": "0.00",
        "refunded_amount": "0.00",
        "decline_code": None,
        "decline_message": None,
        "metadata": {"shop_name": "Tulip"},
        "created_at": created_at,
        "updated_at": created_at,
    }
    assert merchant.get(f"sessions/{token}").json() == session
    assert merchant.get("sessions", reference=body["reference"]).json() == {"data": [session]}


def test_is_not_registered_twice_for_one_reference(merchant: Merchant):
    body = merchant.registration()

    responses = at_once(5, lambda: merchant.post("sessions", body))

    assert sorted(one.status_code for one in responses) == [201, 409, 409, 409, 409]
    refused = next(one for one in responses if one.status_code == 409)
    assert refused.json()["error"]["code"] == "state_conflict"
    assert len(merchant.sandbox.all_books(body["checkout_id"])) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 19.99),
        ("amount", "19.9"),
        ("amount", "19.999"),
        ("amount", "019.99"),
        ("amount", "-1.00"),
        ("amount", "0.00"),
        ("amount", "1e3"),
        ("amount", "\u0663.\u0660\u0660"),
        ("amount", "10.00\n"),
        ("amount", "9999999999999.00"),
        ("currency", "eur"),
        ("currency", "XXX"),
        ("currency", "DEM"),
        ("currency", None),
        ("reference", ""),
        ("reference", "r" * 256),
        ("checkout_id", 7),
        ("return_url", "javascript:alert(1)"),
        ("return_url", "//shop.test/back"),
        ("webhook_url", "https://shop.test/a b"),
        ("webhook_url", "https://shop.test:99999/"),
        ("expires_at", "tomorrow"),
        ("expires_at", "2030-01-01T00:00:00"),
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("expires_at", "2030-02-30T00:00:00Z"),
        ("capture", "sometimes"),
        ("metadata", ["a"]),
    ],
)
def test_is_refused_when_a_field_is_wrong(merchant: Merchant, field: str, value: object):
    body = merchant.registration()

    response = merchant.post("sessions", {**body, field: value})

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"
    assert response.json()["error"]["field"] == field
    assert merchant.get("sessions", reference=body["reference"]).json() == {"data": []}


@pytest.mark.parametrize(
    ("amount", "currency"), [("500", "JPY"), ("1.250", "KWD"), ("19.99", "USD")]
)
def test_has_an_amount_with_the_digits_of_its_currency(
    merchant: Merchant, amount: str, currency: str
):
    session = merchant.paid(amount=amount, currency=currency)

    assert merchant.look_up(session)["captured_amount"] == amount
    assert merchant.books(session)["charged"] == amount


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"reference": "\\ud800"}',
        b'{"reference": "a\\u0000b"}',
        b'{"amount": NaN}',
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
    ],
)
def test_is_refused_when_the_body_is_no_json_object(merchant: Merchant, body: bytes):
    response = merchant.post("sessions", body)

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Api-Key x", "Bearer é"])
def test_is_shown_to_nobody_without_the_key(merchant: Merchant, authorization: str):
    session = merchant.register()

    response = direct.get(
        f"{merchant.sandbox.psp_url}/v1/sessions/{session.token}",
        headers={"Authorization": authorization.encode()},
        timeout=10,
    )

    assert response.status_code == 401
    assert response.json() == {
        "error": {
            "code": "unauthorized",
            "message": "The API key is missing or wrong.",
            "field": None,
        }
    }


def test_is_not_found_under_another_token(merchant: Merchant):
    for path in ("sessions/tok_nobody", "refunds/re_nobody", "nothing/here"):
        response = merchant.get(path)

        assert response.status_code == 404
        assert response.json()["error"]["code"] == "not_found"


def test_offers_only_the_methods_it_knows(merchant: Merchant):
    response = direct.request(
        "DELETE",
        f"{merchant.sandbox.psp_url}/v1/sessions",
        headers={"Authorization": f"Bearer {merchant.sandbox.api_key}"},
        timeout=10,
    )

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, POST"
    assert response.json()["error"]["code"] == "method_not_allowed"


def test_is_cancelled_before_a_purchase_and_then_sells_nothing(merchant: Merchant):
    session = merchant.register()

    for _ in range(2):
        response = merchant.post(f"sessions/{session.token}/cancel", {})
        assert response.status_code == 200
        assert response.json()["status"] == "cancelled"

    refused = merchant.purchase(session)
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "state_conflict"
    assert merchant.books(session)["charges"] == []
    assert [one.type for one in merchant.webhooks(session, 1)] == ["session.cancelled"]


@pytest.mark.parametrize(("amount", "status"), [("20.00", "paid"), ("20.02", "declined")])
def test_is_not_cancelled_after_its_end(merchant: Merchant, amount: str, status: str):
    session = merchant.register(amount=amount)
    merchant.purchase(session)
    before = merchant.books(session)

    response = merchant.post(f"sessions/{session.token}/cancel", {})

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "state_conflict"
    assert merchant.status(session) == status
    assert merchant.books(session) == before


def test_is_cancelled_while_the_issuer_thinks_and_then_never_charged(merchant: Merchant):
    session = merchant.register(amount="20.03")
    assert merchant.purchase(session).json()["status"] == "processing"

    response = merchant.post(f"sessions/{session.token}/cancel", {})
    other = merchant.register(amount="20.03")
    merchant.purchase(other)
    merchant.sandbox.control("clock", {"advance_seconds": 5 * 3600})
    merchant.wait_for_status(other, "paid")

    assert response.json()["status"] == "cancelled"
    assert merchant.status(session) == "cancelled"
    assert merchant.books(session)["charges"] == []


def test_expires_on_the_psps_clock(merchant: Merchant):
    session = merchant.register()

    merchant.sandbox.control("clock", {"advance_seconds": 3601})

    refused = merchant.purchase(session)
    assert refused.status_code == 409
    merchant.wait_for_status(session, "expired")
    assert [one.type for one in merchant.webhooks(session, 1)] == ["session.expired"]
    cancelled = merchant.post(f"sessions/{session.token}/cancel", {})
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "expired")
    assert merchant.books(session)["charges"] == []


def test_lives_as_long_as_asked_for_also_when_the_psps_clock_is_ahead(merchant: Merchant):
    merchant.sandbox.control("clock", {"advance_seconds": 86_400})

    session = merchant.paid()

    assert merchant.status(session) == "paid"

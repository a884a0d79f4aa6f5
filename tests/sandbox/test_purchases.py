"""A purchase at the sandbox PSP."""

from functools import partial
from typing import Any

import pytest
import requests

from tests import direct
from tests.sandbox.merchant import Merchant, all_at_once, at_once


def test_charges_at_once(merchant: Merchant):
    session = merchant.register(amount="20.01")

    response = merchant.purchase(session)

    assert response.status_code == 200
    assert "Token-Used" not in response.headers
    books = merchant.books(session)
    assert [charge["amount"] for charge in books["charges"]] == ["20.01"]
    assert (books["charged"], books["status"], books["purchase_requests"]) == ("20.01", "paid", 1)
    assert response.json()["charge"] == books["charges"][0]["id"]
    assert response.json()["captured_amount"] == "20.01"
    assert response.json() == merchant.look_up(session)


def test_is_declined_by_the_issuer(merchant: Merchant):
    session = merchant.register(amount="20.02")

    response = merchant.purchase(session)

    assert response.json()["status"] == "declined"
    assert response.json()["decline_code"] == "insufficient_funds"
    assert response.json()["decline_message"] == "There is not enough money on the card."
    assert merchant.books(session)["charges"] == []
    again = merchant.purchase(session)
    assert (again.status_code, again.json()["status"]) == (200, "declined")


def test_that_is_declined_for_now_is_another_try_with_another_key(merchant: Merchant):
    session = merchant.register(amount="20.25")
    first = merchant.purchase(session, key="try-1")
    assert (first.json()["status"], first.json()["decline_code"]) == ("open", "card_declined")
    assert merchant.webhooks(session, 1)[0].type == "session.open"
    direct.post(
        session.body["purchase_url"],
        data={"scenario": "approve"},
        allow_redirects=False,
        timeout=10,
    )

    repeated = merchant.purchase(session, key="try-1")
    responses = at_once(20, lambda: merchant.purchase(session))

    assert repeated.json() == first.json()
    assert {(one.json()["status"], one.json()["decline_code"]) for one in responses} == {
        ("paid", None)
    }
    assert merchant.books(session)["charged"] == "20.25"


def test_with_a_used_token_is_thrown_away(merchant: Merchant):
    session = merchant.paid()
    before = merchant.look_up(session)

    response = merchant.purchase(session)

    assert response.headers["Token-Used"] == "true"
    assert response.json() == before
    assert merchant.books(session)["charged"] == "20.00"
    assert merchant.books(session)["purchase_requests"] == 2


def test_of_one_token_charges_once_when_asked_fifty_times_at_once(merchant: Merchant):
    session = merchant.register()

    responses = at_once(50, lambda: merchant.purchase(session))

    assert {one.status_code for one in responses} == {200}
    assert {one.json()["status"] for one in responses} == {"paid"}
    assert sum("Token-Used" not in one.headers for one in responses) == 1
    books = merchant.books(session)
    assert len(books["charges"]) == 1
    assert books["charged"] == "20.00"
    assert books["purchase_requests"] == 50


def test_with_one_key_charges_once_when_asked_fifty_times_at_once(merchant: Merchant):
    session = merchant.register()

    responses = at_once(50, lambda: merchant.purchase(session, key=session.token))

    answers = [(one.status_code, one.headers.get("Idempotent-Replayed")) for one in responses]
    assert answers.count((200, None)) == 1
    assert set(answers) <= {(200, None), (200, "true"), (409, None)}
    assert len(merchant.books(session)["charges"]) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "20.10"}, "amount"),
        ({"amount": 20}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"purchase_info": "tulips"}, "purchase_info"),
        ({"webhook_url": "ftp://x/"}, "webhook_url"),
    ],
)
def test_of_something_else_is_refused(merchant: Merchant, changes: dict[str, Any], field: str):
    session = merchant.register()

    response = merchant.purchase(session, **changes)

    assert response.status_code == 400
    assert response.json()["error"]["field"] == field
    assert merchant.status(session) == "open"
    assert merchant.books(session)["charges"] == []


def test_of_an_unknown_token_is_refused(merchant: Merchant):
    session = merchant.register()

    response = merchant.post("sessions/tok_nobody/purchase", merchant.purchase_body(session))

    assert response.status_code == 404
    assert merchant.books(session)["purchase_requests"] == 0


def test_charges_again_for_a_new_key_when_the_psp_protects_nobody(merchant: Merchant):
    merchant.sandbox.control("policy", {"single_success": False})
    session = merchant.register()

    first = merchant.purchase(session, key=f"{session.token}-1")
    replayed = merchant.purchase(session, key=f"{session.token}-1")
    second = merchant.purchase(session, key=f"{session.token}-2")

    assert replayed.content == first.content
    assert second.json()["captured_amount"] == "40.00"
    books = merchant.books(session)
    assert [charge["amount"] for charge in books["charges"]] == ["20.00", "20.00"]
    assert books["charged"] == "40.00"


def test_charges_again_for_a_forgotten_key_when_the_psp_protects_nobody(merchant: Merchant):
    merchant.sandbox.control("policy", {"single_success": False, "key_window_seconds": 3600})
    session = merchant.register()

    merchant.purchase(session, key=session.token)
    merchant.sandbox.control("clock", {"advance_seconds": 3500})
    remembered = merchant.purchase(session, key=session.token)
    assert remembered.headers["Idempotent-Replayed"] == "true"
    merchant.sandbox.control("clock", {"advance_seconds": 200})
    forgotten = merchant.purchase(session, key=session.token)

    assert "Idempotent-Replayed" not in forgotten.headers
    assert merchant.books(session)["charged"] == "40.00"


def test_continues_with_its_key_after_an_error_also_when_the_psp_protects_nobody(
    merchant: Merchant,
):
    merchant.sandbox.control("policy", {"single_success": False})
    session = merchant.register(amount="20.08")

    first = merchant.purchase(session, key=session.token)
    second = merchant.purchase(session, key=session.token)

    assert first.status_code == 500
    assert (second.status_code, second.json()["status"]) == (200, "paid")
    assert len(merchant.books(session)["charges"]) == 1


@pytest.mark.parametrize(
    "changes", [{"amount": "20.19"}, {"capture": "manual"}], ids=["by scenario", "as registered"]
)
def test_that_is_only_authorized_is_charged_by_a_capture(
    merchant: Merchant, changes: dict[str, Any]
):
    session = merchant.register(**changes)
    path = f"sessions/{session.token}/capture"

    assert merchant.purchase(session).json()["status"] == "authorized"
    assert merchant.books(session)["charges"] == []
    too_much = merchant.post(path, {"amount": "20.20", "currency": "EUR"})
    captured = merchant.post(path, {"amount": "12.50", "currency": "EUR"})
    again = merchant.post(path, {"amount": "1.00", "currency": "EUR"})

    assert (too_much.status_code, too_much.json()["error"]["field"]) == (400, "amount")
    assert (captured.status_code, captured.json()["status"]) == (200, "paid")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "state_conflict")
    assert [charge["amount"] for charge in merchant.books(session)["charges"]] == ["12.50"]
    types = [one.type for one in merchant.webhooks(session, 2)]
    assert sorted(types) == ["session.authorized", "session.paid"]


def test_that_is_only_authorized_is_voided_by_a_cancel(merchant: Merchant):
    session = merchant.register(capture="manual")
    merchant.purchase(session)

    cancelled = merchant.post(f"sessions/{session.token}/cancel", {})
    captured = merchant.post(
        f"sessions/{session.token}/capture", {"amount": "20.00", "currency": "EUR"}
    )

    assert cancelled.json()["status"] == "cancelled"
    assert captured.status_code == 409
    assert merchant.books(session)["charges"] == []


def test_is_captured_part_by_part_where_keys_alone_protect(merchant: Merchant):
    merchant.sandbox.control("policy", {"single_success": False})
    session = merchant.register(capture="manual")
    merchant.purchase(session)
    path = f"sessions/{session.token}/capture"

    first = merchant.post(path, {"amount": "12.00", "currency": "EUR"}, key=session.token)
    same_key = merchant.post(path, {"amount": "12.00", "currency": "EUR"}, key=session.token)
    too_much = merchant.post(path, {"amount": "8.01", "currency": "EUR"})
    second = merchant.post(path, {"amount": "8.00", "currency": "EUR"})

    assert (first.json()["captured_amount"], same_key.json()) == ("12.00", first.json())
    assert (too_much.status_code, too_much.json()["error"]["field"]) == (400, "amount")
    assert second.json()["captured_amount"] == "20.00"
    assert [charge["amount"] for charge in merchant.books(session)["charges"]] == ["12.00", "8.00"]


def test_is_captured_though_the_answer_is_dropped(merchant: Merchant):
    session = merchant.register(capture="manual")
    merchant.purchase(session)
    path, body = f"sessions/{session.token}/capture", {"amount": "5.93", "currency": "EUR"}

    with pytest.raises(requests.ConnectionError):
        merchant.post(path, body, key="k-1")
    again = merchant.post(path, body, key="k-1")

    assert (again.status_code, again.json()["captured_amount"]) == (200, "5.93")
    assert [charge["amount"] for charge in merchant.books(session)["charges"]] == ["5.93"]


def test_is_captured_once_when_captured_ten_times_at_once(merchant: Merchant):
    session = merchant.register(capture="manual")
    merchant.purchase(session)

    responses = at_once(
        10,
        lambda: merchant.post(
            f"sessions/{session.token}/capture", {"amount": "20.00", "currency": "EUR"}
        ),
    )

    assert sorted(one.status_code for one in responses) == [200] + [409] * 9
    assert merchant.books(session)["charged"] == "20.00"


def test_and_a_cancel_at_once_never_both_win(merchant: Merchant):
    for _ in range(5):
        session = merchant.register()
        purchase = partial(merchant.purchase, session)
        cancel = partial(merchant.post, f"sessions/{session.token}/cancel", {})

        answers = all_at_once([purchase, cancel])

        charges = len(merchant.books(session)["charges"])
        assert sorted(one.status_code for one in answers) == [200, 409]
        assert (merchant.status(session), charges) in {("paid", 1), ("cancelled", 0)}

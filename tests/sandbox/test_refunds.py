"""A refund at the sandbox PSP."""

import pytest
import requests

from tests.patience import waited
from tests.sandbox.merchant import Merchant, at_once


def test_gives_money_back(merchant: Merchant):
    session = merchant.paid()

    response = merchant.refund(session, "5.00")

    assert response.status_code == 201
    refund = response.json()
    assert refund == {
        "id": refund["id"],
        "token": session.token,
        "reference": "r-1",
        "amount": "5.00",
        "currency": "EUR",
        "status": "successful",
        "created_at": refund["created_at"],
    }
    assert refund["id"].startswith("re_")
    assert merchant.get(f"refunds/{refund['id']}").json() == refund
    assert merchant.look_up(session)["refunded_amount"] == "5.00"
    assert merchant.status(session) == "paid"
    books = merchant.books(session)
    assert (books["charged"], books["refunded"]) == ("20.00", "5.00")
    told = next(one for one in merchant.webhooks(session, 2) if one.type == "refund.successful")
    assert told.event["data"]["refund"] == refund
    assert told.event["data"]["session"]["refunded_amount"] == "5.00"


def test_of_more_than_is_left_is_refused(merchant: Merchant):
    session = merchant.paid()
    merchant.refund(session, "15.00")

    response = merchant.refund(session, "5.01")

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "state_conflict"
    assert merchant.books(session)["refunded"] == "15.00"


@pytest.mark.parametrize("amount", ["20.00", "20.02", "20.03"])
def test_of_what_was_not_captured_is_refused(merchant: Merchant, amount: str):
    session = merchant.register(amount=amount)
    if amount != "20.00":
        merchant.purchase(session)

    response = merchant.refund(session, "0.10")

    assert response.status_code == 409
    assert merchant.books(session)["refunds"] == []


def test_in_another_currency_is_refused(merchant: Merchant):
    session = merchant.paid()

    response = merchant.refund(session, "5.00", currency="USD")

    assert (response.status_code, response.json()["error"]["field"]) == (400, "currency")
    assert merchant.books(session)["refunds"] == []


def test_is_made_once_per_key(merchant: Merchant):
    session = merchant.paid()

    first = merchant.refund(session, "5.00", key=session.token)
    second = merchant.refund(session, "5.00", key=session.token)

    assert second.content == first.content
    assert merchant.books(session)["refunded"] == "5.00"


def test_never_exceeds_the_charge_when_asked_thirty_times_at_once(merchant: Merchant):
    session = merchant.paid()

    responses = at_once(30, lambda: merchant.refund(session, "3.00"))

    assert sorted(one.status_code for one in responses) == [201] * 6 + [409] * 24
    books = merchant.books(session)
    assert (books["charged"], books["refunded"]) == ("20.00", "18.00")


@pytest.mark.parametrize(
    ("amount", "status", "refunded", "left"),
    [("15.91", "successful", "15.91", "4.09"), ("15.92", "failed", "0.00", "20.00")],
)
def test_may_be_pending_first(
    merchant: Merchant, amount: str, status: str, refunded: str, left: str
):
    session = merchant.paid()

    refund = merchant.refund(session, amount).json()
    too_much = merchant.refund(session, "5.00")

    assert refund["status"] == "pending"
    assert merchant.look_up(session)["refunded_amount"] == "0.00"
    assert too_much.status_code == 409

    path = f"refunds/{refund['id']}"
    assert waited(lambda: merchant.get(path).json()["status"] == status) > 2
    assert merchant.look_up(session)["refunded_amount"] == refunded
    told = {one.type: one for one in merchant.webhooks(session, 2)}
    assert told[f"refund.{status}"].event["data"]["refund"]["status"] == status
    assert merchant.refund(session, left).status_code == 201


def test_may_be_made_and_its_answer_lost(merchant: Merchant):
    session = merchant.paid()

    with pytest.raises(requests.ConnectionError):
        merchant.refund(session, "1.93", key=session.token)

    assert merchant.books(session)["refunded"] == "1.93"
    again = merchant.refund(session, "1.93", key=session.token)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert merchant.books(session)["refunded"] == "1.93"

"""A scenario of the sandbox PSP that takes its time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.patience import waited
from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Receiver
from tests.sandbox.stories import Stories, begin
from tests.sandbox_server import SandboxServer


@pytest.fixture(scope="module")
def stories(sandbox: SandboxServer, receiver: Receiver) -> Stories:
    """Return the scenarios, all begun before the first test."""
    return begin(Merchant(sandbox, receiver))


def test_answers_eight_seconds_after_it_has_charged(merchant: Merchant, stories: Stories):
    story = stories["slow"]

    answer = story.purchase.result().answer

    assert isinstance(answer, requests.Response)
    assert answer.json()["status"] == "paid"
    assert answer.elapsed.total_seconds() >= 8
    (webhook,) = merchant.webhooks(story.session, 1)
    assert webhook.at - story.began_at < answer.elapsed.total_seconds()
    assert merchant.books(story.session)["charged"] == "20.06"


def test_is_paid_once_the_issuer_answers(merchant: Merchant, stories: Stories):
    story = stories["issuer_seconds"]

    assert story.purchase.result().status == "processing"
    merchant.wait_for_status(story.session, "paid")
    assert story.seconds() >= 3
    assert merchant.books(story.session)["charged"] == "20.18"
    first, second = merchant.webhooks(story.session, 2)
    assert (first.type, second.type) == ("session.processing", "session.paid")
    assert second.at - story.began_at >= 3


def test_never_sends_a_webhook_that_is_to_be_lost(merchant: Merchant, stories: Stories):
    story = stories["webhook_lost"]

    assert story.purchase.result().status == "processing"
    merchant.wait_for_status(story.session, "paid")
    waited(lambda: story.seconds() > 4)
    assert merchant.receiver.received(story.session.webhook_path) == []
    tries = merchant.sandbox.control(f"webhooks?token={story.session.token}")
    assert tries == {"data": [], "next_cursor": None}


def test_sends_its_webhooks_twenty_seconds_late(merchant: Merchant, stories: Stories):
    story = stories["webhook_late"]

    assert story.purchase.result().status == "paid"
    (webhook,) = merchant.webhooks(story.session, 1)
    assert webhook.at - story.began_at >= 20
    assert webhook.is_signed


def test_signs_a_webhook_only_when_it_is_tried_again(merchant: Merchant, stories: Stories):
    story = stories["webhook_unsigned"]

    assert story.purchase.result().status == "processing"
    found = merchant.webhooks(story.session, 4)
    for kind in ("session.processing", "session.paid"):
        first, second = (one for one in found if one.type == kind)
        assert (first.is_signed, second.is_signed) == (False, True)
        assert "webhook-id" not in first.headers
        assert second.headers["webhook-id"] == second.event["id"]
        assert first.body == second.body


def test_claims_another_amount_in_its_webhooks(merchant: Merchant, stories: Stories):
    story = stories["webhook_wrong_amount"]

    found = merchant.webhooks(story.session, 2)
    paid = next(one for one in found if one.type == "session.paid")
    assert all(one.is_signed for one in found)
    assert {one.event["data"]["session"]["amount"] for one in found} == {"21.14"}
    assert paid.event["data"]["session"]["captured_amount"] == "21.14"
    assert merchant.look_up(story.session)["amount"] == "20.14"
    assert merchant.books(story.session)["charged"] == "20.14"


def test_is_not_found_for_five_seconds(merchant: Merchant, stories: Stories):
    story = stories["not_found_then_found"]

    purchased = story.purchase.result()

    assert isinstance(purchased.answer, requests.ConnectionError)
    assert purchased.by_token.status_code == 404
    assert purchased.by_token.json()["error"]["code"] == "not_found"
    assert purchased.by_reference.json() == {"data": []}
    assert merchant.books(story.session)["charged"] == "20.15"
    waited(lambda: merchant.get(f"sessions/{story.session.token}").ok)
    assert story.seconds() >= 5
    assert merchant.status(story.session) == "paid"


def test_tells_of_the_payment_before_it_tells_of_the_processing(
    merchant: Merchant, stories: Stories
):
    story = stories["out_of_order"]

    assert story.purchase.result().status == "processing"
    first, second = merchant.webhooks(story.session, 2)
    assert (first.type, second.type) == ("session.paid", "session.processing")
    assert first.at - story.began_at >= 2
    assert first.event["created_at"] > second.event["created_at"]


def test_succeeds_after_it_has_expired(merchant: Merchant, stories: Stories):
    story = stories["success_after_expiry"]

    assert story.purchase.result().status == "processing"
    first, second, third = merchant.webhooks(story.session, 3)
    types = (first.type, second.type, third.type)
    assert types == ("session.processing", "session.expired", "session.paid")
    assert second.at - story.began_at >= 3
    assert third.at - story.began_at >= 6
    assert merchant.status(story.session) == "paid"
    assert merchant.books(story.session)["charged"] == "20.17"


def test_reads_as_a_word_that_no_table_lists(merchant: Merchant, stories: Stories):
    story = stories["unknown_word"]

    purchased = story.purchase.result()

    assert purchased.status == "reviewing"
    assert purchased.by_token.json()["status"] == "reviewing"
    merchant.wait_for_status(story.session, "paid")
    processing = merchant.webhooks(story.session, 1)[0]
    assert processing.type == "session.processing"
    assert processing.event["data"]["session"]["status"] == "reviewing"


def test_succeeds_after_it_has_declined(merchant: Merchant, stories: Stories):
    story = stories["success_after_decline"]

    assert story.purchase.result().status == "processing"
    first, second, third = merchant.webhooks(story.session, 3)
    types = (first.type, second.type, third.type)
    assert types == ("session.processing", "session.declined", "session.paid")
    assert second.at - story.began_at >= 3
    assert second.event["data"]["session"]["decline_code"] == "issuer_unavailable"
    assert merchant.status(story.session) == "paid"
    assert merchant.books(story.session)["charged"] == "20.21"


def test_is_read_as_declined_for_five_seconds(merchant: Merchant, stories: Stories):
    story = stories["denied_then_paid"]

    purchased = story.purchase.result()

    assert purchased.status == "paid"
    for shown in (purchased.by_token.json(), purchased.by_reference.json()["data"][0]):
        assert (shown["status"], shown["charge"], shown["captured_amount"]) == (
            "declined",
            None,
            "0.00",
        )
    assert merchant.books(story.session)["charged"] == "20.22"
    merchant.wait_for_status(story.session, "paid")
    assert story.seconds() >= 5


def test_acts_eight_seconds_after_it_was_asked(merchant: Merchant, stories: Stories):
    story = stories["acts_late"]

    purchased = story.purchase.result()

    assert purchased.status == "paid"
    (webhook,) = merchant.webhooks(story.session, 1)
    assert webhook.type == "session.paid"
    assert webhook.at - story.began_at >= 8


def test_is_fenced_by_a_cancel_while_the_request_waits(merchant: Merchant):
    session = merchant.register(amount="20.23")
    with ThreadPoolExecutor(1) as beside:
        purchase = beside.submit(merchant.purchase, session)
        waited(lambda: merchant.books(session)["purchase_requests"] == 1)

        assert merchant.status(session) == "open"
        assert merchant.post(f"sessions/{session.token}/cancel", {}).json()["status"] == "cancelled"

        assert purchase.result().status_code == 409
    assert merchant.books(session)["charges"] == []


def test_answers_after_the_news_of_the_payment(merchant: Merchant, stories: Stories):
    story = stories["answer_overtaken"]

    purchased = story.purchase.result()

    assert purchased.status == "processing"
    assert purchased.by_token.json()["status"] == "paid"
    _, paid = merchant.webhooks(story.session, 2)
    assert paid.type == "session.paid"

"""A webhook of the sandbox PSP."""

import threading
import time
from datetime import UTC, datetime

from tests import direct
from tests.patience import PATIENCE_SECONDS, waited
from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Received


def test_is_signed_and_tells_what_a_look_up_tells(merchant: Merchant):
    session = merchant.paid()

    (webhook,) = merchant.webhooks(session, 1)

    assert webhook.is_signed
    assert webhook.headers["content-type"] == "application/json"
    assert webhook.event == {
        "id": webhook.headers["webhook-id"],
        "type": "session.paid",
        "created_at": webhook.event["created_at"],
        "data": {"session": merchant.look_up(session)},
    }
    assert webhook.event["id"].startswith("evt_")


def test_is_signed_by_the_walls_clock(merchant: Merchant):
    merchant.sandbox.control("clock", {"advance_seconds": 7200})
    session = merchant.paid()

    (webhook,) = merchant.webhooks(session, 1)

    assert abs(int(webhook.headers["webhook-timestamp"]) - time.time()) < 3600
    assert webhook.is_signed
    ahead = datetime.fromisoformat(webhook.event["created_at"]) - datetime.now(tz=UTC)
    assert 3600 < ahead.total_seconds() < 7201


def test_is_tried_again_with_the_same_id_and_a_fresh_signature(merchant: Merchant):
    session = merchant.register()
    answers = iter([500, 302, 204])
    merchant.receiver.answer_with(session.webhook_path, lambda _: next(answers))
    merchant.purchase(session)

    first, second, third = merchant.webhooks(session, 3)

    assert second.at - first.at >= 1
    assert third.at - second.at >= 2
    assert all(one.is_signed for one in (first, second, third))
    assert first.headers["webhook-id"] == third.headers["webhook-id"]
    assert first.headers["webhook-signature"] != third.headers["webhook-signature"]
    assert first.body == third.body
    tries = f"webhooks?token={session.token}"
    waited(lambda: len(merchant.sandbox.control(tries)["data"]) == 3)
    shown = merchant.sandbox.control(tries)["data"]
    assert [(one["event_id"], one["type"], one["status"]) for one in shown] == [
        (first.event["id"], "session.paid", status) for status in (500, 302, 204)
    ]
    assert len(merchant.receiver.received(session.webhook_path)) == 3


def test_are_listed_for_all_sessions_page_by_page(merchant: Merchant):
    sessions = [merchant.paid(), merchant.paid()]
    tries = [f"webhooks?token={session.token}" for session in sessions]
    waited(lambda: all(merchant.sandbox.control(one)["data"] for one in tries))

    page = merchant.sandbox.control("webhooks")
    found = page["data"]
    while cursor := page["next_cursor"]:
        page = merchant.sandbox.control(f"webhooks?cursor={cursor}")
        found += page["data"]

    tokens = [one["token"] for one in found]
    assert tokens.index(sessions[0].token) != tokens.index(sessions[1].token)


def test_to_nobody_is_shown_as_unanswered(merchant: Merchant):
    session = merchant.paid(webhook_url="http://127.0.0.1:9/nobody")

    tries = f"webhooks?token={session.token}"
    waited(lambda: len(merchant.sandbox.control(tries)["data"]) >= 1)

    assert merchant.sandbox.control(tries)["data"][0]["status"] is None


def test_comes_twice_when_it_is_to(merchant: Merchant):
    session = merchant.paid(amount="20.10")

    first, second = merchant.webhooks(session, 2)

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.is_signed
    assert second.is_signed


def _after_a_second(_: Received) -> int:
    time.sleep(1)
    return 204


def test_comes_before_the_answer_when_it_is_to(merchant: Merchant):
    session = merchant.register(amount="20.12")
    merchant.receiver.answer_with(session.webhook_path, _after_a_second)

    response = merchant.purchase(session)

    assert response.json()["status"] == "paid"
    assert response.elapsed.total_seconds() >= 1
    (webhook,) = merchant.receiver.received(session.webhook_path)
    assert webhook.type == "session.paid"


def test_that_came_early_and_was_refused_is_tried_again(merchant: Merchant):
    session = merchant.register(amount="20.12")
    answers = iter([503, 204])
    merchant.receiver.answer_with(session.webhook_path, lambda _: next(answers))
    merchant.purchase(session)

    first, second = merchant.webhooks(session, 2)

    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_is_sent_again_on_demand(merchant: Merchant):
    session = merchant.paid()
    (first,) = merchant.webhooks(session, 1)

    answer = merchant.sandbox.control("webhooks/resend", {"token": session.token})
    second = merchant.webhooks(session, 2)[1]

    assert answer == {"event_id": first.event["id"]}
    assert second.body == first.body


def test_of_nothing_cannot_be_sent_again(merchant: Merchant):
    session = merchant.register()

    response = direct.post(
        f"{merchant.sandbox.psp_url}/control/webhooks/resend",
        json={"token": session.token},
        timeout=10,
    )

    assert response.status_code == 404
    assert merchant.receiver.received(session.webhook_path) == []


def test_goes_where_the_purchase_says(merchant: Merchant):
    session = merchant.register()

    merchant.purchase(session, webhook_url=f"{merchant.receiver.url}{session.webhook_path}-new")

    merchant.receiver.wait_for(f"{session.webhook_path}-new", 1)
    assert merchant.receiver.received(session.webhook_path) == []


def test_is_not_held_up_by_another_receiver_that_hangs(merchant: Merchant):
    gate = threading.Event()
    hanging = [merchant.register() for _ in range(12)]
    with type(merchant.receiver)() as slow_receiver:
        for session in hanging:
            slow_receiver.answer_with(
                session.webhook_path, lambda _: 204 if gate.wait(PATIENCE_SECONDS) else 500
            )
            merchant.purchase(session, webhook_url=f"{slow_receiver.url}{session.webhook_path}")
        prompt = merchant.paid()

        merchant.webhooks(prompt, 1)

        tries = [f"webhooks?token={session.token}" for session in hanging]
        assert [merchant.sandbox.control(one)["data"] for one in tries] == [[]] * len(hanging)
        gate.set()
        for session in hanging:
            slow_receiver.wait_for(session.webhook_path, 1)


def test_that_was_refused_can_be_given_up(merchant: Merchant):
    session = merchant.register()
    merchant.receiver.answer_with(session.webhook_path, lambda _: 500)
    merchant.purchase(session)
    merchant.webhooks(session, 1)
    tries = f"webhooks?token={session.token}"
    waited(lambda: len(merchant.sandbox.control(tries)["data"]) == 1)

    merchant.sandbox.control("webhooks/give-up", {})

    time.sleep(1.5)  # it would have been tried again after one second
    assert len(merchant.receiver.received(session.webhook_path)) == 1

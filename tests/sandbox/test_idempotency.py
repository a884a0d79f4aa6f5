"""An idempotency key at the sandbox PSP."""

import threading

import pytest
import requests

from tests import direct
from tests.sandbox.merchant import Merchant


@pytest.mark.parametrize("key", ["", "k" * 256, "ké".encode()])
def test_is_needed_and_printable(merchant: Merchant, key: str | bytes):
    body = merchant.registration()

    response = direct.post(
        f"{merchant.sandbox.psp_url}/v1/sessions",
        json=body,
        headers={
            "Authorization": f"Bearer {merchant.sandbox.api_key}".encode(),
            "Idempotency-Key": key,
        },
        timeout=10,
    )

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"
    assert merchant.get("sessions", reference=body["reference"]).json() == {"data": []}


def test_gets_the_first_answer_again(merchant: Merchant):
    body = merchant.registration()

    first = merchant.post("sessions", body, key=body["reference"])
    second = merchant.post("sessions", body, key=body["reference"])

    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["Content-Type"] == "application/json"


def test_gets_a_refusal_again_with_its_headers(merchant: Merchant):
    session = merchant.paid()

    first = merchant.purchase(session, key=session.token)
    second = merchant.purchase(session, key=session.token)

    assert first.headers["Token-Used"] == second.headers["Token-Used"] == "true"
    cancelled = [
        merchant.post(f"sessions/{session.token}/cancel", {}, key=f"{session.token}-c")
        for _ in range(2)
    ]
    assert [one.status_code for one in cancelled] == [409, 409]
    assert cancelled[1].headers["Idempotent-Replayed"] == "true"
    assert cancelled[1].content == cancelled[0].content


def test_belongs_to_one_body_and_one_path(merchant: Merchant):
    session = merchant.register()
    key = session.token
    merchant.post(f"sessions/{session.token}/cancel", {}, key=key)

    other_path = merchant.purchase(session, key=key)
    other_body = merchant.post(f"sessions/{session.token}/cancel", {"a": 1}, key=key)

    for response in (other_path, other_body):
        assert response.status_code == 422
        assert response.json()["error"]["code"] == "idempotency_mismatch"
    assert merchant.status(session) == "cancelled"


def test_is_refused_while_its_first_request_runs(merchant: Merchant):
    session = merchant.register(amount="20.12")
    gate = threading.Event()
    merchant.receiver.answer_with(session.webhook_path, lambda _: 204 if gate.wait(9) else 500)
    answers: list[requests.Response] = []
    first = threading.Thread(
        target=lambda: answers.append(merchant.purchase(session, key=session.token))
    )
    first.start()
    merchant.webhooks(session, 1)

    second = merchant.purchase(session, key=session.token)
    gate.set()
    first.join()
    third = merchant.purchase(session, key=session.token)

    assert second.status_code == 409
    assert second.json()["error"]["code"] == "idempotency_in_progress"
    assert second.headers["Retry-After"] == "1"
    assert answers[0].json()["status"] == "paid"
    assert (third.headers["Idempotent-Replayed"], third.content) == ("true", answers[0].content)
    assert len(merchant.books(session)["charges"]) == 1


def test_is_forgotten_after_its_window(merchant: Merchant):
    session = merchant.register()
    first = merchant.post(f"sessions/{session.token}/cancel", {}, key=session.token)

    merchant.sandbox.control("clock", {"advance_seconds": 24 * 3600 - 60})
    remembered = merchant.purchase(session, key=session.token)
    merchant.sandbox.control("clock", {"advance_seconds": 61})
    forgotten = merchant.purchase(session, key=session.token)

    assert first.status_code == 200
    assert remembered.status_code == 422
    assert forgotten.status_code == 409
    assert forgotten.json()["error"]["code"] == "state_conflict"
    assert merchant.status(session) == "cancelled"

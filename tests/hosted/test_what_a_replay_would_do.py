"""What replaying a webhook would change, said beforehand; nothing is changed by saying it."""

from __future__ import annotations

from typing import Any

import pytest

from payments.models import Event, PaymentSession, Purchase, WebhookReceipt
from payments.services.foresee import foresee_replay
from tests.builders import make_purchase, make_receipt
from tests.hosted.street import Street

NEWS: dict[str, Any] = {
    "state": "captured",
    "psp_word": "paid",
    "money": {"amount": "19.99", "currency": "EUR"},
    "captured": {"amount": "19.99", "currency": "EUR"},
    "payment_reference": "ch_1",
}


@pytest.fixture
def session(street: Street) -> PaymentSession:
    """Return a session at the hosted PSP."""
    return street.register()


def receipt(session: PaymentSession, **fields: Any) -> WebhookReceipt:
    """Return a webhook about a session that was worked on."""
    about = {"psp": "hosted", "psp_token": session.psp_token}
    return make_receipt(session, **about | fields)


def foreseen(of: WebhookReceipt) -> str:
    """Return what is foreseen, having seen that nothing changed."""
    before = state_of_things()
    words = foresee_replay(of)
    assert state_of_things() == before
    return words


def state_of_things() -> list[list[Any]]:
    kept = (PaymentSession, Purchase, Event, WebhookReceipt)
    return [[*model.objects.order_by("pk").values()] for model in kept]


@pytest.mark.parametrize(
    ("held", "said", "words"),
    [
        ("pending", "paid", "The purchase would go from pending to captured."),
        ("declined", "paid", "The purchase would go from declined to captured."),
        ("pending", "thinking", "Nothing would change: the purchase stays pending."),
        ("pending", "open", "Nothing would change: the purchase stays pending."),
        (
            "captured",
            "thinking",
            "Nothing would change: pending is old news, the purchase stays captured.",
        ),
        ("expired", "declined", "We hold expired, the PSP says declined: a case would be opened."),
    ],
)
def test_is_judged_as_the_psps_answer_is(
    street: Street, session: PaymentSession, held: str, said: str, words: str
):
    make_purchase(session, phase=held)
    street.acts(session, said)

    assert foreseen(receipt(session)) == words


def test_is_a_refusal_where_the_sums_differ(street: Street, session: PaymentSession):
    make_purchase(session)
    street.acts(session, "paid", amount="1.00")

    assert foreseen(receipt(session)) == (
        "It would be refused: the PSP says 1.00 EUR, not 19.99 EUR. A case would be opened."
    )


def test_waits_for_a_psp_that_cannot_be_asked_now(street: Street, session: PaymentSession):
    make_purchase(session)
    street.psp.is_down = True

    words = foreseen(receipt(session))

    assert words.startswith("The PSP cannot be asked now (")
    assert words.endswith("It would be asked again later.")


def test_is_another_search_where_no_session_is_named(street: Street):
    words = foreseen(make_receipt(None, psp="hosted", psp_token="page_unknown"))

    assert words == "No session of ours is named in it. It would be looked for again, five times."


def test_is_a_question_where_nobody_has_bought(session: PaymentSession):
    assert foreseen(receipt(session)) == (
        "Nobody has bought on this session. The PSP would be asked where its page charges."
    )


@pytest.mark.parametrize(
    ("news", "words"),
    [
        ({"report": NEWS}, "The purchase would go from pending to captured."),
        ({}, "It says nothing of a payment."),
    ],
)
def test_is_in_the_webhook_itself_where_the_psp_answers_nobody(
    told_street: Street, news: dict[str, Any], words: str
):
    session = told_street.register()
    make_purchase(session)

    assert foreseen(receipt(session, news=news)) == words
    assert told_street.psp.look_ups == []

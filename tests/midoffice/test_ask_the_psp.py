"""Asking the PSP from the mid-office..."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from payments.domain.lifecycle import Phase
from payments.models import CallOutcome, CauseKind, Event, PaymentSession, PspCall, Purchase
from tests.builders import make_purchase, make_session, make_user
from tests.contract.servers import ReplayingPsp, Reply
from tests.database.tables import snapshot
from tests.midoffice.conftest import logged_in
from tests.told_psp import psp

__all__ = ["psp"]

# The PSP is asked outside any transaction, and BPS insists on it.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator() -> Client:
    """Return a browser of somebody who may ask."""
    browser = Client()
    browser.force_login(make_user("change_purchase", username="olga"))
    return browser


def ask(browser: Client, session: PaymentSession) -> Any:
    """Say why, press the button, and follow where it leads."""
    form = {"form_key": str(uuid4()), "reason": "The customer called."}
    return browser.post(reverse("mid-office:ask-the-psp", args=[session.pk]), form, follow=True)


def paid(purchase: Purchase) -> Reply:
    """Return how the sandbox PSP tells of a charge."""
    session = purchase.session
    return Reply(
        200,
        {
            "token": session.psp_token,
            "reference": session.reference,
            "checkout_id": session.checkout_id,
            "status": "paid",
            "amount": "19.99",
            "currency": "EUR",
            "capture": "automatic",
            "charge": "ch_77",
            "captured_amount": "19.99",
            "refunded_amount": "0.00",
            "decline_code": None,
            "decline_message": None,
        },
        {"Content-Type": "application/json"},
    )


def test_applies_what_it_says_and_records_who_asked(operator: Client, psp: ReplayingPsp) -> None:
    purchase = make_purchase(phase=Phase.IN_DOUBT)
    psp.will_answer(paid(purchase))

    response = ask(operator, purchase.session)

    assert response.redirect_chain == [
        (reverse("mid-office:session", args=[purchase.session_id]), 302)
    ]
    assert "The PSP says: captured." in response.content.decode()
    purchase.refresh_from_db()
    assert (purchase.phase, purchase.payment_reference) == (Phase.CAPTURED, "ch_77")
    happened = Event.objects.get(name="purchase.captured")
    assert (happened.cause_kind, happened.actor) == (CauseKind.STAFF, "olga")
    assert happened.cause_id == str(PspCall.objects.get(purchase=purchase).pk)
    asked = Event.objects.get(name="psp.asked")
    assert (asked.actor, asked.data["reason"]) == ("olga", "The customer called.")


def test_says_so_when_nobody_answers(operator: Client) -> None:
    purchase = make_purchase(phase=Phase.IN_DOUBT)

    response = ask(operator, purchase.session)

    assert "The PSP could not be asked." in response.content.decode()
    purchase.refresh_from_db()
    assert purchase.phase == Phase.IN_DOUBT
    assert PspCall.objects.get(purchase=purchase).outcome == CallOutcome.NOT_SENT


def test_asks_nothing_where_nobody_has_bought(operator: Client) -> None:
    session = make_session()
    before = snapshot()

    response = ask(operator, session)

    assert "there is nothing to ask about" in response.content.decode()
    assert snapshot() == before


def test_needs_the_permission() -> None:
    purchase = make_purchase(phase=Phase.IN_DOUBT)
    before = snapshot()

    response = ask(logged_in("view_purchase"), purchase.session)

    assert response.status_code == 403
    after = snapshot()
    assert {name for name in after if after[name] != before[name]} == {"payments_event"}
    assert Event.objects.get().name == "act.refused"


def test_is_not_done_by_a_link(operator: Client) -> None:
    purchase = make_purchase(phase=Phase.IN_DOUBT)
    before = snapshot()

    response = operator.get(reverse("mid-office:ask-the-psp", args=[purchase.session_id]))

    assert response.status_code == 200
    assert snapshot() == before


def test_is_not_done_by_another_sites_form() -> None:
    purchase = make_purchase(phase=Phase.IN_DOUBT)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user(is_superuser=True))
    before = snapshot()

    response = ask(browser, purchase.session)

    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()
    assert snapshot() == before

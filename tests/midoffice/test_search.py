"""The search box..."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from dashboard.lists.views import SHOWN_AT_MOST
from payments.domain.lifecycle import Phase
from payments.models import Purchase
from tests.builders import (
    make_case,
    make_notification_try,
    make_psp_call,
    make_purchase,
    make_receipt,
    make_refund,
    make_session,
    make_shop,
)

pytestmark = pytest.mark.django_db

SEARCH = reverse("mid-office:search")


@pytest.fixture
def purchase() -> Purchase:
    """Return a purchase that bears every kind of id."""
    make_purchase(phase=Phase.CAPTURED, purchase_info={"customer_reference": "k-78"})
    purchase = make_purchase(
        phase=Phase.CAPTURED,
        payment_reference="ch_77",
        purchase_info={"customer_reference": "k-77"},
    )
    make_refund(purchase, refund_reference="re_77")
    make_receipt(purchase.session, event_id="evt_77")
    make_receipt(None, event_id="evt_78")
    make_notification_try(purchase.session)
    make_psp_call(purchase.session)
    make_case(purchase.session)
    return purchase


def test_goes_straight_to_the_one_session_that_an_id_names(purchase: Purchase, viewer: Client):
    session = purchase.session
    refund, receipt = purchase.refunds.get(), session.receipts.get()
    ids = {
        "checkout id": session.checkout_id,
        "order reference": session.order_reference,
        "PSP token": session.psp_token,
        "public token": session.public_token,
        "session": session.pk,
        "our reference": session.reference,
        "purchase": purchase.public_id,
        "key of the purchase": purchase.pk,
        "payment reference": purchase.payment_reference,
        "customer reference": purchase.purchase_info["customer_reference"],
        "refund": refund.public_id,
        "key of the refund": refund.pk,
        "refund reference": refund.refund_reference,
        "webhook": receipt.event_id,
        "notification": session.notifications.get().public_id,
        "case": session.cases.get().pk,
        "idempotency key of a call": session.psp_calls.get().idempotency_key,
    }

    led_to = {kind: viewer.get(SEARCH, {"q": f" {value} "}) for kind, value in ids.items()}

    where = reverse("mid-office:session", args=[session.pk])
    for kind, response in led_to.items():
        assert (response.status_code, response.get("Location")) == (302, where), kind


def test_lists_the_sessions_that_share_an_id(viewer: Client):
    ours, theirs = make_session(checkout_id="c-1"), make_session(checkout_id="c-1")
    make_session()

    response = viewer.get(SEARCH, {"q": "c-1"})

    assert response.status_code == 200
    page = response.content.decode()
    for session in (ours, theirs):
        assert reverse("mid-office:session", args=[session.pk]) in page


def test_finds_nothing_by_less_than_a_whole_id(purchase: Purchase, viewer: Client):
    for words in ("c-", "%", "tok_unknown", "<script>", "' OR 1=1 --", "ك"):
        response = viewer.get(SEARCH, {"q": words})

        assert response.status_code == 200, words
        assert response.context["table"].rows == [], words
        assert "No session has the id" in response.content.decode(), words
        assert "<script>" not in response.content.decode(), words


def test_asks_for_an_id_where_there_is_none(viewer: Client):
    for words in ("", "   ", "\0", "a" * 256):
        response = viewer.get(SEARCH, {"q": words})

        assert response.status_code == 200, words
        assert "Type a checkout id" in response.content.decode(), words


def test_shows_the_newest_of_many(viewer: Client):
    shop = make_shop()
    for _ in range(SHOWN_AT_MOST + 1):
        make_purchase(make_session(shop=shop), purchase_info={"customer_reference": "k-1"})

    response = viewer.get(SEARCH, {"q": "k-1"})

    assert len(response.context["table"].rows) == SHOWN_AT_MOST
    assert f"The newest {SHOWN_AT_MOST} sessions" in response.content.decode()


def test_costs_the_same_however_much_it_finds(
    viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
):
    for _ in range(10):
        make_purchase(make_session(checkout_id="c-1", shop=make_shop()))

    with django_assert_num_queries(3):
        viewer.get(SEARCH, {"q": "c-1"})

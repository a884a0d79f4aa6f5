"""The search box..."""

from __future__ import annotations

from typing import Any

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


@pytest.mark.parametrize(
    "name",
    [
        "session.checkout_id",
        "session.order_reference",
        "session.psp_token",
        "session.public_token",
        "session.pk",
        "session.reference",
        "public_id",
        "pk",
        "payment_reference",
        "customer_reference",
        "refund.public_id",
        "refund.pk",
        "refund.refund_reference",
        "receipt.event_id",
        "notification.public_id",
        "case.pk",
        "call.idempotency_key",
    ],
)
def test_goes_straight_to_the_one_session_that_an_id_names(
    name: str, purchase: Purchase, viewer: Client
):
    session = purchase.session
    bearers: dict[str, Any] = {
        "session": session,
        "refund": purchase.refunds.get(),
        "receipt": session.receipts.get(),
        "notification": session.notifications.get(),
        "case": session.cases.get(),
        "call": session.psp_calls.get(),
    }
    bearer, _, column = name.rpartition(".")
    if name == "customer_reference":
        value = purchase.purchase_info[name]
    else:
        value = getattr(bearers.get(bearer, purchase), column)

    response = viewer.get(SEARCH, {"q": f" {value} "})

    assert response.status_code == 302
    assert response["Location"] == reverse("mid-office:session", args=[purchase.session_id])


def test_lists_the_sessions_that_share_an_id(viewer: Client):
    ours, theirs = make_session(checkout_id="c-1"), make_session(checkout_id="c-1")
    make_session()

    response = viewer.get(SEARCH, {"q": "c-1"})

    assert response.status_code == 200
    page = response.content.decode()
    for session in (ours, theirs):
        assert reverse("mid-office:session", args=[session.pk]) in page


@pytest.mark.parametrize("words", ["c-", "%", "tok_unknown", "<script>", "' OR 1=1 --", "ك"])
def test_finds_nothing_by_less_than_a_whole_id(words: str, purchase: Purchase, viewer: Client):
    response = viewer.get(SEARCH, {"q": words})

    assert response.status_code == 200
    assert response.context["table"].rows == []
    assert "No session has the id" in response.content.decode()
    assert "<script>" not in response.content.decode()


@pytest.mark.parametrize("words", ["", "   ", "\0", "a" * 256])
def test_asks_for_an_id_where_there_is_none(words: str, viewer: Client):
    response = viewer.get(SEARCH, {"q": words})

    assert response.status_code == 200
    assert "Type a checkout id" in response.content.decode()


def test_shows_the_newest_of_many(viewer: Client):
    for _ in range(SHOWN_AT_MOST + 1):
        make_purchase(purchase_info={"customer_reference": "k-1"})

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

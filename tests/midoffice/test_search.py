"""The search box..."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from payments.models import Purchase
from tests.builders import make_purchase, make_session, make_shop

pytestmark = pytest.mark.django_db

SEARCH = reverse("mid-office:search")


@pytest.fixture
def purchase() -> Purchase:
    """Return a purchase that bears every kind of id."""
    make_session()
    return make_purchase(payment_reference="ch_77")


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
    ],
)
def test_goes_straight_to_the_one_session_that_an_id_names(
    name: str, purchase: Purchase, viewer: Client
):
    value = purchase
    for part in name.split("."):
        value = getattr(value, part)

    response = viewer.get(SEARCH, {"q": f" {value} "})

    assert response.status_code == 302
    assert response["Location"] == reverse("mid-office:session", args=[purchase.session_id])


def test_lists_the_sessions_that_share_an_id(viewer: Client):
    ours, theirs = make_session(checkout_id="c-1"), make_session(checkout_id="c-1")
    make_session()

    response = viewer.get(SEARCH, {"q": "c-1"})

    assert response.status_code == 200
    found = {row.session.pk for row in response.context["rows"]}
    assert found == {ours.pk, theirs.pk}


@pytest.mark.parametrize("words", ["c-", "%", "tok_unknown", "<script>", "' OR 1=1 --", "ك"])
def test_finds_nothing_by_less_than_a_whole_id(words: str, purchase: Purchase, viewer: Client):
    response = viewer.get(SEARCH, {"q": words})

    assert response.status_code == 200
    assert response.context["rows"] == []
    assert "No session has the id" in response.content.decode()
    assert "<script>" not in response.content.decode()


@pytest.mark.parametrize("words", ["", "   ", "\0", "a" * 256])
def test_asks_for_an_id_where_there_is_none(words: str, viewer: Client):
    response = viewer.get(SEARCH, {"q": words})

    assert response.status_code == 200
    assert "Type a checkout id" in response.content.decode()


def test_costs_the_same_however_much_it_finds(
    viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
):
    for _ in range(10):
        make_purchase(make_session(checkout_id="c-1", shop=make_shop()))

    with django_assert_num_queries(3):
        viewer.get(SEARCH, {"q": "c-1"})

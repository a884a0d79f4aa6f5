"""The list of sessions..."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboard.lists import reading
from dashboard.lists.reading import COUNTED, PAGE_SIZE
from payments.domain.lifecycle import Phase
from payments.models import PaymentSession
from tests.builders import make_case, make_purchase, make_session, make_shop

pytestmark = pytest.mark.django_db

LIST = reverse("mid-office:sessions")
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe"

IN_TAB: dict[str, Callable[[], PaymentSession]] = {
    "open": make_session,
    "started": lambda: make_purchase(phase=Phase.IN_DOUBT).session,
    "successful": lambda: make_purchase(phase=Phase.CAPTURED).session,
    "failed": lambda: make_purchase(phase=Phase.DECLINED).session,
    "unregistered": lambda: make_session(status="failed"),
    "expired": lambda: make_session(status="expired"),
    "cancelled": lambda: make_session(status="cancelled"),
}


def page(browser: Client, query: str = "") -> str:
    """Return the page as text."""
    response = browser.get(f"{LIST}{query}")
    assert response.status_code == 200
    return unescape(response.content.decode())


def column(response: Any, word: str) -> list[str]:
    """Return the cells of one column, as they are read."""
    return [
        cell.badge.word if cell.badge else cell.text
        for row in response.context["table"].rows
        for each, cell in row
        if each.word == word
    ]


def listed(browser: Client, query: str = "") -> list[str]:
    """Return the checkout ids of the rows, in order."""
    return column(browser.get(f"{LIST}{query}"), "Checkout")


def test_shows_a_row_with_all_that_staff_look_for(viewer: Client):
    shop = make_shop(name="Bulbs & More")
    session = make_session(
        shop=shop,
        checkout_id="c-1",
        order_reference="o-1",
        amount="1234.50",
        created_at=timezone.now() - timedelta(minutes=3),
    )
    make_purchase(session, phase=Phase.IN_DOUBT)

    shown = page(viewer)

    for words in (" started</span>", "in doubt", "3 min", "1234.50", "EUR", "sandbox"):
        assert words in shown
    assert "Bulbs & More" in shown
    assert f'href="{reverse("mid-office:session", args=[session.pk])}"' in shown
    assert "<bdi>c-1</bdi></a>" in shown
    assert ">o-1</bdi>" in shown


def test_has_each_session_in_exactly_one_tab(viewer: Client):
    sessions = {tab: make() for tab, make in IN_TAB.items()}

    assert {tab: listed(viewer, f"?status={tab}") for tab in IN_TAB} == {
        tab: [session.checkout_id] for tab, session in sessions.items()
    }
    tabs = viewer.get(LIST).context["tabs"]
    assert [(each.word, each.count) for each in tabs] == [
        ("All", "7"),
        ("Waiting for Buy Now", "1"),
        ("Started", "1"),
        ("Successful", "1"),
        ("Failed", "1"),
        ("Not registered", "1"),
        ("Expired", "1"),
        ("Cancelled", "1"),
        ("Needs a person", "0"),
    ]


def test_gathers_what_a_person_must_look_at(viewer: Client):
    make_session()
    waiting, done = make_session(), make_session()
    make_case(waiting)
    make_case(done, resolved_at=timezone.now())

    assert listed(viewer, "?status=case") == [waiting.checkout_id]


def test_knows_no_other_status(viewer: Client):
    assert viewer.get(f"{LIST}?status=nonsense").status_code == 404


def test_stops_counting_at_a_thousand(viewer: Client):
    shop = make_shop()
    PaymentSession.objects.bulk_create(
        PaymentSession(
            shop=shop,
            checkout_id=f"c-{number}",
            psp="sandbox",
            amount="1.00",
            currency="EUR",
            return_url="https://shop.example/",
            buy_now_url="https://shop.example/",
            expires_at=timezone.now(),
        )
        for number in range(COUNTED + 1)
    )

    counts = [tab.count for tab in viewer.get(LIST).context["tabs"]]

    assert counts == ["1,000+", "1,000+", "0", "0+", "0+", "0", "0", "0", "0"]


def test_is_narrowed_by_the_url(viewer: Client):
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    wanted = make_session(amount="500", currency="JPY", created_at=noon)
    make_purchase(wanted, phase=Phase.IN_DOUBT)
    make_purchase(make_session(created_at=noon - timedelta(days=1)), phase=Phase.PENDING)
    make_session(created_at=noon + timedelta(days=1))

    for query in (
        "?currency=jpy",
        "?currency=JPY",
        "?phase=in_doubt",
        "?made_from=2026-03-02&made_to=2026-03-02",
        "?amount_from=500",
        "?amount_from=499.99&amount_to=500.01",
        "?psp=sandbox&currency=JPY&phase=in_doubt&made_from=2026-03-02&status=started",
    ):
        assert listed(viewer, query) == [wanted.checkout_id], query


def test_takes_days_whole(viewer: Client):
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    first = make_session(created_at=midnight)
    last = make_session(created_at=midnight + timedelta(hours=24, microseconds=-1))
    make_session(created_at=midnight - timedelta(microseconds=1))
    make_session(created_at=midnight + timedelta(hours=24))

    found = listed(viewer, "?made_from=2026-03-02&made_to=2026-03-02")

    assert found == [last.checkout_id, first.checkout_id]


def test_says_which_filter_it_does_not_understand(viewer: Client):
    session = make_session()

    for query in (
        "?currency=EURO",
        "?currency=%00%00%00",
        "?phase=nonsense",
        "?psp=nonsense",
        "?made_from=now",
        "?made_to=10000-01-01",
        "?amount_from=-1",
    ):
        response = viewer.get(f"{LIST}{query}")
        assert 'class="error"' in response.content.decode(), query
        assert column(response, "Checkout") == [session.checkout_id], query


def test_keeps_the_filters_when_the_tab_changes(viewer: Client):
    tabs = viewer.get(f"{LIST}?currency=EUR&cursor=&status=failed").context["tabs"]

    assert [tab.query for tab in tabs[:2]] == ["?currency=EUR", "?status=open&currency=EUR"]
    assert [tab.word for tab in tabs if tab.is_open] == ["Failed"]


def test_goes_on_where_the_last_page_ended(viewer: Client):
    shop = make_shop()
    made = [make_session(shop=shop) for _ in range(PAGE_SIZE + 3)]
    # All of the same instant: only the id tells them apart.
    PaymentSession.objects.update(created_at=timezone.now())
    newest_first = [session.checkout_id for session in reversed(made)]

    first = viewer.get(f"{LIST}?currency=EUR")
    second = viewer.get(f"{LIST}{first.context['older']}")

    assert first.context["looked_back_to"] is None
    assert column(first, "Checkout") == newest_first[:PAGE_SIZE]
    assert column(second, "Checkout") == newest_first[PAGE_SIZE:]
    assert second.context["older"] == ""
    assert second.context["newest"] == "?currency=EUR"


def test_knows_no_cursor_that_it_did_not_give_out(viewer: Client):
    a_moment = "2026-03-02T12:00:00~00000000-0000-0000-0000-000000000000"

    for cursor in ("nonsense", "~", a_moment, "%00~%00"):
        assert viewer.get(f"{LIST}?cursor={cursor}").status_code == 404, cursor


def test_looks_at_no_more_than_so_many_rows_for_what_fits(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "LOOKED_AT", 3)
    at = timezone.now()
    wanted = make_session(currency="JPY", amount="500", created_at=at - timedelta(hours=5))
    others = [make_session(created_at=at - timedelta(hours=hours)) for hours in range(5)]

    first = viewer.get(f"{LIST}?currency=JPY")

    assert column(first, "Checkout") == []
    assert first.context["looked_back_to"] == others[2].created_at
    assert "Look further back" in first.content.decode()
    second = viewer.get(f"{LIST}{first.context['older']}")
    assert column(second, "Checkout") == [wanted.checkout_id]
    assert "Look further back" in second.content.decode()
    third = viewer.get(f"{LIST}{second.context['older']}")
    assert column(third, "Checkout") == []
    assert "Look further back" not in third.content.decode()


def test_counts_what_fits_among_the_newest_of_each_tab(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "COUNTED", 2)
    for number in range(3):
        currency = "EUR" if number else "USD"
        session = make_session(currency=currency, status="completed")
        make_purchase(session, phase=Phase.CAPTURED)
    make_session(currency="USD")

    tabs = viewer.get(f"{LIST}?currency=USD").context["tabs"]

    counts = {tab.word: tab.count for tab in tabs}
    assert counts["All"] == "1+"
    assert counts["Successful"] == "0+"
    assert counts["Waiting for Buy Now"] == "1"
    assert counts["Expired"] == "0"


def test_costs_the_same_whatever_its_length(
    viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
):
    shop = make_shop()
    make_session(shop=shop)
    with django_assert_num_queries(13):  # two of them for what the viewer may do
        viewer.get(LIST)

    for _ in range(10):
        make_purchase()
    with django_assert_num_queries(13):
        viewer.get(LIST)


def test_shows_what_others_wrote_as_text(viewer: Client):
    make_session(checkout_id=HOSTILE, order_reference=HOSTILE, shop=make_shop(name=HOSTILE))

    raw = viewer.get(LIST).content.decode()

    assert "<img" not in raw
    assert "\u202e" not in raw
    assert raw.count("&lt;img src=x onerror=alert(1)&gt;⟨U+202E⟩gnp.exe") >= 3


def test_is_empty_at_first(viewer: Client):
    assert "No session fits." in page(viewer)

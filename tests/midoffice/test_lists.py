"""Every list..."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboard.lists.catalogue import LISTS
from dashboard.lists.reading import PAGE_SIZE
from payments.domain.lifecycle import Phase
from payments.models import Purchase
from tests.builders import (
    make_case,
    make_event,
    make_notification_try,
    make_purchase,
    make_receipt,
    make_refund,
    make_run,
    make_session,
    make_staff_event,
    make_user,
)
from tests.midoffice.test_list import column

pytestmark = pytest.mark.django_db

# One more row of each list, about a purchase or beside it.
ONE: dict[str, Callable[[Purchase], Any]] = {
    "sessions": lambda purchase: make_session(shop=purchase.shop),
    "refunds": lambda purchase: make_refund(purchase, amount="0.01"),
    "receipts": lambda purchase: make_receipt(purchase.session),
    "notifications": lambda purchase: make_notification_try(purchase.session),
    "cases": lambda purchase: make_case(make_session(shop=purchase.shop)),
    "reconciliations": lambda _: make_run(),
    "audit": lambda purchase: make_event(purchase.session, cause_kind="staff", actor="olga"),
    "staff-events": lambda purchase: make_staff_event(
        shop=purchase.shop, data={"before": {}, "after": {}}
    ),
}
EVERY = pytest.mark.parametrize("name", LISTS)


def get(browser: Client, name: str, query: str = "") -> Any:
    """Return the answer of a list's page."""
    response = browser.get(f"{reverse(f'mid-office:{name}')}{query}")
    assert response.status_code == 200
    return response


@EVERY
def test_says_where_one_is_and_is_empty_at_first(name: str, viewer: Client):
    page = get(viewer, name).content.decode()

    assert f'<a href="{reverse(f"mid-office:{name}")}" aria-current="page">' in page
    assert LISTS[name].nothing in page


@EVERY
def test_pages_through_all_rows_newest_first_at_a_price_that_does_not_grow(
    name: str, viewer: Client, django_assert_max_num_queries: DjangoAssertNumQueries
):
    purchase = make_purchase(phase=Phase.CAPTURED)
    for _ in range(PAGE_SIZE + 2 - LISTS[name].rows().count()):
        ONE[name](purchase)
    newest = [row.pk for row in LISTS[name].rows().order_by("-created_at", "-pk")]

    with django_assert_max_num_queries(14):
        first = get(viewer, name)
    second = get(viewer, name, first.context["older"])

    assert len(newest) == PAGE_SIZE + 2
    assert len(first.context["table"].rows) == PAGE_SIZE
    assert len(second.context["table"].rows) == 2
    assert second.context["older"] == ""


@EVERY
def test_opens_every_tab_and_knows_every_filter(name: str, viewer: Client):
    ONE[name](make_purchase(phase=Phase.CAPTURED))
    declared = LISTS[name]
    first_tab = next(iter(declared.tabs))

    for tab, narrowed_by in zip_longest(declared.tabs, declared.filters):
        opened = first_tab if tab is None else tab
        query = f"?status={opened}&made_from=2026-01-01"
        response = get(viewer, name, f"{query}&{narrowed_by}=1" if narrowed_by else query)
        assert [each.word for each in response.context["tabs"] if each.is_open] == [
            declared.tabs[opened].word
        ]


@EVERY
def test_knows_no_other_tab_and_no_other_cursor(name: str, viewer: Client):
    address = reverse(f"mid-office:{name}")

    assert viewer.get(f"{address}?status=nonsense").status_code == 404
    assert viewer.get(f"{address}?cursor=nonsense").status_code == 404
    assert viewer.get(f"{address}csv/?status=nonsense").status_code == 404


class TestRefunds:
    def test_stand_in_the_tab_of_their_state(self, viewer: Client):
        for phase in ("in_doubt", "successful", "failed"):
            make_refund(make_purchase(phase=Phase.CAPTURED), phase=phase, refund_reference=phase)

        for tab, found in (
            ("pending", "in_doubt"),
            ("successful", "successful"),
            ("failed", "failed"),
        ):
            assert column(get(viewer, "refunds", f"?status={tab}"), "PSP reference") == [found]

    def test_are_narrowed_by_their_phase(self, viewer: Client):
        make_refund(make_purchase(phase=Phase.CAPTURED), phase="in_doubt", refund_reference="a")
        make_refund(make_purchase(phase=Phase.CAPTURED), phase="pending", refund_reference="b")

        assert column(get(viewer, "refunds", "?phase=in_doubt"), "PSP reference") == ["a"]


class TestReceipts:
    def test_stand_in_the_tab_of_their_state(self, viewer: Client):
        make_receipt(None, state="rejected", event_id=None, note="wrong signature")
        make_receipt(None, state="unmatched", note="nobody's")
        make_receipt(make_session(), state="processed", note="done")
        make_receipt(make_session(), state="waiting", note="not yet")

        for tab, note in (
            ("rejected", "wrong signature"),
            ("unmatched", "nobody's"),
            ("processed", "done"),
            ("waiting", "not yet"),
        ):
            assert column(get(viewer, "receipts", f"?status={tab}"), "Note") == [note]

    def test_lead_to_their_line_of_the_timeline(self, viewer: Client):
        receipt = make_receipt(make_session())
        session = reverse("mid-office:session", args=[receipt.session_id])

        assert f'href="{session}#{receipt.pk}"' in get(viewer, "receipts").content.decode()


class TestNotifications:
    def test_tell_what_the_shop_answered_last(self, viewer: Client):
        first = make_notification_try(make_session(), http_status=500)
        first.notification.tries.create(http_status=None, error="no route", duration_ms=5)
        make_notification_try(make_session(), http_status=204)

        response = get(viewer, "notifications")

        assert column(response, "Last answer") == ["HTTP 204", "no route"]
        assert column(response, "Tries") == ["1", "2"]

    def test_that_were_given_up_stand_apart(self, viewer: Client):
        make_notification_try(make_session())
        lost = make_notification_try(make_session()).notification
        type(lost).objects.filter(pk=lost.pk).update(state="given_up")

        response = get(viewer, "notifications", "?status=given_up")

        assert column(response, "Status") == ["given up"]


class TestCases:
    def test_that_are_open_come_first(self, viewer: Client):
        olga = make_user(username="olga")
        make_case(make_session(), owner=olga, detail="hers")
        make_case(make_session(), detail="nobody's")
        make_case(make_session(), resolved_at=timezone.now(), detail="done")

        assert column(get(viewer, "cases"), "Detail") == ["nobody's", "hers"]
        assert column(get(viewer, "cases", "?status=unowned"), "Detail") == ["nobody's"]
        assert column(get(viewer, "cases", "?status=resolved"), "Detail") == ["done"]
        assert column(get(viewer, "cases", "?owner=olga"), "Detail") == ["hers"]


class TestAudit:
    def test_tells_of_staff_alone(self, viewer: Client):
        make_event(make_session(), "support_bundle.handed_out", cause_kind="staff", actor="olga")
        make_event(make_session(), "purchase.captured", cause_kind="receipt")

        response = get(viewer, "audit")

        assert column(response, "Who") == ["olga"]
        assert column(response, "What") == ["support bundle handed out"]


class TestRuns:
    def test_are_found_by_days_and_state(self, viewer: Client):
        make_run(psp="sandbox", asked_by="olga")
        running = make_run(state="running", asked_by="pia", due_at=timezone.now())
        type(running).objects.filter(pk=running.pk).update(
            created_at=timezone.now() - timedelta(days=3)
        )

        assert column(get(viewer, "reconciliations", "?status=running"), "Asked by") == ["pia"]
        today = f"?made_from={timezone.now():%Y-%m-%d}"
        assert column(get(viewer, "reconciliations", today), "Asked by") == ["olga"]


def test_opens_cases_by_one_statement_for_all_counts(
    viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
):
    make_case(make_session())

    # Login (2), the page and the counts of all tabs, each in a block of its own (4), saved views.
    with django_assert_num_queries(11):
        get(viewer, "cases")

"""Listing sessions: filtered, newest first, page by page without gaps or repeats."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from payments.models import PaymentSession, Shop
from tests.api.answers import each_refused, reasons, refused
from tests.api.caller import Caller
from tests.builders import make_purchase, make_session, make_shop

pytestmark = pytest.mark.django_db


def listed(api: Caller, **filters: str) -> list[str]:
    """Return the checkout ids of all pages."""
    found: list[str] = []
    while True:
        page = api.get(f"?{urlencode(filters)}")
        assert page.status_code == 200, page.content
        found += [session["checkout_id"] for session in page.json()["results"]]
        if page.json()["next_cursor"] is None:
            return found
        filters["cursor"] = page.json()["next_cursor"]


def forged(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode()


def listing_by(api: Caller, name: str, values: list[str]) -> list[dict[str, Any]]:
    """Expect that listing by each value is refused."""
    return each_refused(
        lambda value: api.get(f"?{urlencode({name: value})}"), values, 400, "invalid-request", name
    )


class TestTheList:
    def test_is_empty_at_first(self, api: Caller) -> None:
        assert api.get().json() == {"results": [], "next_cursor": None}

    def test_shows_the_newest_first_as_each_is_read_alone(self, api: Caller, shop: Shop) -> None:
        older, newer = make_session(shop=shop), make_session(shop=shop)
        make_purchase(older, phase="captured")

        results = api.get().json()["results"]

        assert [session["checkout_id"] for session in results] == [str(newer), str(older)]
        assert results == [api.get(f"/{newer}").json(), api.get(f"/{older}").json()]

    def test_holds_the_shop_s_own_sessions_alone(self, api: Caller, shop: Shop) -> None:
        make_session(shop=make_shop())
        own = make_session(shop=shop)

        assert listed(api) == [str(own)]

    def test_takes_three_statements_for_a_page_and_no_more(
        self, api: Caller, shop: Shop, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(5):
            make_purchase(make_session(shop=shop), phase="captured")

        with django_assert_max_num_queries(3):
            assert len(api.get().json()["results"]) == 5


class TestAFilter:
    def test_by_status_keeps_those_alone(self, api: Caller, shop: Shop) -> None:
        sessions = {
            status: str(make_session(shop=shop, status=status))
            for status in ("registered", "completed", "expired", "created")
        }

        assert {status: listed(api, status=status) for status in sessions} == {
            status: [session] for status, session in sessions.items()
        }

    def test_by_order_keeps_its_checkouts_alone(self, api: Caller, shop: Shop) -> None:
        first, second = (make_session(shop=shop, order_reference="o-x") for _ in range(2))
        make_session(shop=shop)

        assert listed(api, order_reference="o-x") == [str(second), str(first)]
        assert listed(api, order_reference="o-unknown") == []

    def test_by_time_leaves_out_the_instant_itself(self, api: Caller, shop: Shop) -> None:
        now = timezone.now()
        make_session(shop=shop, created_at=now)
        after = make_session(shop=shop, created_at=now + timedelta(microseconds=1))

        assert listed(api, created_after=now.isoformat()) == [str(after)]
        assert listed(api, created_after=now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")) == [str(after)]

    def test_may_be_joined_by_others(self, api: Caller, shop: Shop) -> None:
        wanted = make_session(shop=shop, order_reference="o-x", status="expired")
        make_session(shop=shop, order_reference="o-x")
        make_session(shop=shop, status="expired")

        assert listed(api, order_reference="o-x", status="expired") == [str(wanted)]

    def test_by_an_unknown_status_is_refused(self, api: Caller) -> None:
        answers = listing_by(api, "status", ["", "REGISTERED", "paid", "started", "\x00"])

        assert reasons(answers, "status") == {
            "must be one of created, registered, completed, expired, cancelled, failed"
        }

    def test_by_what_is_no_order_reference_is_refused(self, api: Caller) -> None:
        listing_by(api, "order_reference", ["", "\x00", "o\x001", "a b", "o" * 65])

    def test_by_what_is_no_instant_is_refused(self, api: Caller) -> None:
        instants = [
            "",
            "yesterday",
            "2030-01-01",
            "2030-01-01T12:00:00",
            "2030-13-01T12:00:00Z",
            "2030-02-30T12:00:00Z",
            "2030-01-01T25:00:00Z",
            "1900000000",
            "\x00",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
        ]

        listing_by(api, "created_after", instants)

    def test_that_is_unknown_is_refused(self, api: Caller) -> None:
        refused(lambda: api.get("?state=expired"), 400, "invalid-request", "state")


class TestPages:
    def test_hold_fifty_sessions_each_without_gaps_or_repeats(
        self, api: Caller, shop: Shop
    ) -> None:
        made = [make_session(shop=shop) for _ in range(120)]
        # Ties: some pages end among sessions made at the same instant.
        for start in (40, 90):
            same = [session.pk for session in made[start : start + 25]]
            PaymentSession.objects.filter(pk__in=same).update(created_at=made[start].created_at)

        first = api.get().json()
        everything = listed(api)

        assert len(first["results"]) == 50
        assert everything == [str(session) for session in reversed(made)]

    def test_go_on_where_they_stood_while_sessions_are_made(self, api: Caller, shop: Shop) -> None:
        made = [make_session(shop=shop) for _ in range(60)]
        cursor = api.get().json()["next_cursor"]
        make_session(shop=shop)

        second = api.get(f"?{urlencode({'cursor': cursor})}").json()

        assert [session["checkout_id"] for session in second["results"]] == [
            str(session) for session in reversed(made[:10])
        ]
        assert second["next_cursor"] is None

    def test_keep_the_filter(self, api: Caller, shop: Shop) -> None:
        kept = [make_session(shop=shop, status="expired") for _ in range(51)]
        for _ in range(3):
            make_session(shop=shop)

        assert listed(api, status="expired") == [str(session) for session in reversed(kept)]

    def test_that_are_just_full_have_no_next(self, api: Caller, shop: Shop) -> None:
        for _ in range(50):
            make_session(shop=shop)

        assert api.get().json()["next_cursor"] is None


class TestACursor:
    def test_that_bps_did_not_give_out_is_refused(self, api: Caller) -> None:
        cursors = [
            "x",
            "%%%",
            "\u2603",
            forged("not json"),
            forged(7),
            forged(None),
            forged({}),
            forged([]),
            forged([1]),
            forged(["2030-01-01T12:00:00+00:00"]),
            forged(["yesterday", "01a202ed-584f-7337-946b-5de97e638713"]),
            forged(["2030-01-01T12:00:00+00:00", "no uuid"]),
            forged(["2030-01-01T12:00:00+00:00", 7]),
            forged([7, "01a202ed-584f-7337-946b-5de97e638713"]),
            forged([None, None]),
            forged([[], {}]),
            forged(["2030-01-01T12:00:00", "01a202ed-584f-7337-946b-5de97e638713"]),
            forged(["2030-01-01", "01a202ed-584f-7337-946b-5de97e638713"]),
            forged([float("nan"), float("inf")]),
            forged(["2030-01-01T12:00:00+00:00", "01a202ed-584f-7337-946b-5de97e638713", 1]),
            forged("[" * 2000),
            forged("9" * 5000),
            forged('["\\u0000", "\\ud800"]'),
        ]

        answers = listing_by(api, "cursor", cursors)

        assert reasons(answers, "cursor") == {"is not one that BPS gave out"}

    def test_shows_nothing_of_another_shop(self, api: Caller, shop: Shop) -> None:
        foreign = make_session(shop=make_shop())
        later = (foreign.created_at + timedelta(days=1)).isoformat()

        assert listed(api, cursor=forged([later, str(foreign.pk)])) == []

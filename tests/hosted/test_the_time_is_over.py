"""A session's time is over, where the PSP's page charges, or where sessions end by themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from payments.models import CaseKind
from tests.hosted.street import Street


class TestASessionThatNobodyBoughtOn:
    def test_is_fenced_before_it_expires(self, street: Street):
        session = street.register()
        street.let_pass(session, minutes=61)

        street.work()

        assert street.psp.pages[session.psp_token or ""].status == "cancelled"
        assert street.stands(session) == ("expired", "", 0)

    def test_is_seen_to_be_fenced_when_the_answer_to_the_cancel_is_lost(self, street: Street):
        session = street.register()
        street.psp.loses_cancels = True
        street.let_pass(session, minutes=61)

        street.work()

        assert street.stands(session) == ("expired", "", 0)

    def test_turns_out_to_be_bought_where_the_fence_comes_too_late(self, street: Street):
        session = street.register()
        street.acts(session, "paid")
        street.let_pass(session, minutes=61)

        street.work()

        assert street.stands(session) == ("completed", "captured", 0)
        assert session.cases.count() == 0
        assert [name for name, _ in street.history(session)] == [
            "purchase.begun_at_psp",
            "purchase.captured",
        ]

    def test_stays_open_while_the_psp_does_not_answer(self, street: Street):
        session = street.register()
        street.psp.is_down = True
        street.let_pass(session, minutes=61)

        street.work()

        assert street.stands(session) == ("registered", "", 0)
        street.psp.is_down = False
        street.let_pass(session, minutes=10)
        street.work()
        assert street.stands(session) == ("expired", "", 0)

    def test_is_cancelled_by_the_shop_unless_it_was_paid(self, street: Street):
        unpaid, paid = street.register(), street.register()
        street.acts(paid, "paid")

        cancelled = street.shop.send("POST", f"/{unpaid}/cancel", {})
        refused = street.shop.send("POST", f"/{paid}/cancel", {})

        assert (cancelled.status_code, refused.status_code) == (200, 409)
        assert refused.json()["type"].endswith("purchase-started")
        assert street.stands(unpaid) == ("cancelled", "", 0)
        assert street.stands(paid) == ("completed", "captured", 0)


class TestASessionThatEndsByItself:
    def test_is_given_an_hour_for_its_news_then_expires_without_a_case(self, told_street: Street):
        street = told_street
        session = street.register()
        street.let_pass(session, minutes=119)
        street.work()
        assert street.stands(session) == ("registered", "", 0)

        street.let_pass(session, minutes=2)
        street.work()

        assert street.stands(session) == ("expired", "", 0)
        assert session.cases.count() == 0
        assert street.psp.sent == ["/sessions"]
        assert street.psp.look_ups == []

    def test_is_bought_by_news_within_that_hour(self, told_street: Street):
        street = told_street
        session = street.register()
        street.let_pass(session, minutes=90)
        street.acts(session, "paid")
        street.tell(session)

        street.work()

        assert street.stands(session) == ("completed", "captured", 0)

    def test_takes_news_after_that_hour_for_a_late_success(self, told_street: Street):
        street = told_street
        session = street.register()
        street.let_pass(session, minutes=121)
        street.work()
        street.acts(session, "paid")
        street.tell(session)

        street.work()

        assert street.stands(session) == ("expired", "captured", 0)
        assert [case.kind for case in session.cases.all()] == [CaseKind.LATE_SUCCESS]

    def test_ends_at_once_where_only_our_call_would_have_charged(
        self, street_with: Callable[[str], Street]
    ):
        street = street_with("lapsing")
        expired, cancelled = street.register(), street.register()
        street.let_pass(expired, minutes=61)

        answer = street.shop.send("POST", f"/{cancelled}/cancel", {})
        street.work()

        assert answer.status_code == 200
        assert street.stands(cancelled) == ("cancelled", "", 0)
        assert street.stands(expired) == ("expired", "", 0)
        assert street.psp.look_ups == []

    @pytest.mark.parametrize("status", ["reserved", "paid"])
    def test_was_not_bought_by_whatever_a_page_says_that_does_not_charge(
        self, street_with: Callable[[str], Street], status: str
    ):
        street = street_with("lapsing")
        session = street.register()
        street.acts(session, status)

        street.tell(session)
        street.work()

        assert street.stands(session) == ("registered", "", 0)

    def test_may_have_to_wait_for_its_end_after_the_shop_cancelled(self, told_street: Street):
        street = told_street
        session = street.register()

        answer = street.shop.send("POST", f"/{session}/cancel", {})
        street.work()

        assert answer.status_code == 202
        assert street.stands(session) == ("registered", "", 0)
        street.let_pass(session, minutes=121)
        street.work()
        assert street.stands(session) == ("cancelled", "", 0)


class TestASessionThatThePspCanOnlyBeAskedAbout:
    def test_expires_when_the_psp_says_so(self, unsigned_street: Street):
        street = unsigned_street
        session = street.register()
        street.let_pass(session, minutes=61)
        street.work()
        assert street.stands(session) == ("registered", "", 0)

        street.acts(session, "expired")
        street.let_pass(session, minutes=10)
        street.work()

        assert street.stands(session) == ("expired", "", 0)

"""Buy Now, where the PSP's own page charges: nothing is sent, the PSP is only asked."""

from __future__ import annotations

from typing import Any

from payments.models import CaseKind, PspCall, ShopNotification
from tests.api.caller import PURCHASE_INFO
from tests.hosted.street import Street


class TestBuyNowAfterTheShopperPaidOnThePage:
    def test_is_answered_with_the_outcome_and_sends_nothing(self, street: Street):
        session = street.register()
        street.acts(session, "paid")

        response = street.buy(session)

        assert response.status_code == 200
        purchase = response.json()["purchase"]
        assert (purchase["status"], purchase["captured_amount"]) == ("successful", "19.99")
        assert street.psp.sent == ["/sessions"]
        assert street.psp.look_ups == [f"/sessions/{session.psp_token}"]
        assert street.stands(session) == ("completed", "captured", 1)
        assert street.history(session) == [
            ("purchase.started", "api_request"),
            ("purchase.captured", "poll"),
        ]

    def test_tells_the_shop_once(self, street: Street):
        session = street.register()
        street.acts(session, "paid")

        street.buy(session)
        street.buy(session)
        street.tell(session)
        street.work()

        assert ShopNotification.objects.get().type == "purchase.successful"
        assert street.stands(session) == ("completed", "captured", 2)

    def test_is_left_to_a_worker_where_the_shop_does_not_wait(self, street: Street):
        session = street.register()
        street.acts(session, "paid")

        response = street.buy(session, prefer="respond-async")

        assert (response.status_code, street.psp.look_ups) == (202, [])
        street.work()
        assert street.stands(session) == ("completed", "captured", 1)


class TestBuyNowBeforeTheShopperActed:
    def test_is_started_with_a_page_to_look_at(self, street: Street):
        session = street.register()

        response = street.buy(session)

        assert response.status_code == 202
        assert response.json()["purchase"]["phase"] == "pending"
        assert response.json()["result_url"].endswith(f"/result/{session.public_token}")
        assert street.stands(session) == ("registered", "pending", 1)

    def test_is_looked_after_until_the_shopper_acts(self, street: Street):
        session = street.register()
        street.buy(session)
        street.let_pass(session, seconds=16)
        street.work()
        street.acts(session, "paid")
        street.let_pass(session, seconds=31)

        street.work()

        assert street.stands(session) == ("completed", "captured", 1)

    def test_is_ended_at_the_psp_when_the_time_is_over(self, street: Street):
        session = street.register()
        street.buy(session)
        street.let_pass(session, minutes=61)

        street.work()

        assert street.psp.pages[session.psp_token or ""].status == "cancelled"
        assert street.stands(session) == ("completed", "cancelled", 1)

    def test_is_not_ended_over_the_head_of_a_shopper_who_paid_at_the_last_moment(
        self, street: Street
    ):
        session = street.register()
        street.buy(session)
        street.acts(session, "paid")
        street.let_pass(session, minutes=61)

        street.work()

        assert street.stands(session) == ("completed", "captured", 1)

    def test_waits_where_the_psp_cannot_cancel(self, unsigned_street: Street):
        street = unsigned_street
        session = street.register()
        street.buy(session)
        street.let_pass(session, minutes=61)

        street.work()

        assert street.stands(session) == ("registered", "pending", 1)
        assert session.cases.count() == 0
        street.acts(session, "expired")
        street.let_pass(session, hours=1)
        street.work()
        assert street.stands(session) == ("completed", "expired", 1)

    def test_survives_a_psp_that_is_away(self, street: Street):
        session = street.register()
        street.acts(session, "paid")
        street.psp.is_down = True

        response = street.buy(session)

        assert (response.status_code, street.stands(session)[1]) == (202, "pending")
        street.psp.is_down = False
        street.let_pass(session, seconds=31)
        street.work()
        assert street.stands(session) == ("completed", "captured", 1)

    def test_waits_no_longer_than_the_budget(self, street: Street, settings: Any):
        settings.BPS_BUY_NOW_BUDGET_SECONDS = 0.1
        session = street.register()
        street.acts(session, "paid")
        street.psp.goes_on.clear()

        response = street.buy(session)

        assert response.status_code == 202
        street.psp.goes_on.set()


class TestBuyNowAtAPspThatCannotBeAsked:
    def test_waits_for_news_and_asks_nothing(self, told_street: Street):
        street = told_street
        session = street.register()
        street.acts(session, "paid")

        response = street.buy(session)
        street.work()

        assert (response.status_code, street.psp.look_ups) == (202, [])
        assert street.stands(session) == ("registered", "pending", 1)
        assert not PspCall.objects.filter(operation="fetch").exists()

    def test_is_finished_by_a_verified_webhook(self, told_street: Street):
        street = told_street
        session = street.register()
        street.buy(session)
        street.acts(session, "paid")

        street.tell(session)
        street.work()

        assert street.stands(session) == ("completed", "captured", 1)
        assert street.history(session)[-1] == ("purchase.captured", "receipt")

    def test_becomes_a_case_after_a_week_without_news(self, told_street: Street):
        street = told_street
        session = street.register()
        street.buy(session)
        street.let_pass(session, days=6)
        street.work()
        assert session.cases.count() == 0

        street.let_pass(session, days=2)
        street.work()

        assert [case.kind for case in session.cases.all()] == [CaseKind.UNANSWERED]
        assert street.psp.look_ups == []


class TestBuyNowAfterThePurchaseBeganOnThePage:
    def test_finds_that_purchase_and_tells_what_was_bought(self, street: Street):
        session = street.register()
        street.acts(session, "paid")
        street.tell(session)
        street.work()
        purchase = street.purchase(session)
        assert purchase is not None
        assert (purchase.purchase_info, purchase.presses) == ({}, 0)

        response = street.buy(session)

        assert response.status_code == 200
        assert response.json()["purchase"]["id"] == purchase.public_id
        purchase.refresh_from_db()
        assert (purchase.purchase_info, purchase.presses) == (PURCHASE_INFO, 1)

    def test_changes_nothing_that_was_told_before(self, street: Street):
        session = street.register()
        street.acts(session, "paid")
        street.buy(session)
        other = {"items": [{"name": "Roses", "quantity": 1, "unit_amount": "19.99"}]}

        street.shop.buy(session, {"psp_token": session.psp_token, "purchase_info": other})

        purchase = street.purchase(session)
        assert purchase is not None
        assert purchase.purchase_info == PURCHASE_INFO

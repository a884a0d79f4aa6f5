"""The PSP's page sends the shopper back: the PSP is asked, the browser never believed."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from payments import selectors
from payments.models import PaymentSession, PspCall
from tests.hosted.street import Street


class TestTheReturnOfAShopper:
    def test_is_to_an_address_that_cannot_be_guessed(self, street: Street):
        session = street.register()

        given = street.psp.pages[session.psp_token or ""].request["return_url"]

        assert given == f"http://bps.test/return/{session.public_token}"
        assert session.checkout_id not in given

    def test_leads_to_the_result_with_what_the_psp_says(self, street: Street):
        session = street.register()
        street.acts(session, "paid")

        response = street.come_back(session)

        assert response.status_code == 303
        assert response["Location"] == f"/result/{session.public_token}"
        assert response["Cache-Control"] == "no-store"
        assert response["Referrer-Policy"] == "no-referrer"
        assert street.stands(session) == ("completed", "captured", 0)
        assert street.history(session) == [
            ("purchase.begun_at_psp", "return"),
            ("purchase.captured", "return"),
        ]

    def test_decides_nothing_by_what_it_brings(self, street: Street):
        for query in ("?status=paid", "?result=paid&success=true", "?paid"):
            session = street.register()

            response = street.come_back(session, query)

            assert response.status_code == 303, query
            assert street.stands(session) == ("registered", "", 0), query

    def test_hands_what_it_brings_to_a_psp_that_wants_to_see_it(self, told_street: Street):
        street = told_street
        session = street.register()
        street.acts(session, "paid")

        street.come_back(session, "?result=proof")

        assert street.psp.look_ups == [f"/sessions/{session.psp_token}?brought=proof"]
        assert street.stands(session) == ("completed", "captured", 0)

    def test_proves_nothing_to_such_a_psp_with_something_else(self, told_street: Street):
        street = told_street
        session = street.register()
        street.acts(session, "paid")

        street.come_back(session, "?result=invented")

        assert street.stands(session) == ("registered", "", 0)

    def test_leaves_out_what_no_psp_would_send(self, told_street: Street):
        street = told_street
        session = street.register()

        response = street.come_back(session, "?result=proof&more=" + "x" * 2000)

        assert (response.status_code, street.psp.look_ups) == (303, [])
        assert PspCall.objects.get(operation="fetch").outcome == "unsupported"

    def test_has_the_psp_asked_once_however_often_it_is_repeated(self, street: Street):
        session = street.register()

        for _ in range(5):
            assert street.come_back(session).status_code == 303
        assert len(street.psp.look_ups) == 1

        street.let_pass(session, seconds=11)
        street.come_back(session)
        assert len(street.psp.look_ups) == 2

    def test_has_nobody_asked_once_all_is_known(self, street: Street):
        session = street.register()
        street.acts(session, "paid")
        street.come_back(session)
        street.let_pass(session, minutes=1)

        street.come_back(session)

        assert len(street.psp.look_ups) == 1

    def test_leads_on_while_the_psp_is_away(self, street: Street):
        session = street.register()
        street.psp.is_down = True

        response = street.come_back(session)

        assert response["Location"] == f"/result/{session.public_token}"
        assert street.stands(session) == ("registered", "", 0)

    def test_leads_on_while_the_psp_hangs(self, street: Street, settings: Any):
        settings.BPS_BUY_NOW_BUDGET_SECONDS = 0.1
        session = street.register()
        street.psp.goes_on.clear()

        response = street.come_back(session)

        assert response.status_code == 303
        street.psp.goes_on.set()

    def test_leads_on_while_the_database_is_away(
        self, street: Street, monkeypatch: pytest.MonkeyPatch
    ):
        session = street.register()

        def be_away(public_token: str) -> None:
            raise OperationalError("the server closed the connection")

        monkeypatch.setattr(selectors, "session_of_shopper", be_away)

        response = street.come_back(session)

        assert response["Location"] == f"/result/{session.public_token}"

    def test_to_an_address_of_nobody_leads_to_the_page_that_says_so(self, street: Street):
        for token in ("unknown", "a" * 300, "..%2F..", "%00"):
            response = Client().get(f"/return/{token}", follow=True)

            assert (response.status_code, street.psp.look_ups) == (404, []), token

    def test_is_a_look_and_nothing_else(self, street: Street):
        address = f"/return/{street.register().public_token}"
        shopper = Client()

        for ask in (shopper.post, shopper.put, shopper.delete, shopper.head):
            assert (ask(address).status_code, street.psp.look_ups) == (405, []), ask


class TestTheResultPageOfAShopperWhoCameBack:
    def shown(self, session: PaymentSession) -> str:
        response = Client().get(f"/result/{session.public_token}?poll")
        state: str = response.json()["state"]
        return state

    def test_says_waiting_while_she_is_known_not_to_have_paid(self, street: Street):
        session = street.register()
        assert self.shown(session) == "waiting"

        street.come_back(session)

        assert self.shown(session) == "waiting"

    def test_says_in_progress_while_nobody_can_tell(self, street: Street):
        session = street.register()
        street.acts(session, "paid")
        street.psp.is_down = True

        street.come_back(session)

        assert self.shown(session) == "started"

    def test_says_in_progress_until_the_news_comes_where_nobody_can_be_asked(
        self, told_street: Street
    ):
        street = told_street
        session = street.register()
        street.acts(session, "paid")
        street.come_back(session)
        assert self.shown(session) == "started"

        street.tell(session)
        street.work()

        assert self.shown(session) == "successful"

"""Refreshing: asks the PSP about a purchase; where nobody answers, nothing is made up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from payments.models import Case, Event, PspCall, Purchase, Shop
from tests.api.answers import refused
from tests.api.caller import Caller
from tests.builders import make_purchase, make_session
from tests.database.tables import snapshot


@pytest.mark.django_db
class TestRefreshing:
    @pytest.mark.parametrize("status", ["registered", "created", "expired", "cancelled"])
    def test_a_checkout_without_a_purchase_shows_it_and_asks_nobody(
        self, api: Caller, shop: Shop, status: str
    ) -> None:
        session = make_session(shop=shop, status=status)
        before = snapshot()

        response = api.send("POST", f"/{session}/refresh", {})

        assert (response.status_code, response.json()["status"]) == (200, status)
        assert response.json()["purchase"] is None
        assert snapshot() == before

    def test_takes_no_words(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop)

        refused(
            lambda: api.send("POST", f"/{session}/refresh", {"now": True}),
            400,
            "invalid-request",
            "now",
        )


@pytest.mark.usefixtures("closed_circuit")
@pytest.mark.django_db(transaction=True)
class TestRefreshingWhileThePspIsAway:
    @pytest.mark.parametrize("phase", ["submitting", "in_doubt", "pending", "authorized"])
    def test_leaves_a_started_purchase_and_its_next_look_as_they_were(
        self, api: Caller, shop: Shop, phase: str
    ) -> None:
        purchase = make_purchase(make_session(shop=shop), phase=phase)
        planned = purchase.due_at

        response = api.send("POST", f"/{purchase.session}/refresh", {})

        shown = response.json()["purchase"]
        after = Purchase.objects.get()
        assert response.status_code == 200
        assert (shown["phase"], after.phase, after.polls) == (phase, phase, 0)
        assert after.due_at is not None
        assert after.due_at == planned
        assert shown["next_check_at"] == after.due_at.isoformat()
        assert PspCall.objects.get().outcome == "not_sent"
        assert Event.objects.count() == 0

    @pytest.mark.parametrize("phase", ["captured", "declined", "errored"])
    @pytest.mark.parametrize("days", [0, 8])
    def test_plans_nothing_for_a_purchase_that_has_ended(
        self, api: Caller, shop: Shop, phase: str, days: int
    ) -> None:
        ended_at = timezone.now() - timedelta(days=days)
        session = make_session(shop=shop, status="completed")
        make_purchase(session, phase=phase, phase_since=ended_at, finished_at=ended_at)

        response = api.send("POST", f"/{session}/refresh", {})

        assert response.json()["purchase"]["next_check_at"] is None
        assert Purchase.objects.get().due_at is None
        assert Case.objects.count() == 0

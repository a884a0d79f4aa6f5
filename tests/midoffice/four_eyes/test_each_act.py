"""Each act at a shop..."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from payments.domain.approvals import arguments_hash
from payments.models import Approval, Shop, ShopApiKey, StaffEvent
from tests.database.tables import changed_since, snapshot
from tests.midoffice.forms import REASON, act, act_and_look
from tests.midoffice.four_eyes.asking import carried_out, each_act, forged, form_of, unchanged
from tests.midoffice.people import Person, decide, person

pytestmark = pytest.mark.django_db


class TestEachAct:
    @each_act
    def test_is_only_asked_for_at_first(self, name: str, olga: Person, shop: Shop):
        before = snapshot()

        page = act_and_look(olga.browser, name, shop.pk, **form_of(name))

        assert "until a second person agrees" in page
        assert unchanged(before)
        approval = Approval.objects.get()
        assert approval.arguments["shop name"] == "Bulbs"
        told = StaffEvent.objects.get()
        assert (told.name, told.actor, told.shop) == ("approval.requested", "olga", shop)
        assert told.data["arguments"] == approval.arguments

    @each_act
    def test_cannot_be_agreed_to_by_who_asked(self, name: str, ask: Any, olga: Person):
        approval = ask(name)
        before = snapshot()

        answer = decide(olga, approval)

        assert "somebody else must decide" in answer.content.decode()
        assert snapshot() == before

    @each_act
    def test_cannot_be_agreed_to_without_the_permission(self, name: str, ask: Any, shop: Shop):
        approval = ask(name)
        before = snapshot()

        assert decide(person("nora", "set_up_shop"), approval).status_code == 403
        assert changed_since(before) == {"payments_staffevent"}
        refused = StaffEvent.objects.get(name="act.refused")
        assert (refused.actor, refused.shop) == ("nora", shop)

    @each_act
    def test_cannot_be_agreed_to_after_a_day(self, name: str, ask: Any, paul: Person):
        expired = forged(ask(name), expires_at=timezone.now())
        before = snapshot()

        assert "Nobody decided in time." in decide(paul, expired).content.decode()
        assert snapshot() == before

    @each_act
    def test_cannot_be_agreed_to_with_other_arguments_than_shown(
        self, name: str, ask: Any, paul: Person
    ):
        approval = ask(name)
        before = snapshot()
        other = arguments_hash(approval.act, {**approval.arguments, "shop name": "Tulips"})

        answer = decide(paul, approval, arguments_hash=other)

        assert "is not what was asked for" in answer.content.decode()
        assert snapshot() == before

    @each_act
    def test_cannot_be_agreed_to_with_arguments_that_do_not_fit_the_hash(
        self, name: str, ask: Any, paul: Person
    ):
        approval = ask(name)
        changed = forged(approval, arguments={**approval.arguments, "shop name": "Tulips"})
        before = snapshot()

        decide(paul, changed)

        assert snapshot() == before

    @each_act
    def test_is_never_done_once_it_is_rejected(
        self, name: str, ask: Any, olga: Person, paul: Person, shop: Shop
    ):
        before, approval = snapshot(), ask(name)

        decide(paul, approval, reject="yes")
        decide(paul, approval)
        carried_out(olga, approval)

        assert unchanged(before)
        assert Approval.objects.get().state == "rejected"
        assert StaffEvent.objects.get(name="approval.rejected").shop == shop

    @each_act
    def test_is_refused_to_those_who_may_not_ask(self, name: str, shop: Shop):
        before = snapshot()
        address = reverse(f"mid-office:{name}", args=[shop.pk])

        assert person("nora", "give_approval").browser.post(address).status_code == 403
        assert changed_since(before) == {"payments_staffevent"}
        assert StaffEvent.objects.get().shop == shop


class TestRevokingAKey:
    def test_is_done_once_somebody_agrees(self, ask: Any, paul: Person, shop: Shop):
        approval = ask("revoke-api-key")

        decide(paul, approval)
        decide(paul, approval)

        assert ShopApiKey.objects.get().revoked
        told = StaffEvent.objects.get(name="api_key.revoked")
        assert (told.actor, told.shop, told.cause_id) == ("olga", shop, str(approval.pk))
        assert told.data == {"reason": REASON}
        assert Approval.objects.get().state == "done"


class TestChangingTheLimits:
    def test_is_done_once_somebody_agrees(self, ask: Any, paul: Person, shop: Shop):
        decide(paul, ask("change-limits"))

        shop.refresh_from_db()
        assert shop.refund_limits == {"EUR": "50.00", "JPY": "5000"}
        told = StaffEvent.objects.get(name="refund_limits.changed")
        assert told.data["before"] == {"EUR": "10.00"}
        assert told.data["after"] == {"EUR": "50.00", "JPY": "5000"}

    def test_is_refused_where_the_limits_are_others_by_now(
        self, ask: Any, paul: Person, shop: Shop
    ):
        approval = ask("change-limits")
        Shop.objects.update(refund_limits={"EUR": "20.00"})

        answer = decide(paul, approval)

        assert "The shop was changed meanwhile." in answer.content.decode()
        shop.refresh_from_db()
        assert shop.refund_limits == {"EUR": "20.00"}
        assert Approval.objects.get().state == "failed"

    def test_is_not_asked_for_with_what_is_no_money(self, olga: Person, shop: Shop):
        for limits in ("EUR", "EUR 0", "EUR 1.234", "XXX 1", "EUR 1\nEUR 2"):
            act(olga.browser, "change-limits", shop.pk, limits=limits)

            assert not Approval.objects.exists(), limits

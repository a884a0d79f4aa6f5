"""A new key or secret..."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from payments.models import Approval, NotificationSecret, Shop, ShopApiKey, StaffEvent
from tests.database.tables import changed_since, snapshot
from tests.midoffice.conftest import proved
from tests.midoffice.four_eyes.asking import OLD_SECRET, carried_out, forged, shown_once, unchanged
from tests.midoffice.people import Person, decide, person

HOME = reverse("mid-office:home")
WAITS = "<b>1</b> agreed to, waits for you"

pytestmark = pytest.mark.django_db


class TestANewValue:
    @shown_once
    def test_is_made_by_who_asked_and_shown_once(
        self, name: str, ask: Any, olga: Person, paul: Person, shop: Shop
    ):
        approval = ask(name)
        before = snapshot()
        decided = decide(paul, approval, follow=True).content.decode()
        assert "olga may carry it out within a day" in decided
        assert unchanged(before)

        first, second = (carried_out(olga, approval).content.decode() for _ in range(2))

        value = value_made(name, first)
        assert value in first
        assert value not in second
        assert "it was done before" in second
        assert Approval.objects.get().state == "done"
        told = StaffEvent.objects.get(cause_id=str(approval.pk))
        assert (told.actor, told.shop) == ("olga", shop)
        assert (
            value
            not in olga.browser.get(reverse("mid-office:shop", args=[shop.pk])).content.decode()
        )
        assert not any(value in str(row) for row in StaffEvent.objects.values())
        assert not any(value in str(row) for row in Approval.objects.values())

    @shown_once
    def test_is_not_made_before_somebody_agrees(self, name: str, ask: Any, olga: Person):
        approval = ask(name)
        before = snapshot()

        assert "Nobody agreed to it" in carried_out(olga, approval).content.decode()
        assert snapshot() == before

    @shown_once
    def test_is_not_made_by_who_agreed_nor_by_anybody_else(self, name: str, ask: Any, paul: Person):
        approval = ask(name)
        decide(paul, approval)
        before = snapshot()

        for other in (paul, person("nora", "set_up_shop")):
            assert carried_out(other, approval).status_code == 403
        assert changed_since(before) == {"payments_staffevent"}

    @shown_once
    def test_is_not_made_a_day_after_somebody_agreed(
        self, name: str, ask: Any, olga: Person, paul: Person
    ):
        approval = ask(name)
        a_day_ago = timezone.now() - timedelta(hours=24)
        Approval.objects.update(state="granted", decided_by=paul.user, decided_at=a_day_ago)
        before = snapshot()

        assert "its day is over" in carried_out(olga, approval).content.decode()
        assert snapshot() == before

    @shown_once
    def test_is_not_made_with_arguments_that_do_not_fit_the_hash(
        self, name: str, ask: Any, olga: Person, paul: Person
    ):
        approval = ask(name)
        changed = forged(
            approval,
            arguments={**approval.arguments, "shop name": "Tulips"},
            state="granted",
            decided_by_id=paul.user.pk,
            decided_at=timezone.now(),
        )
        before = snapshot()

        assert "is not what was asked for" in carried_out(olga, changed).content.decode()
        assert snapshot() == before

    @shown_once
    def test_needs_a_second_factor_that_is_fresh(
        self, name: str, ask: Any, olga: Person, paul: Person
    ):
        approval = ask(name)
        decide(paul, approval)
        proved(olga.browser, ago=timedelta(minutes=6))
        before = snapshot()

        assert carried_out(olga, approval).status_code == 302
        assert snapshot() == before

    @shown_once
    def test_is_not_made_by_who_may_not_ask_any_more(
        self, name: str, ask: Any, olga: Person, paul: Person
    ):
        approval = ask(name)
        decide(paul, approval)
        olga.user.user_permissions.clear()
        before = snapshot()

        assert carried_out(olga, approval).status_code == 403
        assert changed_since(before) == {"payments_staffevent"}


def value_made(name: str, page: str) -> str:
    """Return the key or secret that a page shows, which the database knows."""
    value = page.split("<code>")[1].split("</code>", maxsplit=1)[0]
    if name == "make-api-key":
        key = ShopApiKey.objects.get(name="web")
        assert (key.is_valid(value), key.scopes, value in str(vars(key))) == (True, ["read"], False)
    else:
        assert NotificationSecret.objects.get(retires_at=None).value == value
    return value


class TestARotatedSecret:
    @pytest.mark.parametrize("overlap", ["24", "0"])
    def test_signs_beside_the_one_before_for_the_stated_time(
        self, overlap: str, ask: Any, olga: Person, paul: Person
    ):
        approval = ask("rotate-secret", overlap=overlap)
        decide(paul, approval)
        carried_out(olga, approval)

        new, now = NotificationSecret.objects.get(retires_at=None), timezone.now()
        before = [OLD_SECRET] if overlap == "24" else []
        a_day_on = now + timedelta(hours=24)

        assert [one.value for one in new.shop.live_secrets(now)] == [new.value, *before]
        assert [one.value for one in new.shop.live_secrets(a_day_on)] == [new.value]


@shown_once
def test_waits_on_the_home_of_who_asked_until_it_is_made(
    name: str, ask: Any, olga: Person, paul: Person
):
    approval = ask(name)
    assert WAITS not in olga.browser.get(HOME).content.decode()

    decide(paul, approval)

    assert WAITS in olga.browser.get(HOME).content.decode()
    assert WAITS not in paul.browser.get(HOME).content.decode()
    carried_out(olga, approval)
    assert WAITS not in olga.browser.get(HOME).content.decode()

"""The pages of shops..."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from payments.models import ShopApiKey
from tests.builders import make_approval, make_shop, make_staff_event
from tests.midoffice.conftest import logged_in

pytestmark = pytest.mark.django_db

SECRET = "whsec_dGVzdHMtc2lnbi13aXRoLXRoaXMtc2VjcmV0LW9ubHk="
OLDER = "whsec_b2xkZXItc2VjcmV0LW9sZGVyLXNlY3JldC1vbGRlcg=="


def page(browser: Client, name: str, *args: object) -> str:
    """Return a page."""
    answer = browser.get(reverse(f"mid-office:{name}", args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def test_lead_from_the_list_to_each(viewer: Client):
    assert "There is no shop." in page(viewer, "shops")
    shop = make_shop(name="Bulbs")
    ShopApiKey.objects.create_key(name="web", shop=shop)
    ShopApiKey.objects.create_key(name="old", shop=shop, revoked=True)

    shown = page(viewer, "shops")

    assert f'href="{reverse("mid-office:shop", args=[shop.pk])}"' in shown
    assert '<td class="amount">1</td>' in shown


def test_show_keys_by_prefix_label_age_use_and_state(viewer: Client):
    shop, now = make_shop(), timezone.now()
    fields: dict[str, dict[str, Any]] = {
        "good": {"last_used_at": now},
        "revoked": {"revoked": True},
        "expired": {"expiry_date": now - timedelta(minutes=1)},
    }
    made = {
        name: ShopApiKey.objects.create_key(name=name, shop=shop, **more)
        for name, more in fields.items()
    }

    shown = page(viewer, "shop", shop.pk)

    for name, (key, value) in made.items():
        assert f"<code>{key.prefix}…</code></th><td>{name}</td>" in shown
        assert f"<td>{name}</td></tr>" in shown  # the state
        assert value not in shown
        assert key.hashed_key not in shown
    assert f"<td>{now:%Y-%m-%d %H:%M}</td><td>good</td>" in shown
    assert "<td>never</td><td>revoked</td>" in shown


def test_show_secrets_by_name_and_age_and_never_the_value(viewer: Client):
    shop = make_shop(notification_secrets=[SECRET, OLDER])
    new, old = shop.live_secrets(timezone.now())

    shown = page(viewer, "shop", shop.pk)

    assert f"<code>{new.public_id}</code></th>" in shown
    assert "<td>signs</td>" in shown
    assert f"signs too, until {old.retires_at:%Y-%m-%d %H:%M}" in shown
    assert "whsec_" not in shown


def test_show_what_was_asked_for_and_what_was_done(viewer: Client):
    shop = make_shop()
    arguments = {"shop": str(shop.pk)}
    make_approval(None, act="revoke_api_key", arguments=arguments)
    make_staff_event(shop=shop, data={"reason": "It leaked."})
    make_staff_event(shop=make_shop(), data={"reason": "Of another."})

    shown = page(viewer, "shop", shop.pk)

    assert "waits for a second person" in shown
    assert "web (Ab12Cd34…): It leaked." in shown
    assert "Of another." not in shown


def test_offer_their_acts_to_those_who_may_ask(viewer: Client):
    shop = make_shop()
    asks = f'href="{reverse("mid-office:make-api-key", args=[shop.pk])}"'

    assert asks not in page(viewer, "shop", shop.pk)
    assert asks in page(logged_in("set_up_shop"), "shop", shop.pk)

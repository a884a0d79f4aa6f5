"""manage.py shop_access..."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from payments.models import Shop, ShopApiKey, StaffEvent
from tests.builders import make_shop
from tests.database.tables import snapshot

pytestmark = pytest.mark.django_db

OLD_SECRET = "whsec_b2xkZXItc2VjcmV0LW9sZGVyLXNlY3JldC1vbGRlcg=="


@pytest.fixture
def shop() -> Shop:
    """Return a shop with a secret and no key."""
    return make_shop(name="Bulbs", notification_secrets=[OLD_SECRET])


def said(*arguments: str) -> str:
    """Run the command for the shop; return what it prints."""
    out = StringIO()
    call_command("shop_access", *arguments, "--reason", "The first one.", stdout=out)
    return out.getvalue().strip()


def test_makes_a_key_prints_it_once_and_leaves_an_event(shop: Shop):
    value = said("make-key", "--shop", "Bulbs", "--label", "web", "--scope", "read")

    key = ShopApiKey.objects.get()
    assert (key.shop, key.name, key.scopes) == (shop, "web", ["read"])
    assert key.is_valid(value)
    told = StaffEvent.objects.get()
    assert (told.name, told.shop, told.data["reason"]) == ("api_key.made", shop, "The first one.")
    assert told.actor.startswith("manage.py, ")
    assert value not in str(vars(told))


def test_knows_by_number_a_user_that_has_no_name(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 54_321)  # as in a container

    said("rotate-secret", "--shop", "Bulbs")

    assert StaffEvent.objects.get().actor == "manage.py, user 54321"


def test_revokes_a_key_at_once(shop: Shop):
    key, _ = ShopApiKey.objects.create_key(name="web", shop=shop)

    assert said("revoke-key", "--shop", "Bulbs", "--prefix", key.prefix) == "Revoked."
    assert said("revoke-key", "--shop", "Bulbs", "--prefix", key.prefix) == "It was revoked before."

    assert ShopApiKey.objects.get().revoked
    assert StaffEvent.objects.get().name == "api_key.revoked"


@pytest.mark.parametrize(("hours", "live"), [("24", 2), ("0", 1)])
def test_rotates_the_secret(hours: str, live: int, shop: Shop):
    value = said("rotate-secret", "--shop", "Bulbs", "--overlap-hours", hours)

    now = timezone.now()
    assert shop.live_secrets(now)[0].value == value
    assert len(shop.live_secrets(now)) == live
    assert len(shop.live_secrets(now + timedelta(hours=25))) == 1
    assert StaffEvent.objects.get().name == "secret.rotated"


@pytest.mark.parametrize(
    "arguments",
    [
        ("make-key", "--shop", "Tulips", "--label", "web"),
        ("revoke-key", "--shop", "Bulbs", "--prefix", "nonsense"),
        ("make-key", "--shop", "Bulbs", "--label", "web", "--scope", "nonsense"),
    ],
)
def test_changes_nothing_where_there_is_no_such_thing(arguments: tuple[str, ...], shop: Shop):
    before = snapshot()

    with pytest.raises(CommandError):
        said(*arguments)

    assert snapshot() == before

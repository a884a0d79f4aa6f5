"""A shop, somebody who asks for something there, and somebody who approves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from payments.models import Approval, Shop, ShopApiKey
from tests.builders import make_shop
from tests.midoffice.forms import act
from tests.midoffice.four_eyes.asking import OLD_SECRET, form_of
from tests.midoffice.people import Person, person


@pytest.fixture
def shop() -> Shop:
    """Return a shop with a key, a secret and a limit."""
    made = make_shop(
        name="Bulbs", notification_secrets=[OLD_SECRET], refund_limits={"EUR": "10.00"}
    )
    ShopApiKey.objects.create_key(name="old", shop=made)
    return made


@pytest.fixture
def olga() -> Person:
    """Return somebody who asks, and who might approve what others ask."""
    return person("olga", "set_up_shop", "give_approval")


@pytest.fixture
def paul() -> Person:
    """Return somebody who approves."""
    return person("paul", "give_approval")


@pytest.fixture
def ask(olga: Person, shop: Shop) -> Callable[[str], Approval]:
    """Return how olga asks for something at the shop."""

    def asked(name: str, **changes: Any) -> Approval:
        act(olga.browser, name, shop.pk, **form_of(name, **changes))
        return Approval.objects.get()

    return asked

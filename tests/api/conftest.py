"""Two shops with keys of their own."""

from __future__ import annotations

import pytest
from django.utils import timezone

from payments.models import Shop, ShopApiKey
from tests.api.caller import Caller
from tests.builders import make_shop


@pytest.fixture
def shop(db: None) -> Shop:
    """Return a shop."""
    return make_shop()


@pytest.fixture
def api(shop: Shop) -> Caller:
    """Return the shop as a caller."""
    return caller_for(shop)


@pytest.fixture
def foreign_api(db: None) -> Caller:
    """Return another shop as a caller."""
    return caller_for(make_shop())


def caller_for(shop: Shop) -> Caller:
    """Return a caller with a new key of a shop."""
    used = timezone.now()  # a first use would be noted, and a refusal is to change nothing
    _, key = ShopApiKey.objects.create_key(name="tests", shop=shop, last_used_at=used)
    return Caller(key)

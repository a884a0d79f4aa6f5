"""A purchase can no longer be sent again, and the cancel that would close it gets lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from payments.models import PspCall
from payments.psp import psp_client
from payments.services import carry
from tests.scenarios.world import Checkout, World

KEY_WINDOW_SECONDS = 2


@pytest.fixture
def forgetful_psp(world: World, settings: Any) -> Iterator[None]:
    """Let the PSP remember keys for two seconds, and BPS know it."""
    world.sandbox.control("policy", {"key_window_seconds": KEY_WINDOW_SECONDS})
    settings.SANDBOX_PSP_KEY_WINDOW_SECONDS = KEY_WINDOW_SECONDS
    psp_client.cache_clear()
    yield
    psp_client.cache_clear()


def test_and_is_asked_for_again_until_the_psp_confirms_it(
    world: World, forgetful_psp: None
) -> None:
    checkout = world.register("20.00")
    world.sandbox.control("outage", {"seconds": 60, "mode": "drop"})
    assert world.buy(checkout).json()["purchase"]["phase"] == "in_doubt"
    time.sleep(KEY_WINDOW_SECONDS / 2)
    _lose_the_cancel(world, checkout)
    time.sleep(KEY_WINDOW_SECONDS / 2)
    world.sandbox.control("outage", {"seconds": 0})

    world.work_until(world.has_phase(checkout, "cancelled"))

    assert world.charges(checkout) == 0


def _lose_the_cancel(world: World, checkout: Checkout) -> None:
    """Let the look-up be answered, and the cancel that follows it be dropped."""
    carry._fence(world.purchase(checkout), timezone.now())  # noqa: SLF001 - one step of a worker
    assert PspCall.objects.get(operation="cancel").outcome == "in_doubt"

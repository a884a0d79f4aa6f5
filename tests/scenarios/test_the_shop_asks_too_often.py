"""A purchase is in doubt, the PSP is away, and an impatient shop asks again and again."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tests.scenarios.world import World

ASKED = 13


def test_and_does_not_put_off_our_own_look_by_it(world: World) -> None:
    """Without the shop's asking the next look would come within seconds (at speed 60)."""
    checkout = world.register("20.00")
    world.sandbox.control("outage", {"seconds": 60, "mode": "drop"})
    assert world.buy(checkout).json()["purchase"]["phase"] == "in_doubt"

    for _ in range(ASKED):
        assert world.post(f"/{checkout.id}/refresh").status_code == 200

    next_look = world.purchase(checkout).due_at
    assert next_look is not None
    assert next_look - timezone.now() < timedelta(seconds=10)

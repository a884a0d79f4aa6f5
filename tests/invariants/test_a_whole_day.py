"""A day on which everything happens that the sandbox can play breaks no invariant."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from payments.invariants.findings import Verdict
from payments.models import Event, InvariantCheck, PaymentSession, Purchase
from payments.services.check_invariants import check_invariants
from tests.invariants.planting import board
from tests.scenarios.conftest import bps_url, world
from tests.scenarios.world import World

__all__ = ["bps_url", "world"]

# Every scenario of the sandbox but those that only wait (the bank's four hours are seconds here).
CENTS = (*range(1, 6), *range(7, 11), *range(12, 21))


def broken() -> dict[str, list[str]]:
    """Return what offends."""
    return {
        result.id: [f"{finding.kind} {finding.id}: {finding.why}" for finding in result.findings]
        for result in board().having(Verdict.VIOLATED)
    }


@pytest.mark.django_db(transaction=True)
def test_a_day_of_purchases(world: World) -> None:
    checkouts = [world.register(f"20.{cents:02d}") for cents in CENTS]
    world.register("20.00")
    assert broken() == {}

    for checkout in checkouts:
        world.buy(checkout, prefer="respond-async" if checkout is checkouts[0] else "")
    world.buy(checkouts[1])
    world.post(f"/{world.register('20.00').id}/cancel")
    assert broken() == {}

    for order in ("o-1", "o-2"):
        first = world.register("20.02", order_reference=order)
        world.buy(first)
        world.buy(world.register("20.00", order_reference=order))
    left = world.register("20.00")
    past = timezone.now() - timedelta(seconds=1)
    PaymentSession.objects.filter(checkout_id=left.id).update(expires_at=past, due_at=past)
    world.work_until(
        lambda: not Purchase.objects.filter(phase__in=["submitting", "in_doubt"]).exists()
    )

    assert broken() == {}
    kept = check_invariants(now=timezone.now(), seconds=30)
    assert {result["verdict"] for result in kept.results} == {"held", "elsewhere"}
    assert kept.sessions == PaymentSession.objects.count() == len(CENTS) + 7
    assert Event.objects.count() > 4 * len(CENTS)
    assert InvariantCheck.objects.count() == 1

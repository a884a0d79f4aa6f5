"""The world of a story: a shop that calls BPS over HTTP, the sandbox PSP, and a worker's hands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

from payments.circuit import Circuit
from payments.models import PaymentSession
from payments.psp import psp_client
from tests import direct
from tests.sandbox_server import SandboxServer
from tests.shop_world import PURCHASE_INFO, Checkout, ShopWorld

__all__ = ["PURCHASE_INFO", "Checkout", "World", "world_around"]


class World(ShopWorld):
    """Everything a story needs. `bps_url` is a running BPS; the sandbox is a process of its own.

    The last digits of a checkout's amount choose what the sandbox does.
    """

    def __init__(self, *, bps_url: str, api_key: str, sandbox: SandboxServer) -> None:
        super().__init__(bps_url=bps_url, api_key=api_key)
        self.sandbox = sandbox

    def refused_to_register(self, amount: str, **changes: Any) -> dict[str, Any]:
        """Try to register a checkout; return the problem that stands in the way."""
        response = self.post("", self.new_checkout(amount, **changes))
        assert response.status_code == 409, response.text
        problem: dict[str, Any] = response.json()
        return problem

    def register_during_outage(self, amount: str, **changes: Any) -> Checkout:
        """Register a checkout between two moments of an outage of the PSP."""
        self.sandbox.control("outage", {"seconds": 0})
        try:
            return self.register(amount, **changes)
        finally:
            self.sandbox.control("outage", {"seconds": 60, "mode": "503_nothing"})

    def books(self, checkout: Checkout) -> dict[str, Any]:
        """Return what the PSP really did for a checkout."""
        return self.sandbox.books(checkout.id)

    def charges(self, checkout: Checkout) -> int:
        """Count the PSP's real charges for a checkout."""
        return len(self.books(checkout)["charges"])

    def charge_behind_our_back(self, checkout: Checkout) -> None:
        """Have somebody who knows the token and our key buy at the PSP itself, an hour later."""
        sessions = PaymentSession.objects.filter(checkout_id=checkout.id)
        sessions.update(created_at=timezone.now() - timedelta(hours=1))
        answer = direct.post(
            f"{self.sandbox.psp_url}/v1/sessions/{checkout.token}/purchase",
            json={"amount": checkout.body["amount"], "currency": checkout.body["currency"]},
            headers={
                "Authorization": f"Bearer {self.sandbox.api_key}",
                "Idempotency-Key": f"behind-{checkout.id}",
            },
            timeout=10,
        )
        assert answer.json()["status"] == "paid"


@contextmanager
def world_around(
    sandbox: SandboxServer, *, bps_url: str, api_key: str, settings: Any
) -> Iterator[World]:
    """Have BPS know the sandbox PSP, and no trouble with it; in the end, let what goes on end."""
    settings.BPS_PUBLIC_URL = bps_url
    for name, value in sandbox.bps_variables.items():
        setattr(settings, name, value)
    settings.BPS_SCHEDULE_SPEED = 60
    psp_client.cache_clear()
    Circuit("sandbox").reset()
    sandbox.control("reset", {})
    world = World(bps_url=bps_url, api_key=api_key, sandbox=sandbox)
    yield world
    sandbox.control("reset", {})
    sandbox.control("webhooks/give-up", {})  # this BPS goes, and the sandbox would try for days
    world.let_calls_end()
    psp_client.cache_clear()

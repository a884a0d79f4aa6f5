"""A shop that calls a running BPS over HTTP, and a worker's hands: what every whole story needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import requests
from django.db import connection
from django.utils import timezone

from payments.models import PaymentSession, Purchase
from payments.services import due
from payments.services.patience import threads
from payments.tasks import HANDLERS, handle
from tests import direct
from tests.patience import patiently, waited

PURCHASE_INFO = {
    "items": [{"name": "Tulip bulbs", "quantity": 1, "unit_amount": "20.00"}],
    "customer_reference": "customer-7",
}


@dataclass(frozen=True)
class Checkout:
    """A registered checkout, as the shop knows it."""

    id: str
    token: str
    purchase_url: str
    body: dict[str, Any]


class ShopWorld:
    """A shop, and BPS at `bps_url`. Due work is done when a test says so."""

    def __init__(self, *, bps_url: str, api_key: str) -> None:
        self.bps_url = bps_url
        self.headers = {"Authorization": f"Api-Key {api_key}"}

    def post(self, path: str, body: Any = None, **headers: str) -> requests.Response:
        """POST to the API as the shop."""
        return direct.post(
            f"{self.bps_url}/api/v1/payment-sessions{path}",
            json={} if body is None else body,
            headers={**self.headers, **headers},
            timeout=40,
        )

    def read(self, checkout_id: str) -> dict[str, Any]:
        """Return a session as the shop sees it."""
        response = direct.get(
            f"{self.bps_url}/api/v1/payment-sessions/{checkout_id}",
            headers=self.headers,
            timeout=10,
        )
        assert response.status_code == 200, response.text
        shown: dict[str, Any] = response.json()
        return shown

    def new_checkout(self, amount: str, **changes: Any) -> dict[str, Any]:
        """Return what the shop would register a checkout with."""
        return {
            "checkout_id": f"c-{uuid4().hex[:12]}",
            "amount": amount,
            "currency": "EUR",
            "return_url": "https://shop.test/thanks",
            **changes,
        }

    def register(self, amount: str = "20.00", **changes: Any) -> Checkout:
        """Register a checkout."""
        body = self.new_checkout(amount, **changes)
        response = self.post("", body)
        assert response.status_code == 201, response.text
        answer = response.json()
        return Checkout(answer["checkout_id"], answer["psp_token"], answer["purchase_url"], body)

    def buy(self, checkout: Checkout, *, key: str = "", prefer: str = "") -> requests.Response:
        """Press Buy Now."""
        return self.post(
            f"/{checkout.id}/buy-now",
            {"psp_token": checkout.token, "purchase_info": PURCHASE_INFO},
            **{"Idempotency-Key": key or uuid4().hex, "Prefer": prefer},
        )

    def purchase(self, checkout: Checkout) -> Purchase:
        """Return the purchase's row."""
        return Purchase.objects.select_related("session").get(session__checkout_id=checkout.id)

    def session(self, checkout: Checkout) -> PaymentSession:
        """Return the session's row."""
        return PaymentSession.objects.get(checkout_id=checkout.id)

    def work(self) -> int:
        """Do what is due now, as a worker would; return how many rows were handled."""
        handled = 0
        for kind in HANDLERS:
            while (claimed := due.claim_due(kind, now=timezone.now())) is not None:
                handle(kind, claimed)
                handled += 1
        return handled

    def work_until(self, holds: Callable[[], bool]) -> None:
        """Work on until something holds, or fail."""
        for _ in patiently():
            self.work()
            if holds():
                return

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, doing nothing meanwhile, or fail."""
        waited(holds)

    def let_calls_end(self) -> None:
        """Wait for calls that outlive their request, so that none ends in the next story.

        And for requests that nobody waits for, such as webhooks on their way.
        """
        threads().shutdown()  # a process does the same at its end
        threads.cache_clear()
        self.wait_until(nobody_else_is_busy)

    def has_phase(self, checkout: Checkout, phase: str) -> Callable[[], bool]:
        """Return a condition for work_until."""
        return lambda: self.purchase(checkout).phase == phase


def nobody_else_is_busy() -> bool:
    """Tell whether no other session of the database is at work."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        return bool(cursor.fetchone() == (0,))

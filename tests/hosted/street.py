"""A shop, its shoppers, the hosted PSP and BPS, as stories need them."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from payments.models import PaymentSession, Purchase
from payments.services import due
from payments.tasks import HANDLERS, handle
from tests.api.caller import Caller
from tests.hosted.server import HostedPsp, signature
from tests.passing_time import let_pass

_numbers = count(1)


class Street:
    """What shop, shopper and PSP do, and a worker's hands. `shop` calls the API."""

    def __init__(self, psp: HostedPsp, shop: Caller) -> None:
        self.psp = psp
        self.shop = shop

    def register(self, **changes: Any) -> PaymentSession:
        """Register a checkout at the hosted PSP."""
        body = {"checkout_id": f"c-{next(_numbers)}", "order_reference": f"o-{next(_numbers)}"}
        response = self.shop.register(**body | changes)
        assert response.status_code == 201, response.content
        return PaymentSession.objects.get(checkout_id=response.json()["checkout_id"])

    def acts(self, session: PaymentSession, status: str = "paid", **changes: Any) -> None:
        """Have the shopper, or the PSP's clock, do something on the page."""
        page = self.psp.pages[session.psp_token or ""]
        page.status = status
        page.amount = changes.get("amount", "")

    def buy(self, session: PaymentSession, prefer: str = "") -> Any:
        """Press Buy Now in the shop."""
        return self.shop.buy(session, prefer=prefer)

    def come_back(self, session: PaymentSession, query: str = "") -> Any:
        """Have the PSP's page send the shopper back."""
        path = self.psp.pages[session.psp_token or ""].request["return_url"]
        return Client().get(path.removeprefix("http://bps.test") + query)

    def tell(self, session: PaymentSession | None = None, **event: Any) -> Any:
        """Send a signed webhook about a session as it stands at the PSP."""
        about = {"id": uuid4().hex, "type": "page.changed", **event}
        if session is not None:
            about["session"] = self.psp.pages[session.psp_token or ""].as_json()
        return self.send(about)

    def send(self, *events: dict[str, Any]) -> Any:
        """Send one signed webhook with several events."""
        body = json.dumps({"events": events}).encode()
        return self.deliver(body, {"x-signature": signature(body)})

    def ring(self, token: str) -> Any:
        """Send an unsigned webhook."""
        return self.deliver(f"id={token}".encode(), {})

    def deliver(self, body: bytes, headers: dict[str, str]) -> Any:
        """POST a webhook."""
        path = "/webhooks/hosted/"
        return Client().post(path, body, content_type="application/json", headers=headers)

    def work(self) -> int:
        """Do what is due now, as a worker would; return how many rows were handled."""
        handled = 0
        for kind in HANDLERS:
            while (claimed := due.claim_due(kind, now=timezone.now())) is not None:
                handle(kind, claimed)
                handled += 1
        return handled

    def let_pass(self, session: PaymentSession, **time: float) -> None:
        """Let time pass for everything about a session."""
        let_pass(session, timedelta(**time))

    def purchase(self, session: PaymentSession) -> Purchase | None:
        """Return the purchase's row, if there is one."""
        return Purchase.objects.filter(session=session).first()

    def stands(self, session: PaymentSession) -> tuple[str, str, int]:
        """Return the session's status, its purchase's phase, and how often Buy Now was pressed."""
        session.refresh_from_db()
        purchase = self.purchase(session)
        return (
            str(session.status),
            str(purchase.phase) if purchase else "",
            (purchase.presses if purchase else 0),
        )

    def history(self, session: PaymentSession) -> list[tuple[str, str]]:
        """Return what happened and why, since the registration."""
        told = session.events.exclude(name__in=("session.created", "session.registered"))
        return [(event.name, event.cause_kind) for event in told.order_by("position")]

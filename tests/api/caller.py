"""A shop as it calls the API, in this process: through all middleware, without a network."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from django.test import Client

from payments.models import PaymentSession

SESSIONS = "/api/v1/payment-sessions"
PURCHASE_INFO: dict[str, Any] = {
    "items": [{"name": "Tulip bulbs", "quantity": 2, "unit_amount": "9.99"}],
    "customer_reference": "customer-7",
}


class Caller:
    """Somebody who calls with an API key, or with none."""

    def __init__(self, key: str = "") -> None:
        self.client = Client()
        self.key = key

    def send(
        self,
        method: str,
        path: str = "",
        body: Any = None,
        *,
        content_type: str = "application/json",
        **headers: str,
    ) -> Any:
        """Send a request below the sessions' path. Bytes go as they are, all else as JSON."""
        given = {"Authorization": f"Api-Key {self.key}"} if self.key else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else encoded(body)
        return self.client.generic(method, f"{SESSIONS}{path}", data, content_type, headers=given)

    def get(self, path: str = "", **headers: str) -> Any:
        """Read something."""
        return self.send("GET", path, **headers)

    def register(self, **changes: Any) -> Any:
        """Register a checkout that is right but for the changes; None leaves a member out."""
        return self.send("POST", "", checkout(**changes))

    def buy(
        self,
        session: PaymentSession | str,
        body: Any = None,
        *,
        key: str = "",
        prefer: str = "respond-async",
    ) -> Any:
        """Press Buy Now, leaving the PSP call to a worker unless `prefer` says otherwise."""
        if body is None:
            token = session.psp_token if isinstance(session, PaymentSession) else "tok"
            body = {"psp_token": token, "purchase_info": PURCHASE_INFO}
        path = f"/{session}/buy-now"
        return self.send("POST", path, body, Idempotency_Key=key or uuid4().hex, Prefer=prefer)


def encoded(body: Any) -> bytes:
    """Return JSON as UTF-8."""
    return json.dumps(body, ensure_ascii=False).encode()


def checkout(**changes: Any) -> dict[str, Any]:
    """Return what registers a checkout, with changes; None leaves a member out."""
    body = {
        "checkout_id": "c-1001",
        "amount": "19.99",
        "currency": "EUR",
        "return_url": "https://shop.example/thanks",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}

"""The stage on which journeys play: BPS's API, the sandbox's control, and the demo's processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import redis
import requests

from config.demo.demo import Demo

PATIENCE_SECONDS: Final = 60.0
LOOK_AGAIN_SECONDS: Final = 0.1
OK: Final = 200
ACCEPTED: Final = 202
CREATED: Final = 201
# What says "ask again" to a shop: BPS or its database is away, or an earlier try still runs.
ASK_AGAIN: Final = frozenset({500, 502, 503, 504})


class Disagreement(Exception):
    """Something was seen that should not have been."""


@dataclass
class Checkout:
    """One registered checkout and the key under which its Buy Now is sent."""

    id: str
    token: str
    amount: str
    purchase_url: str
    key: str = field(default_factory=lambda: uuid4().hex)


class Stage:
    """What a journey may do and see. Every checkout that it registers is compared afterwards."""

    def __init__(self, demo: Demo, api_key: str) -> None:
        self.demo = demo
        self.checkouts: list[Checkout] = []
        self._headers = {"Authorization": f"Api-Key {api_key}"}
        self._http = requests.Session()
        self._http.trust_env = False

    def register(self, amount: str, **more: Any) -> Checkout:
        """Register a checkout at the sandbox PSP; its amount chooses what will happen."""
        body = {
            "checkout_id": f"check-{uuid4().hex[:12]}",
            "amount": amount,
            "currency": "EUR",
            "return_url": f"{self.demo.sandbox_url}/shop/orders/",
            **more,
        }
        answer = self.patiently(lambda: self._post("", body))
        checkout = Checkout(
            answer["checkout_id"], answer["psp_token"], amount, answer["purchase_url"]
        )
        self.checkouts.append(checkout)
        return checkout

    def buy(self, checkout: Checkout, *, key: str = "", prefer: str = "") -> requests.Response:
        """Press Buy Now once."""
        headers = {"Idempotency-Key": key or checkout.key}
        if prefer:
            headers["Prefer"] = prefer
        items = [{"name": "Check", "quantity": 1, "unit_amount": checkout.amount}]
        body = {"psp_token": checkout.token, "purchase_info": {"items": items}}
        return self._post(f"/{checkout.id}/buy-now", body, **headers)

    def buy_patiently(self, checkout: Checkout) -> dict[str, Any]:
        """Press Buy Now, again and again while BPS says to ask again, with the same key."""
        return self.patiently(lambda: self.buy(checkout))

    def patiently(self, ask: Callable[[], requests.Response]) -> dict[str, Any]:
        """Ask until the answer is not "ask again"; return it, or raise Disagreement."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                response = ask()
            except requests.RequestException as error:
                seen = type(error).__name__
            else:
                if response.status_code in {OK, CREATED, ACCEPTED}:
                    answer: dict[str, Any] = response.json()
                    return answer
                seen = f"{response.status_code} {response.text[:200]}"
                busy = "request-in-progress" in response.text
                if response.status_code not in ASK_AGAIN and not busy:
                    raise Disagreement(seen)
            if time.monotonic() > until:
                raise Disagreement(f"still {seen} after {PATIENCE_SECONDS:.0f} s")
            time.sleep(LOOK_AGAIN_SECONDS)

    def session(self, checkout: Checkout) -> dict[str, Any]:
        """Return the session as BPS shows it to the shop."""
        url = f"{self.demo.bps_url}/api/v1/payment-sessions/{checkout.id}"
        return self.patiently(lambda: self._http.get(url, headers=self._headers, timeout=30))

    def refresh(self, checkout: Checkout) -> dict[str, Any]:
        """Have BPS ask the PSP now, and return the session as it then stands."""
        return self.patiently(lambda: self._post(f"/{checkout.id}/refresh", {}))

    def phase(self, checkout: Checkout) -> str:
        """Return the purchase's phase, or "none"."""
        purchase = self.session(checkout)["purchase"]
        return str(purchase["phase"]) if purchase else "none"

    def events(self, checkout: Checkout) -> list[str]:
        """Return the names of the session's events, oldest first."""
        url = f"{self.demo.bps_url}/api/v1/payment-sessions/{checkout.id}/events"
        page = self.patiently(lambda: self._http.get(url, headers=self._headers, timeout=30))
        return [event["name"] for event in page["results"]]

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds, or raise Disagreement."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > until:
                raise Disagreement(f"{what} did not come within {PATIENCE_SECONDS:.0f} s")
            time.sleep(LOOK_AGAIN_SECONDS)

    def until_phase(self, checkout: Checkout, phase: str) -> None:
        """Wait until the purchase has a phase."""
        self.until(lambda: self.phase(checkout) == phase, phase)

    def book(self, checkout: Checkout) -> dict[str, Any]:
        """Return what the PSP really did for a checkout."""
        [book] = self._control_get("books", checkout_id=checkout.id)["data"]
        entry: dict[str, Any] = book
        return entry

    def charges(self, checkout: Checkout) -> int:
        """Count the PSP's charges for a checkout."""
        return len(self.book(checkout)["charges"])

    def deliveries(self, checkout: Checkout) -> list[dict[str, Any]]:
        """Return the webhook deliveries that the PSP tried for a checkout."""
        tried: list[dict[str, Any]] = self._control_get("webhooks", token=checkout.token)["data"]
        return tried

    def control(self, path: str, body: dict[str, Any]) -> None:
        """Tell the sandbox what shall happen."""
        url = f"{self.demo.sandbox_url}/psp/control/{path}"
        self._http.post(url, json=body, timeout=30).raise_for_status()

    def webhook(self, body: bytes, headers: dict[str, str]) -> int:
        """Send BPS a webhook as anybody could, and return the status of its answer."""
        url = f"{self.demo.bps_url}/webhooks/sandbox/"
        return self._http.post(url, data=body, headers=headers, timeout=30).status_code

    def page(self, url: str) -> requests.Response:
        """Open a page as the shopper's browser would."""
        return self._http.get(url, timeout=30)

    def submit(self, url: str, form: dict[str, str]) -> requests.Response:
        """Submit a form as the shopper's browser would, following where it leads."""
        return self._http.post(url, data=form, timeout=30)

    def flush_valkey(self) -> None:
        """Make the broker forget everything."""
        redis.Redis.from_url(self.demo.servers.redis_url).flushall()

    def _post(self, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
        return requests.post(
            f"{self.demo.bps_url}/api/v1/payment-sessions{path}",
            json=body,
            headers={**self._headers, **headers},
            timeout=30,
        )

    def _control_get(self, path: str, **query: str) -> dict[str, Any]:
        url = f"{self.demo.sandbox_url}/psp/control/{path}"
        response = self._http.get(url, params=query, timeout=30)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

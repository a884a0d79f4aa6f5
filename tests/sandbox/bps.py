"""What the demo shop takes for BPS: answers its three calls as told, and signs notifications."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import requests
from standardwebhooks import Webhook

from tests import direct
from tests.sandbox.server import QuietHandler, ThreadedServer


class StandInBps(ThreadedServer):
    """Remembers each call as (method, path, headers, body), and gives the answer that was set."""

    def __init__(self, notification_secret: str) -> None:
        self.calls: list[tuple[str, str, dict[str, str], Any]] = []
        self.status = 200
        self.answer: dict[str, Any] = {}
        self._secret = notification_secret
        stand_in = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
                self._reply(None)

            def do_POST(self) -> None:  # noqa: N802 - as http.server calls it
                self._reply(json.loads(self.body()))

            def _reply(self, body: Any) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                stand_in.calls.append((self.command, self.path, headers, body))
                answer = json.dumps(stand_in.answer).encode()
                self.answer(stand_in.status, answer, "application/json")

        super().__init__(Handler)

    def will_answer(self, status: int, **answer: Any) -> None:
        """Settle what calls are answered from now on, and forget the earlier ones."""
        self.calls.clear()
        self.status, self.answer = status, answer

    def notification(self, checkout_id: str, status: str, *, at: datetime) -> dict[str, Any]:
        """Return a notification's body."""
        purchase = {"id": "pur_1", "status": status, "next_action": None}
        return {
            "type": f"purchase.{status}",
            "timestamp": at.isoformat(),
            "data": {"checkout_id": checkout_id, "purchase": purchase},
        }

    def action_required(self, checkout_id: str, *, url: str, at: datetime) -> dict[str, Any]:
        """Return the body of a notification that the shopper must choose again, at `url`."""
        message = self.notification(checkout_id, "started", at=at)
        message["data"]["purchase"]["next_action"] = {"type": "redirect", "url": url}
        return {**message, "type": "purchase.action_required"}

    def notify(
        self, url: str, message: Any, *, webhook_id: str = "", secret: str = ""
    ) -> requests.Response:
        """Send a notification to the shop, signed unless with another secret."""
        now = datetime.now(tz=UTC)
        webhook_id = webhook_id or uuid4().hex
        body = json.dumps(message)
        headers = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret or self._secret).sign(webhook_id, now, body),
        }
        return direct.post(url, data=body, headers=headers, timeout=10)

"""A merchant's endpoint for webhooks: remembers all it gets, and misbehaves when told to."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.patience import PATIENCE_SECONDS
from tests.sandbox.server import QuietHandler, ThreadedServer
from tests.sandbox_server import PSP_WEBHOOK_SECRET


@dataclass(frozen=True)
class Received:
    """One webhook as it came in."""

    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        """What it says."""
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def type(self) -> str:
        """What kind of event it tells of."""
        return str(self.event["type"])

    @property
    def is_signed(self) -> bool:
        """Whether the signature holds."""
        try:
            Webhook(PSP_WEBHOOK_SECRET).verify(self.body, self.headers)
        except WebhookVerificationError:
            return False
        return True


class Receiver(ThreadedServer):
    """Takes webhooks at any path; `rules` decide, by path, what a delivery is answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received: dict[str, list[Received]] = {}
        self._rules: dict[str, Callable[[Received], int]] = {}
        receiver = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:  # noqa: N802 - as http.server calls it
                self.answer(receiver.take(self.path, dict(self.headers), self.body()))

        super().__init__(Handler)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Remember a webhook, and return the status to answer."""
        webhook = Received({k.lower(): v for k, v in headers.items()}, body, time.monotonic())
        with self._lock:
            self._received.setdefault(path, []).append(webhook)
            rule = self._rules.get(path)
        return rule(webhook) if rule else 204

    def answer_with(self, path: str, rule: Callable[[Received], int]) -> None:
        """Have deliveries to `path` answered by a rule, which may take its time."""
        self._rules[path] = rule

    def received(self, path: str) -> list[Received]:
        """Return what came to `path` so far, oldest first."""
        with self._lock:
            return list(self._received.get(path, []))

    def wait_for(self, path: str, count: int) -> list[Received]:
        """Return what came to `path` once there are at least `count`."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while len(found := self.received(path)) < count:
            assert time.monotonic() < give_up_at, f"only {[one.type for one in found]} came"
            time.sleep(0.02)
        return found

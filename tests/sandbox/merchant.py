"""A merchant at the sandbox PSP, in as many words as tests need."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import requests

from tests import direct
from tests.patience import waited
from tests.sandbox.receiver import Received, Receiver
from tests.sandbox_server import SandboxServer

Result = TypeVar("Result")
PLAIN = "20.00"  # its digits choose no scenario


@dataclass(frozen=True)
class Session:
    """A registered session, as it was answered."""

    token: str
    checkout_id: str
    webhook_path: str
    body: dict[str, Any]


class Merchant:
    """Calls the PSP as BPS would, and looks things up."""

    def __init__(self, sandbox: SandboxServer, receiver: Receiver) -> None:
        self.sandbox = sandbox
        self.receiver = receiver

    def post(
        self, path: str, body: object, *, key: str | None = None, **headers: str
    ) -> requests.Response:
        """POST to the API, with a fresh key unless one is given."""
        return direct.post(
            f"{self.sandbox.psp_url}/v1/{path}",
            data=body if isinstance(body, bytes) else json.dumps(body),
            headers={
                "Authorization": f"Bearer {self.sandbox.api_key}",
                "Idempotency-Key": key or uuid4().hex,
                "Content-Type": "application/json",
                **headers,
            },
            timeout=20,
        )

    def get(self, path: str, **query: str) -> requests.Response:
        """GET from the API."""
        headers = {"Authorization": f"Bearer {self.sandbox.api_key}"}
        url = f"{self.sandbox.psp_url}/v1/{path}"
        return direct.get(url, params=query, headers=headers, timeout=20)

    def registration(self, **changes: object) -> dict[str, Any]:
        """Return the body of a registration."""
        name = uuid4().hex
        return {
            "reference": f"ref-{name}",
            "checkout_id": f"c-{name}",
            "amount": PLAIN,
            "currency": "EUR",
            "return_url": "https://shop.test/back",
            "webhook_url": f"{self.receiver.url}/{name}",
            "expires_at": (datetime.now(tz=UTC) + timedelta(hours=1)).isoformat(),
            **changes,
        }

    def register(self, **changes: object) -> Session:
        """Register a session."""
        body = self.registration(**changes)
        response = self.post("sessions", body)
        assert response.status_code == 201, response.text
        answer = response.json()
        path = body["webhook_url"].removeprefix(self.receiver.url)
        return Session(answer["token"], answer["checkout_id"], path, answer)

    def purchase_body(self, session: Session, **changes: object) -> dict[str, Any]:
        """Return the body of a purchase."""
        return {
            "amount": session.body["amount"],
            "currency": session.body["currency"],
            "purchase_info": {"items": []},
            "redirect_url": "https://bps.test/result",
            **changes,
        }

    def purchase(
        self, session: Session, *, key: str | None = None, **changes: object
    ) -> requests.Response:
        """Purchase, with a fresh key unless one is given."""
        path = f"sessions/{session.token}/purchase"
        return self.post(path, self.purchase_body(session, **changes), key=key)

    def paid(self, **changes: object) -> Session:
        """Register and purchase, at once."""
        session = self.register(**changes)
        response = self.purchase(session)
        assert response.json()["status"] == "paid", response.text
        return session

    def refund(
        self, session: Session, amount: str, *, key: str | None = None, currency: str = "EUR"
    ) -> requests.Response:
        """Ask for a refund."""
        body = {"amount": amount, "currency": currency, "reference": "r-1", "reason": "broken"}
        return self.post(f"sessions/{session.token}/refunds", body, key=key)

    def look_up(self, session: Session) -> dict[str, Any]:
        """Return the session as a look-up shows it."""
        response = self.get(f"sessions/{session.token}")
        assert response.status_code == 200, response.text
        shown: dict[str, Any] = response.json()
        return shown

    def status(self, session: Session) -> str:
        """Return the session's status as a look-up shows it."""
        return str(self.look_up(session)["status"])

    def wait_for_status(self, session: Session, status: str) -> float:
        """Return how many seconds it took until the status was this one."""
        return waited(lambda: self.status(session) == status)

    def books(self, session: Session) -> dict[str, Any]:
        """Return what was really charged and refunded."""
        return self.sandbox.books(session.checkout_id)

    def webhooks(self, session: Session, count: int) -> list[Received]:
        """Return the webhooks that came for the session, once there are `count`."""
        return self.receiver.wait_for(session.webhook_path, count)


def at_once(times: int, act: Callable[[], Result]) -> list[Result]:
    """Do something so many times at once, and return what came of each."""
    return all_at_once([act] * times)


def all_at_once(acts: Sequence[Callable[[], Result]]) -> list[Result]:
    """Do these at once, and return what came of each."""
    start = threading.Barrier(len(acts))

    def one(act: Callable[[], Result]) -> Result:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))

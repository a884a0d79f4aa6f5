"""A shop's side of the API with as little work as can be, so that the server's is what shows."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import closing
from dataclasses import dataclass
from threading import local
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

SESSIONS: Final = "/api/v1/payment-sessions"
TIMEOUT_SECONDS: Final = 60
# What the server ends after 30 idle seconds is ended here before.
IDLE_SECONDS: Final = 20.0

Books = dict[str, dict[str, Any]]  # entries of the PSP's books, by checkout id


@dataclass(frozen=True)
class Answer:
    """What came back, and after how long. Status 0: nothing did."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        """The body of an answer that is a JSON object."""
        read: dict[str, Any] = json.loads(self.body)
        return read


class Api:
    """BPS as a shop calls it; each thread has a connection of its own, kept alive."""

    def __init__(self, bps_url: str, api_key: str) -> None:
        self._address = urlsplit(bps_url)
        self._authorization = {"Authorization": f"Api-Key {api_key}"}
        self._kept = local()
        self._opened: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._opened:
            connection.close()

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """POST JSON to an address below that of the sessions."""
        return self.ask(
            "POST",
            SESSIONS + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", **self._authorization, **headers},
        )

    def get(self, path: str) -> Answer:
        """GET an address below that of the sessions."""
        return self.ask("GET", SESSIONS + path, None, self._authorization)

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        """Send one request, and measure how long its answer takes. Nothing is sent again."""
        connection = self._connection()
        started = time.perf_counter()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            read = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return Answer(0, {}, b"", time.perf_counter() - started)
        seconds = time.perf_counter() - started
        self._kept.used_at = time.monotonic()
        return Answer(response.status, dict(response.getheaders()), read, seconds)

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._kept, "connection"):
            host, port = str(self._address.hostname), self._address.port
            self._kept.connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
            self._opened.append(self._kept.connection)
            self._kept.used_at = time.monotonic()
        connection: http.client.HTTPConnection = self._kept.connection
        if time.monotonic() - self._kept.used_at > IDLE_SECONDS:
            connection.close()
        return connection


def books(sandbox_url: str) -> Books:
    """Return the PSP's books, by checkout id."""
    entries: list[dict[str, Any]] = []
    address, cursor = urlsplit(sandbox_url), "0"
    with closing(
        http.client.HTTPConnection(str(address.hostname), address.port, timeout=TIMEOUT_SECONDS)
    ) as connection:
        while cursor:
            connection.request("GET", f"/psp/control/books?{urlencode({'cursor': cursor})}")
            page = json.loads(connection.getresponse().read())
            entries += page["data"]
            cursor = page["next_cursor"]
    return {entry["checkout_id"]: entry for entry in entries}

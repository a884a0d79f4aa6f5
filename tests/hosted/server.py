"""A PSP whose own page charges, over real sockets: what happens there is for the test to decide."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.contract.servers import DROP, Reply, Seen, SocketServer

SECRET = b"a secret of the hosted PSP"


def signature(body: bytes) -> str:
    """Return what the PSP signs a webhook with."""
    return hmac.new(SECRET, body, hashlib.sha256).hexdigest()


@dataclass
class Page:
    """One session at the PSP: `status` is what its page, or its shopper, made of it."""

    token: str
    request: dict[str, Any]
    status: str = "open"
    amount: str = ""
    refunds: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the session object."""
        return {
            "token": self.token,
            "reference": self.request["reference"],
            "status": self.status,
            "amount": self.amount or self.request["amount"],
            "currency": self.request["currency"],
            "charge": f"ch_{self.token}" if self.status == "paid" else "",
        }


class HostedPsp(SocketServer):
    """Keeps pages. While `is_down` it drops what it reads; `goes_on` lets look-ups be answered.

    With `loses_cancels` it cancels, and the answer never arrives.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.is_down = self.loses_cancels = False
        self.goes_on = threading.Event()
        self.goes_on.set()
        self._numbers = count(1)
        self._registering = threading.Lock()
        super().__init__(self._serve_requests)

    @property
    def look_ups(self) -> list[str]:
        """The paths of the look-ups that came, queries included."""
        return [seen.path for seen in self.requests if seen.method == "GET"]

    @property
    def sent(self) -> list[str]:
        """The paths of everything else that came."""
        return [seen.path for seen in self.requests if seen.method != "GET"]

    def _serve_requests(self, _: SocketServer, sock: socket.socket) -> None:
        while seen := self.read_request(sock):
            reply = DROP if self.is_down else self._answer(seen)
            if reply is DROP:
                return
            sock.sendall(reply.to_bytes())

    def _answer(self, seen: Seen) -> Reply:
        parts = urlsplit(seen.path)
        match [seen.method, *parts.path.strip("/").split("/")]:
            case ["POST", "sessions"]:
                return Reply(201, self._register(json.loads(seen.body)).as_json())
            case ["POST", "sessions", token, "cancel"]:
                return self._cancel(self.pages[token])
            case ["POST", "sessions", token, "refunds"]:
                refund = {**json.loads(seen.body), "id": f"re_{next(self._numbers)}"}
                refund["status"] = "pending"
                self.pages[token].refunds.append(refund)
                return Reply(201, refund)
            case ["GET", "sessions", token] if token in self.pages:
                self.goes_on.wait(10)
                return self._shown(self.pages[token], parse_qs(parts.query))
        return Reply(404, {})

    def _register(self, request: dict[str, Any]) -> Page:
        with self._registering:
            same = [
                p for p in self.pages.values() if p.request["reference"] == request["reference"]
            ]
            page = same[0] if same else Page(f"page_{next(self._numbers)}", request)
            self.pages[page.token] = page
            return page

    def _cancel(self, page: Page) -> Reply:
        if page.status not in {"open", "cancelled"}:
            return Reply(409, {})
        page.status = "cancelled"
        return DROP if self.loses_cancels else Reply(200, page.as_json())

    def _shown(self, page: Page, query: dict[str, list[str]]) -> Reply:
        if query.get("brought", ["proof"]) != ["proof"]:
            return Reply(404, {})
        return Reply(200, page.as_json())

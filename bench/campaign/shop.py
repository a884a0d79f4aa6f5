"""The shop of the load: asks BPS as a good shop would, and notes everything it asked and heard.

What was not answered, or answered 5xx, is asked again with the same checkout id and the same
Idempotency-Key, until the patience of a shop is over; not before the time that Retry-After names.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from bench.campaign.history import History

ANSWER_SECONDS: Final = 12.0
PATIENCE_SECONDS: Final = 75.0
FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 2.0
LONGEST_WISHED_PAUSE_SECONDS: Final = 6.0
SERVER_FAULT: Final = 500
# A problem that is no outcome: the same request is to be sent again.
ASK_AGAIN: Final = frozenset({"request-in-progress", "not-registered"})


@dataclass(frozen=True, slots=True)
class Asking:
    """One request as the shop means it, however often it is sent. `who` goes into the history."""

    act: str
    method: str
    url: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    who: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back in the end. `status` is None when patience ended without an answer.

    `again_after` is for how many seconds the answer asks to be left alone.
    """

    status: int | None
    said: dict[str, Any]
    again_after: float = 0.0

    @property
    def slug(self) -> str:
        """The problem's stable name, or nothing."""
        return str(self.said.get("type", "")).removeprefix("urn:bps:problem:")

    @property
    def purchase_status(self) -> str:
        """The status of the purchase that the answer shows, or nothing."""
        return str(self._purchase.get("status", ""))

    @property
    def phase(self) -> str:
        """The phase of the purchase that the answer shows, or nothing."""
        return str(self._purchase.get("phase", ""))

    @property
    def awaits_shopper(self) -> bool:
        """Whether the PSP declined for now, so that the shopper may choose and buy again."""
        return bool(self._purchase.get("next_action"))

    @property
    def _purchase(self) -> dict[str, Any]:
        return self.said.get("purchase") or {}


class Shop:
    """Asks, again and again where that is right, and notes each try as a line of history."""

    def __init__(
        self, bps_url: str, public_url: str, api_key: str, history: History, site: str
    ) -> None:
        self.api_url = f"{bps_url}/api/v1/payment-sessions"
        self.public_url = public_url
        self.webhook_url = f"{public_url}/webhooks/sandbox/"
        self.site = site
        self.closed = threading.Event()
        self._history = history
        self._authorization = {"Authorization": f"Api-Key {api_key}"}

    def ask(self, asking: Asking) -> Heard:
        """Send until there is an answer that is not "ask again", or patience is over."""
        until = time.monotonic() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            heard = self.ask_once(asking)
            final = heard.status is not None and heard.status < SERVER_FAULT
            over = self.closed.is_set() or time.monotonic() > until
            if (final and heard.slug not in ASK_AGAIN) or over:
                if not final:
                    self._note(asking, "gave_up", 0.0, heard)
                return heard
            time.sleep(max(pause, min(heard.again_after, LONGEST_WISHED_PAUSE_SECONDS)))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def ask_once(self, asking: Asking) -> Heard:
        """Send once and note it."""
        started = time.monotonic()
        try:
            heard = _send(asking, self._authorization)
            trouble = ""
        except (OSError, http.client.HTTPException) as error:
            heard, trouble = Heard(None, {}), type(error).__name__
        self._note(asking, trouble, time.monotonic() - started, heard)
        return heard

    def choose_at_psp(self, token: str, scenario: str) -> None:
        """Choose on the PSP's page what the next purchase meets; without effect while one runs."""
        url = f"{self.site}/psp/control/sessions/{token}"
        with suppress(OSError, http.client.HTTPException):
            _send(Asking("choose", "POST", url, {"scenario": scenario}), {})

    def _note(self, asking: Asking, trouble: str, took: float, heard: Heard) -> None:
        self._history.note(
            at=round(time.time(), 3),
            took=round(took, 3),
            act=asking.act,
            **(asking.who or {}),
            status=heard.status,
            trouble=trouble,
            said=_kept(heard.said),
        )


def all_at_once(acts: Sequence[Callable[[], Heard]]) -> None:
    """Do several things at one instant; return once all are done."""
    ready = threading.Barrier(len(acts))

    def do(act: Callable[[], Heard]) -> None:
        ready.wait()
        act()

    threads = [threading.Thread(target=do, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _kept(said: dict[str, Any]) -> dict[str, Any]:
    """Leave out of an answer what the oracle does not read."""
    names = ("type", "money_moved", "checkout_id", "psp_token", "amount", "currency", "status")
    kept = {name: said[name] for name in (*names, "id", "state") if name in said}
    purchase = said.get("purchase")
    if isinstance(purchase, dict):
        shown = ("id", "status", "phase", "amount", "currency", "captured_amount")
        kept["purchase"] = {name: purchase.get(name) for name in shown}
    return kept


def _send(asking: Asking, authorization: Mapping[str, str]) -> Heard:
    parts = urlsplit(asking.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=ANSWER_SECONDS)
    try:
        body = None if asking.body is None else json.dumps(asking.body).encode()
        headers = {"Content-Type": "application/json", **authorization, **(asking.headers or {})}
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(asking.method, target, body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        return Heard(answer.status, _read(text), float(answer.headers.get("Retry-After", 0)))
    finally:
        connection.close()


def _read(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:  # a page, or nothing
        return {}
    return said if isinstance(said, dict) else {}

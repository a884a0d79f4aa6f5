"""A steady load of Buy Nows and webhooks by a few clients, each answer measured and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Final
from uuid import uuid4

import psycopg

from bench.api import Answer, Api, books
from bench.buy_now_rounds import CREATED, OK, Tab
from bench.running import Running
from bench.webhook_material import Material, event_body, signed

CLIENTS: Final = 4
WARM_UP: Final = 200
WEBHOOKS: Final = "/webhooks/sandbox/"


@dataclass(frozen=True)
class Measured:
    """How long each answer took, and what was wrong with some."""

    seconds: list[float]
    failures: list[str]

    def __add__(self, other: Measured) -> Measured:
        return Measured(self.seconds + other.seconds, self.failures + other.failures)


class Load:
    """What a shop and a PSP send to one demo. Every Buy Now is for a checkout of its own."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.api = Api(running.demo.bps_url, running.api_key)
        self._return_url = f"{running.demo.sandbox_url}/shop/orders/"
        self._tabs: list[Tab] = []
        self._bought: list[Tab] = []
        self._stored = 0
        # Of no session: a worker has no more to do about them than to find that out.
        self._lots = Random(1)  # noqa: S311 - names events, guards nothing
        self._material = Material(running.webhook_secret, (), (("tok_none", "none"),))

    def register(self, number: int) -> None:
        """Register checkouts, to be bought later."""
        tabs = [Tab(self.api, self._return_url, uuid4().hex) for _ in range(number)]
        registered = self._all(Tab.register, tabs)
        refused = [answer for answer in registered if answer.status != CREATED]
        if refused:
            raise AssertionError(f"not registered: {refused[0]}")
        self._tabs += tabs

    def warm_up(self, api: Api) -> None:
        """Have the threads of some web processes connect to the database."""
        self._all(lambda _: api.get(""), range(WARM_UP))

    def tabs(self, number: int) -> list[Tab]:
        """Take registered checkouts that nobody has bought on."""
        taken = list(islice(self._tabs, number))
        del self._tabs[:number]
        self._bought += taken
        return taken

    def buy(self, api: Api, number: int) -> Measured:
        """Press Buy Now once on each of so many checkouts, and wait for the outcome."""
        tabs = self.tabs(number)
        for tab in tabs:
            tab.api = api
        return _measured(self.press(tabs), _bought)

    def webhooks(self, api: Api, number: int) -> Measured:
        """Send so many webhooks, as the PSP does."""
        measured = _measured(self.deliver(api, number), _stored)
        self._stored += number - len(measured.failures)
        return measured

    def press(self, tabs: list[Tab]) -> list[Answer]:
        """Press Buy Now on these checkouts, each under its one key."""
        for tab in tabs:
            tab.keys = tab.keys or [uuid4().hex]
        return self._all(lambda tab: tab.press(tab.keys[0]), tabs)

    def deliver(self, api: Api, number: int) -> list[Answer]:
        """Send so many webhooks."""
        ids = [f"evt_{self._lots.getrandbits(96):024x}" for _ in range(number)]
        return self._all(lambda event_id: self._deliver(api, event_id), ids)

    def faults_at_the_end(self) -> list[str]:
        """Say where the PSP has not charged exactly once, or a webhook answered 200 is missing."""
        charged = books(self._running.demo.sandbox_url)
        wrong = [tab.id for tab in self._bought if len(charged[tab.id]["charges"]) != 1]
        with psycopg.connect(self._running.demo.servers.database_url) as connection:
            [(kept,)] = connection.execute(
                "SELECT count(*) FROM payments_webhookreceipt"
            ).fetchall()
        faults = [f"not one charge each: {wrong}"] if wrong else []
        if kept != self._stored:
            faults.append(f"{kept} webhooks are stored of {self._stored}")
        print(f"{len(self._bought)} Buy Nows, one charge each but for {len(wrong)};", end=" ")
        print(f"{kept} of {self._stored} webhooks are stored")
        return faults

    def _deliver(self, api: Api, event_id: str) -> Answer:
        body = event_body(self._lots, self._material, event_id)
        request = signed(event_id, body, self._material.secret)
        return api.ask("POST", WEBHOOKS, request.body, dict(request.headers))

    @staticmethod
    def _all(do: Callable[..., Answer], many: Iterable[object]) -> list[Answer]:
        with ThreadPoolExecutor(CLIENTS) as clients:
            return list(clients.map(do, many))


def _measured(answers: list[Answer], is_good: Callable[[Answer], bool]) -> Measured:
    return Measured(
        seconds=[answer.seconds for answer in answers],
        failures=[f"{a.status} {a.body[:200]!r}" for a in answers if not is_good(a)],
    )


def _bought(answer: Answer) -> bool:
    return answer.status == OK and answer.json["purchase"]["status"] == "successful"


def _stored(answer: Answer) -> bool:
    return answer.status == OK

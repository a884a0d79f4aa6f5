"""The access token that PayPal wants with each call: one login for all, and one more try."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from psp_clients.contract import (
    AuthFailed,
    InDoubt,
    NotSent,
    PspError,
    ReportedState,
    RetryableRejected,
)
from psp_clients.paypal import PayPalClient

from .dialect import CONFIRMATION, KEY, NOW
from .paypal_dialect import CLIENT_ID, CLIENT_SECRET, PayPalDialect, client_at
from .servers import DROP, ReplayingPsp, Reply, Seen

SAYS = PayPalDialect()
LOGIN = "/v1/oauth2/token"
REFUSED = Reply(401, {"error": "invalid_token"})


class Door(ReplayingPsp):
    """PayPal, whose answers to logins a test may choose; by default each gives its own token."""

    def __init__(self) -> None:
        self.lasts = 32_400
        self.to_logins: list[Reply] = []
        self.opened = threading.Event()
        self.opened.set()
        super().__init__(self._log_in)

    @property
    def logins(self) -> int:
        return len(self.asides)

    @property
    def tokens(self) -> list[str]:
        """The tokens that the calls bore."""
        return [seen.headers["authorization"] for seen in self.requests]

    def _log_in(self, seen: Seen) -> Reply | None:
        if seen.path != LOGIN:
            return None
        number = len(self.asides) + 1
        self.opened.wait(5)
        return self.to_logins.pop(0) if self.to_logins else granted(number, self.lasts)


def granted(number: int, lasts: object = 32_400, **changes: Any) -> Reply:
    token = {"access_token": f"token-{number}", "token_type": "Bearer", "expires_in": lasts}
    return Reply(200, {**token, **changes})


class Clock:
    """Says what time a test wants it to be."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def door() -> Iterator[Door]:
    server = Door()
    server.will_answer(Reply(200, SAYS.session("APPROVED")))
    yield server
    server.opened.set()
    server.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(door: Door, clock: Clock) -> PayPalClient:
    return client_at(door.url, clock)


def ask(client: PayPalClient) -> ReportedState:
    return client.fetch(SAYS.REF).state


class TestALogin:
    def test_shows_our_credentials_and_is_good_for_many_calls(
        self, client: PayPalClient, door: Door
    ):
        for _ in range(3):
            ask(client)
        (login,) = door.asides
        credentials = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        assert (login.method, login.path) == ("POST", LOGIN)
        assert login.headers["authorization"] == f"Basic {credentials}"
        assert login.headers["content-type"] == "application/x-www-form-urlencoded"
        assert login.body == b"grant_type=client_credentials"
        assert door.tokens == ["Bearer token-1"] * 3

    def test_is_made_anew_a_minute_before_the_token_ends(
        self, client: PayPalClient, door: Door, clock: Clock
    ):
        door.lasts = 600
        for seconds in (0, 539, 540):
            clock.time = NOW + timedelta(seconds=seconds)
            ask(client)
        assert door.tokens == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]

    def test_is_made_once_for_all_who_wait_for_it(self, client: PayPalClient, door: Door):
        door.opened.clear()
        ready, states = threading.Barrier(9), []

        def wait_and_ask() -> None:
            ready.wait(5)
            states.append(ask(client))

        threads = [threading.Thread(target=wait_and_ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        ready.wait(5)
        door.opened.set()
        for thread in threads:
            thread.join(5)
        assert states == [ReportedState.OPEN] * 8
        assert (door.logins, set(door.tokens)) == (1, {"Bearer token-1"})

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (DROP, NotSent),
            (Reply(200, b"<html>"), NotSent),
            (Reply(200, {}), NotSent),
            (Reply(302, {}, {"Location": "https://evil.example"}), NotSent),
            (Reply(404, {}), NotSent),
            (Reply(500, {}), NotSent),
            (Reply(503, b""), NotSent),
            (Reply(400, {"error": "unsupported_grant_type"}), AuthFailed),
            (Reply(401, {"error": "invalid_client"}), AuthFailed),
            (Reply(403, b"<html>"), AuthFailed),
            (Reply(429, {}, {"Retry-After": "7"}), RetryableRejected),
            (granted(1, access_token=""), NotSent),
            (granted(1, access_token="two words"), NotSent),
            (granted(1, access_token="line\r\nX-Evil: 1"), NotSent),
            (granted(1, access_token=None), NotSent),
            (granted(1, token_type="mac"), NotSent),
            (granted(1, "32400"), NotSent),
            (granted(1, 0), NotSent),
            (granted(1, lasts=True), NotSent),
            (granted(1, 10**12), NotSent),
        ],
    )
    def test_that_gives_no_token_sends_nothing_and_is_tried_again(
        self, client: PayPalClient, door: Door, reply: Reply, error: type[PspError]
    ):
        door.to_logins = [reply]
        with pytest.raises(PspError) as caught:
            ask(client)
        assert type(caught.value) is error
        assert str(caught.value).startswith("fetch: nothing was sent (")
        assert CLIENT_SECRET not in str(caught.value)
        assert door.requests == []
        assert getattr(caught.value, "retry_after", None) in {None, timedelta(seconds=7)}
        assert ask(client) is ReportedState.OPEN

    def test_that_is_refused_says_how_long_to_wait(self, client: PayPalClient, door: Door):
        door.to_logins = [Reply(429, {}, {"Retry-After": "7"})]
        with pytest.raises(RetryableRejected) as caught:
            ask(client)
        assert caught.value.retry_after == timedelta(seconds=7)


class TestARefusedToken:
    def test_is_replaced_and_the_same_call_goes_out_once_more(
        self, client: PayPalClient, door: Door
    ):
        door.will_answer(REFUSED, Reply(201, SAYS.session("COMPLETED")))
        report = client.confirm(client.prepare_confirm(SAYS.REF, CONFIRMATION, key=KEY))
        assert report.state is ReportedState.CAPTURED
        first, again = door.requests
        assert door.tokens == ["Bearer token-1", "Bearer token-2"]
        for seen in (first, again):
            assert seen.headers["paypal-request-id"] == KEY
        assert (first.path, first.body) == (again.path, again.body)

    def test_is_kept_no_longer(self, client: PayPalClient, door: Door):
        door.will_answer(REFUSED, Reply(200, SAYS.session("APPROVED")))
        ask(client)
        ask(client)
        assert door.tokens == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]

    def test_is_tried_anew_only_once(self, client: PayPalClient, door: Door):
        door.will_answer(REFUSED)
        with pytest.raises(AuthFailed, match="answered 401"):
            ask(client)
        assert (door.logins, len(door.requests)) == (2, 2)

    def test_without_another_one_leaves_nothing_sent(self, client: PayPalClient, door: Door):
        door.will_answer(REFUSED)
        door.to_logins = [granted(1), Reply(503, b"")]
        with pytest.raises(NotSent):
            ask(client)
        assert len(door.requests) == 1

    def test_does_not_excuse_a_lost_answer_to_the_second_try(
        self, client: PayPalClient, door: Door
    ):
        door.will_answer(REFUSED, DROP)
        with pytest.raises(InDoubt):
            ask(client)
        assert len(door.requests) == 2

"""A broker that stops answering, and answers again: whoever asks it meanwhile does not wait."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

from config.celery import app
from config.devserver.valkey import PrivateValkey
from payments import broker as broker_module
from payments.broker import LOOK_AGAIN_SECONDS, Broker
from payments.services import due
from tests.patience import waited

ASKERS = 8
MANY = 200


class HangingValkey:
    """A Valkey of the test's own, which can be stopped in the middle of everything."""

    def __init__(self, server: PrivateValkey) -> None:
        self.url = server.url
        with redis.Redis.from_url(self.url) as client:
            self._pid = client.info("server")["process_id"]

    def hang(self) -> None:
        """Take connections, and answer nothing."""
        os.kill(self._pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        os.kill(self._pid, signal.SIGCONT)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[HangingValkey]:
    """Return a Valkey that runs until the test ends."""
    server = PrivateValkey.at(tmp_path)
    server.ensure_running()
    hanging = HangingValkey(server)
    yield hanging
    hanging.go_on()
    server.stop()


@pytest.fixture
def askers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the threads that ask Redis anything from now on."""
    seen: list[str] = []
    execute = redis.Redis.execute_command

    def noted(client: redis.Redis, *command: Any, **options: Any) -> Any:
        seen.append(threading.current_thread().name)
        return execute(client, *command, **options)

    monkeypatch.setattr(redis.Redis, "execute_command", noted)
    return seen


class TestABrokerThatHangs:
    def test_is_waited_for_once(self, valkey: HangingValkey, askers: list[str]) -> None:
        broker = Broker(valkey.url)
        assert broker.ask("SET", "here", 1)
        valkey.hang()
        askers.clear()

        answers = [broker.ask("EXISTS", "here") for _ in range(MANY)]

        assert answers == [None] * MANY
        assert askers.count(threading.current_thread().name) == 1

    def test_is_waited_for_once_by_each_who_asks_at_that_moment(
        self, valkey: HangingValkey, askers: list[str]
    ) -> None:
        broker = Broker(valkey.url)
        valkey.hang()
        with ThreadPoolExecutor(ASKERS, thread_name_prefix="request") as requests:
            answers = list(requests.map(lambda _: broker.ask("EXISTS", "here"), range(MANY)))

        assert answers == [None] * MANY
        assert sum(name.startswith("request") for name in askers) <= ASKERS

    def test_is_looked_for_by_a_thread_of_its_own(
        self, valkey: HangingValkey, askers: list[str]
    ) -> None:
        broker = Broker(valkey.url)
        valkey.hang()
        broker.ask("EXISTS", "here")
        askers.clear()
        until = time.monotonic() + 3 * LOOK_AGAIN_SECONDS

        while time.monotonic() < until:
            assert broker.ask("EXISTS", "here") is None
            time.sleep(0.01)

        assert set(askers) == {"broker-look"}

    def test_is_asked_again_when_it_is_back(self, valkey: HangingValkey) -> None:
        broker = Broker(valkey.url)
        assert broker.ask("SET", "here", 1)
        valkey.hang()
        assert broker.ask("GET", "here") is None
        valkey.go_on()

        waited(lambda: not broker.is_away())

        assert broker.ask("GET", "here") == b"1"


class TestAHint:
    def test_is_dropped_while_the_broker_is_away(
        self, db: None, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[str] = []
        monkeypatch.setattr(app, "send_task", lambda name, **_: sent.append(name))
        broker = broker_module.broker()
        broker.was_lost()
        with django_capture_on_commit_callbacks(execute=True):
            due.hint()
        waited(lambda: not broker.is_away())

        with django_capture_on_commit_callbacks(execute=True):
            due.hint()
        waited(lambda: bool(sent))

        assert sent == [due.DRAIN_TASK]

    def test_that_fails_is_a_sign_that_the_broker_is_away(
        self, db: None, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise ConnectionError

        monkeypatch.setattr(app, "send_task", fail)
        broker = broker_module.broker()
        waited(lambda: not broker.is_away())

        with django_capture_on_commit_callbacks(execute=True):
            due.hint()

        waited(broker.is_away)

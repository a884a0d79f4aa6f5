"""REDIS_URL, as the two clients read it: redis-py, and Celery's transport."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

from config.broker import WANTED, broker_url, fault_in
from tests.contract.servers import CERTIFICATE, SocketServer, over_tls


@pytest.mark.parametrize(
    ("redis_url", "spelled_for_celery"),
    [
        ("redis://valkey.example", "redis://valkey.example/0"),
        ("redis://:se%2Fcret@valkey.example:6379/3", "redis://:se%2Fcret@valkey.example:6379/3"),
        ("redis://[::1]/0?db=5", "redis://[::1]/5"),
        (
            "rediss://bps:pw@valkey.example/1",
            "rediss://bps:pw@valkey.example/1?ssl_cert_reqs=required",
        ),
        (
            "rediss://valkey.example?ssl_cert_reqs=none&db=2",
            "rediss://valkey.example/2?ssl_cert_reqs=none",
        ),
        (
            "rediss://valkey.example/?ssl_ca_certs=/etc/our%20ca.pem&ssl_check_hostname=false",
            (
                "rediss://valkey.example/0?ssl_cert_reqs=required"
                "&ssl_ca_certs=%2Fetc%2Four+ca.pem&ssl_check_hostname=false"
            ),
        ),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock?virtual_host=0"),
        (
            "unix://bps:pw@/run/valkey.sock?db=2",
            "redis+socket://bps:pw@/run/valkey.sock?virtual_host=2",
        ),
    ],
)
def test_is_spelled_for_celery(redis_url: str, spelled_for_celery: str):
    assert fault_in(redis_url) == ""
    assert broker_url(redis_url) == spelled_for_celery


@pytest.mark.parametrize(
    "redis_url",
    [
        "valkey.example:6379",
        "http://valkey.example",
        "redis:/valkey.example",
        "redis://",
        "redis://:6379",
        "redis://:secret@",
        "redis://valkey.example:0",
        "redis://valkey.example:65536",
        "redis://valkey.example:port",
        "redis://valkey.example/bps",
        "redis://valkey.example/1/2",
        "redis://valkey.example/0#secret",
        "redis://secret/1@valkey.example",
        "unix:///",
        "unix:/run/valkey.sock",
        "unix://run/valkey.sock",
        "unix://run:6379/valkey.sock",
    ],
)
def test_is_refused_where_it_names_no_server(redis_url: str):
    assert fault_in(redis_url) == WANTED


@pytest.mark.parametrize(
    "redis_url",
    [
        "redis://valkey.example?db=",
        "redis://valkey.example?db=one",
        "redis://valkey.example?db=1&db=2",
        "redis://valkey.example?unknown=",
        "redis://valkey.example?socket_timeout=1",
        "redis://valkey.example?ssl_cert_reqs=required",
        "unix:///run/valkey.sock?virtual_host=1",
        "rediss://valkey.example?ssl_cert_reqs=CERT_REQUIRED",
        "rediss://valkey.example?ssl_check_hostname=no",
    ],
)
def test_is_refused_where_the_two_would_read_it_differently(redis_url: str):
    known = "db ([0-9]+)"
    if redis_url.startswith("rediss:"):
        known += (
            ", ssl_cert_reqs (none|optional|required), ssl_check_hostname (true|false)"
            ", ssl_ca_certs (.+), ssl_certfile (.+), ssl_keyfile (.+)"
        )

    assert fault_in(redis_url) == f"may have no options but these, each once: {known}"


def ask_by_redis_py(redis_url: str) -> None:
    with Redis.from_url(redis_url, socket_timeout=5) as client:
        client.ping()


def ask_by_celery(redis_url: str, queue: str = "asked") -> None:
    """Send a message as Celery does."""
    options = {"socket_timeout": 5, "max_retries": 1, "interval_start": 0}
    with Connection(broker_url(redis_url), transport_options=options) as celery:
        sending = celery.SimpleQueue(queue)
        sending.put({})
        sending.close()


@pytest.mark.skipif(
    not settings.REDIS_URL.startswith("unix:"), reason="users are made on our own server alone"
)
def test_leads_both_to_one_database_as_one_user():
    queue, user = f"queue-{uuid4()}", f"user-{uuid4()}"
    with Redis.from_url(settings.REDIS_URL) as of_all_rights:
        of_all_rights.acl_setuser(
            user, enabled=True, passwords=["+p@ss/word"], keys=["*"], commands=["+@all"]
        )
        as_user = settings.REDIS_URL.replace("unix://", f"unix://{user}:p%40ss%2Fword@")
        ask_by_redis_py(as_user)
        ask_by_celery(as_user, queue)

        sent = of_all_rights.llen(queue)

        of_all_rights.delete(queue, f"_kombu.binding.{queue}")
        of_all_rights.acl_deluser(user)
    assert sent == 1


class Door(SocketServer):
    """What takes a connection over TLS and reads what it is told first, without an answer."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        super().__init__(over_tls(lambda _, sock: self.told.append(sock.recv(1))))


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.stop()


@pytest.mark.parametrize("ask", [ask_by_redis_py, ask_by_celery])
class TestOverTls:
    def test_nothing_is_told_to_a_server_that_nobody_vouches_for(
        self, ask: Callable[[str], None], door: Door
    ):
        host, port = door.address

        with pytest.raises((RedisError, OperationalError), match="certificate verify failed"):
            ask(f"rediss://:password@{host}:{port}/0")

        assert door.told == []

    def test_a_server_is_spoken_to_that_the_given_authority_vouches_for(
        self, ask: Callable[[str], None], door: Door
    ):
        host, port = door.address

        with pytest.raises((RedisError, OperationalError)) as caught:
            ask(f"rediss://:password@{host}:{port}/0?ssl_ca_certs={CERTIFICATE}")

        assert "certificate" not in str(caught.value)
        assert set(door.told) == {b"*"}  # a command of Redis's protocol begins so

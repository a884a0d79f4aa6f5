"""A notification on its way to a shop: what each answer makes of it, and where it never goes."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests.adapters
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.utils import timezone
from standardwebhooks import Webhook

from payments.domain.schedule import NOTIFICATION_RETRIES
from payments.models import NotificationState, NotificationTry, ShopNotification
from payments.services import due
from payments.services.notify import deliver_notification
from tests.builders import make_session, make_shop
from tests.contract.servers import DROP, ReplayingPsp, Reply, SocketServer, unused_url

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "whsec_" + "c2VjcmV0IG9mIGEgc2hvcCBpbiB0ZXN0cyBhbG9uZQ=="
BODY = '{"type":"purchase.successful"}'


@pytest.fixture
def door() -> Iterator[ReplayingPsp]:
    """Return what answers at the shop's notification URL."""
    server = ReplayingPsp()
    server.will_answer(Reply(200, {}))
    yield server
    server.stop()


def notification(url: str, **fields: Any) -> ShopNotification:
    """Return a notification that is due, to a shop at a URL."""
    shop = make_shop(notification_url=url, notification_secrets=[SECRET])
    defaults = {"type": "purchase.successful", "body": BODY, "due_at": timezone.now()}
    return ShopNotification.objects.create(session=make_session(shop=shop), **defaults | fields)


def deliver(now: datetime | None = None) -> ShopNotification:
    """Deliver what is due, as a worker does."""
    now = now or timezone.now()
    claimed = due.claim_due("notification", now=now)
    assert claimed is not None
    deliver_notification(claimed, now=now)
    return ShopNotification.objects.get(pk=claimed)


def test_that_is_heard_is_signed_and_done(door: ReplayingPsp):
    sent = notification(f"{door.url}/bps")

    told = deliver()

    [seen] = door.requests
    assert (seen.method, seen.path, seen.body.decode()) == ("POST", "/bps", BODY)
    assert seen.headers["webhook-id"] == sent.public_id
    assert Webhook(SECRET).verify(BODY, dict(seen.headers)) == {"type": "purchase.successful"}
    assert (told.state, told.due_at, told.leased_until) == ("delivered", None, None)
    tried = NotificationTry.objects.get()
    assert (tried.http_status, tried.error) == (200, "")


@pytest.mark.parametrize(
    ("reply", "status", "error"),
    [
        (Reply(500, {}), 500, "HTTP 500"),
        (Reply(404, {}), 404, "HTTP 404"),
        (Reply(302, {}, {"Location": "/elsewhere"}), 302, "HTTP 302"),
        (DROP, None, "ConnectionError"),
    ],
)
def test_that_is_not_heard_comes_again(
    door: ReplayingPsp, reply: Reply, status: int | None, error: str
):
    notification(f"{door.url}/bps")
    door.will_answer(reply)
    now = timezone.now()

    told = deliver(now)

    assert {seen.path for seen in door.requests} == {"/bps"}
    assert (told.state, told.leased_until, told.attempts) == ("waiting", None, 1)
    assert told.due_at is not None
    assert timedelta(seconds=4.5) <= told.due_at - now <= timedelta(seconds=5.5)
    tried = NotificationTry.objects.get()
    assert (tried.http_status, tried.error) == (status, error)


def test_is_given_up_after_its_last_try(door: ReplayingPsp):
    notification(f"{door.url}/bps", attempts=len(NOTIFICATION_RETRIES))
    door.will_answer(Reply(503, {}))

    told = deliver()

    assert (told.state, told.due_at, told.leased_until) == ("given_up", None, None)


@pytest.mark.parametrize(
    ("host", "error"),
    [
        ("127.0.0.1", "the host's address is not public"),
        ("localhost", "the host's address is not public"),
        ("[::1]", "the host's address is not public"),
        ("10.1.2.3", "the host's address is not public"),
        ("169.254.169.254", "the host's address is not public"),
        ("nobody.invalid", "the host has no address"),
    ],
)
def test_never_reaches_into_our_own_network(
    settings: Any, door: ReplayingPsp, host: str, error: str
):
    settings.BPS_NOTIFY_PRIVATE_ADDRESSES = False
    notification(f"http://{host}:{door.address[1]}/bps")

    told = deliver()

    assert door.connections == 0
    assert told.state == "waiting"
    tried = NotificationTry.objects.get()
    assert (tried.http_status, tried.error) == (None, error)


@pytest.mark.parametrize(
    ("url", "state"), [("", NotificationState.WAITING), ("/bps", NotificationState.DELIVERED)]
)
def test_is_left_alone_where_there_is_nothing_to_tell(
    door: ReplayingPsp, url: str, state: NotificationState
):
    notification(url and door.url + url, state=state)

    told = deliver()

    assert (told.state, told.due_at, told.leased_until) == (state, None, None)
    assert (door.connections, NotificationTry.objects.count()) == (0, 0)


def test_goes_where_its_host_was_looked_up_and_looks_once(
    door: ReplayingPsp, monkeypatch: pytest.MonkeyPatch
):
    looked_up: list[Any] = []
    look_up = socket.getaddrinfo

    def noted(host: Any, *about: Any, **more: Any) -> Any:
        looked_up.append(host)
        return look_up(host, *about, **more)

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    port = door.address[1]
    notification(f"http://localhost:{port}/bps")

    told = deliver()

    assert told.state == "delivered"
    assert looked_up.count("localhost") == 1
    assert {seen.headers["host"] for seen in door.requests} == {f"localhost:{port}"}


def test_tries_the_next_address_where_nobody_takes_the_connection(
    door: ReplayingPsp, monkeypatch: pytest.MonkeyPatch
):
    """The name has two addresses in the test's own network; at the first, nobody listens."""
    look_up = socket.getaddrinfo

    def two(host: Any, *about: Any, **more: Any) -> Any:
        names = ("127.0.0.2", "127.0.0.1") if host == "shop.example" else (host,)
        return [found for name in names for found in look_up(name, *about, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    notification(f"http://shop.example:{door.address[1]}/bps")

    assert deliver().state == "delivered"
    assert len(door.requests) == 1


def test_that_no_address_takes_comes_again():
    with unused_url() as url:
        notification(f"{url}/bps")

        assert deliver().state == "waiting"

    assert NotificationTry.objects.get().error == "ConnectionError"


class SecureDoor(SocketServer):
    """What answers over TLS at the shop's URL, as the host that its certificate names."""

    def __init__(self, certificate: Path) -> None:
        self.asked_for: list[str | None] = []
        self._secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._secured.load_cert_chain(certificate)
        self._secured.sni_callback = lambda _, name, __: self.asked_for.append(name)
        super().__init__(self._answer_once)

    def _answer_once(self, _: SocketServer, sock: socket.socket) -> None:
        with self._secured.wrap_socket(sock, server_side=True) as secure:
            if self.read_request(secure):
                secure.sendall(Reply(200, {}).to_bytes())


@pytest.fixture
def secure_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], SecureDoor]]:
    """Return what opens a door for a host; whoever calls believes its certificate."""
    opened: list[SecureDoor] = []

    def open_one(host: str) -> SecureDoor:
        path = tmp_path / "certificate.pem"
        path.write_bytes(certificate_of(host))
        monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(path))
        opened.append(SecureDoor(path))
        return opened[0]

    yield open_one
    for door in opened:
        door.stop()


def certificate_of(host: str) -> bytes:
    """Return a key and a certificate for a host that it has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = timezone.now()
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + signed.public_bytes(Encoding.PEM)


def test_over_tls_asks_for_the_host_and_not_for_its_address(
    secure_door: Callable[[str], SecureDoor],
):
    door = secure_door("localhost")
    notification(f"https://localhost:{door.address[1]}/bps")

    assert deliver().state == "delivered"
    assert set(door.asked_for) == {"localhost"}
    assert [seen.path for seen in door.requests] == ["/bps"]


def test_over_tls_is_not_said_to_another_host(secure_door: Callable[[str], SecureDoor]):
    door = secure_door("elsewhere.example")
    notification(f"https://localhost:{door.address[1]}/bps")

    assert deliver().state == "waiting"
    assert NotificationTry.objects.get().error == "SSLError"
    assert door.requests == []

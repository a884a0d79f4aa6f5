"""A notification on its way to a shop: what each answer makes of it, and where it never goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from payments.domain.schedule import NOTIFICATION_RETRIES
from payments.models import NotificationState, NotificationTry, ShopNotification
from payments.services import due
from payments.services.notify import deliver_notification
from tests.builders import make_session, make_shop
from tests.contract.servers import DROP, ReplayingPsp, Reply

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

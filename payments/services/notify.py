"""Tells shops what became of their purchases: signed, repeated until heard, resendable."""

from __future__ import annotations

import ipaddress
import random
import socket
import time
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import requests
from django.conf import settings
from django.db import transaction
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool

from payments.crash_points import CrashPoint, passing
from payments.domain.schedule import next_notification_try
from payments.domain.signing import signed_headers
from payments.models import NotificationState, NotificationTry, Shop, ShopNotification
from payments.psp import assert_no_transaction
from payments.services import due

TIMEOUT_SECONDS: Final = (3, 10)
# Even if none of them takes a connection, a try is over well before its lease.
ADDRESSES_AT_MOST: Final = 3


class Undeliverable(Exception):
    """The shop did not hear it: no usable URL, no answer, or an answer other than 2xx."""

    def __init__(self, why: str, *, http_status: int | None = None) -> None:
        super().__init__(why)
        self.http_status = http_status


def deliver_notification(notification_id: UUID, *, now: datetime) -> None:
    """Try to deliver once; record the try; plan the next one, or give up after three days."""
    notification = ShopNotification.objects.select_related("session__shop").get(pk=notification_id)
    shop = notification.session.shop
    if notification.state != NotificationState.WAITING or not shop.notification_url:
        due.release("notification", notification.pk, due_at=None)
        return
    passing(CrashPoint.BEFORE_NOTIFICATION)
    started = time.monotonic()
    http_status, error = None, ""
    try:
        http_status = _post(shop, notification, now)
    except Undeliverable as why:
        http_status, error = why.http_status, str(why)[:300]
    passing(CrashPoint.AFTER_NOTIFICATION_SENT)
    tried = NotificationTry(
        notification=notification,
        http_status=http_status,
        error=error,
        duration_ms=int((time.monotonic() - started) * 1000),
    )
    _record(notification, tried, now)


def _post(shop: Shop, notification: ShopNotification, now: datetime) -> int:
    """Send it, signed with every live secret. Raises Undeliverable."""
    assert_no_transaction()
    url = shop.notification_url
    signed = signed_headers(
        message_id=notification.public_id,
        body=notification.body,
        at=now,
        secrets=[secret.value for secret in shop.live_secrets(now)],
    )
    headers = {
        "content-type": "application/json",
        "host": urlsplit(url).netloc.rpartition("@")[2],
        **signed,
    }
    refused = ""
    for address in _addresses(url):
        try:
            return _post_to(address, url, notification.body, headers)
        except requests.ConnectionError as error:
            refused = type(error).__name__
        except requests.RequestException as error:
            raise Undeliverable(type(error).__name__) from error
    raise Undeliverable(refused)


def _post_to(address: str, url: str, body: str, headers: dict[str, str]) -> int:
    """Send it to the host at this address. Raises Undeliverable, and what requests raises."""
    with requests.Session() as http:
        http.trust_env = False
        for scheme in ("http://", "https://"):
            http.mount(scheme, _AtAddress(address))
        with http.post(
            url,
            data=body.encode(),
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,
        ) as answer:
            if not answer.ok or answer.is_redirect:
                raise Undeliverable(f"HTTP {answer.status_code}", http_status=answer.status_code)
            return answer.status_code


def _addresses(url: str) -> list[str]:
    """Return the addresses of the URL's host, in the order to try them in. Raises Undeliverable.

    No shop may point us at our own network (unless the settings allow it).
    """
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Undeliverable("the host has no address") from error
    addresses = [str(address[0]) for *_, address in found]
    public = all(ipaddress.ip_address(address).is_global for address in addresses)
    if not public and not settings.BPS_NOTIFY_PRIVATE_ADDRESSES:
        raise Undeliverable("the host's address is not public")
    return addresses[:ADDRESSES_AT_MOST]


class _AtAddress(HTTPAdapter):
    """Connects to an address that was looked at, and there asks for the host of the URL.

    Whoever owns a name could answer a second look-up with an address of our own network.
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        """Put the address in the host's place, but for whom the certificate is to name."""
        where, how = self.build_connection_pool_key_attributes(request, verify, cert)
        host, of_tls = where["host"], {}
        if where["scheme"] == "https":
            of_tls = {"server_hostname": host, "assert_hostname": host}
        connections: HTTPConnectionPool = self.poolmanager.connection_from_host(
            self._address, where["port"], where["scheme"], pool_kwargs={**how, **of_tls}
        )
        return connections


def _record(notification: ShopNotification, tried: NotificationTry, now: datetime) -> None:
    notification.leased_until = None
    if not tried.error:
        notification.state = NotificationState.DELIVERED
        notification.delivered_at, notification.due_at = now, None
    else:
        jitter = random.uniform(-1, 1)  # noqa: S311 - spreads load, guards nothing
        at = next_notification_try(attempts=notification.attempts, now=now, jitter=jitter)
        notification.due_at = due.sooner(at, now)
        if at is None:
            notification.state = NotificationState.GIVEN_UP
    with transaction.atomic(durable=True):
        tried.save()
        notification.save(
            update_fields=["state", "delivered_at", "due_at", "leased_until", "updated_at"]
        )

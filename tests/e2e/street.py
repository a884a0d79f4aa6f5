"""A site that sells: a sandbox whose shop really calls BPS, and BPS, which it calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer
from rest_framework_api_key.crypto import KeyGenerator

from payments.models import NotificationSecret, Shop, ShopApiKey
from tests.sandbox_server import SandboxServer, database_url_for, start_sandbox
from tests.scenarios.world import World, world_around


@dataclass(frozen=True)
class Street:
    """What stays while shoppers come and go: the sandbox, BPS's address, and the shop's API key."""

    sandbox: SandboxServer
    bps_url: str
    key: str
    prefix: str
    hashed_key: str


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    """Start one sandbox for the tests of a file."""
    server = LiveServer("127.0.0.1")
    key, prefix, hashed_key = KeyGenerator().generate()
    with start_sandbox(
        database_url=database_url_for("site"), bps_url=server.url, bps_api_key=key
    ) as sandbox:
        yield Street(sandbox, server.url, key, prefix, hashed_key)
    server.stop()


@pytest.fixture
def site(transactional_db: None, street: Street, settings: Any) -> Iterator[World]:
    """Return a world in which a fresh BPS knows the sandbox's shop."""
    sandbox = street.sandbox
    shop = Shop.objects.create(
        name="Demo shop",
        routing={"*": ["sandbox"]},
        return_origins=[sandbox.base_url, "https://shop.test"],
        notification_url=f"{sandbox.base_url}/shop/notifications/",
        refund_limits={"EUR": "10.00"},
    )
    NotificationSecret.objects.create(shop=shop, value=sandbox.notification_secret)
    ShopApiKey.objects.create(
        id=f"{street.prefix}.{street.hashed_key}",
        prefix=street.prefix,
        hashed_key=street.hashed_key,
        name="tests",
        shop=shop,
    )
    with world_around(
        sandbox, bps_url=street.bps_url, api_key=street.key, settings=settings
    ) as world:
        yield world

"""What stories share: one sandbox process a test process, and a fresh world a story."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from config.demo.ports import free_port
from payments.models import NotificationSecret, Shop, ShopApiKey
from tests.bps_server import bps_url, bps_web
from tests.sandbox_server import SandboxServer
from tests.scenarios.world import World, world_around

__all__ = ["bps_url", "world"]


@pytest.fixture(scope="module")
def world_environment(environment_beside: dict[str, str], sandbox: SandboxServer) -> dict[str, str]:
    """Return the environment for a BPS process of its own in the stories' world."""
    return {**environment_beside, **sandbox.bps_variables}


@pytest.fixture(scope="module")
def bps_process(world_environment: dict[str, str]) -> Iterator[str]:
    """Serve BPS by a gunicorn of its own, for the stories of a file; return its URL."""
    with bps_web(world_environment, port=free_port()) as url:
        yield url


@pytest.fixture
def served_world(world: World, settings: Any, bps_process: str) -> World:
    """Return a world whose BPS is a gunicorn of its own. Work is still done by the test."""
    world.bps_url = settings.BPS_PUBLIC_URL = bps_process
    return world


@pytest.fixture
def world(bps_url: str, settings: Any, sandbox: SandboxServer) -> Iterator[World]:
    """Return a world of a shop, BPS and the sandbox."""
    shop = Shop.objects.create(
        name="A shop",
        return_origins=["https://shop.test"],
        routing={"*": ["sandbox"]},
        notification_url=f"{sandbox.base_url}/shop/notifications/",
    )
    NotificationSecret.objects.create(shop=shop, value=sandbox.notification_secret)
    _, key = ShopApiKey.objects.create_key(name="tests", shop=shop)
    with world_around(sandbox, bps_url=bps_url, api_key=key, settings=settings) as story:
        yield story

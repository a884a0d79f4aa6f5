"""Redis accepts connections and never answers; or it is not there at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from config.demo.ports import free_port
from payments.models import ReceiptState, WebhookReceipt
from tests import direct
from tests.bps_server import bps_web
from tests.scenarios.world import World

# A plain delay() to such a broker blocks for more than 40 seconds.
PATIENCE_SECONDS = 30


@pytest.fixture
def hanging_port() -> Iterator[int]:
    """Return a port that accepts connections, and on which nobody ever says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(params=["hangs", "is away"])
def world_without_broker(
    request: pytest.FixtureRequest,
    hanging_port: int,
    world: World,
    settings: Any,
    world_environment: dict[str, str],
) -> Iterator[World]:
    """Return a world whose BPS, a process of its own, has such a broker."""
    broker_port = hanging_port if request.param == "hangs" else free_port()
    environment = {**world_environment, "REDIS_URL": f"redis://127.0.0.1:{broker_port}/0"}
    with bps_web(environment, port=free_port()) as url:
        world.bps_url = settings.BPS_PUBLIC_URL = url
        yield world


class TestWithoutABroker:
    def test_buy_now_and_webhooks_are_answered_as_before(self, world_without_broker: World) -> None:
        world = world_without_broker
        checkouts = [world.register("20.00") for _ in range(5)]

        for checkout in checkouts:
            response = direct.post(
                f"{world.bps_url}/api/v1/payment-sessions/{checkout.id}/buy-now",
                json={
                    "psp_token": checkout.token,
                    "purchase_info": {
                        "items": [{"name": "Bulb", "quantity": 1, "unit_amount": "20.00"}]
                    },
                },
                headers={**world.headers, "Idempotency-Key": checkout.id},
                timeout=PATIENCE_SECONDS,
            )
            assert response.json()["purchase"]["status"] == "successful"
            assert world.charges(checkout) == 1

        tokens = {checkout.token for checkout in checkouts}
        world.work_until(
            lambda: (
                tokens
                == set(
                    WebhookReceipt.objects.filter(
                        state=ReceiptState.PROCESSED, psp_token__in=tokens
                    ).values_list("psp_token", flat=True)
                )
            )
        )

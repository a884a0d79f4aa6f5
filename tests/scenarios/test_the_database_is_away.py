"""PostgreSQL refuses every connection for a while: all are told to ask again, and may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import requests
from django.db import connection
from psycopg import sql

from payments.models import IdempotencyRecord, Purchase, WebhookReceipt
from tests import direct
from tests.scenarios.world import World
from tests.webhooks.psp import Delivery

LONGEST_SECONDS = 8  # whoever asks gives up at ten
END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> ALL(%s)
"""


@contextmanager
def database_away(world_environment: dict[str, str]) -> Iterator[None]:
    """End every connection to the story's database but the test's own, and refuse new ones."""
    url = world_environment["DATABASE_URL"]
    name = url.partition("?")[0].rpartition("/")[2]
    connection.ensure_connection()
    kept = [connection.connection.info.backend_pid]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(url, dbname="postgres", autocommit=True) as server:
        server.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        try:
            server.execute(END_OTHERS, [name, kept])
            yield
        finally:
            server.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def deliver(world: World, delivery: Delivery) -> requests.Response:
    return direct.post(
        f"{world.bps_url}/webhooks/sandbox/",
        data=delivery.body,
        headers={
            "webhook-id": delivery.event_id,
            "webhook-timestamp": str(int(delivery.signed_at.timestamp())),
            "webhook-signature": delivery.signatures(),
        },
        timeout=10,
    )


class TestWhileTheDatabaseIsAway:
    def test_a_webhook_is_to_come_again(
        self, served_world: World, world_environment: dict[str, str]
    ) -> None:
        delivery = Delivery.about(None)

        with database_away(world_environment):
            answers = [deliver(served_world, delivery) for _ in range(5)]

        assert {answer.status_code for answer in answers} == {503}
        assert max(answer.elapsed.total_seconds() for answer in answers) < LONGEST_SECONDS
        assert not WebhookReceipt.objects.filter(event_id=delivery.event_id).exists()
        assert deliver(served_world, delivery).status_code == 200
        assert WebhookReceipt.objects.get(event_id=delivery.event_id).deliveries == 1

    def test_buy_now_says_ask_again_and_leaves_nothing_half_done(
        self, served_world: World, world_environment: dict[str, str]
    ) -> None:
        world = served_world
        checkout = world.register("20.00")

        with database_away(world_environment):
            answers = [world.buy(checkout, key="k-1") for _ in range(5)]

        for answer in answers:
            assert answer.status_code == 503
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.headers["Retry-After"] == "1"
            assert answer.json()["type"] == "urn:bps:problem:temporarily-unavailable"
            assert answer.json()["what_to_do"].startswith("Send the same request again")
            assert answer.elapsed.total_seconds() < LONGEST_SECONDS
        assert (Purchase.objects.count(), IdempotencyRecord.objects.count()) == (0, 0)
        assert world.books(checkout)["purchase_requests"] == 0
        again = world.buy(checkout, key="k-1")
        assert again.json()["purchase"]["status"] == "successful"
        assert world.charges(checkout) == 1

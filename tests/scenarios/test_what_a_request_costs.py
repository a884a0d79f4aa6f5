"""Steady-state costs: SQL statements, counted all, BEGIN and COMMIT included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from payments.models import PspCall
from payments.psp import TransactionOpen, ask, assert_no_transaction
from psp_clients.contract import PspReference
from tests.scenarios.world import PURCHASE_INFO, World


@contextmanager
def counted() -> Iterator[CaptureQueriesContext]:
    """Count what this thread's connection says to the database."""
    with CaptureQueriesContext(connections["default"]) as statements:
        yield statements


def press(world: World, token: str, checkout_id: str) -> Any:
    """Press Buy Now in this thread, so that its statements can be counted."""
    return Client().post(
        f"/api/v1/payment-sessions/{checkout_id}/buy-now",
        json.dumps({"psp_token": token, "purchase_info": PURCHASE_INFO}),
        content_type="application/json",
        headers={**world.headers, "Idempotency-Key": uuid4().hex},
    )


class TestBuyNow:
    @pytest.mark.parametrize("order", ["", "o-cost"])
    def test_takes_at_most_14_statements(self, world: World, order: str) -> None:
        extra = {"order_reference": order} if order else {}
        checkout = world.register("20.00", **extra)
        press(world, "wrong", checkout.id)  # opens this thread's connection

        with counted() as statements:
            response = press(world, checkout.token, checkout.id)

        assert response.json()["purchase"]["status"] == "successful"
        assert len(statements) <= 14, [entry["sql"][:90] for entry in statements]


class TestReadingASession:
    def test_takes_at_most_3_statements(self, world: World) -> None:
        checkout = world.register("20.00")
        world.buy(checkout)

        with counted() as statements:
            response = Client().get(
                f"/api/v1/payment-sessions/{checkout.id}", headers=world.headers
            )

        assert response.status_code == 200
        assert len(statements) <= 3


class TestAPspCall:
    def test_is_refused_inside_a_transaction(self, world: World) -> None:
        with transaction.atomic(), pytest.raises(TransactionOpen):
            assert_no_transaction()

    def test_made_inside_a_transaction_never_reaches_the_psp(self, world: World) -> None:
        checkout = world.register("20.00")
        reference = world.session(checkout)

        with transaction.atomic(), pytest.raises(TransactionOpen):
            ask("sandbox", lambda client: client.fetch(_reference(reference)))

        assert PspCall.objects.filter(operation="fetch").count() == 0


def _reference(session: Any) -> PspReference:
    return PspReference(session.psp_token, session.reference)

"""Refunds: the database never lets them exceed what was captured, however many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from uuid_utils.compat import uuid7

from payments.models import Purchase, Refund
from tests.builders import make_purchase
from tests.database.sql import Statement, delete, each_refused, insert, refused, run, update

TABLE = "payments_refund"


def refund_of(purchase: Purchase, amount: str, phase: str = "pending", **columns: Any) -> Statement:
    now = timezone.now()
    values = {
        "id": uuid7(),
        "created_at": now,
        "updated_at": now,
        "session_id": purchase.session_id,
        "purchase_id": purchase.pk,
        "amount": amount,
        "currency": "EUR",
        "origin": "requested",
        "phase": phase,
        "phase_since": now,
        "polls": 0,
        "refund_reference": "",
        "reason": "",
        "request_key": "",
        "attempts": 0,
    }
    return insert(TABLE, **values | columns)


def stored_refund(purchase: Purchase, amount: str, phase: str = "pending") -> UUID:
    refund_id = uuid7()
    run(refund_of(purchase, amount, phase, id=refund_id))
    return refund_id


def amounts(purchase: Purchase) -> list[tuple[str, str]]:
    rows = Refund.objects.filter(purchase=purchase).order_by("pk")
    return [(row.amount, row.state) for row in rows]


@pytest.mark.django_db
class TestTheDatabaseRefuses:
    @pytest.mark.parametrize("phase", ["submitting", "in_doubt", "pending", "successful"])
    def test_a_refund_above_what_was_captured(self, phase: str) -> None:
        purchase = make_purchase(phase="captured")

        reasons = each_refused(
            refund_of(purchase, amount, phase) for amount in ("20.00", "19.9901", "999999999999.00")
        )

        for reason in reasons:
            assert "refunds exceed what was captured" in reason

    def test_a_second_refund_under_one_key_of_the_shop(self) -> None:
        purchase = make_purchase(phase="captured")
        run(refund_of(purchase, "1.00", request_key="k-1"))
        run(refund_of(purchase, "1.00", request_key="k-2"))

        reason = refused(refund_of(purchase, "1.00", request_key="k-1"))

        assert "one_refund_per_request_key" in reason

    def test_a_refund_that_with_the_others_is_above_what_was_captured(self) -> None:
        purchase = make_purchase(phase="captured")
        run(refund_of(purchase, "10.00", "successful"))
        run(refund_of(purchase, "9.00", "pending"))

        refused(refund_of(purchase, "1.00"))

        assert amounts(purchase) == [("10.00", "successful"), ("9.00", "pending")]

    def test_to_revive_a_failed_refund(self) -> None:
        failed = stored_refund(make_purchase(phase="captured"), "19.99", "failed")

        each_refused(
            update(TABLE, failed, phase=phase)
            for phase in ("submitting", "in_doubt", "pending", "successful")
        )

    def test_to_take_back_that_a_refund_was_successful(self) -> None:
        successful = stored_refund(make_purchase(phase="captured"), "19.99", "successful")

        each_refused(
            update(TABLE, successful, phase=phase)
            for phase in ("submitting", "in_doubt", "pending")
        )

    def test_a_second_automatic_refund_of_a_charge(self) -> None:
        purchase = make_purchase(phase="captured")
        run(refund_of(purchase, "5.00", origin="surplus"))

        reason = refused(refund_of(purchase, "5.00", origin="late_success"))

        assert "one_automatic_refund_per_purchase" in reason

    @pytest.mark.parametrize("phase", ["submitting", "pending", "authorized", "declined"])
    def test_a_refund_of_what_was_never_captured(self, phase: str) -> None:
        purchase = make_purchase(phase=phase)

        refused(refund_of(purchase, "0.01"))

    def test_an_amount_that_is_not_canonical(self) -> None:
        purchase = make_purchase(phase="captured")

        each_refused(
            refund_of(purchase, amount)
            for amount in ("", "-1.00", "1e1", "NaN", "01.00", "1,00", "1\n", "\u0661")
        )

    def test_an_unknown_phase(self) -> None:
        purchase = make_purchase(phase="captured")

        assert "refund_phase_is_known" in refused(refund_of(purchase, "1.00", "done"))

    @pytest.mark.parametrize(
        ("column", "value"), [("amount", "0.01"), ("currency", "USD"), ("origin", "surplus")]
    )
    def test_to_change(self, column: str, value: str) -> None:
        refund = stored_refund(make_purchase(phase="captured"), "5.00")

        refused(update(TABLE, refund, **{column: value}))

    def test_to_move_a_refund_to_another_purchase(self) -> None:
        refund = stored_refund(make_purchase(phase="captured"), "5.00")
        other = make_purchase(phase="captured")

        refused(update(TABLE, refund, purchase_id=other.pk))

    @pytest.mark.parametrize("phase", ["submitting", "pending", "successful", "failed"])
    def test_to_delete(self, phase: str) -> None:
        refund = stored_refund(make_purchase(phase="captured"), "5.00", phase)

        assert "Cannot delete rows" in refused(delete(TABLE, refund))


@pytest.mark.django_db
class TestTheDatabaseAllows:
    def test_refunds_of_all_that_was_captured(self) -> None:
        purchase = make_purchase(phase="captured")

        run(refund_of(purchase, "10.00"))
        run(refund_of(purchase, "9.99"))

        assert amounts(purchase) == [("10.00", "pending"), ("9.99", "pending")]

    def test_a_refund_in_place_of_one_that_failed(self) -> None:
        purchase = make_purchase(phase="captured")
        first = stored_refund(purchase, "19.99")
        run(update(TABLE, first, phase="failed"))

        run(refund_of(purchase, "19.99"))

        assert amounts(purchase) == [("19.99", "failed"), ("19.99", "pending")]


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_are_granted_only_while_money_is_left(self) -> None:
        purchase = make_purchase(phase="captured")
        start = Barrier(12)

        def ask(_: int) -> str:
            start.wait(timeout=10)
            try:
                run(refund_of(purchase, "5.00"))
            except DatabaseError as error:
                return str(error).partition("\n")[0]
            finally:
                connection.close()
            return "granted"

        with ThreadPoolExecutor(12) as threads:
            answers = sorted(threads.map(ask, range(12)))

        assert answers == ["granted"] * 3 + ["refunds exceed what was captured"] * 9
        assert amounts(purchase) == [("5.00", "pending")] * 3

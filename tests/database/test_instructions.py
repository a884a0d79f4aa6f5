"""Captures and voids: one at a time, of no more than was authorised, whoever writes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from payments.models import Purchase
from tests.builders import make_purchase, make_session
from tests.database.sql import Statement, delete, insert, refused, run, update

TABLE = "payments_instruction"

pytestmark = pytest.mark.django_db


def instruction(purchase: Purchase, amount: str = "19.99", **columns: Any) -> Statement:
    now = timezone.now()
    values = {
        "id": uuid7(),
        "created_at": now,
        "updated_at": now,
        "session_id": purchase.session_id,
        "purchase_id": purchase.pk,
        "kind": "capture",
        "amount": amount,
        "currency": "EUR",
        "state": "pending",
        "polls": 0,
        "reason": "",
        "why": "",
        "request_key": "",
        "attempts": 0,
    }
    return insert(TABLE, **values | columns)


def stored(purchase: Purchase, **columns: Any) -> UUID:
    key = uuid7()
    run(instruction(purchase, id=key, **columns))
    return key


@pytest.fixture
def purchase() -> Purchase:
    """Return a purchase of 19.99 EUR that is authorised."""
    return make_purchase(make_session(capture="manual"), phase="authorized")


class TestTheDatabaseRefuses:
    @pytest.mark.parametrize(("amount", "columns"), [("20.00", {}), ("19.99", {"currency": "USD"})])
    def test_more_than_was_authorised(
        self, purchase: Purchase, amount: str, columns: dict[str, str]
    ) -> None:
        said = refused(instruction(purchase, amount, **columns))

        assert "no more than what was authorised" in said

    def test_a_second_one_while_one_is_pending(self, purchase: Purchase) -> None:
        run(instruction(purchase, "5.00"))

        said = refused(instruction(purchase, kind="void"))

        assert "one_pending_instruction_per_purchase" in said

    def test_a_second_one_under_one_key(self, purchase: Purchase) -> None:
        run(instruction(purchase, state="failed", request_key="k-1"))

        said = refused(instruction(purchase, request_key="k-1"))

        assert "one_instruction_per_request_key" in said

    @pytest.mark.parametrize(
        "changed",
        [{"amount": "5.00"}, {"kind": "void"}, {"currency": "USD"}, {"reason": "x"}],
    )
    def test_to_change_what_was_asked(self, purchase: Purchase, changed: dict[str, str]) -> None:
        refused(update(TABLE, stored(purchase), **changed))

    @pytest.mark.parametrize("ended", ["successful", "failed"])
    def test_to_undo_an_end(self, purchase: Purchase, ended: str) -> None:
        key = stored(purchase, state=ended)

        refused(update(TABLE, key, state="pending"))

    def test_to_delete_one(self, purchase: Purchase) -> None:
        refused(delete(TABLE, stored(purchase)))


def test_it_lets_another_follow_a_failed_one(purchase: Purchase) -> None:
    run(instruction(purchase, state="failed"))

    run(instruction(purchase, "5.00"))

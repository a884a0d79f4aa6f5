"""The gate of refunds writes all or nothing: under all locks, in its caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from payments.models import Case, CauseKind, Event, Purchase, Refund, ShopNotification
from payments.services.settle_refund import (
    apply_refund_report,
    mark_refund_failed,
    mark_refund_in_doubt,
)
from payments.services.timeline import Cause
from psp_clients.contract import Money, RefundReport, RefundState
from tests.builders import make_purchase, make_refund, make_session

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
CAUSE = Cause(CauseKind.CLOCK)
GIVEN = RefundReport(RefundState.SUCCESSFUL, "successful", "re_1", Money("5.00", "EUR"))
PENDING = replace(GIVEN, state=RefundState.PENDING, psp_word="pending")
Callbacks: TypeAlias = Callable[[], AbstractContextManager[list[Any]]]


def sent(**fields: Any) -> Refund:
    """Return a refund that has been sent, of a purchase of its own."""
    return make_refund(make_purchase(phase="captured"), phase="submitting", **fields)


def given(refund: Refund) -> Refund:
    return apply_refund_report(refund, GIVEN, cause=CAUSE, now=NOW)


def in_doubt(refund: Refund) -> Refund:
    return mark_refund_in_doubt(refund, why="lost", cause=CAUSE, now=NOW)


@pytest.mark.django_db(transaction=True)
class TestByItself:
    def test_it_writes_in_a_transaction_of_its_own(self) -> None:
        answered, unanswered = sent(), sent()

        given(answered)
        in_doubt(unanswered)

        phases = dict(Refund.objects.values_list("pk", "phase"))
        assert phases == {answered.pk: "successful", unanswered.pk: "in_doubt"}

    def test_it_writes_nothing_where_the_last_of_it_is_refused(self) -> None:
        refund = sent()
        before = Refund.objects.values().get(), Purchase.objects.values().get()

        with pytest.raises(DataError):
            apply_refund_report(
                refund, replace(GIVEN, psp_word="\0", known=False), cause=CAUSE, now=NOW
            )
        with pytest.raises(DataError):
            mark_refund_failed(refund, why="\0", cause=CAUSE, now=NOW)

        assert (Refund.objects.values().get(), Purchase.objects.values().get()) == before
        assert not Case.objects.exists()
        assert not Event.objects.exists()
        assert not ShopNotification.objects.exists()


@pytest.mark.django_db
class TestInACallersTransaction:
    @pytest.mark.parametrize("gate", [given, in_doubt])
    def test_it_locks_what_purchases_lock_and_then_the_refund_and_sets_no_savepoint(
        self, gate: Callable[[Refund], Refund]
    ) -> None:
        refund = sent()

        with CaptureQueriesContext(connection) as queries:
            gate(refund)

        asked = [query["sql"] for query in queries]
        locks = [sql.partition(" FOR ")[2] for sql in asked if " FOR " in sql]
        assert locks == [
            'NO KEY UPDATE OF "payments_paymentsession", "payments_purchase"',
            "NO KEY UPDATE",
        ]
        assert not [sql for sql in asked if "SAVEPOINT" in sql]

    def test_it_writes_nothing_of_the_refund_but_what_it_decides(self) -> None:
        refund = sent()

        with CaptureQueriesContext(connection) as queries:
            given(refund)

        [update] = [q["sql"] for q in queries if q["sql"].startswith('UPDATE "payments_refund"')]
        assert '"phase" =' in update
        assert not [name for name in ("amount", "reason", "attempts") if f'"{name}" =' in update]

    def test_it_hands_out_the_refund_with_its_locked_purchase_and_session(
        self, django_assert_num_queries: Callable[[int], AbstractContextManager[None]]
    ) -> None:
        settled = given(sent())

        with django_assert_num_queries(0):
            assert settled.purchase.refunded_amount == Decimal("5.00")
            assert settled.session == settled.purchase.session

    def test_it_hints_at_once_at_news_for_the_shop_and_at_nothing_else(
        self, django_capture_on_commit_callbacks: Callbacks
    ) -> None:
        with django_capture_on_commit_callbacks() as hints:
            apply_refund_report(sent(), PENDING, cause=CAUSE, now=NOW)
        assert hints == []

        with django_capture_on_commit_callbacks() as hints:
            given(sent())
        assert len(hints) == 1

    def test_it_counts_what_twelve_digits_can_write(self) -> None:
        most = Money("999999999999.00", "EUR")
        purchase = make_purchase(make_session(amount=most.amount), phase="captured")
        refund = make_refund(purchase, amount=most.amount, phase="submitting")

        settled = apply_refund_report(refund, replace(GIVEN, money=most), cause=CAUSE, now=NOW)

        assert settled.purchase.refunded_amount == Decimal(most.amount)

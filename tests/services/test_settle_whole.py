"""The gate writes all or nothing: under the locks of everybody, in its caller's transaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from payments.domain.lifecycle import Verdict
from payments.models import Case, CauseKind, Event, Purchase, ShopNotification
from payments.services.settle import (
    Settled,
    apply_report,
    mark_declined_for_now,
    mark_errored,
    mark_given_up,
    mark_in_doubt,
)
from payments.services.timeline import Cause
from psp_clients.contract import Money, Report, ReportedState
from tests.builders import make_purchase, make_session

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
CAUSE = Cause(CauseKind.CLOCK)
SUM = Money("19.99", "EUR")
CAPTURED = Report(ReportedState.CAPTURED, "paid", SUM, SUM)
AUTHORIZED = Report(ReportedState.AUTHORIZED, "authorized", SUM, None)
PENDING = Report(ReportedState.PENDING, "processing", SUM, None)
FORGET_UPDATES = """
    CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER forget BEFORE UPDATE ON payments_purchase
        FOR EACH ROW EXECUTE FUNCTION forget();
"""
Callbacks: TypeAlias = Callable[[], AbstractContextManager[list[Any]]]


def in_doubt(purchase: Purchase) -> Settled:
    return mark_in_doubt(purchase, why="lost", cause=CAUSE, now=NOW)


def declined_for_now(purchase: Purchase) -> Settled:
    return mark_declined_for_now(purchase, code="funds", why="", cause=CAUSE, now=NOW)


def given_up(purchase: Purchase) -> Settled:
    return mark_given_up(purchase, cause=CAUSE, now=NOW)


def captured(purchase: Purchase) -> Settled:
    return apply_report(purchase, CAPTURED, cause=CAUSE, now=NOW)


@pytest.mark.django_db(transaction=True)
class TestByItself:
    def test_it_writes_in_a_transaction_of_its_own(self) -> None:
        bought, unanswered = make_purchase(), make_purchase(phase="submitting")
        to_choose_again, left = make_purchase(), make_purchase(awaits_shopper=True)

        captured(bought)
        in_doubt(unanswered)
        declined_for_now(to_choose_again)
        given_up(left)

        phases = Purchase.objects.values_list("pk", "phase")
        assert dict(phases) == {
            bought.pk: "captured",
            unanswered.pk: "in_doubt",
            to_choose_again.pk: "pending",
            left.pk: "declined",
        }
        assert Event.objects.count() == 4

    def test_it_writes_nothing_where_the_last_of_it_is_refused(self) -> None:
        purchase = make_purchase()
        before = Purchase.objects.values().get()

        with pytest.raises(DataError):
            apply_report(
                purchase, replace(CAPTURED, psp_word="\0", known=False), cause=CAUSE, now=NOW
            )
        with pytest.raises(DataError):
            mark_errored(purchase, code="odd", why="\0", cause=CAUSE, now=NOW)

        assert Purchase.objects.values().get() == before
        assert not Case.objects.exists()
        assert not Event.objects.exists()
        assert not ShopNotification.objects.exists()


@pytest.mark.django_db
class TestInACallersTransaction:
    @pytest.mark.parametrize(
        ("gate", "fields"),
        [
            (captured, {"phase": "submitting"}),
            (in_doubt, {"phase": "submitting"}),
            (declined_for_now, {"phase": "submitting"}),
            (given_up, {"awaits_shopper": True}),
        ],
    )
    def test_it_locks_sessions_and_purchases_and_sets_no_savepoint(
        self, gate: Callable[[Purchase], Settled], fields: dict[str, Any]
    ) -> None:
        purchase = make_purchase(**fields)

        with CaptureQueriesContext(connection) as queries:
            gate(purchase)

        asked = [query["sql"] for query in queries]
        [locking] = [sql for sql in asked if " FOR " in sql]
        assert locking.endswith(
            'FOR NO KEY UPDATE OF "payments_paymentsession", "payments_purchase"'
        )
        assert not [sql for sql in asked if "SAVEPOINT" in sql]

    def test_it_does_not_tell_of_a_move_that_the_database_did_not_make(self) -> None:
        purchase = make_purchase()
        with connection.cursor() as cursor:
            cursor.execute(FORGET_UPDATES)

        with pytest.raises(AssertionError, match=r"^a locked row moved$"):
            captured(purchase)

    def test_it_hints_at_once_at_news_for_the_shop_and_at_nothing_else(
        self, django_capture_on_commit_callbacks: Callbacks
    ) -> None:
        with django_capture_on_commit_callbacks() as hints:
            apply_report(make_purchase(phase="submitting"), PENDING, cause=CAUSE, now=NOW)
        assert hints == []

        with django_capture_on_commit_callbacks() as hints:
            captured(make_purchase())
        assert len(hints) == 1

    def test_it_hints_at_what_the_shop_has_to_do(
        self, django_capture_on_commit_callbacks: Callbacks
    ) -> None:
        by_hand = make_purchase(make_session(capture="manual"))
        later = make_session(expires_at=NOW + timedelta(hours=1))

        with django_capture_on_commit_callbacks() as hints:
            apply_report(by_hand, AUTHORIZED, cause=CAUSE, now=NOW)
        assert len(hints) == 1

        with django_capture_on_commit_callbacks() as hints:
            declined_for_now(make_purchase(later))
        assert len(hints) == 1

    def test_it_says_what_came_of_it_for_good(self) -> None:
        settled = captured(make_purchase())

        with pytest.raises(dataclasses.FrozenInstanceError):
            settled.verdict = Verdict.STALE  # type: ignore[misc] # that it is refused is the point
        assert not hasattr(settled, "__dict__")

    def test_it_refuses_another_sum_of_the_payment_though_as_much_was_captured(self) -> None:
        purchase = make_purchase()

        settled = apply_report(
            purchase, replace(CAPTURED, money=Money("19.98", "EUR")), cause=CAUSE, now=NOW
        )

        assert settled.refused == "mismatch"
        [case] = Case.objects.all()
        assert case.detail == "The PSP says 19.98 EUR, not 19.99 EUR."

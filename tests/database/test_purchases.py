"""Purchases: the database keeps their money, their successes, and that there is one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from payments.domain.lifecycle import FAILED_PHASES, PHASE_GRAPH, STARTED_PHASES, Phase
from payments.models import PaymentSession, Purchase
from tests.builders import make_purchase, make_session, make_shop
from tests.database.sql import Statement, delete, each_refused, insert_like, refused, run, update

pytestmark = pytest.mark.django_db

TABLE = "payments_purchase"


def set_phase(purchase: Purchase, phase: str) -> Statement:
    return update(TABLE, purchase.pk, phase=phase)


def capture(purchase: Purchase, **columns: Any) -> Statement:
    return update(TABLE, purchase.pk, phase="captured", captured_amount="19.99", **columns)


def moved_to(phase: Phase, purchase: Purchase) -> Statement:
    return capture(purchase) if phase == Phase.CAPTURED else set_phase(purchase, phase)


def paid_and_another_session() -> tuple[Purchase, PaymentSession]:
    shop = make_shop()
    paid = make_purchase(make_session(shop=shop, order_reference="o-1"), phase="captured")
    return paid, make_session(shop=shop, order_reference="o-1")


def one_captured_and_one_declined() -> tuple[Purchase, Purchase]:
    shop = make_shop()
    first = make_purchase(make_session(shop=shop, order_reference="o-1"), phase="declined")
    second = make_purchase(make_session(shop=shop, order_reference="o-1"), phase="declined")
    run(capture(first))
    first.refresh_from_db()
    return first, second


class TestTheDatabaseRefuses:
    @pytest.mark.parametrize("phase", ["submitting", "captured", "declined"])
    def test_to_change(self, phase: str) -> None:
        purchase = make_purchase(phase=phase)

        reasons = each_refused(
            [
                update(TABLE, purchase.pk, amount="0.01"),
                update(TABLE, purchase.pk, currency="USD"),
                update(TABLE, purchase.pk, order_reference="o-other"),
                update(TABLE, purchase.pk, purchase_info="{}"),
            ]
        )

        for reason in reasons:
            assert "Cannot update rows from payments_purchase table" in reason

    def test_to_move_a_purchase_to_another_session(self) -> None:
        purchase, other = make_purchase(), make_session()

        refused(update(TABLE, purchase.pk, session_id=other.pk))

    def test_to_undo_a_success(self) -> None:
        purchase = make_purchase(phase="captured")

        reasons = each_refused(
            set_phase(purchase, phase) for phase in Phase if phase != Phase.CAPTURED
        )

        for reason in reasons:
            assert "Invalid transition" in reason

    def test_to_take_money_back_from_a_success(self) -> None:
        purchase = make_purchase(phase="captured")

        each_refused(
            update(TABLE, purchase.pk, captured_amount=amount)
            for amount in ("0", "0.01", "19.9899", "-1")
        )

    def test_to_have_captured_more_than_was_bought_for(self) -> None:
        purchase = make_purchase(phase="captured")

        refused(update(TABLE, purchase.pk, captured_amount=20.00))

    def test_to_write_the_status_beside_the_phase(self) -> None:
        purchase = make_purchase()

        refused(update(TABLE, purchase.pk, status="successful"))

    def test_to_call_it_captured_without_money(self) -> None:
        purchase = make_purchase()

        assert "captured_purchase_has_money" in refused(set_phase(purchase, "captured"))

    @pytest.mark.parametrize("phase", ["submitting", "captured", "declined"])
    def test_to_delete(self, phase: str) -> None:
        purchase = make_purchase(phase=phase)

        reason = refused(delete(TABLE, purchase.pk))

        assert "Cannot delete rows" in reason

    def test_an_unknown_phase(self) -> None:
        purchase = make_purchase()
        other = make_session(shop=purchase.shop, order_reference=purchase.order_reference)
        words = ["paid", "CAPTURED", "", "successful"]

        each_refused(set_phase(purchase, word) for word in words)
        reasons = each_refused(
            insert_like(TABLE, purchase.pk, session_id=other.pk, phase=word) for word in words
        )

        for reason in reasons:
            assert "purchase_phase_is_known" in reason

    def test_an_amount_that_is_not_canonical(self) -> None:
        purchase, other = make_purchase(), make_session()

        each_refused(
            insert_like(TABLE, purchase.pk, session_id=other.pk, amount=amount)
            for amount in ("", "1e3", "NaN", "-1", "01.00", "1,00", "12\n", "١٢")
        )

    @pytest.mark.parametrize(
        ("column", "value"), [("amount", "20.00"), ("currency", "USD"), ("order_reference", "o-x")]
    )
    def test_a_purchase_of_something_else_than_was_registered(
        self, column: str, value: str
    ) -> None:
        purchase = make_purchase()
        other = make_session(shop=purchase.shop, order_reference=purchase.order_reference)

        reason = refused(insert_like(TABLE, purchase.pk, session_id=other.pk, **{column: value}))

        assert "a purchase must be for what its session registered" in reason

    def test_to_call_a_success_surplus_afterwards(self) -> None:
        purchase = make_purchase(phase="captured")

        refused(update(TABLE, purchase.pk, surplus=True))

    @pytest.mark.parametrize("phase", list(Phase))
    def test_a_second_purchase_of_a_session(self, phase: Phase) -> None:
        purchase = make_purchase(phase=phase)

        assert "session_id" in refused(insert_like(TABLE, purchase.pk))

    def test_a_second_successful_purchase_for_an_order(self) -> None:
        paid, another = paid_and_another_session()

        reason = refused(insert_like(TABLE, paid.pk, session_id=another.pk))

        assert "one_successful_purchase_per_order" in reason

    def test_a_second_success_by_way_of_an_update(self) -> None:
        first, second = one_captured_and_one_declined()

        reason = refused(capture(second))

        assert "one_successful_purchase_per_order" in reason
        assert first.phase == "captured"

    @pytest.mark.parametrize("phase", STARTED_PHASES)
    def test_a_second_started_purchase_for_an_order(self, phase: Phase) -> None:
        shop = make_shop()
        started = make_purchase(make_session(shop=shop, order_reference="o-1"), phase=phase)
        another = make_session(shop=shop, order_reference="o-1")

        reason = refused(insert_like(TABLE, started.pk, session_id=another.pk, phase="submitting"))

        assert "one_started_purchase_per_order" in reason

    def test_to_have_refunded_more_than_was_captured(self) -> None:
        purchase = make_purchase(phase="captured")

        reasons = each_refused(
            update(TABLE, purchase.pk, refunded_amount=amount)
            for amount in ("19.9901", "20.00", "-0.01", "NaN")
        )

        for reason in reasons:
            assert "refunded_within_captured" in reason

    def test_to_refund_what_was_never_captured(self) -> None:
        purchase = make_purchase(phase="declined")

        refused(update(TABLE, purchase.pk, refunded_amount=0.01))


class TestTheDatabaseAllows:
    def test_a_second_success_that_is_marked_as_surplus(self) -> None:
        _, second = one_captured_and_one_declined()

        run(capture(second, surplus=True))

        second.refresh_from_db()
        assert (second.phase, second.surplus) == ("captured", True)

    def test_successes_of_checkouts_without_an_order(self) -> None:
        shop = make_shop()

        sessions = [make_session(shop=shop, order_reference="") for _ in range(2)]
        purchases = [make_purchase(session, phase="captured") for session in sessions]

        assert [purchase.status for purchase in purchases] == ["successful", "successful"]

    def test_other_shops_the_same_order_reference(self) -> None:
        shops = [make_shop(), make_shop()]

        for shop in shops:
            make_purchase(make_session(shop=shop, order_reference="o-1"), phase="captured")

        assert Purchase.objects.filter(order_reference="o-1", phase="captured").count() == 2

    def test_all_to_be_refunded(self) -> None:
        purchase = make_purchase(phase="captured")

        run(update(TABLE, purchase.pk, refunded_amount=19.99))

        purchase.refresh_from_db()
        assert purchase.refunded_amount == Decimal("19.99")


class TestAPhase:
    @pytest.mark.parametrize("before", list(Phase))
    def test_moves_in_the_database_as_the_rules_say(self, before: Phase) -> None:
        shop, following = make_shop(), {before, *PHASE_GRAPH[before]}
        moved = {after: make_purchase(make_session(shop=shop), phase=before) for after in following}
        stays = make_purchase(make_session(shop=shop), phase=before)

        for after, purchase in moved.items():
            run(moved_to(after, purchase))
        reasons = each_refused(moved_to(after, stays) for after in Phase if after not in following)

        rows = Purchase.objects.in_bulk(purchase.pk for purchase in moved.values())
        assert {after: rows[purchase.pk].phase for after, purchase in moved.items()} == {
            after: after for after in following
        }
        for reason in reasons:
            assert "Invalid transition" in reason

    def test_has_its_status_from_the_database(self) -> None:
        statuses = {}
        for phase in Phase:
            purchase = make_purchase(phase=phase)
            purchase.refresh_from_db()
            statuses[phase] = purchase.status

        assert statuses == {
            **dict.fromkeys(STARTED_PHASES, "started"),
            Phase.CAPTURED: "successful",
            **dict.fromkeys(FAILED_PHASES, "failed"),
        }


class TestTheSession:
    @pytest.mark.parametrize("phase", [Phase.CAPTURED, *FAILED_PHASES])
    def test_is_completed_by_the_end_of_its_purchase(self, phase: Phase) -> None:
        session = make_session(due_at=timezone.now())
        purchase = make_purchase(session)

        run(update(TABLE, purchase.pk, phase=phase, captured_amount="19.99"))

        session.refresh_from_db()
        assert session.status == "completed"
        assert session.due_at is None

    @pytest.mark.parametrize("phase", STARTED_PHASES)
    def test_stays_registered_while_its_purchase_is_started(self, phase: Phase) -> None:
        purchase = make_purchase(phase="submitting")

        run(set_phase(purchase, phase))

        purchase.session.refresh_from_db()
        assert purchase.session.status == "registered"

    def test_that_has_expired_stays_so_when_a_success_comes_late(self) -> None:
        session = make_session(status="expired")
        purchase = make_purchase(session)

        run(capture(purchase))

        session.refresh_from_db()
        assert session.status == "expired"

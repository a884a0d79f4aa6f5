"""Purchases: the database keeps their money, their successes, and that there is one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from payments.domain.lifecycle import FAILED_PHASES, PHASE_GRAPH, STARTED_PHASES, Phase
from payments.models import PaymentSession, Purchase
from tests.builders import make_purchase, make_session, make_shop
from tests.database.sql import Statement, delete, insert_like, refused, run, update

pytestmark = pytest.mark.django_db

TABLE = "payments_purchase"


def set_phase(purchase: Purchase, phase: str) -> Statement:
    return update(TABLE, purchase.pk, phase=phase)


def capture(purchase: Purchase, **columns: Any) -> Statement:
    return update(TABLE, purchase.pk, phase="captured", captured_amount="19.99", **columns)


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
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("amount", "0.01"),
            ("currency", "USD"),
            ("order_reference", "o-other"),
            ("purchase_info", "{}"),
        ],
    )
    @pytest.mark.parametrize("phase", ["submitting", "captured", "declined"])
    def test_to_change(self, column: str, value: str, phase: str) -> None:
        purchase = make_purchase(phase=phase)

        reason = refused(update(TABLE, purchase.pk, **{column: value}))

        assert "Cannot update rows from payments_purchase table" in reason

    def test_to_move_a_purchase_to_another_session(self) -> None:
        purchase, other = make_purchase(), make_session()

        refused(update(TABLE, purchase.pk, session_id=other.pk))

    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase != Phase.CAPTURED])
    def test_to_undo_a_success(self, phase: Phase) -> None:
        purchase = make_purchase(phase="captured")

        assert "Invalid transition" in refused(set_phase(purchase, phase))

    @pytest.mark.parametrize("amount", ["0", "0.01", "19.9899", "-1"])
    def test_to_take_money_back_from_a_success(self, amount: str) -> None:
        purchase = make_purchase(phase="captured")

        refused(update(TABLE, purchase.pk, captured_amount=amount))

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

    @pytest.mark.parametrize("word", ["paid", "CAPTURED", "", "successful"])
    def test_an_unknown_phase(self, word: str) -> None:
        purchase = make_purchase()
        other = make_session(shop=purchase.shop, order_reference=purchase.order_reference)

        refused(set_phase(purchase, word))
        reason = refused(insert_like(TABLE, purchase.pk, session_id=other.pk, phase=word))

        assert "purchase_phase_is_known" in reason

    @pytest.mark.parametrize("amount", ["", "1e3", "NaN", "-1", "01.00", "1,00", "12\n", "١٢"])
    def test_an_amount_that_is_not_canonical(self, amount: str) -> None:
        purchase, other = make_purchase(), make_session()

        refused(insert_like(TABLE, purchase.pk, session_id=other.pk, amount=amount))

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

    @pytest.mark.parametrize("amount", ["19.9901", "20.00", "-0.01", "NaN"])
    def test_to_have_refunded_more_than_was_captured(self, amount: str) -> None:
        purchase = make_purchase(phase="captured")

        reason = refused(update(TABLE, purchase.pk, refunded_amount=amount))

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
        shop = make_shop()
        for after in Phase:
            purchase = make_purchase(make_session(shop=shop), phase=before)
            captured = after == Phase.CAPTURED
            statement = capture(purchase) if captured else set_phase(purchase, after)

            if after == before or after in PHASE_GRAPH[before]:
                run(statement)
                purchase.refresh_from_db()
                assert purchase.phase == after
            else:
                assert "Invalid transition" in refused(statement)

    @pytest.mark.parametrize(
        ("phase", "status"),
        [
            *((phase, "started") for phase in STARTED_PHASES),
            (Phase.CAPTURED, "successful"),
            *((phase, "failed") for phase in FAILED_PHASES),
        ],
    )
    def test_has_its_status_from_the_database(self, phase: Phase, status: str) -> None:
        purchase = make_purchase(phase=phase)

        purchase.refresh_from_db()
        assert purchase.status == status


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

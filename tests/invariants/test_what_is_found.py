"""A row that breaks an invariant is found, and named alone..."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from payments.domain.lifecycle import Phase, SessionStatus
from payments.models import CaseKind, CauseKind, Purchase, Refund, ShopNotification
from tests import builders
from tests.builders import (
    make_case,
    make_event,
    make_psp_call,
    make_receipt,
    make_session,
    make_shop,
)
from tests.invariants.planting import (
    drop_constraint,
    drop_index,
    drop_unique,
    found,
    guards_off,
    honest_purchase,
    honest_session,
    move,
    set_columns,
    twin,
)

pytestmark = pytest.mark.django_db

CARD_NUMBER = "4111 1111 1111 1111"


@pytest.fixture(scope="module", autouse=True)
def honest_rows(kept_rows: Callable[[], AbstractContextManager[None]]) -> None:
    """Have honest rows all around, none of which may be named."""
    with kept_rows(), connection.cursor() as cursor:
        for phase in Phase:
            honest_purchase(phase)
        honest_session(status=SessionStatus.CREATED)
        honest_session()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def make_refund(purchase: Purchase, **fields: Any) -> Refund:
    """Return a refund that nobody guarded against."""
    with guards_off():
        return builders.make_refund(purchase, **fields)


def test_among_honest_rows_there_is_none():
    assert found() == {}


class TestI1:
    def test_a_second_purchase_of_a_session(self):
        drop_unique("purchase", "session_id")
        purchase = honest_purchase(Phase.DECLINED)
        second = twin("purchase", purchase.pk)

        assert found() == {"I1": {purchase.public_id, f"pur_{second.hex}", "purchase.session"}}

    def test_a_second_success_of_an_order(self):
        drop_index("one_successful_purchase_per_order")
        first = honest_purchase(Phase.CAPTURED)
        second = honest_purchase(
            Phase.CAPTURED,
            session={"shop": first.shop, "order_reference": first.order_reference},
        )

        assert found() == {
            "I1": {
                first.public_id,
                second.public_id,
                "purchase.one_successful_purchase_per_order",
            }
        }


class TestI2:
    def test_a_success_that_captured_less(self):
        purchase = honest_purchase(Phase.CAPTURED, captured_amount=10)

        assert found() == {"I2": {purchase.public_id}}

    def test_a_success_that_captured_nothing(self):
        drop_constraint("purchase", "captured_purchase_has_money")
        purchase = honest_purchase(Phase.CAPTURED, captured_amount=0, session={"capture": "manual"})

        assert found() == {"I2": {purchase.public_id, "purchase.captured_purchase_has_money"}}

    def test_but_not_a_part_that_was_captured_by_hand(self):
        honest_purchase(Phase.CAPTURED, captured_amount=10, session={"capture": "manual"})

        assert found() == {}


class TestI4:
    def test_an_event_that_leads_away_from_captured(self):
        purchase = honest_purchase(Phase.CAPTURED)
        undone = move(purchase, Phase.CAPTURED, Phase.DECLINED)

        assert found() == {"I4": {str(undone.pk)}, "I16": {purchase.public_id}}

    def test_but_not_old_news_after_it(self):
        purchase = honest_purchase(Phase.CAPTURED)
        make_event(
            purchase.session, "report.stale", phase_before="captured", phase_after="captured"
        )

        assert found() == {}


class TestI5:
    def test_a_started_purchase_with_nothing_due(self):
        purchase = honest_purchase(Phase.IN_DOUBT, due_at=None)

        assert found() == {"I5": {purchase.public_id}}

    def test_but_not_one_that_a_person_is_asked_about(self):
        make_case(honest_purchase(Phase.IN_DOUBT, due_at=None).session)

        assert found() == {}

    def test_nor_does_the_case_of_a_board_excuse_it(self):
        purchase = honest_purchase(Phase.IN_DOUBT, due_at=None)
        make_case(purchase.session, kind=CaseKind.INVARIANT)

        assert found() == {"I5": {purchase.public_id}}

    @pytest.mark.parametrize("status", [SessionStatus.CREATED, SessionStatus.REGISTERED])
    def test_an_open_session_with_nothing_due(self, status: SessionStatus):
        session = honest_session(status=status, due_at=None)

        assert found() == {"I5": {str(session.pk)}}

    def test_a_pending_refund_with_nothing_due(self):
        refund = make_refund(honest_purchase(), due_at=None)

        assert found() == {"I5": {refund.public_id}}

    def test_a_waiting_webhook_with_nothing_due(self):
        receipt = make_receipt(None, state="waiting")

        assert found() == {"I5": {str(receipt.pk)}}

    def test_a_waiting_notification_with_nothing_due(self):
        shop = make_shop(notification_url="https://shop.example/hook")
        told, untold = (
            ShopNotification.objects.create(
                session=honest_purchase(session={"shop": which}).session,
                type="purchase.successful",
                body="{}",
            )
            for which in (shop, make_shop())
        )

        assert found() == {"I5": {told.public_id}}
        assert untold.session.shop.notification_url == ""

    def test_work_that_nobody_has_come_for(self):
        late = timezone.now() - timedelta(minutes=11)
        lapsed = {"due_at": late, "leased_until": late + timedelta(minutes=1)}
        purchase = honest_purchase(Phase.PENDING, **lapsed)
        session = honest_session(due_at=late)
        refund = make_refund(honest_purchase(), **lapsed)
        receipt = make_receipt(None, state="waiting", due_at=late)
        notification = ShopNotification.objects.create(
            session=session, type="purchase.failed", body="{}", due_at=late
        )

        rows = (purchase, session, refund, receipt, notification)
        assert found() == {"I5": {getattr(row, "public_id", str(row.pk)) for row in rows}}

    def test_but_not_work_that_somebody_is_at_or_that_is_just_due(self):
        now = timezone.now()
        held = now + timedelta(seconds=30)
        honest_purchase(Phase.PENDING, due_at=now - timedelta(days=1), leased_until=held)
        honest_purchase(Phase.PENDING, due_at=now - timedelta(minutes=9))

        assert found() == {}


class TestI7:
    def test_an_event_of_the_psp_that_is_stored_twice(self):
        drop_constraint("webhookreceipt", "one_receipt_per_event")
        receipt = make_receipt(honest_purchase().session)
        second = twin("webhookreceipt", receipt.pk)

        assert found() == {
            "I7": {str(receipt.pk), str(second), "webhookreceipt.one_receipt_per_event"}
        }

    def test_a_second_success_of_a_purchase(self):
        purchase = honest_purchase(Phase.CAPTURED)
        second = move(purchase, Phase.PENDING, Phase.CAPTURED)

        assert found() == {"I7": {str(second.pk)}, "I16": {purchase.public_id}}


class TestI8:
    @pytest.mark.parametrize(
        ("column", "value"), [("amount", "29.99"), ("currency", "USD"), ("order_reference", "o-x")]
    )
    def test_a_purchase_of_something_else(self, column: str, value: str):
        purchase = honest_purchase(Phase.PENDING)
        set_columns("purchase", purchase.pk, **{column: value})

        assert found() == {"I8": {purchase.public_id}}

    def test_a_purchase_of_another_shop(self):
        purchase = honest_purchase(Phase.PENDING)
        set_columns("purchase", purchase.pk, shop_id=make_shop().pk)

        assert found() == {"I8": {purchase.public_id}}


class TestI9:
    def test_a_second_confirm_call(self):
        drop_index("one_confirm_call_at_a_time")
        purchase = honest_purchase()
        call = purchase.psp_calls.get()
        second = make_psp_call(purchase.session, purchase=purchase)

        assert found() == {
            "I9": {str(call.pk), str(second.pk), "pspcall.one_confirm_call_at_a_time"}
        }

    def test_a_call_under_way_while_the_shopper_is_waited_for(self):
        purchase = honest_purchase(Phase.PENDING)
        set_columns("purchase", purchase.pk, awaits_shopper=True)

        assert found() == {"I9": {str(purchase.psp_calls.get().pk)}}

    def test_a_purchase_that_may_be_sent_and_has_no_call(self):
        purchase = honest_purchase(Phase.SUBMITTING)
        set_columns("pspcall", purchase.psp_calls.get().pk, operation="cancel")

        assert found() == {"I9": {purchase.public_id}}

    @pytest.mark.parametrize(
        "fields",
        [
            {"sends": 0},
            {"sends": 0, "first_sent_at": None, "last_sent_at": None},
            {"last_sent_at": None},
            {"last_sent_at": timezone.now() - timedelta(days=1)},
        ],
    )
    def test_a_call_whose_sends_and_times_disagree(self, fields: dict[str, Any]):
        call = make_psp_call(honest_session(), operation="cancel", **fields)

        assert found() == {"I9": {str(call.pk)}}

    def test_but_not_a_call_that_was_never_sent_or_never_arrived(self):
        unsent = {"sends": 0, "first_sent_at": None, "last_sent_at": None, "outcome": "open"}
        make_psp_call(honest_session(), operation="cancel", **unsent)
        make_psp_call(honest_session(), operation="cancel", sends=3, first_sent_at=None)

        assert found() == {}

    def test_a_key_of_two_calls(self):
        drop_unique("pspcall", "idempotency_key")
        one, other = (
            make_psp_call(honest_session(), operation="cancel", idempotency_key="k")
            for _ in range(2)
        )

        assert found() == {"I9": {str(one.pk), str(other.pk), "pspcall.idempotency_key"}}


class TestI10:
    def test_a_call_that_was_sent_again_after_half_the_window(self):
        now = timezone.now()
        call, _ = (
            make_psp_call(
                honest_session(),
                operation="cancel",
                sends=2,
                first_sent_at=now - timedelta(hours=hours, seconds=1),
                last_sent_at=now - timedelta(seconds=2 if hours < 12 else 0),
            )
            for hours in (12, 11)
        )

        assert found() == {"I10": {str(call.pk)}}


class TestI11:
    def test_a_token_of_two_sessions(self):
        drop_constraint("paymentsession", "one_session_per_psp_token")
        one, other = (honest_session(psp_token="tok_same") for _ in range(2))

        assert found() == {
            "I11": {str(one.pk), str(other.pk), "paymentsession.one_session_per_psp_token"}
        }


class TestI12:
    def test_refunds_above_what_was_captured(self):
        purchase = honest_purchase()
        make_refund(purchase, amount="10.00")
        make_refund(purchase, amount="10.00")

        assert found() == {"I12": {purchase.public_id}}

    def test_a_refunded_amount_that_no_refund_explains(self):
        purchase = honest_purchase(refunded_amount=5)

        assert found() == {"I12": {purchase.public_id}}

    def test_a_refund_that_the_purchase_does_not_know_of(self):
        purchase = honest_purchase()
        make_refund(purchase, phase="successful", due_at=None)

        assert found() == {"I12": {purchase.public_id}}

    def test_a_refund_in_another_currency(self):
        purchase = honest_purchase()
        make_refund(purchase, currency="USD")

        assert found() == {"I12": {purchase.public_id}}

    def test_but_not_refunds_that_add_up(self):
        purchase = honest_purchase(refunded_amount=5)
        make_refund(purchase, phase="successful", due_at=None)
        make_refund(purchase, amount="14.99")
        make_refund(purchase, amount="19.99", phase="failed", due_at=None)

        assert found() == {}


class TestI13:
    def surplus(self) -> Purchase:
        """Return the surplus of two successes of an order."""
        first = honest_purchase(Phase.CAPTURED)
        of_the_order = {"shop": first.shop, "order_reference": first.order_reference}
        return honest_purchase(Phase.CAPTURED, surplus=True, session=of_the_order)

    def test_a_surplus_that_is_neither_refunded_nor_asked_about(self):
        purchase = self.surplus()

        assert found() == {"I13": {purchase.public_id}}

    def test_a_surplus_whose_refund_failed(self):
        purchase = self.surplus()
        make_refund(purchase, phase="failed", due_at=None)

        assert found() == {"I13": {purchase.public_id}}

    def test_but_not_one_that_is_refunded_or_asked_about(self):
        make_refund(self.surplus())
        make_case(self.surplus().session, kind=CaseKind.SURPLUS)

        assert found() == {}

    def test_a_surplus_that_is_the_only_success(self):
        purchase = honest_purchase(Phase.CAPTURED, surplus=True)
        make_case(purchase.session, kind=CaseKind.SURPLUS)

        assert found() == {"I13": {purchase.public_id}}


class TestI15:
    def test_an_event_that_a_rejected_webhook_caused(self):
        rejected = make_receipt(None, state="rejected", event_id=None)
        genuine = make_receipt(honest_session())
        caused, _ = (
            make_event(honest_session(), "report.stale", cause_kind="receipt", cause_id=str(row.pk))
            for row in (rejected, genuine)
        )

        assert found() == {"I15": {str(caused.pk)}}

    @pytest.mark.parametrize("cause_id", ["", "forged", str(UUID(int=7))])
    def test_an_event_whose_webhook_is_not_stored(self, cause_id: str):
        caused = make_event(
            honest_session(), "report.stale", cause_kind=CauseKind.RECEIPT, cause_id=cause_id
        )

        assert found() == {"I15": {str(caused.pk)}}

    def test_a_rejected_webhook_that_was_tied_to_a_session(self):
        receipt = make_receipt(honest_session(), state="rejected")

        assert found() == {"I15": {str(receipt.pk)}}


class TestI16:
    @pytest.mark.parametrize(
        ("column", "value"), [("data", '{"psp": "x"}'), ("hash", "0" * 64), ("position", 7)]
    )
    def test_an_event_that_was_edited(self, column: str, value: object):
        purchase = honest_purchase()
        event = purchase.events.order_by("-position")[0]
        set_columns("event", event.pk, **{column: value})

        assert found() == {"I16": {str(event.pk)}}

    @pytest.mark.parametrize(
        ("column", "value"),
        [("phase", "declined"), ("presses", 2), ("captured_amount", 7)],
    )
    def test_a_purchase_that_its_events_do_not_lead_to(self, column: str, value: object):
        purchase = honest_purchase(Phase.CANCELLED)
        set_columns("purchase", purchase.pk, **{column: value})

        assert found() == {"I16": {purchase.public_id}}

    @pytest.mark.parametrize(("column", "value"), [("status", "expired"), ("psp", "other")])
    def test_a_session_that_its_events_do_not_lead_to(self, column: str, value: str):
        session = honest_session()
        set_columns("paymentsession", session.pk, **{column: value})

        assert found() == {"I16": {str(session.pk)}}

    def test_a_session_without_a_history(self):
        session = make_session(due_at=timezone.now() + timedelta(hours=1))

        assert found() == {"I16": {str(session.pk)}}

    def test_a_move_that_begins_elsewhere_than_the_one_before_ended(self):
        purchase = honest_purchase(Phase.PENDING)
        set_columns("purchase", purchase.pk, phase="authorized")
        move(purchase, Phase.IN_DOUBT, Phase.AUTHORIZED)

        assert found() == {"I16": {purchase.public_id}}


class TestI20:
    @pytest.mark.parametrize(
        "fields", [{"actor": ""}, {"actor": "olga", "data": {"reason": " "}}, {"data": {}}]
    )
    def test_an_act_of_staff_without_a_name_or_a_reason(self, fields: dict[str, Any]):
        act = make_event(honest_session(), "case.resolved", cause_kind=CauseKind.STAFF, **fields)
        make_event(
            honest_session(),
            "case.resolved",
            cause_kind=CauseKind.STAFF,
            actor="olga",
            data={"reason": "paid by cash"},
        )

        assert found() == {"I20": {str(act.pk)}}


class TestI21:
    @pytest.mark.parametrize(
        "written", [CARD_NUMBER, CARD_NUMBER.replace(" ", "-"), CARD_NUMBER.replace(" ", "")]
    )
    def test_a_card_number_in_purchase_info(self, written: str):
        info = {"items": [], "customer_reference": f"line\n{written}"}
        purchase = honest_purchase(Phase.PENDING, purchase_info=info)

        assert found() == {"I21": {purchase.public_id}}

    def test_a_card_number_in_an_event(self):
        event = make_event(honest_session(), "report.stale", data={"why": [CARD_NUMBER]})

        assert found() == {"I21": {str(event.pk)}}

    @pytest.mark.parametrize(
        "fields",
        [
            {"body": b"\xff\x00" + CARD_NUMBER.encode()},
            {"answer": {"number": 4111111111111111}},
            {"error": CARD_NUMBER},
        ],
    )
    def test_a_card_number_in_a_call(self, fields: dict[str, Any]):
        call = make_psp_call(honest_session(), operation="cancel", **fields)

        assert found() == {"I21": {str(call.pk)}}

    def test_a_card_number_in_a_webhook(self):
        receipt = make_receipt(honest_session(), body=f'{{"n":"{CARD_NUMBER}"}}'.encode())

        assert found() == {"I21": {str(receipt.pk)}}

    def test_but_not_an_id_that_holds_as_many_digits_by_chance(self):
        ids = "tok_4111111111111111 a4111111111111111 01234567-4111-1111-1111-1111aaaaaaaa"
        make_event(honest_session(), "report.stale", data={"ids": ids})

        assert found() == {}


class TestAGuardOfTheDatabase:
    def test_that_was_switched_off(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE payments_event DISABLE TRIGGER USER")

        assert found() == {
            "I16": {"event.append_only", "event.link_the_chain"},
            "I20": {"event.append_only"},
        }

    def test_that_was_never_validated(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(
                "ALTER TABLE payments_purchase DROP CONSTRAINT refunded_within_captured,"
                " ADD CONSTRAINT refunded_within_captured CHECK (true) NOT VALID"
            )

        assert found() == {"I12": {"purchase.refunded_within_captured"}}

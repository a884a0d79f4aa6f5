"""The end of a capture or a void is written whole: row, event, notification and case."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from payments.models import Case, CauseKind, Event, Instruction, Purchase, ShopNotification
from payments.services import settle
from payments.services.settle_instruction import mark_instruction_failed
from payments.services.timeline import Cause
from psp_clients.contract import Money, Report, ReportedState
from tests.builders import make_instruction, make_purchase, make_session

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
CAUSE = Cause(CauseKind.POLL, "call-1")
SUM = Money("19.99", "EUR")
CAPTURED = Report(ReportedState.CAPTURED, "paid", SUM, SUM, payment_reference="ch_1")
Callbacks: TypeAlias = Callable[[], AbstractContextManager[list[Any]]]


def asked(amount: str = "5.00") -> Instruction:
    """Return a capture that a worker holds, of a purchase of its own."""
    purchase = make_purchase(make_session(capture="manual"), phase="authorized")
    lease = NOW + timedelta(minutes=1)
    return make_instruction(purchase, amount=amount, leased_until=lease)


def refused(instruction: Instruction, why: str = "no") -> None:
    mark_instruction_failed(instruction, why=why, cause=CAUSE, now=NOW)


@pytest.mark.django_db(transaction=True)
class TestByItself:
    def test_a_refusal_is_written_in_a_transaction_of_its_own(self) -> None:
        refused(asked())

        assert Instruction.objects.get().state == "failed"

    def test_a_refusal_writes_nothing_where_the_last_of_it_is_refused(self) -> None:
        instruction = asked()
        before = Instruction.objects.values().get(), Purchase.objects.values().get()

        with pytest.raises(DataError):
            refused(instruction, why="\0")

        assert (Instruction.objects.values().get(), Purchase.objects.values().get()) == before
        assert not Event.objects.exists()
        assert not ShopNotification.objects.exists()
        assert not Case.objects.exists()


@pytest.mark.django_db
class TestTheEnd:
    def test_writes_what_it_decides_and_sets_no_savepoint(self) -> None:
        instruction = asked()
        before = Instruction.objects.get().updated_at

        with CaptureQueriesContext(connection) as queries:
            refused(instruction)

        sent = [query["sql"] for query in queries]
        [update] = [sql for sql in sent if sql.startswith('UPDATE "payments_instruction"')]
        assert not [name for name in ("amount", "reason", "attempts") if f'"{name}" =' in update]
        assert not [sql for sql in sent if "SAVEPOINT" in sql]
        ended = Instruction.objects.get()
        assert (ended.due_at, ended.leased_until, ended.finished_at) == (None, None, NOW)
        assert ended.updated_at > before

    def test_is_an_event_of_the_purchase_with_its_cause(self) -> None:
        instruction = asked()

        settle.apply_report(instruction.purchase, CAPTURED, cause=CAUSE, now=NOW)

        event = Event.objects.get(name="capture.failed")
        assert (event.purchase_id, event.cause_kind, event.cause_id) == (
            instruction.purchase_id,
            "poll",
            "call-1",
        )
        assert event.data == {
            "instruction": instruction.public_id,
            "amount": "5.00 EUR",
            "why": "the PSP captured 19.99",
        }

    def test_that_was_asked_for_tells_of_nothing_wrong(self) -> None:
        instruction = asked(amount="19.99")

        settle.apply_report(instruction.purchase, CAPTURED, cause=CAUSE, now=NOW)

        event = Event.objects.get(name="capture.successful")
        assert event.data == {"instruction": instruction.public_id, "amount": "19.99 EUR"}

    def test_that_was_not_asked_for_is_told_to_the_shop_at_once(
        self, django_capture_on_commit_callbacks: Callbacks
    ) -> None:
        instruction = asked()

        with django_capture_on_commit_callbacks() as hints:
            refused(instruction)

        assert len(hints) == 1
        notification = ShopNotification.objects.get()
        told = json.loads(notification.body)
        assert (told["type"], notification.due_at) == ("capture.failed", NOW)
        assert told["data"]["capture"] == "manual"
        assert told["data"]["instruction"] == {
            "id": instruction.public_id,
            "state": "failed",
            "amount": "5.00",
            "currency": "EUR",
            "reason": "",
            "why_failed": "no",
            "created_at": instruction.created_at.isoformat(),
            "finished_at": NOW.isoformat(),
        }

    def test_that_was_not_asked_for_is_a_case_in_one_sentence(self) -> None:
        instruction = asked()

        settle.apply_report(instruction.purchase, CAPTURED, cause=CAUSE, now=NOW)

        assert Case.objects.get().detail == (
            f"Capture of 5.00 EUR ({instruction.public_id}) failed: the PSP captured 19.99."
        )

    def test_holds_as_much_of_a_long_refusal_as_there_is_room_for(self) -> None:
        refused(asked(), why="x" * 501)

        assert Instruction.objects.get().why == "x" * 500

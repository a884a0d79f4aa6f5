"""Captures and voids end with the purchase that they are about, or by the PSP's refusal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from payments.domain.instructions import InstructionKind, InstructionState
from payments.domain.lifecycle import Phase
from payments.models import (
    Case,
    CaseKind,
    CauseKind,
    Event,
    Instruction,
    Purchase,
    ShopNotification,
)
from payments.services import settle
from payments.services.settle_instruction import mark_instruction_failed
from payments.services.timeline import Cause
from psp_clients.contract import Money, Report, ReportedState
from tests.builders import make_instruction, make_purchase, make_session

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
CAUSE = Cause(CauseKind.POLL)
SUM = Money("19.99", "EUR")
RESERVED = Report(ReportedState.AUTHORIZED, "authorized", SUM, None)
CAPTURED = Report(ReportedState.CAPTURED, "paid", SUM, SUM, payment_reference="ch_1")
LET_GO = Report(ReportedState.CANCELLED, "cancelled", SUM, None)


def reserved(capture: str = "manual") -> Purchase:
    return make_purchase(make_session(capture=capture), phase=Phase.AUTHORIZED)


def told(purchase: Purchase) -> list[str]:
    """Return what the shop was told, oldest first."""
    return [
        str(json.loads(one.body)["type"])
        for one in ShopNotification.objects.filter(session=purchase.session).order_by("pk")
    ]


def end_of(instruction: Instruction) -> tuple[str, str, datetime | None, datetime | None]:
    instruction.refresh_from_db()
    return instruction.state, instruction.why, instruction.finished_at, instruction.due_at


class TestAnAuthorisation:
    @pytest.mark.parametrize(
        ("capture", "said"), [("manual", ["purchase.authorized"]), ("automatic", [])]
    )
    def test_is_told_to_the_shop_that_is_to_capture(self, capture: str, said: list[str]) -> None:
        purchase = make_purchase(make_session(capture=capture), phase=Phase.IN_DOUBT)

        settle.apply_report(purchase, RESERVED, cause=CAUSE, now=NOW)

        assert told(purchase) == said


class TestAReservationAfterTheEnd:
    @pytest.mark.parametrize("phase", [Phase.DECLINED, Phase.CANCELLED, Phase.ERRORED])
    def test_is_a_case_since_nobody_here_can_let_it_go(self, phase: Phase) -> None:
        purchase = make_purchase(make_session(capture="manual"), phase=phase)

        settle.apply_report(purchase, RESERVED, cause=CAUSE, now=NOW)

        case = Case.objects.get()
        assert (case.kind, case.purchase_id) == ("conflicting_report", purchase.pk)
        assert f"ended as {phase}, and the PSP now says that it has reserved" in case.detail
        assert Purchase.objects.get().phase == phase

    def test_that_was_known_before_it_is_old_news(self) -> None:
        purchase = make_purchase(make_session(capture="manual"), phase=Phase.IN_DOUBT)
        for report in (RESERVED, LET_GO, RESERVED):
            settle.apply_report(purchase, report, cause=CAUSE, now=NOW)

        assert not Case.objects.exists()
        assert Purchase.objects.get().phase == Phase.CANCELLED


class TestWhatWasAskedOfAPurchase:
    def test_succeeds_with_the_end_that_was_asked_for(self) -> None:
        purchase = reserved()
        capture = make_instruction(purchase)

        settle.apply_report(purchase, CAPTURED, cause=CAUSE, now=NOW)

        assert end_of(capture) == (InstructionState.SUCCESSFUL, "", NOW, None)
        assert told(purchase) == ["purchase.successful"]
        assert Event.objects.filter(name="capture.successful").count() == 1
        assert not Case.objects.exists()

    @pytest.mark.parametrize(
        ("kind", "amount", "report", "why"),
        [
            ("capture", "5.00", CAPTURED, "the PSP captured 19.99"),
            ("capture", "19.99", LET_GO, "the purchase ended as cancelled"),
            ("void", "19.99", CAPTURED, "the purchase ended as captured"),
        ],
    )
    def test_fails_with_another_end_which_a_person_looks_at(
        self, kind: str, amount: str, report: Report, why: str
    ) -> None:
        purchase = reserved()
        instruction = make_instruction(purchase, kind=InstructionKind(kind), amount=amount)

        settle.apply_report(purchase, report, cause=CAUSE, now=NOW)

        assert end_of(instruction) == (InstructionState.FAILED, why, NOW, None)
        assert f"{kind}.failed" in told(purchase)
        case = Case.objects.get(kind=CaseKind.NOT_AS_ASKED)
        assert why in case.detail

    def test_stays_pending_while_the_purchase_is_reserved(self) -> None:
        purchase = reserved()
        capture = make_instruction(purchase)

        settle.apply_report(purchase, replace(RESERVED, psp_word="held"), cause=CAUSE, now=NOW)

        assert end_of(capture)[:2] == (InstructionState.PENDING, "")

    def test_need_not_be_anything(self) -> None:
        purchase = reserved()

        settle.apply_report(purchase, LET_GO, cause=CAUSE, now=NOW)

        assert told(purchase) == ["purchase.failed"]


class TestARefusal:
    def test_ends_what_was_asked_and_has_the_purchase_looked_at(self) -> None:
        purchase = reserved()
        void = make_instruction(purchase, kind=InstructionKind.VOID)

        mark_instruction_failed(void, why="", cause=CAUSE, now=NOW)

        assert end_of(void) == (InstructionState.FAILED, "the PSP refused", NOW, None)
        assert told(purchase) == ["void.failed"]
        assert Purchase.objects.get().due_at == NOW

    def test_after_the_end_changes_nothing(self) -> None:
        purchase = reserved()
        capture = make_instruction(purchase)
        settle.apply_report(purchase, CAPTURED, cause=CAUSE, now=NOW)

        mark_instruction_failed(capture, why="too late", cause=CAUSE, now=NOW)

        assert end_of(capture)[0] == InstructionState.SUCCESSFUL
        assert Purchase.objects.get().due_at != NOW

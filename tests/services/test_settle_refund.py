"""The gate of refunds: what each report writes, and what it leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from payments.models import Case, CauseKind, Event, Purchase, Refund, ShopNotification
from payments.services.settle_refund import (
    apply_refund_report,
    mark_refund_failed,
    mark_refund_in_doubt,
)
from payments.services.timeline import Cause
from psp_clients.contract import Money, RefundReport, RefundState
from tests.builders import make_purchase, make_refund

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
CAUSE = Cause(CauseKind.STAFF, "7", "ann")
GIVEN = RefundReport(RefundState.SUCCESSFUL, "successful", "re_1", Money("5.00", "EUR"))
SENT_BACK = RefundReport(
    RefundState.FAILED, "failed", "re_1", Money("5.00", "EUR"), reason_code="closed"
)


@pytest.fixture
def refund() -> Refund:
    """Return a refund of 5.00 of 19.99 that has been sent."""
    return make_refund(
        make_purchase(phase="captured"), phase="submitting", polls=2, leased_until=NOW
    )


def apply(refund: Refund, report: RefundReport) -> Refund:
    return apply_refund_report(refund, report, cause=CAUSE, now=NOW)


def everything(refund: Refund) -> dict[str, Any]:
    return dict(Refund.objects.values().get(pk=refund.pk))


def refunded(refund: Refund) -> Decimal:
    return Purchase.objects.get(pk=refund.purchase_id).refunded_amount


def events(refund: Refund) -> list[Event]:
    return list(Event.objects.filter(purchase=refund.purchase_id).order_by("position"))


def cases(refund: Refund) -> list[tuple[str, str, bool]]:
    found = Case.objects.filter(purchase=refund.purchase_id).order_by("pk")
    return [(case.kind, case.detail, case.resolved_at is None) for case in found]


class TestARefundThatWasMade:
    def test_is_written_whole(self, refund: Refund) -> None:
        settled = apply(refund, GIVEN)

        written = {
            "phase": "successful",
            "state": "successful",
            "phase_since": NOW,
            "polls": 0,
            "finished_at": NOW,
            "due_at": NOW + timedelta(minutes=1),
            "leased_until": None,
            "refund_reference": "re_1",
        }
        assert {name: everything(refund)[name] for name in written} == written
        assert (settled.pk, settled.phase, settled.state) == (refund.pk, "successful", "successful")
        assert everything(refund)["updated_at"] > refund.updated_at

    def test_is_counted_as_given_back(self, refund: Refund) -> None:
        make_refund(refund.purchase, amount="2.00", phase="successful")
        make_refund(refund.purchase, amount="3.00", phase="pending")
        make_refund(refund.purchase, amount="4.00", phase="failed")

        settled = apply(refund, GIVEN)

        purchase = Purchase.objects.get(pk=refund.purchase_id)
        assert (purchase.refunded_amount, purchase.updated_at) == (Decimal("7.00"), NOW)
        assert settled.purchase.refunded_amount == Decimal("7.00")

    def test_is_an_event_with_its_cause_and_evidence(self, refund: Refund) -> None:
        apply(refund, replace(GIVEN, reason_code="ok"))

        [event] = events(refund)
        assert (event.name, event.session, event.cause_kind) == (
            "refund.successful",
            refund.session,
            "staff",
        )
        assert (event.cause_id, event.actor) == ("7", "ann")
        assert event.data == {
            "refund": refund.public_id,
            "amount": "5.00 EUR",
            "refund_phase_before": "submitting",
            "psp_word": "successful",
            "reported": "successful",
            "refund_reference": "re_1",
            "reason_code": "ok",
        }

    def test_is_told_to_the_shop_and_to_nobody_else(self, refund: Refund) -> None:
        apply(refund, GIVEN)

        [notification] = ShopNotification.objects.filter(purchase=refund.purchase_id)
        told = json.loads(notification.body)
        assert (notification.type, notification.due_at) == ("refund.successful", NOW)
        assert told["data"]["refund"]["state"] == "successful"
        assert told["data"]["purchase"]["refunded_amount"] == "5.00"
        assert cases(refund) == []

    def test_said_again_changes_nothing(self, refund: Refund) -> None:
        apply(refund, GIVEN)
        before = everything(refund)

        apply(refund, GIVEN)

        assert everything(refund) == before
        assert len(events(refund)) == 1

    def test_keeps_its_reference_where_the_report_has_none(self, refund: Refund) -> None:
        Refund.objects.filter(pk=refund.pk).update(refund_reference="re_0")

        apply(refund, replace(GIVEN, refund_reference=""))

        assert everything(refund)["refund_reference"] == "re_0"

    @pytest.mark.parametrize("kind", ["surplus", "late_success"])
    def test_by_itself_closes_what_asked_for_it(self, kind: str) -> None:
        purchase = make_purchase(phase="captured")
        refund = make_refund(purchase, origin=kind)
        for asked in (kind, "unanswered"):
            Case.objects.create(
                session=purchase.session, purchase=purchase, kind=asked, detail="Why."
            )

        apply(refund, GIVEN)

        assert cases(refund) == [(kind, "Why.", False), ("unanswered", "Why.", True)]
        closed = Case.objects.get(kind=kind)
        assert (closed.resolved_at, closed.resolution) == (NOW, f"Given back by {refund}.")

    def test_by_a_person_closes_nothing(self, refund: Refund) -> None:
        Case.objects.create(
            session=refund.session, purchase=refund.purchase, kind="surplus", detail="Why."
        )

        apply(refund, GIVEN)

        assert cases(refund) == [("surplus", "Why.", True)]


class TestARefundUnderWay:
    def test_is_looked_at_again_later(self, refund: Refund) -> None:
        apply(refund, replace(GIVEN, state=RefundState.PENDING, psp_word="pending"))

        row = everything(refund)
        assert (row["phase"], row["state"], row["finished_at"]) == ("pending", "pending", None)
        assert row["due_at"] == NOW + timedelta(minutes=1)
        assert refunded(refund) == 0
        assert not ShopNotification.objects.filter(purchase=refund.purchase_id).exists()
        assert [event.name for event in events(refund)] == ["refund.pending"]

    def test_is_in_doubt_after_a_lost_answer(self, refund: Refund) -> None:
        settled = mark_refund_in_doubt(refund, why="lost", cause=CAUSE, now=NOW)

        row = everything(refund)
        assert (settled.phase, row["phase"]) == ("in_doubt", "in_doubt")
        assert row["due_at"] == NOW + timedelta(seconds=15)
        [event] = events(refund)
        assert (event.name, event.data["why"], event.cause_id) == ("refund.in_doubt", "lost", "7")
        assert cases(refund) == []

    def test_is_not_put_in_doubt_by_what_comes_too_late(self, refund: Refund) -> None:
        apply(refund, GIVEN)

        mark_refund_in_doubt(refund, why="lost", cause=CAUSE, now=NOW)

        assert everything(refund)["phase"] == "successful"
        assert cases(refund) == []


class TestARefundThatFailed:
    def test_is_told_to_people_with_what_was_given_back(self, refund: Refund) -> None:
        make_refund(refund.purchase, amount="2.00", phase="successful")

        mark_refund_failed(refund, why="refused", cause=CAUSE, now=NOW)

        row = everything(refund)
        assert (row["phase"], row["finished_at"], row["due_at"]) == ("failed", NOW, None)
        assert events(refund)[0].data["why"] == "refused"
        detail = f"5.00 EUR did not reach the shopper ({refund})."
        sums = "Captured: 19.99; given back: 2.00."
        assert cases(refund) == [("refund_failed", f"{detail} {sums}", True)]
        assert [n.type for n in ShopNotification.objects.all()] == ["refund.failed"]

    def test_after_it_was_made_is_no_longer_counted(self, refund: Refund) -> None:
        apply(refund, GIVEN)

        apply(refund, SENT_BACK)

        assert everything(refund)["phase"] == "failed"
        assert refunded(refund) == 0
        assert events(refund)[-1].data["reason_code"] == "closed"
        assert [kind for kind, _, _ in cases(refund)] == ["refund_failed"]

    def test_is_not_revived_and_the_contradiction_is_a_case(self, refund: Refund) -> None:
        mark_refund_failed(refund, why="refused", cause=CAUSE, now=NOW)

        apply(refund, GIVEN)

        assert everything(refund)["phase"] == "failed"
        assert refunded(refund) == 0
        assert cases(refund)[-1] == (
            "conflicting_report",
            f"We hold refund {refund} as failed; the PSP now says successful.",
            True,
        )


class TestWhatIsNotBelieved:
    @pytest.mark.parametrize(
        ("money", "wrong"),
        [(Money("5.01", "EUR"), "5.01 EUR"), (Money("5.00", "USD"), "5.00 USD")],
    )
    def test_is_another_sum(self, refund: Refund, money: Money, wrong: str) -> None:
        before = everything(refund)

        settled = apply(refund, replace(GIVEN, money=money))

        assert settled.pk == refund.pk
        assert everything(refund) == before
        assert cases(refund) == [
            (
                "amount_mismatch",
                f"The PSP says {wrong} of refund {refund}, not 5.00 EUR.",
                True,
            )
        ]
        [event] = events(refund)
        assert (event.name, event.session, event.cause_id) == (
            "refund.report_refused",
            refund.session,
            "7",
        )
        assert event.data == {
            "refund": refund.public_id,
            "why": f"{wrong}, not 5.00 EUR",
            "psp_word": "successful",
            "reported": "successful",
            "refund_reference": "re_1",
            "reason_code": "",
        }

    def test_is_a_word_that_no_table_lists(self, refund: Refund) -> None:
        apply(
            refund,
            replace(GIVEN, state=RefundState.PENDING, psp_word="musing", known=False, money=None),
        )

        assert everything(refund)["phase"] == "pending"
        assert cases(refund) == [
            (
                "unknown_word",
                f"The PSP says 'musing' of {refund}, which no table lists.",
                True,
            )
        ]

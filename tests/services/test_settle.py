"""The gate of purchases: what each report writes, and what it leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from payments.domain.lifecycle import Phase, Verdict
from payments.models import Case, CauseKind, Event, Purchase, Refund, ShopNotification
from payments.services import settle
from payments.services.settle import Settled
from payments.services.timeline import Cause
from psp_clients.contract import Money, Report, ReportedState
from tests.builders import make_purchase, make_refund, make_session, make_shop

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
CAUSE = Cause(CauseKind.STAFF, "7", "ann")
SUM = Money("19.99", "EUR")
CAPTURED = Report(ReportedState.CAPTURED, "paid", SUM, SUM, payment_reference="ch_1")
PENDING = Report(ReportedState.PENDING, "processing", SUM, None)
TOO_MANY = "Order o-1 was paid already: this charge is one too many. "
DECLINED = Report(
    ReportedState.DECLINED, "declined", SUM, None, reason_code="funds", reason_text="No money."
)


def apply(purchase: Purchase, report: Report) -> Settled:
    return settle.apply_report(purchase, report, cause=CAUSE, now=NOW)


def row(purchase: Purchase, *names: str) -> tuple[Any, ...]:
    return tuple(everything(purchase)[name] for name in names)


def events(purchase: Purchase) -> list[Event]:
    return list(Event.objects.filter(purchase=purchase).order_by("position"))


def cases(purchase: Purchase) -> list[tuple[str, str, str, bool]]:
    """Return kind, detail, resolution, and whether it is open, of the purchase's cases."""
    found = Case.objects.filter(purchase=purchase).order_by("pk")
    return [(c.kind, c.detail, c.resolution, c.resolved_at is None) for c in found]


def everything(purchase: Purchase) -> dict[str, Any]:
    return dict(Purchase.objects.values().get(pk=purchase.pk))


class TestASuccess:
    def test_is_written_whole(self) -> None:
        leased = NOW + timedelta(minutes=1)
        purchase = make_purchase(polls=3, leased_until=leased)

        settled = apply(purchase, replace(CAPTURED, reason_code="c" * 65, reason_text="t" * 501))

        assert (settled.verdict, settled.refused) == (Verdict.ADVANCE, "")
        written = {
            "phase": "captured",
            "status": "successful",
            "phase_since": NOW,
            "polls": 0,
            "finished_at": NOW,
            "due_at": None,
            "leased_until": None,
            "reason_code": "c" * 64,
            "reason_text": "t" * 500,
            "payment_reference": "ch_1",
            "captured_amount": Decimal("19.99"),
            "surplus": False,
            "updated_at": NOW,
        }
        assert {name: everything(purchase)[name] for name in written} == written
        kept = settled.purchase
        assert (kept.phase, kept.status, kept.finished_at) == ("captured", "successful", NOW)
        assert (kept.polls, kept.due_at, kept.phase_since) == (0, None, NOW)
        assert kept.session.status == "completed"

    def test_is_an_event_with_its_cause_and_evidence(self) -> None:
        purchase = make_purchase()

        apply(purchase, replace(CAPTURED, reason_code="ok"))

        [event] = events(purchase)
        assert event.session == purchase.session
        assert (event.name, event.phase_before, event.phase_after) == (
            "purchase.captured",
            "pending",
            "captured",
        )
        assert (event.cause_kind, event.cause_id, event.actor) == ("staff", "7", "ann")
        assert event.data == {
            "psp_word": "paid",
            "reported": "captured",
            "psp_amount": "19.99 EUR",
            "psp_captured": "19.99 EUR",
            "reason_code": "ok",
            "captured_amount": "19.99",
        }

    def test_is_told_to_the_shop_as_it_stands(self) -> None:
        purchase = make_purchase()

        apply(purchase, CAPTURED)

        [notification] = ShopNotification.objects.filter(purchase=purchase)
        told = json.loads(notification.body)
        assert (notification.type, notification.due_at) == ("purchase.successful", NOW)
        assert (told["type"], told["data"]["status"]) == ("purchase.successful", "completed")
        assert told["data"]["purchase"]["captured_amount"] == "19.99"
        assert cases(purchase) == []

    def test_without_a_reference_keeps_the_one_we_have(self) -> None:
        purchase = make_purchase(payment_reference="ch_0")

        apply(purchase, replace(CAPTURED, payment_reference=""))

        assert row(purchase, "payment_reference") == ("ch_0",)

    def test_of_a_part_counts_where_the_shop_captures_by_hand(self) -> None:
        purchase = make_purchase(make_session(capture="manual"), phase="authorized")

        apply(purchase, replace(CAPTURED, captured=Money("5.00", "EUR")))

        assert row(purchase, "phase", "captured_amount") == ("captured", Decimal("5.00"))

    def test_said_again_changes_nothing(self) -> None:
        purchase = make_purchase()
        apply(purchase, CAPTURED)
        before = everything(purchase)

        settled = apply(purchase, CAPTURED)

        assert settled.verdict is Verdict.STALE
        assert everything(purchase) == before
        assert len(events(purchase)) == 1
        assert ShopNotification.objects.filter(purchase=purchase).count() == 1


class TestWhatIsUnderWay:
    def test_is_looked_at_again_later(self) -> None:
        purchase = make_purchase(phase="submitting", polls=2)

        settled = apply(purchase, PENDING)

        assert settled.verdict is Verdict.ADVANCE
        assert row(purchase, "phase", "status", "polls", "due_at", "finished_at") == (
            "pending",
            "started",
            0,
            NOW + timedelta(minutes=1),
            None,
        )
        assert settled.purchase.session.status == "registered"
        assert not ShopNotification.objects.filter(purchase=purchase).exists()
        [event] = events(purchase)
        assert event.data["psp_captured"] is None

    def test_leaves_what_was_captured_alone_until_the_psp_says_so(self) -> None:
        purchase = make_purchase(phase="submitting")

        apply(purchase, replace(PENDING, captured=SUM, money=None))

        assert row(purchase, "captured_amount", "surplus") == (Decimal(0), False)
        assert events(purchase)[0].data["psp_amount"] is None

    def test_says_nothing_of_the_phase_where_the_psp_has_not_acted(self) -> None:
        purchase = make_purchase(phase="in_doubt")
        before = everything(purchase)

        settled = apply(purchase, replace(PENDING, state=ReportedState.OPEN, psp_word="open"))

        assert (settled.verdict, settled.refused) == (None, "")
        assert everything(purchase) == before
        assert events(purchase) == []

    def test_is_in_doubt_after_a_lost_answer_and_looked_at_soon(self) -> None:
        purchase = make_purchase(phase="submitting")

        settled = settle.mark_in_doubt(purchase, why="lost", cause=CAUSE, now=NOW)

        assert settled.verdict is Verdict.ADVANCE
        assert row(purchase, "phase", "due_at", "reason_code", "reason_text") == (
            "in_doubt",
            NOW + timedelta(seconds=15),
            "",
            "lost",
        )
        [event] = events(purchase)
        assert (event.name, event.cause_kind) == ("purchase.in_doubt", "staff")
        assert event.data == {"why": "lost", "captured_amount": "0.00"}

    def test_is_not_put_in_doubt_by_an_answer_that_comes_too_late(self) -> None:
        purchase = make_purchase(phase="pending", reason_text="as before")
        before = everything(purchase)

        settled = settle.mark_in_doubt(purchase, why="lost", cause=CAUSE, now=NOW)

        assert settled.verdict is Verdict.STALE
        assert everything(purchase) == before
        assert events(purchase) == []


class TestAFailure:
    def test_is_told_with_its_reason(self) -> None:
        purchase = make_purchase()

        apply(purchase, DECLINED)

        assert row(purchase, "phase", "status", "reason_code", "reason_text", "due_at") == (
            "declined",
            "failed",
            "funds",
            "No money.",
            None,
        )
        assert [n.type for n in ShopNotification.objects.filter(purchase=purchase)] == [
            "purchase.failed"
        ]

    def test_that_is_proved_is_written_with_its_proof(self) -> None:
        purchase = make_purchase(phase="submitting")

        settled = settle.mark_errored(
            purchase, code="invalid_request", why="no such currency", cause=CAUSE, now=NOW
        )

        assert settled.verdict is Verdict.ADVANCE
        assert row(purchase, "phase", "reason_code", "reason_text", "finished_at") == (
            "errored",
            "invalid_request",
            "no such currency",
            NOW,
        )
        assert events(purchase)[0].data["why"] == "no such currency"

    def test_after_a_success_is_old_news(self) -> None:
        purchase = make_purchase(phase="captured")

        settled = apply(purchase, DECLINED)

        assert settled.verdict is Verdict.STALE
        assert row(purchase, "phase", "reason_code") == ("captured", "")
        [event] = events(purchase)
        assert (event.name, event.phase_before, event.phase_after) == (
            "report.stale",
            "captured",
            "captured",
        )
        assert (event.cause_id, event.data["psp_word"]) == ("7", "declined")
        assert event.data["reason_code"] == "funds"
        assert cases(purchase) == []

    def test_of_another_kind_than_the_one_we_hold_is_a_case(self) -> None:
        purchase = make_purchase(phase="cancelled")

        settled = apply(purchase, DECLINED)

        assert settled.verdict is Verdict.CONFLICT
        assert row(purchase, "phase") == ("cancelled",)
        assert [event.name for event in events(purchase)] == ["report.conflict"]
        assert cases(purchase) == [
            ("conflicting_report", "We hold cancelled; the PSP now says 'declined'.", "", True)
        ]

    def test_leaves_an_ended_session_as_it_is(self) -> None:
        purchase = make_purchase(make_session(status="completed"), phase="pending")

        settled = apply(purchase, DECLINED)

        assert settled.purchase.session.status == "completed"


class TestWhatIsNotBelieved:
    def test_is_another_sum(self) -> None:
        purchase = make_purchase()
        before = everything(purchase)

        settled = apply(purchase, replace(CAPTURED, captured=Money("19.98", "EUR")))

        assert (settled.verdict, settled.refused) == (None, "mismatch")
        assert everything(purchase) == before
        wrong = "captured 19.98 EUR, not 19.99 EUR"
        assert cases(purchase) == [("amount_mismatch", f"The PSP says {wrong}.", "", True)]
        [event] = events(purchase)
        assert (event.name, event.data["why"]) == ("report.refused", wrong)
        assert (event.session, event.cause_id) == (purchase.session, "7")
        assert event.data["psp_captured"] == "19.98 EUR"

    def test_is_a_part_where_all_was_to_be_captured(self) -> None:
        purchase = make_purchase()

        settled = apply(purchase, replace(CAPTURED, captured=Money("5.00", "EUR")))

        assert settled.refused == "mismatch"

    def test_is_a_word_that_no_table_lists(self) -> None:
        purchase = make_purchase(phase="submitting")

        apply(purchase, replace(PENDING, psp_word="musing", known=False))

        assert row(purchase, "phase") == ("pending",)
        assert cases(purchase) == [
            ("unknown_word", "The PSP says 'musing', which no table lists.", "", True)
        ]


class TestASecondSuccessOfAnOrder:
    def rivals(self, phase: str, **fields: Any) -> tuple[Purchase, Purchase]:
        """Return an order's earlier purchase in a phase, and one that is pending."""
        shop = make_shop()
        sessions = [make_session(shop=shop, order_reference="o-1") for _ in range(2)]
        earlier = make_purchase(sessions[0], phase=phase, **fields)
        return earlier, make_purchase(sessions[1], phase="declined")

    def test_is_surplus_and_goes_back_by_itself(self) -> None:
        _, purchase = self.rivals("captured")

        apply(purchase, CAPTURED)

        assert row(purchase, "phase", "surplus") == ("captured", True)
        [refund] = Refund.objects.filter(purchase=purchase)
        assert (refund.amount, refund.currency, refund.origin) == ("19.99", "EUR", "surplus")
        assert refund.due_at == NOW
        assert cases(purchase) == [
            (
                "surplus",
                "Order o-1 was paid already: this charge is one too many. It is being given back.",
                "",
                True,
            )
        ]

    def test_is_left_to_a_person_where_the_other_charge_is_gone(self) -> None:
        earlier, purchase = self.rivals("captured")
        Refund.objects.create(
            session=earlier.session,
            purchase=earlier,
            amount="19.99",
            currency="EUR",
            phase="successful",
            phase_since=NOW,
        )

        apply(purchase, CAPTURED)

        assert not Refund.objects.filter(purchase=purchase).exists()
        [(kind, detail, _, is_open)] = cases(purchase)
        assert (kind, is_open) == ("surplus", True)
        assert detail == TOO_MANY + "Decide whether to keep it or to give it back."

    def test_that_the_psps_client_cannot_give_back_is_said_to_people(self) -> None:
        shop = make_shop()
        make_purchase(make_session(shop=shop, order_reference="o-1"), phase="captured")
        odd = make_session(shop=shop, order_reference="o-1", psp_token="..")
        purchase = make_purchase(odd, phase="declined")

        apply(purchase, CAPTURED)

        [(kind, detail, _, _)] = cases(purchase)
        assert kind == "surplus"
        assert detail == TOO_MANY + (
            "It has to be given back by hand: the PSP's client refuses "
            "(psp_token cannot be part of a path)."
        )

    def test_goes_back_as_long_as_a_cent_of_any_other_charge_is_kept(self) -> None:
        shop = make_shop()
        gone, kept, surplus = (
            make_purchase(make_session(shop=shop, order_reference="o-1"), **fields)
            for fields in (
                {"phase": "captured", "surplus": True},
                {"phase": "captured"},
                {"phase": "declined"},
            )
        )
        for earlier, amount in ((gone, "19.99"), (kept, "19.98")):
            make_refund(earlier, amount=amount, phase="successful")

        apply(surplus, CAPTURED)

        assert Refund.objects.filter(purchase=surplus, origin="surplus").exists()

    def test_is_none_where_the_other_failed(self) -> None:
        _, purchase = self.rivals("cancelled")

        apply(purchase, CAPTURED)

        assert row(purchase, "surplus") == (False,)

    def test_is_none_where_the_other_is_itself_surplus(self) -> None:
        earlier, purchase = self.rivals("captured", surplus=True)

        apply(purchase, CAPTURED)

        assert row(purchase, "surplus") == (False,)
        assert row(earlier, "surplus") == (True,)

    def test_is_none_in_another_shop_or_without_an_order(self) -> None:
        make_purchase(make_session(order_reference="o-1"), phase="captured")
        make_purchase(make_session(order_reference=""), phase="captured")
        other = make_purchase(make_session(order_reference="o-1"), phase="pending")
        shop = make_shop()
        make_purchase(make_session(shop=shop, order_reference=""), phase="captured")
        nameless = make_purchase(make_session(shop=shop, order_reference=""), phase="pending")

        for purchase in (other, nameless):
            apply(purchase, CAPTURED)

            assert row(purchase, "surplus") == (False,)


class TestASuccessAfterAFailure:
    def late(self, policy: str) -> Purchase:
        purchase = make_purchase(
            make_session(shop=make_shop(late_success=policy), status="completed"), phase="expired"
        )
        apply(purchase, CAPTURED)
        assert row(purchase, "phase", "surplus") == ("captured", False)
        return purchase

    def test_is_kept_where_the_shop_accepts_it(self) -> None:
        purchase = self.late("accept")

        assert cases(purchase) == [
            (
                "late_success",
                "Charged after the purchase had ended as expired.",
                "Accepted by the shop's policy.",
                False,
            )
        ]
        assert Case.objects.get(purchase=purchase).resolved_at == NOW
        assert not Refund.objects.exists()

    def test_goes_back_where_the_shop_does_not_want_it(self) -> None:
        purchase = self.late("refund")

        [refund] = Refund.objects.filter(purchase=purchase)
        assert (refund.amount, refund.origin) == ("19.99", "late_success")
        assert cases(purchase) == [
            (
                "late_success",
                "Charged after the purchase had ended as expired. It is being given back.",
                "",
                True,
            )
        ]

    def test_waits_for_a_person_where_the_shop_wants_to_be_asked(self) -> None:
        purchase = self.late("ask")

        assert not Refund.objects.exists()
        [(_, detail, _, is_open)] = cases(purchase)
        assert detail.endswith("as expired. Decide whether to keep it or to give it back.")
        assert is_open


class TestTheLock:
    def test_hands_out_the_row_as_it_is_now(self) -> None:
        purchase = make_purchase(phase="submitting")
        stale = Purchase.objects.select_related("session", "shop").get(pk=purchase.pk)
        apply(purchase, PENDING)

        settled = apply(stale, replace(PENDING, state=ReportedState.AUTHORIZED))

        assert settled.purchase.pk == purchase.pk
        assert [event.phase_before for event in events(purchase)] == [
            Phase.SUBMITTING,
            Phase.PENDING,
        ]


class TestAReservationAfterTheEnd:
    RESERVED = replace(PENDING, state=ReportedState.AUTHORIZED, psp_word="authorized")

    def test_is_left_to_a_person(self) -> None:
        purchase = make_purchase(make_session(capture="manual"), phase=Phase.EXPIRED)

        apply(purchase, self.RESERVED)

        detail = (
            "The purchase ended as expired, and the PSP now says that it has reserved the "
            "shopper's 19.99 EUR. Nothing will be taken. If it is still reserved there, let it "
            "go in the PSP's own pages."
        )
        assert cases(purchase) == [("conflicting_report", detail, "", True)]

    def test_is_nobodys_where_the_psp_captures_by_itself(self) -> None:
        purchase = make_purchase(phase=Phase.EXPIRED)

        apply(purchase, self.RESERVED)

        assert cases(purchase) == []

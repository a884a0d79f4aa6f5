"""What webhooks tell beside a payment's state: refunds, disputes, doorbells, doubts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from payments.broker import broker
from payments.models import (
    CaseKind,
    CauseKind,
    Event,
    PaymentSession,
    PspCall,
    Purchase,
    Refund,
    WebhookReceipt,
)
from payments.services.receipts import process_receipt
from payments.services.request_refund import request_refund
from payments.services.timeline import Cause
from tests.builders import make_purchase
from tests.hosted.street import Street


def paid(street: Street) -> PaymentSession:
    """Return a session that was paid on the page."""
    session = street.register()
    street.acts(session, "paid")
    street.tell(session)
    street.work()
    assert street.stands(session)[1] == "captured"
    return session


def refunded(street: Street, session: PaymentSession) -> tuple[Refund, dict[str, Any]]:
    """Return a refund of 5.00 that the PSP has taken on, and its object there."""
    request_refund(
        purchase_id=Purchase.objects.get(session=session).pk,
        amount=Decimal("5.00"),
        reason="late",
        cause=Cause(CauseKind.API_REQUEST, "r"),
        now=timezone.now(),
    )
    street.work()
    [there] = street.psp.pages[session.psp_token or ""].refunds
    return Refund.objects.get(session=session), there


class TestNewsOfARefundAtAPspThatCannotBeAsked:
    def test_finishes_the_refund(self, told_street: Street):
        street = told_street
        session = paid(street)
        refund, there = refunded(street, session)
        assert refund.phase == "pending"

        street.tell(refund={**there, "status": "successful"})
        street.work()

        refund.refresh_from_db()
        assert (refund.phase, refund.refund_reference) == ("successful", there["id"])
        assert street.psp.look_ups == []

    def test_finds_it_by_the_psps_reference_alone(self, told_street: Street):
        street = told_street
        session = paid(street)
        refund, there = refunded(street, session)

        street.tell(refund={**there, "reference": "unknown", "status": "failed"})
        street.work()

        refund.refresh_from_db()
        assert refund.phase == "failed"
        assert [case.kind for case in session.cases.all()] == [CaseKind.REFUND_FAILED]

    def test_may_take_a_success_back(self, told_street: Street):
        street = told_street
        session = paid(street)
        refund, there = refunded(street, session)
        for status in ("successful", "failed"):
            street.tell(refund={**there, "status": status})
            street.work()

        refund.refresh_from_db()
        assert refund.phase == "failed"
        purchase = street.purchase(session)
        assert purchase is not None
        assert purchase.refunded_amount == Decimal(0)

    def test_is_waited_for_a_week_before_a_person_is_asked(self, told_street: Street):
        street = told_street
        session = paid(street)
        refund, _ = refunded(street, session)
        past = timezone.now() - timedelta(days=8)
        Refund.objects.filter(pk=refund.pk).update(phase_since=past, due_at=past)

        street.work()

        assert [case.kind for case in session.cases.all()] == [CaseKind.UNANSWERED]
        assert street.psp.look_ups == []

    def test_of_a_refund_that_is_not_ours_is_noted(self, told_street: Street):
        street = told_street
        session = paid(street)
        _, there = refunded(street, session)

        street.tell(session, refund={**there, "reference": "other", "id": "re_other"})
        street.work()

        note = WebhookReceipt.objects.latest("pk").note
        assert note == "about a refund that is none of ours"


class TestNewsThatNamesAPaymentByThePspsOwnReference:
    def test_finds_its_session(self, told_street: Street):
        street = told_street
        session = paid(street)

        street.tell(charge=f"ch_{session.psp_token}", attention="Disputed: 19.99 EUR.")
        street.work()

        assert WebhookReceipt.objects.latest("pk").session_id == session.pk

    def test_finds_none_at_another_psp(self, told_street: Street):
        street = told_street
        stranger = make_purchase(payment_reference="ch_elsewhere")

        street.tell(charge="ch_elsewhere", attention="Disputed.")
        street.work()

        assert stranger.session.cases.count() == 0
        assert WebhookReceipt.objects.get().session is None


class TestNewsForAPerson:
    def test_opens_a_case_and_stands_in_the_history(self, street: Street):
        session = paid(street)

        street.tell(session, attention="Disputed: 19.99 EUR.")
        street.work()

        [case] = session.cases.all()
        assert (case.kind, case.detail) == (CaseKind.PSP_NEWS, "Disputed: 19.99 EUR.")
        told = Event.objects.get(session=session, name="psp.news")
        assert (told.cause_kind, told.data) == ("receipt", {"why": "Disputed: 19.99 EUR."})
        assert street.stands(session) == ("completed", "captured", 0)

    def test_is_told_once_however_often_it_is_delivered(self, street: Street):
        session = paid(street)

        for _ in range(3):
            street.tell(session, id="evt-dispute", attention="Disputed.")
            street.work()

        assert session.cases.count() == 1
        assert Event.objects.filter(session=session, name="psp.news").count() == 1


class TestSeveralEventsInOneWebhook:
    def test_are_stored_one_by_one(self, told_street: Street):
        street = told_street
        sessions = [street.register() for _ in range(3)]
        events = []
        for session in sessions:
            street.acts(session, "paid")
            page = street.psp.pages[session.psp_token or ""].as_json()
            events.append({"id": uuid4().hex, "type": "paid", "session": page})

        response = street.send(*events)
        street.work()

        assert (response.status_code, response.content) == (202, b"[taken]")
        assert WebhookReceipt.objects.count() == 3
        assert [street.stands(session)[1] for session in sessions] == ["captured"] * 3

    def test_do_not_hide_each_other_when_one_is_repeated(self, told_street: Street):
        street = told_street
        session = street.register()
        event = {"id": "evt-1", "type": "changed"}
        street.send(event)
        street.acts(session, "paid")
        page = street.psp.pages[session.psp_token or ""].as_json()

        street.send(event, {"id": "evt-2", "type": "paid", "session": page})
        street.work()

        assert street.stands(session)[1] == "captured"
        assert WebhookReceipt.objects.get(event_id="evt-1").deliveries == 2


class TestAWebhookThatIsNotSigned:
    def test_about_nothing_of_ours_is_taken_and_leaves_nothing(self, unsigned_street: Street):
        response = unsigned_street.ring("page_unknown")

        assert response.status_code == 202
        assert WebhookReceipt.objects.count() == 0

    def test_never_makes_more_than_one_row_for_a_payment(self, unsigned_street: Street):
        street = unsigned_street
        session = street.register()
        for _ in range(20):
            street.ring(session.psp_token or "")
        street.work()
        for _ in range(20):
            street.ring(session.psp_token or "")

        receipt = WebhookReceipt.objects.get()

        assert (receipt.event_id, receipt.deliveries) == (None, 40)

    def test_costs_one_look_however_many_come(self, unsigned_street: Street):
        street = unsigned_street
        session = paid_unsigned(street)
        assert len(street.psp.look_ups) == 1

        for _ in range(20):
            street.ring(session.psp_token or "")
            street.work()

        assert len(street.psp.look_ups) == 1
        street.let_pass(session, seconds=6)
        street.work()
        assert len(street.psp.look_ups) == 2

    def test_is_worked_on_again_when_it_rings_again(self, unsigned_street: Street):
        street = unsigned_street
        session = street.register()
        street.acts(session, "thinking")
        street.ring(session.psp_token or "")
        street.work()
        assert street.stands(session)[1] == "pending"
        street.acts(session, "paid")

        street.ring(session.psp_token or "")
        street.let_pass(session, seconds=6)
        street.work()

        assert street.stands(session)[1] == "captured"

    def test_is_not_lost_when_it_rings_while_the_last_one_is_worked_on(
        self, unsigned_street: Street, monkeypatch: pytest.MonkeyPatch
    ):
        street = unsigned_street
        session = street.register()
        street.acts(session, "thinking")
        street.ring(session.psp_token or "")
        receipt = WebhookReceipt.objects.get()
        rung: list[object] = []

        def ring_once(point: object) -> None:
            if not rung:
                rung.append(point)
                street.ring(session.psp_token or "")

        monkeypatch.setattr("payments.services.receipts.passing", ring_once)
        process_receipt(receipt.pk, now=timezone.now())
        street.acts(session, "paid")

        street.let_pass(session, seconds=6)
        street.work()

        assert street.stands(session)[1] == "captured"

    def test_without_a_payment_is_refused(self, unsigned_street: Street):
        response = unsigned_street.deliver(b"id=", {})

        assert response.status_code == 401


def paid_unsigned(street: Street) -> PaymentSession:
    """Return a session whose payment was told of without a signature."""
    session = street.register()
    street.acts(session, "paid")
    street.ring(session.psp_token or "")
    street.work()
    return session


class TestAWebhookThatCannotBeVerifiedNow:
    def test_is_sent_back_stored_nowhere_and_counted(self, street: Street):
        broker().ask("DEL", "bps:webhooks:hosted:unverifiable")

        response = street.deliver(b"{}", {"x-signature": "ask me"})

        assert response.status_code == 503
        assert WebhookReceipt.objects.count() == 0
        metrics = Client().get("/metrics").content.decode()
        assert 'bps_unverifiable_webhooks{psp="hosted"} 1.0' in metrics


class TestAForgedWebhook:
    def test_makes_no_purchase(self, told_street: Street):
        street = told_street
        session = street.register()
        street.acts(session, "paid")

        response = street.deliver(b'{"events": []}', {"x-signature": "forged"})
        street.work()

        assert response.status_code == 401
        assert street.stands(session) == ("registered", "", 0)
        assert (Purchase.objects.count(), PspCall.objects.filter(operation="fetch").count()) == (
            0,
            0,
        )

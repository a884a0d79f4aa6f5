"""Working on a receipt: its session is found, the PSP is asked, and nothing it says is believed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from payments.models import Event, PaymentSession, PspCall, Purchase, WebhookReceipt
from payments.services import due
from payments.services.receipts import process_receipt
from tests.builders import make_purchase, make_session
from tests.webhooks.psp import Delivery


def work(now: datetime) -> bool:
    """Work on a due receipt as a worker does; tell whether there was one."""
    claimed = due.claim_due("receipt", now=now)
    if claimed is not None:
        process_receipt(claimed, now=now)
    return claimed is not None


def receipt() -> WebhookReceipt:
    return WebhookReceipt.objects.get()


@pytest.mark.django_db
class TestAReceiptForNoSessionOfOurs:
    def test_is_looked_at_five_times_then_left_unmatched(self, db: None) -> None:
        Delivery.about(None).send()
        now = timezone.now()
        waits = []

        for _ in range(4):
            assert work(now)
            due_at = receipt().due_at
            assert due_at is not None
            waits.append((due_at - now).total_seconds())
            now = due_at
        assert work(now)

        assert waits == [2, 5, 15, 60]
        assert (receipt().state, receipt().due_at) == ("unmatched", None)
        assert (receipt().attempts, receipt().leased_until) == (5, None)
        assert not work(now + timedelta(days=30))
        assert PspCall.objects.count() == 0

    def test_finds_a_session_that_is_committed_later(self, db: None) -> None:
        Delivery.about(None).send()
        now = timezone.now()
        assert work(now)
        session = make_session(psp_token="tok_unknown")

        assert work(now + timedelta(seconds=2))

        assert (receipt().state, receipt().session_id) == ("processed", session.pk)


@pytest.mark.django_db
class TestAReceiptForASessionNobodyBoughtOn:
    @pytest.mark.parametrize("status", ["registered", "expired", "cancelled"])
    def test_is_filed_with_it_and_moves_nothing(self, session: PaymentSession, status: str) -> None:
        PaymentSession.objects.filter(pk=session.pk).update(status=status)
        Delivery.about(session).send()

        assert work(timezone.now())

        session.refresh_from_db()
        assert (receipt().state, receipt().session_id) == ("processed", session.pk)
        assert receipt().note == "nobody had pressed Buy Now"
        assert session.status == status
        assert Event.objects.count() == 0
        assert Purchase.objects.count() == 0


@pytest.mark.django_db(transaction=True)
class TestAReceiptWhileThePspCannotBeAsked:
    @pytest.mark.parametrize("phase", ["submitting", "in_doubt", "pending", "declined"])
    def test_that_says_paid_is_not_believed_and_stays_due(
        self, session: PaymentSession, phase: str
    ) -> None:
        make_purchase(session, phase=phase)
        Delivery.about(session).send()
        now = timezone.now()

        assert work(now)

        assert Purchase.objects.get().phase == phase
        assert (receipt().state, receipt().leased_until) == ("waiting", None)
        assert receipt().due_at == now + timedelta(seconds=2)
        assert PspCall.objects.get().outcome == "not_sent"
        assert Event.objects.count() == 0

"""A genuine webhook is stored as it came, once, and answered at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from payments.models import PaymentSession, Purchase, WebhookReceipt
from tests.builders import make_purchase
from tests.database.tables import snapshot
from tests.webhooks.psp import OTHER_SECRET, URL, Delivery

RECEIPTS = "payments_webhookreceipt"


@pytest.mark.django_db
class TestAGenuineWebhook:
    def test_is_stored_byte_for_byte(self, session: PaymentSession) -> None:
        delivery = Delivery.about(session)
        spaced = delivery.but(body=delivery.body.replace(b",", b" ,\t\r\n  "))

        response = spaced.send()

        receipt = WebhookReceipt.objects.get()
        assert (response.status_code, response.content) == (200, b"")
        assert bytes(receipt.body) == spaced.body
        assert receipt.headers == {
            "Content-Type": "application/json",
            "Webhook-Id": spaced.event_id,
            "Webhook-Signature": spaced.signatures(),
            "Webhook-Timestamp": str(int(spaced.signed_at.timestamp())),
        }

    def test_is_stored_when_its_address_lacks_the_last_slash(self, session: PaymentSession) -> None:
        response = Delivery.about(session).send(URL.removesuffix("/"))

        assert response.status_code == 200
        assert WebhookReceipt.objects.get().state == "waiting"

    def test_is_due_for_a_worker_at_once(self, session: PaymentSession) -> None:
        before = timezone.now()
        delivery = Delivery.about(session)

        delivery.send()

        receipt = WebhookReceipt.objects.get()
        assert (receipt.psp, receipt.state) == ("sandbox", "waiting")
        assert (receipt.event_id, receipt.event_type) == (delivery.event_id, "session.paid")
        assert (receipt.psp_token, receipt.reference) == (session.psp_token, session.reference)
        assert receipt.due_at is not None
        assert before <= receipt.due_at <= timezone.now()
        assert (receipt.deliveries, receipt.attempts, receipt.leased_until) == (1, 0, None)

    def test_changes_nothing_but_the_inbox(self, session: PaymentSession) -> None:
        make_purchase(session, phase="in_doubt")
        before = snapshot()

        Delivery.about(session).send()

        after = snapshot()
        assert {name for name in after if after[name] != before[name]} == {RECEIPTS}
        assert Purchase.objects.get().phase == "in_doubt"

    def test_keeps_no_header_that_may_be_a_secret(self, session: PaymentSession) -> None:
        delivery = Delivery.about(session).but(
            headers={"Authorization": "Bearer x", "Cookie": "a=b", "X-Forwarded-For": "10.0.0.1"}
        )

        delivery.send()

        assert set(WebhookReceipt.objects.get().headers) == {
            "Content-Type",
            "Webhook-Id",
            "Webhook-Signature",
            "Webhook-Timestamp",
        }

    @pytest.mark.parametrize("times", [2, 5])
    def test_sent_again_is_counted_and_changes_nothing_else(
        self, session: PaymentSession, times: int
    ) -> None:
        delivery = Delivery.about(session)
        delivery.send()
        first = dict(WebhookReceipt.objects.values().get())

        for _ in range(times - 1):
            assert delivery.send().status_code == 200

        assert WebhookReceipt.objects.values().get() == {**first, "deliveries": times}

    def test_of_the_same_event_signed_anew_is_the_same_event(self, session: PaymentSession) -> None:
        delivery = Delivery.about(session)
        delivery.send()

        later = delivery.but(signed_at=timezone.now() + timedelta(seconds=30))

        assert later.send().status_code == 200
        assert WebhookReceipt.objects.get().deliveries == 2

    def test_sent_again_after_it_was_worked_on_is_not_worked_on_again(
        self, session: PaymentSession
    ) -> None:
        delivery = Delivery.about(session)
        delivery.send()
        WebhookReceipt.objects.update(state="processed", due_at=None)

        delivery.send()

        receipt = WebhookReceipt.objects.get()
        assert (receipt.state, receipt.due_at, receipt.deliveries) == ("processed", None, 2)

    def test_of_another_event_is_another_receipt(self, session: PaymentSession) -> None:
        for _ in range(3):
            Delivery.about(session).send()

        assert WebhookReceipt.objects.count() == 3

    @pytest.mark.parametrize("age", [-290, -1, 0, 1, 290])
    def test_may_be_five_minutes_old_or_early(self, session: PaymentSession, age: int) -> None:
        delivery = Delivery.about(session).but(signed_at=timezone.now() - timedelta(seconds=age))

        assert delivery.send().status_code == 200

    @pytest.mark.parametrize("used", [0, 1])
    def test_may_be_signed_with_either_secret_during_a_rotation(
        self, session: PaymentSession, settings: Any, used: int
    ) -> None:
        secrets = (OTHER_SECRET, settings.SANDBOX_PSP_WEBHOOK_SECRETS)
        settings.SANDBOX_PSP_WEBHOOK_SECRETS = ", ".join(secrets)

        delivery = Delivery.about(session).but(secrets=(secrets[used],))

        assert delivery.send().status_code == 200
        assert WebhookReceipt.objects.get().state == "waiting"

    def test_may_carry_a_signature_by_a_secret_that_we_do_not_know_yet(
        self, session: PaymentSession, settings: Any
    ) -> None:
        known = settings.SANDBOX_PSP_WEBHOOK_SECRETS

        delivery = Delivery.about(session).but(secrets=(OTHER_SECRET, known))

        assert delivery.send().status_code == 200

    @pytest.mark.parametrize(
        "changes",
        [{"type": "t" * 255}, {"type": "session.painted"}, {"extra": {"deep": [1, 2, 3]}}],
    )
    def test_of_an_unusual_kind_is_stored_all_the_same(
        self, session: PaymentSession, changes: dict[str, Any]
    ) -> None:
        assert Delivery.about(session, **changes).send().status_code == 200
        assert WebhookReceipt.objects.get().state == "waiting"

    @pytest.mark.parametrize("length", [65, 255])
    def test_with_a_reference_longer_than_ours_is_stored_all_the_same(
        self, session: PaymentSession, length: int
    ) -> None:
        data = {"session": {"token": session.psp_token, "reference": "r" * length}}

        assert Delivery.about(session, data=data).send().status_code == 200
        assert WebhookReceipt.objects.get().state == "waiting"

    def test_about_no_session_of_ours_is_stored(self, db: None) -> None:
        assert Delivery.about(None).send().status_code == 200
        assert WebhookReceipt.objects.get().psp_token == "tok_unknown"

    def test_up_to_256_kib_is_stored(self, session: PaymentSession) -> None:
        delivery = Delivery.about(session)
        largest = delivery.but(body=delivery.body.ljust(256 * 1024))

        assert largest.send().status_code == 200
        assert len(bytes(WebhookReceipt.objects.get().body)) == 256 * 1024


@pytest.mark.django_db(transaction=True)
class TestItsCost:
    def test_is_at_most_three_statements(self, session: PaymentSession) -> None:
        first, second = Delivery.about(session), Delivery.about(session)
        first.send()

        with CaptureQueriesContext(connection) as statements:
            response = second.send()

        assert response.status_code == 200
        assert len(statements) <= 3, [entry["sql"][:90] for entry in statements]

    def test_is_no_more_when_it_is_sent_again(self, session: PaymentSession) -> None:
        delivery = Delivery.about(session)
        delivery.send()

        with CaptureQueriesContext(connection) as statements:
            delivery.send()

        assert len(statements) <= 3, [entry["sql"][:90] for entry in statements]

    def test_is_stored_before_it_is_answered(self, session: PaymentSession) -> None:
        delivery = Delivery.about(session)

        assert delivery.send().status_code == 200

        assert connection.in_atomic_block is False
        assert WebhookReceipt.objects.filter(event_id=delivery.event_id).count() == 1

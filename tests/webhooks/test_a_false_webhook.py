"""A webhook that is not proved to come from the PSP, now, is evidence and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from payments.models import PaymentSession, WebhookReceipt
from tests.builders import make_purchase
from tests.database.tables import snapshot
from tests.webhooks.psp import OTHER_SECRET, URL, Delivery, event_body

pytestmark = pytest.mark.django_db

RECEIPTS = "payments_webhookreceipt"


def rejected(delivery: Delivery) -> WebhookReceipt:
    """Expect a 401, and nothing new but one piece of evidence; return it."""
    before = snapshot()
    response = delivery.send()
    after = snapshot()
    assert response.status_code == 401
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert {name for name in after if after[name] != before[name]} == {RECEIPTS}
    receipt = WebhookReceipt.objects.get(state="rejected")
    assert (receipt.event_id, receipt.session_id, receipt.due_at) == (None, None, None)
    assert response.content.decode() == f"Not accepted: {receipt.note}"
    return receipt


@pytest.fixture
def session(session: PaymentSession) -> PaymentSession:
    """Return a session whose purchase is in doubt, which a forger would like to be paid."""
    make_purchase(session, phase="in_doubt")
    return session


class TestAForgedWebhook:
    def test_signed_with_a_wrong_secret_is_rejected(self, session: PaymentSession) -> None:
        receipt = rejected(Delivery.about(session).but(secrets=(OTHER_SECRET,)))

        assert receipt.note == "no signature is by a secret we know"

    def test_whose_body_was_changed_is_rejected(self, session: PaymentSession) -> None:
        genuine = Delivery.about(session)
        signed = {"webhook-signature": genuine.signatures()}

        rejected(genuine.but(body=genuine.body.replace(b"paid", b"open"), headers=signed))

    def test_whose_body_got_one_more_space_is_rejected(self, session: PaymentSession) -> None:
        genuine = Delivery.about(session)
        signed = {"webhook-signature": genuine.signatures()}

        rejected(genuine.but(body=genuine.body + b" ", headers=signed))

    def test_whose_id_was_changed_is_rejected(self, session: PaymentSession) -> None:
        genuine = Delivery.about(session)
        signed = {"webhook-signature": genuine.signatures()}

        rejected(genuine.but(event_id="evt_new", headers=signed))

    def test_whose_time_was_changed_is_rejected(self, session: PaymentSession) -> None:
        genuine = Delivery.about(session)
        signed = {"webhook-signature": genuine.signatures()}

        rejected(genuine.but(signed_at=genuine.signed_at + timedelta(seconds=9), headers=signed))

    def test_whose_id_differs_between_header_and_body_is_rejected(
        self, session: PaymentSession
    ) -> None:
        body = event_body(session, "evt_in_the_body")

        receipt = rejected(Delivery(body=body, event_id="evt_in_the_header"))

        assert receipt.note == "the body is not a webhook's: the id differs from the header's"

    def test_does_not_take_the_place_of_the_real_one(self, session: PaymentSession) -> None:
        genuine = Delivery.about(session)
        rejected(genuine.but(secrets=(OTHER_SECRET,)))

        assert genuine.send().status_code == 200

        states = WebhookReceipt.objects.order_by("created_at").values_list("state", flat=True)
        assert list(states) == ["rejected", "waiting"]

    def test_leaves_the_first_of_its_body_as_evidence(self, session: PaymentSession) -> None:
        body = event_body(session, "evt_1").ljust(100_000)

        receipt = rejected(Delivery(body=body, event_id="evt_1", secrets=(OTHER_SECRET,)))

        assert bytes(receipt.body) == body[:4096]

    def test_that_is_an_old_secret_s_after_the_rotation_is_rejected(
        self, session: PaymentSession, settings: Any
    ) -> None:
        old = settings.SANDBOX_PSP_WEBHOOK_SECRETS
        settings.SANDBOX_PSP_WEBHOOK_SECRETS = OTHER_SECRET

        rejected(Delivery.about(session).but(secrets=(old,)))


class TestAnUnsignedWebhook:
    @pytest.mark.parametrize(
        "signature",
        ["", "v1,", "v1", "v2,abc", "nonsense", "v1," + "A" * 44, "v1a,abc v1,abc", " ", ","],
    )
    def test_is_rejected(self, session: PaymentSession, signature: str) -> None:
        rejected(Delivery.about(session).but(headers={"webhook-signature": signature}))

    @pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    @pytest.mark.parametrize("value", ["", "\xe9\xe9", "x" * 5000])
    def test_by_lack_of_any_of_its_headers_is_rejected(
        self, session: PaymentSession, header: str, value: str
    ) -> None:
        receipt = rejected(Delivery.about(session).but(headers={header: value}))

        assert receipt.note == f"the header {header} is missing or malformed"

    def test_of_a_browser_is_rejected(self, db: None) -> None:
        response = Client(enforce_csrf_checks=True).post(URL, {"status": "paid"})

        assert response.status_code == 401


class TestAWebhookOfAnotherTime:
    @pytest.mark.parametrize("age", [301, 3600, 86_400 * 365, -310, -86_400 * 365])
    def test_is_rejected(self, session: PaymentSession, age: int) -> None:
        signed_at = timezone.now() - timedelta(seconds=age)

        receipt = rejected(Delivery.about(session).but(signed_at=signed_at))

        assert receipt.note == "signed too long ago, or in the future"

    @pytest.mark.parametrize(
        "stamp", ["0", "-1", "1e9", "9" * 11, "9" * 12, "now", "\u0661", "1.5"]
    )
    def test_that_is_no_time_is_rejected(self, session: PaymentSession, stamp: str) -> None:
        rejected(Delivery.about(session).but(headers={"webhook-timestamp": stamp}))


class TestAWebhookThatIsNone:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"[]",
            b"null",
            b"hello",
            b"{",
            b'{"id": "evt_1"}',
            b'{"id": "evt_1", "type": "x", "data": {}}',
            b'{"id": "evt_1", "id": "evt_1"}',
            b"[" * 100_000,
            b'{"id": NaN}',
        ],
    )
    def test_is_rejected_even_if_it_is_signed(self, session: PaymentSession, body: bytes) -> None:
        rejected(Delivery(body=body, event_id="evt_1"))

    @pytest.mark.parametrize("body", [b"\xff\xfe", b"\x80" * 5000, b"\x00"])
    def test_is_rejected_if_it_is_not_even_text(self, session: PaymentSession, body: bytes) -> None:
        rejected(Delivery(body=body, event_id="evt_1", headers={"webhook-signature": "v1,x"}))


class TestAWebhookThatIsTooLarge:
    def test_is_refused_and_leaves_nothing(self, session: PaymentSession) -> None:
        delivery = Delivery.about(session)
        before = snapshot()

        response = delivery.but(body=delivery.body.ljust(256 * 1024 + 1)).send()

        assert response.status_code == 413
        assert snapshot() == before


class TestAnAddress:
    @pytest.mark.parametrize("psp", ["unknown", "stripe", "Sandbox", "sandbox2"])
    def test_of_a_psp_that_is_not_in_use_is_not_found(
        self, session: PaymentSession, psp: str
    ) -> None:
        before = snapshot()

        response = Delivery.about(session).send(f"/webhooks/{psp}/")

        assert response.status_code == 404
        assert snapshot() == before

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
    def test_takes_posts_alone(self, db: None, method: str) -> None:
        before = snapshot()

        response = Client().generic(method, URL)

        assert (response.status_code, response["Allow"]) == (405, "POST")
        assert snapshot() == before

    def test_names_the_secret_nowhere(self, session: PaymentSession) -> None:
        receipt = rejected(Delivery.about(session).but(secrets=(OTHER_SECRET,)))

        secret = settings.SANDBOX_PSP_WEBHOOK_SECRETS
        assert secret not in str(WebhookReceipt.objects.values().get(pk=receipt.pk))

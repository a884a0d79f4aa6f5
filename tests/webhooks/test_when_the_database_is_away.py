"""When the database is away a PSP is told to send its webhook again, never that it is stored."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, Error, InterfaceError, OperationalError, connection

from payments.models import PaymentSession, WebhookReceipt
from tests.webhooks.psp import OTHER_SECRET, Delivery

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, DatabaseError])
class TestAWebhook:
    @pytest.mark.parametrize("secrets", [(), (OTHER_SECRET,)], ids=["genuine", "forged"])
    def test_is_answered_503_and_taken_when_it_comes_again(
        self, session: PaymentSession, error: type[Error], secrets: tuple[str, ...]
    ) -> None:
        delivery = Delivery.about(session).but(secrets=secrets)

        def away(*_: Any) -> Any:
            raise error("the connection was lost")

        with connection.execute_wrapper(away):
            response = delivery.send()

        assert (response.status_code, response.content) == (503, b"Not stored. Send it again.")
        assert WebhookReceipt.objects.count() == 0
        assert delivery.send().status_code == (401 if secrets else 200)
        assert WebhookReceipt.objects.count() == 1

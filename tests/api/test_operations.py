"""What operators ask: alive, ready, and how much is waiting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, InterfaceError, OperationalError, connection
from django.test import Client
from django.utils import timezone

from payments.models import PaymentSession, ShopNotification
from tests.builders import make_case, make_purchase, make_receipt, make_session


def metrics() -> dict[str, float]:
    """Return every gauge with its value."""
    lines = Client().get("/metrics").content.decode().splitlines()
    samples = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in samples}


class TestHealthz:
    def test_answers_that_the_process_runs_and_asks_nobody(self) -> None:
        # No database is allowed to this test: a statement would fail it.
        response = Client().get("/healthz")

        assert (response.status_code, response.json()) == (200, {"status": "ok"})


class TestReadyz:
    @pytest.mark.django_db
    def test_answers_that_the_database_is_there(self) -> None:
        response = Client().get("/readyz")

        assert (response.status_code, response.json()) == (
            200,
            {"status": "ok", "database": "ok"},
        )

    @pytest.mark.django_db
    @pytest.mark.parametrize("error", [OperationalError, InterfaceError])
    def test_answers_503_while_the_database_is_away(self, error: type[Error]) -> None:
        def away(*_: Any) -> Any:
            raise error("the connection was lost")

        with connection.execute_wrapper(away):
            response = Client().get("/readyz")

        assert (response.status_code, response.json()) == (
            503,
            {"status": "unavailable", "database": "away"},
        )


@pytest.mark.django_db
class TestMetrics:
    def test_are_written_as_prometheus_reads_them(self) -> None:
        response = Client().get("/metrics")

        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/plain; version=")

    def test_are_zero_where_nothing_waits(self) -> None:
        assert metrics() == {
            'bps_due_rows{kind="session"}': 0.0,
            'bps_due_rows{kind="purchase"}': 0.0,
            'bps_due_rows{kind="receipt"}': 0.0,
            'bps_due_rows{kind="refund"}': 0.0,
            'bps_due_rows{kind="instruction"}': 0.0,
            'bps_due_rows{kind="notification"}': 0.0,
            'bps_due_rows{kind="reconciliation"}': 0.0,
            "bps_open_cases": 0.0,
            "bps_open_discrepancies": 0.0,
            'bps_unverifiable_webhooks{psp="sandbox"}': 0.0,
        }

    def test_count_what_is_due_and_unclaimed(self) -> None:
        now = timezone.now()
        late = now - timedelta(seconds=1)
        session = make_session(due_at=late)
        make_session(due_at=late, leased_until=late)
        make_session(due_at=late, leased_until=now + timedelta(minutes=1))
        make_session(due_at=now + timedelta(minutes=1))
        make_purchase(session, due_at=late)
        make_receipt(None, state="waiting", due_at=late)
        make_receipt(None)
        for state in ("waiting", "delivered"):
            ShopNotification.objects.create(
                session=session,
                type="purchase.successful",
                body="{}",
                state=state,
                due_at=late if state == "waiting" else None,
            )

        found = metrics()

        assert found['bps_due_rows{kind="session"}'] == 2
        assert found['bps_due_rows{kind="purchase"}'] == 1
        assert found['bps_due_rows{kind="receipt"}'] == 1
        assert found['bps_due_rows{kind="notification"}'] == 1

    def test_count_unfinished_purchases_and_tell_the_age_of_the_oldest(self) -> None:
        hour_ago = timezone.now() - timedelta(hours=1)
        make_purchase(make_session(), phase="in_doubt", created_at=hour_ago)
        make_purchase(make_session(), phase="in_doubt")
        make_purchase(make_session(), phase="pending")
        make_purchase(phase="captured", created_at=hour_ago)

        found = metrics()

        assert found['bps_started_purchases{phase="in_doubt"}'] == 2
        assert found['bps_started_purchases{phase="pending"}'] == 1
        assert 3600 <= found['bps_oldest_started_purchase_seconds{phase="in_doubt"}'] < 3660
        assert found['bps_oldest_started_purchase_seconds{phase="pending"}'] < 60
        assert 'bps_started_purchases{phase="captured"}' not in found

    def test_count_cases_that_nobody_has_resolved(self) -> None:
        make_case(make_session())
        make_case(make_session(), resolved_at=timezone.now(), resolution="nothing to do")

        assert metrics()["bps_open_cases"] == 1

    def test_name_no_shop_checkout_or_token(self) -> None:
        purchase = make_purchase(phase="in_doubt")
        session = PaymentSession.objects.get(pk=purchase.session_id)

        page = Client().get("/metrics").content.decode()

        for secret in (session.checkout_id, session.psp_token, session.public_token):
            assert str(secret) not in page

"""What a worker is called for: to do all that is due, and to call others where nobody did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from payments.heartbeat import last_sweep, messages_waiting
from payments.models import PaymentSession, ShopNotification
from payments.services import due
from payments.tasks import DRAINS_PER_SWEEP, drain, handle, sweep
from tests.builders import make_session
from tests.patience import waited
from tests.told_psp import fresh_client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh_psp_client(quiet_broker: None) -> Iterator[None]:
    """Leave no failure to the name of the PSP that cannot be asked."""
    with fresh_client():
        yield


def due_notifications(number: int) -> None:
    """Have things to tell to shops that want to be told nothing: each is soon done."""
    for _ in range(number):
        ShopNotification.objects.create(
            session=make_session(), type="purchase.successful", body="{}", due_at=timezone.now()
        )


def expired_session() -> PaymentSession:
    """Return a session whose time is over, at a PSP that cannot be asked to end it now."""
    past = timezone.now() - timedelta(minutes=1)
    return make_session(expires_at=past, due_at=past)


class TestADrain:
    def test_does_all_that_is_due_of_every_kind(self):
        due_notifications(3)
        session = expired_session()

        drain()

        session.refresh_from_db()
        assert (session.attempts, session.leased_until) == (1, None)
        now = timezone.now()
        assert due.count_due("notification", now=now, at_most=10) == 0
        assert due.count_due("session", now=now, at_most=10) == 0

    def test_leaves_what_is_not_due_yet(self):
        later = timezone.now() + timedelta(minutes=1)
        session = make_session(due_at=later)

        drain()

        session.refresh_from_db()
        assert (session.status, session.due_at, session.attempts) == ("registered", later, 0)


class TestAFaultInTheWork:
    def test_is_told_and_ends_nobody_elses(self):
        unknown = uuid4()

        with capture_logs() as told:
            handle("session", unknown)

        [line] = [line for line in told if line["event"] == "due_work_failed"]
        assert (line["log_level"], line["kind"], line["row_id"]) == (
            "error",
            "session",
            str(unknown),
        )


class TestASweep:
    @pytest.mark.parametrize(("rows", "called"), [(0, 0), (2, 2), (9, DRAINS_PER_SWEEP)])
    def test_calls_a_worker_for_each_row_up_to_a_few(self, rows: int, called: int):
        due_notifications(rows)
        before = timezone.now()

        sweep()

        waited(lambda: messages_waiting() == called)
        swept = last_sweep()
        assert swept is not None
        assert before <= swept <= timezone.now()
        assert due.count_due("notification", now=timezone.now(), at_most=10) == rows

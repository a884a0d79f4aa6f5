"""What was sent: calls to PSPs and notifications to shops stay what they were."""

from __future__ import annotations

import pytest
from django.utils import timezone

from payments.models import PspCall, ShopNotification
from tests.builders import make_case, make_psp_call, make_purchase, make_session
from tests.database.sql import delete, insert_like, refused, run, update

pytestmark = pytest.mark.django_db

CALLS = "payments_pspcall"
NOTIFICATIONS = "payments_shopnotification"


@pytest.fixture
def call() -> PspCall:
    """Return a call that was answered."""
    purchase = make_purchase()
    return make_psp_call(purchase.session, purchase=purchase)


@pytest.fixture
def notification() -> ShopNotification:
    """Return a notification that waits to be delivered."""
    return ShopNotification.objects.create(
        session=make_session(), type="purchase.successful", body="{}", due_at=timezone.now()
    )


class TestACall:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("psp", "other"),
            ("operation", "cancel"),
            ("idempotency_key", "another-key"),
            ("method", "GET"),
            ("path", "/elsewhere"),
            ("headers", "{}"),
            ("body", b"{}"),
            ("purchase_id", None),
        ],
    )
    def test_keeps_its_key_and_bytes(self, call: PspCall, column: str, value: object) -> None:
        refused(update(CALLS, call.pk, **{column: value}))

    def test_is_never_deleted(self, call: PspCall) -> None:
        assert "Cannot delete rows" in refused(delete(CALLS, call.pk))

    def test_has_a_key_of_its_own(self, call: PspCall) -> None:
        reason = refused(insert_like(CALLS, call.pk, operation="fetch"))

        assert "idempotency_key" in reason

    def test_to_confirm_is_the_only_one_of_its_purchase(self, call: PspCall) -> None:
        reason = refused(insert_like(CALLS, call.pk, idempotency_key="another-key"))

        assert "one_confirm_call_at_a_time" in reason

    def test_to_confirm_may_follow_one_that_was_declined_for_now(self, call: PspCall) -> None:
        run(update(CALLS, call.pk, outcome="declined_for_now"))

        run(insert_like(CALLS, call.pk, idempotency_key="another-key", outcome="open"))

        assert "one_confirm_call_at_a_time" in refused(
            insert_like(CALLS, call.pk, idempotency_key="a-third-key", outcome="open")
        )

    def test_asks_for_an_operation_that_is_known(self, call: PspCall) -> None:
        reason = refused(insert_like(CALLS, call.pk, idempotency_key="k-2", operation="steal"))

        assert "psp_call_operation_is_known" in reason

    def test_takes_down_what_came_of_it(self, call: PspCall) -> None:
        run(update(CALLS, call.pk, outcome="in_doubt", sends=2))

        call.refresh_from_db()
        assert (call.outcome, call.sends) == ("in_doubt", 2)


class TestANotification:
    @pytest.mark.parametrize("column", ["type", "body"])
    def test_keeps_its_bytes(self, notification: ShopNotification, column: str) -> None:
        refused(update(NOTIFICATIONS, notification.pk, **{column: "x"}))

    def test_stays_with_its_session(self, notification: ShopNotification) -> None:
        other = make_session()

        refused(update(NOTIFICATIONS, notification.pk, session_id=other.pk))

    def test_is_never_deleted(self, notification: ShopNotification) -> None:
        reason = refused(delete(NOTIFICATIONS, notification.pk))

        assert "Cannot delete rows" in reason


class TestACase:
    def test_is_never_deleted(self) -> None:
        case = make_case(make_session())

        assert "Cannot delete rows" in refused(delete("payments_case", case.pk))

    def test_of_a_kind_is_open_once_per_session(self) -> None:
        case = make_case(make_session())

        assert "one_open_case_per_kind" in refused(insert_like("payments_case", case.pk))

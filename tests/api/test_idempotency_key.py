"""Idempotency-Key: one key is one request, answered once and replayed; refusals free it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from payments.models import CauseKind, IdempotencyRecord, PaymentSession, Purchase, Shop
from payments.services.settle import apply_report
from payments.services.timeline import Cause
from psp_clients.contract import Money, Report, ReportedState
from tests.api.answers import problem, reason, refused
from tests.api.caller import PURCHASE_INFO, SESSIONS, Caller, encoded
from tests.builders import make_session
from tests.database.tables import snapshot

pytestmark = pytest.mark.django_db

KEY = "Idempotency-Key"


@pytest.fixture
def session(shop: Shop) -> PaymentSession:
    """Return a registered session."""
    return make_session(shop=shop)


def body(session: PaymentSession) -> dict[str, Any]:
    return {"psp_token": session.psp_token, "purchase_info": PURCHASE_INFO}


def succeed() -> None:
    """Let the PSP say that the purchase was paid."""
    purchase = Purchase.objects.get()
    money = Money(purchase.amount, purchase.currency)
    report = Report(ReportedState.CAPTURED, "paid", money, money, payment_reference="ch_1")
    apply_report(purchase, report, cause=Cause(CauseKind.POLL), now=timezone.now())


def record(session: PaymentSession, **fields: Any) -> IdempotencyRecord:
    """Store that the usual request with key k-1 runs, in another process."""
    values = {
        "shop": session.shop,
        "key": "k-1",
        "method": "POST",
        "path": f"{SESSIONS}/{session}/buy-now",
        "body_hash": hashlib.sha256(encoded(body(session))).hexdigest(),
        "locked_until": timezone.now() + timedelta(seconds=40),
        **fields,
    }
    return IdempotencyRecord.objects.create(**values)


class TestAKey:
    def test_that_is_missing_is_asked_for(self, api: Caller, session: PaymentSession) -> None:
        answer = refused(
            lambda: api.send("POST", f"/{session}/buy-now", body(session)),
            400,
            "idempotency-key-missing",
            KEY,
        )

        assert reason(answer, KEY) == "is required"

    @pytest.mark.parametrize(
        "key",
        [
            "k" * 256,
            "k" * 4000,
            "schl\xfcssel",
            "\u2603".encode().decode("latin-1"),
            "k\tk",
            "k\x7f",
        ],
    )
    def test_that_is_malformed_is_refused(
        self, api: Caller, session: PaymentSession, key: str
    ) -> None:
        answer = refused(lambda: api.buy(session, key=key), 400, "idempotency-key-invalid", KEY)

        assert reason(answer, KEY) == "must be 1 to 255 printable ASCII characters"

    @pytest.mark.parametrize("key", ["k", "k" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
    def test_of_1_to_255_printable_characters_is_taken(
        self, api: Caller, session: PaymentSession, key: str
    ) -> None:
        assert api.buy(session, key=key).status_code == 202

    def test_is_one_shop_s_own(
        self, api: Caller, foreign_api: Caller, session: PaymentSession
    ) -> None:
        api.buy(session, key="k-1")
        foreign_shop = Shop.objects.exclude(pk=session.shop_id).get()

        response = foreign_api.buy(make_session(shop=foreign_shop), key="k-1")

        assert response.status_code == 202
        assert "Idempotent-Replayed" not in response


class TestTheSameRequest:
    def test_is_answered_as_the_first_time_and_does_nothing(
        self, api: Caller, session: PaymentSession
    ) -> None:
        first = api.buy(session, key="k-1")
        before = snapshot()

        again = api.buy(session, key="k-1")

        assert (again.status_code, again.json()) == (202, first.json())
        assert again["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first
        assert snapshot() == before
        assert Purchase.objects.get().presses == 1

    def test_is_told_how_it_stands_where_it_was_only_accepted_at_first(
        self, api: Caller, session: PaymentSession
    ) -> None:
        first = api.buy(session, key="k-1")
        succeed()
        before = snapshot()

        again = api.buy(session, key="k-1")

        assert first.json()["purchase"]["status"] == "started"
        assert (again.status_code, again.json()["purchase"]["status"]) == (200, "successful")
        assert again["Idempotent-Replayed"] == "true"
        assert snapshot() == before

    def test_is_answered_with_its_outcome_for_ever(
        self, api: Caller, session: PaymentSession
    ) -> None:
        api.buy(session, key="k-1")
        succeed()
        ended = api.buy(session, key="k-2")
        IdempotencyRecord.objects.filter(key="k-2").update(answer_body={"as": "it was"})

        again = api.buy(session, key="k-2")

        assert (ended.status_code, again.status_code) == (200, 200)
        assert again.json() == {"as": "it was"}

    def test_is_told_to_wait_while_the_first_still_runs(
        self, api: Caller, session: PaymentSession
    ) -> None:
        record(session)
        responses: list[Any] = []

        def again() -> Any:
            responses.append(api.buy(session, body(session), key="k-1"))
            return responses[-1]

        answer = refused(again, 409, "request-in-progress", KEY)

        assert responses[0]["Retry-After"] == "1"
        assert answer["money_moved"] == "unknown"

    def test_takes_over_from_a_first_that_died(self, api: Caller, session: PaymentSession) -> None:
        dead = record(session, locked_until=timezone.now() - timedelta(microseconds=1))

        response = api.buy(session, body(session), key="k-1")

        dead.refresh_from_db()
        assert response.status_code == 202
        assert "Idempotent-Replayed" not in response
        assert dead.answer_status == 202
        assert dead.locked_until > timezone.now()
        assert Purchase.objects.count() == 1

    @pytest.mark.parametrize("how", ["token", "body", "checkout"])
    def test_may_follow_a_refusal_with_the_same_key(
        self, api: Caller, session: PaymentSession, how: str
    ) -> None:
        wrong = {
            "token": lambda: api.buy(session, {**body(session), "psp_token": "x"}, key="k-1"),
            "body": lambda: api.buy(session, b"{", key="k-1"),
            "checkout": lambda: api.buy("c-unknown", body(session), key="k-1"),
        }[how]
        assert wrong().status_code in {400, 404, 422}

        response = api.buy(session, key="k-1")

        assert response.status_code == 202
        assert "Idempotent-Replayed" not in response

    def test_may_follow_a_fault_of_ours_with_the_same_key(
        self, api: Caller, session: PaymentSession
    ) -> None:
        with connection.execute_wrapper(refusing_purchases):
            problem(api.buy(session, key="k-1"), 503, "temporarily-unavailable")

        response = api.buy(session, key="k-1")

        assert response.status_code == 202
        assert Purchase.objects.count() == 1


class TestAnotherRequest:
    def test_with_other_content_is_refused(self, api: Caller, session: PaymentSession) -> None:
        api.buy(session, key="k-1")
        other = {**body(session), "purchase_info": {"items": PURCHASE_INFO["items"]}}

        answer = refused(
            lambda: api.buy(session, other, key="k-1"), 422, "idempotency-key-reused", KEY
        )

        assert reason(answer, KEY) == "belongs to another request"

    def test_for_another_checkout_is_refused(
        self, api: Caller, shop: Shop, session: PaymentSession
    ) -> None:
        api.buy(session, body(session), key="k-1")
        other = make_session(shop=shop)

        refused(
            lambda: api.buy(other, body(session), key="k-1"), 422, "idempotency-key-reused", KEY
        )

    @pytest.mark.parametrize("seconds", [40, -40])
    def test_is_refused_while_the_first_runs_and_after_it_died(
        self, api: Caller, session: PaymentSession, seconds: int
    ) -> None:
        record(
            session,
            body_hash="0" * 64,
            locked_until=timezone.now() + timedelta(seconds=seconds),
        )

        refused(lambda: api.buy(session, key="k-1"), 422, "idempotency-key-reused", KEY)


def refusing_purchases(
    execute: Any, sql: str, params: Any, many: bool, context: Any
) -> Iterator[Any]:
    """Fail as a database that goes away just when the purchase is stored."""
    if "INSERT INTO" in sql and "payments_purchase" in sql:
        raise OperationalError("the connection was lost")
    result: Iterator[Any] = execute(sql, params, many, context)
    return result

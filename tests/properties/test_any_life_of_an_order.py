"""Whatever happens in whatever order: one charge is kept at most, and BPS agrees with the books.

The machine drives the real code on the real database: requests, workers, deaths of either,
webhooks, faults of the PSP, and the passing of time.
"""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from payments.circuit import Circuit
from payments.crash_points import CrashPoint
from payments.domain.lifecycle import Phase, PurchaseStatus
from payments.domain.orders import LateSuccess
from payments.models import CaseKind, CauseKind, PaymentSession, Purchase, Refund, ShopApiKey
from payments.psp import psp_client
from payments.services import due
from payments.services.patience import threads
from payments.services.refusals import Refusal
from payments.services.request_refund import request_refund
from payments.services.timeline import Cause
from payments.tasks import HANDLERS
from tests.builders import make_shop
from tests.properties.bookkeeping_psp import BookkeepingPsp, Checkout, Fault, Verb
from tests.webhooks.psp import Delivery

ORDER = "o-1"
AMOUNT = "19.99"
CHECKOUTS = st.integers(0, 1)
KINDS = st.sampled_from(sorted(due.KINDS))
PREFERENCES = st.sampled_from(["", "", "respond-async"])
FAULTS = st.none() | st.sampled_from(Fault)
VERDICTS = st.sampled_from(["paid", "paid", "declined", "processing"])
WAITS = [20, 20, 120, 120, 600, 3_600, 5 * 3_600, 13 * 3_600, 25 * 3_600]
DAY = 24 * 3_600
# Where a web process can die of a press. Elsewhere workers alone pass.
POINTS_OF_A_PRESS = [
    CrashPoint.AFTER_INTENT_COMMIT,
    CrashPoint.BEFORE_SEND,
    CrashPoint.AFTER_SEND,
    CrashPoint.AFTER_ANSWER,
    CrashPoint.BEFORE_RECORD_COMMIT,
    CrashPoint.AFTER_RECORD_COMMIT,
]
# What may come of a request that changes something for good, here or at the PSP.
ANSWERS = {200, 201, 202, 401, 404, 409, 422, 502, 503}
# Every column by which BPS reckons time; shifting them all is a leap of its clock.
CLOCKS = {
    "payments_paymentsession": ("expires_at", "due_at", "leased_until", "cancel_requested_at"),
    "payments_purchase": ("created_at", "phase_since", "due_at", "leased_until"),
    "payments_pspcall": ("first_sent_at", "last_sent_at"),
    "payments_refund": ("created_at", "phase_since", "due_at", "leased_until"),
    "payments_webhookreceipt": ("due_at", "leased_until"),
    "payments_shopnotification": ("due_at", "leased_until"),
}


def let_pass(seconds: int) -> None:
    """Put every stored instant back, as if time had passed."""
    with connection.cursor() as cursor:
        for table, columns in CLOCKS.items():
            back = ", ".join(f"{one} = {one} - %(by)s::interval" for one in columns)
            cursor.execute(f"UPDATE {table} SET {back}", {"by": f"{seconds} seconds"})  # noqa: S608 - names of this file


def dying_at(point: CrashPoint, act: Callable[[], object]) -> None:
    """Do something in a process of its own that is killed with SIGKILL at a point, if it passes."""
    with warnings.catch_warnings():
        # The child makes threads and connections of its own, and leaves before it could meet ours.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        connection.connection = None  # it is still our parent's, who speaks over the same socket
        threads.cache_clear()  # threads don't outlive a fork
        django_settings.BPS_CRASH_AT = f"{point}:1"
        try:
            act()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFEXITED(status) or os.WTERMSIG(status) == signal.SIGKILL


class LifeOfAnOrder(RuleBasedStateMachine):
    """One order with two checkouts, at a PSP whose keys alone may protect it."""

    def __init__(self) -> None:
        super().__init__()
        self.psp = BookkeepingPsp()
        self.here = override_settings(
            SANDBOX_PSP_URL=self.psp.url,
            BPS_PSP_MONEY_TIMEOUT_SECONDS=2,
            BPS_PSP_LOOKUP_TIMEOUT_SECONDS=2,
        )
        self.here.enable()
        psp_client.cache_clear()
        self.ended: dict[Any, str] = {}
        self.life = uuid4().hex[:8]

    @initialize(
        policy=st.sampled_from(LateSuccess),
        succeeds_once=st.booleans(),
        verdict=VERDICTS,
        fault=FAULTS,
        prefer=PREFERENCES,
    )
    def open_a_shop(
        self,
        policy: LateSuccess,
        succeeds_once: bool,
        verdict: str,
        fault: Fault | None,
        prefer: str,
    ) -> None:
        """Every life begins with a purchase, which may already have gone wrong."""
        self.psp.succeeds_once = succeeds_once
        self.shop = make_shop(late_success=policy)
        _, key = ShopApiKey.objects.create_key(name="tests", shop=self.shop)
        self.client = Client(headers={"Authorization": f"Api-Key {key}"})
        self.press_buy_now(0, prefer, 1, verdict, fault)

    def teardown(self) -> None:
        try:
            if hasattr(self, "shop"):
                self.everything_comes_to_rest()
        finally:
            for model in due.KINDS.values():
                model.objects.update(due_at=None)
            self.here.disable()
            psp_client.cache_clear()
            self.psp.stop()

    # What the shop and its shoppers do

    @rule(
        number=CHECKOUTS,
        prefer=PREFERENCES,
        key=st.integers(1, 2),
        verdict=VERDICTS,
        fault=FAULTS,
    )
    def press_buy_now(
        self, number: int, prefer: str, key: int, verdict: str, fault: Fault | None
    ) -> None:
        """Register the checkout, if that was not done, and press."""
        self.psp.verdict, self.psp.faults["purchase"] = verdict, fault
        self.register_once(number)
        self.press(number, prefer, key)

    @rule(number=CHECKOUTS, verdict=VERDICTS, point=st.sampled_from(POINTS_OF_A_PRESS))
    def press_buy_now_in_a_web_process_that_dies(
        self, number: int, verdict: str, point: CrashPoint
    ) -> None:
        self.psp.verdict = verdict
        self.register_once(number)
        dying_at(point, lambda: self.press(number, "", 1))

    @rule(number=CHECKOUTS)
    def cancel(self, number: int) -> None:
        self.post(f"/{self.checkout_id(number)}/cancel", {})

    @rule(number=CHECKOUTS, amount=st.sampled_from(["5.00", "19.99", None]))
    def ask_for_a_refund(self, number: int, amount: str | None) -> None:
        purchase = self.purchases().filter(session__checkout_id=self.checkout_id(number)).first()
        if purchase is None:
            return
        with suppress(Refusal):
            request_refund(
                purchase_id=purchase.pk,
                amount=Decimal(amount) if amount else None,
                reason="returned",
                cause=Cause(CauseKind.STAFF, "", "ann"),
                now=timezone.now(),
            )

    # What workers do

    @rule(kind=KINDS)
    def work(self, kind: str) -> None:
        self.handle_one(kind)

    @rule()
    def work_on_everything(self) -> None:
        self.work_until_nothing_is_due()

    @rule(kind=KINDS, point=st.sampled_from(CrashPoint))
    def work_in_a_process_that_dies(self, kind: str, point: CrashPoint) -> None:
        if due.count_due(kind, now=timezone.now(), at_most=1):
            dying_at(point, lambda: self.handle_one(kind))

    # What the PSP, its issuers and the network do

    @rule(verb=st.sampled_from(Verb), fault=st.sampled_from(Fault))
    def let_a_request_go_wrong(self, verb: Verb, fault: Fault) -> None:
        self.psp.faults[verb] = fault

    @rule(verdict=st.sampled_from(["successful", "failed", "pending"]))
    def decide_the_next_refund(self, verdict: str) -> None:
        self.psp.refund_verdict = verdict

    @rule(status=st.sampled_from(["paid", "declined"]))
    def the_issuer_answers(self, status: str) -> None:
        for waiting in self.checkouts("processing")[:1]:
            self.psp.issuer_answers(waiting, status)

    @rule()
    def the_issuer_takes_a_decline_back(self) -> None:
        for declined in self.checkouts("declined")[:1]:
            self.psp.issuer_answers(declined, "paid")

    @rule()
    def delayed_requests_arrive(self) -> None:
        self.psp.deliver_the_wire()

    @rule(which=st.integers(0, 9), forged=st.booleans())
    def a_webhook_comes(self, which: int, forged: bool) -> None:
        """One of the latest comes, for the first time or again; or one that is forged from it."""
        for event_id, body in self.psp.events[-1 - which :][:1]:
            delivery = Delivery(body, event_id)
            if forged:
                delivery = delivery.but(headers={"webhook-signature": "v1,AAAA"})
            assert delivery.send().status_code == (401 if forged else 200)

    @rule(seconds=st.sampled_from(WAITS))
    def time_passes(self, seconds: int) -> None:
        self.let_time_pass(seconds)

    # What must hold at every moment

    @invariant()
    def no_checkout_was_charged_twice(self) -> None:
        for checkout in self.psp.checkouts.values():
            assert len(checkout.charges) <= 1

    @invariant()
    def no_order_was_charged_twice_but_by_a_decline_taken_back(self) -> None:
        charged = [c for c in self.psp.checkouts.values() if c.charges]
        assert len(charged) <= 1 + sum(c.succeeded_late for c in charged)

    @invariant()
    def what_is_said_here_is_true_there(self) -> None:
        """All that is said of purchases; they are read once, since this comes after each step."""
        for purchase in self.purchases():
            there = self.at_psp(purchase)
            self.what_is_successful_here_was_charged_there(purchase, there)
            self.what_has_failed_here_was_not_charged_there(purchase, there)
            self.success_is_undone_by_nothing(purchase)
            self.no_more_was_given_back_than_was_taken(purchase, there)

    def what_is_successful_here_was_charged_there(
        self, purchase: Purchase, there: Checkout
    ) -> None:
        if purchase.status == PurchaseStatus.SUCCESSFUL:
            assert there.charges == [purchase.captured_amount]

    def what_has_failed_here_was_not_charged_there(
        self, purchase: Purchase, there: Checkout
    ) -> None:
        if purchase.status == PurchaseStatus.FAILED:
            assert there.succeeded_late or not there.charges

    def success_is_undone_by_nothing(self, purchase: Purchase) -> None:
        if self.ended.get(purchase.pk) == Phase.CAPTURED:
            assert purchase.phase == Phase.CAPTURED
        self.ended[purchase.pk] = purchase.phase

    def no_more_was_given_back_than_was_taken(self, purchase: Purchase, there: Checkout) -> None:
        assert there.kept >= 0
        assert purchase.refunded_amount <= there.refunded

    # What must hold once all is quiet

    def everything_comes_to_rest(self) -> None:
        """Take the faults away, let time pass in small steps, and compare with the books."""
        self.psp.faults.clear()
        self.psp.deliver_the_wire()
        self.psp.verdict, self.psp.refund_verdict = "paid", "successful"
        for checkout in self.checkouts("processing"):
            self.psp.issuer_answers(checkout, "paid")
        for refund in (r for c in self.psp.checkouts.values() for r in c.refunds):
            if refund["status"] == "pending":
                self.psp.end_refund(refund, "successful")
        # What had ended is not asked about again: a PSP that changes its mind must be heard.
        for event_id, body in self.psp.events:
            if any(c.succeeded_late and c.token in event_id for c in self.checkouts("paid")):
                assert Delivery(body, event_id).send().status_code == 200
        for _ in range(60):
            self.work_until_nothing_is_due()
            if not self.unfinished():
                break
            self.let_time_pass(1_800)
        self.books_and_bps_agree()

    def work_until_nothing_is_due(self) -> None:
        # A bound, since a row that is due for ever would be a fault of its own.
        for _ in range(200):
            if not any([self.handle_one(kind) for kind in HANDLERS]):  # noqa: C419 - all of them
                return
        raise AssertionError("work is due for ever")

    def unfinished(self) -> list[Any]:
        purchases = self.purchases().filter(status=PurchaseStatus.STARTED)
        refunds = Refund.objects.filter(session__shop=self.shop, finished_at=None)
        asked = {CaseKind.UNANSWERED}
        return [
            row
            for row in (*purchases, *refunds)
            if not row.session.cases.filter(kind__in=asked).exists()
        ]

    def books_and_bps_agree(self) -> None:
        assert not self.unfinished()
        kept = [c for c in self.psp.checkouts.values() if c.kept > 0]
        assert len(kept) <= 1
        for purchase in self.purchases().exclude(status=PurchaseStatus.STARTED):
            there = self.at_psp(purchase)
            assert bool(there.charges) == (purchase.status == PurchaseStatus.SUCCESSFUL)
            assert purchase.refunded_amount == there.refunded
        for session in PaymentSession.objects.filter(shop=self.shop):
            told = StringIO()
            call_command("verify_events", "--checkout-id", session.checkout_id, stdout=told)

    # How it is done

    def checkout_id(self, number: int) -> str:
        return f"c-{self.life}-{number}"

    def post(self, path: str, body: dict[str, Any], **headers: str) -> int:
        Circuit("sandbox").reset()
        response = self.client.post(
            f"/api/v1/payment-sessions{path}",
            body,
            content_type="application/json",
            headers=headers,
        )
        assert response.status_code in ANSWERS, response.content
        return response.status_code

    def register_once(self, number: int) -> None:
        checkout_id = self.checkout_id(number)
        if self.sessions().filter(checkout_id=checkout_id).exclude(status="created").exists():
            return
        body = {
            "checkout_id": checkout_id,
            "order_reference": ORDER,
            "amount": AMOUNT,
            "currency": "EUR",
            "return_url": "https://shop.example/thanks",
        }
        self.post("", body)

    def press(self, number: int, prefer: str, key: int) -> None:
        session = self.sessions().filter(checkout_id=self.checkout_id(number)).first()
        token = (session and session.psp_token) or "tok_none"
        items = [{"name": "Bulbs", "quantity": 1, "unit_amount": AMOUNT}]
        self.post(
            f"/{self.checkout_id(number)}/buy-now",
            {"psp_token": token, "purchase_info": {"items": items}},
            **{"Idempotency-Key": f"{self.life}-{number}-{key}", "Prefer": prefer},
        )

    def handle_one(self, kind: str) -> bool:
        """Claim and handle a row as a worker does; a fault of our own is not swallowed."""
        Circuit("sandbox").reset()
        claimed = due.claim_due(kind, now=timezone.now())
        if claimed is None:
            return False
        HANDLERS[kind](claimed, now=timezone.now())
        return True

    def let_time_pass(self, seconds: int) -> None:
        let_pass(seconds)
        self.waited = getattr(self, "waited", 0) + seconds
        if self.waited >= DAY:
            self.psp.forget_keys()
            self.waited = 0

    def sessions(self) -> Any:
        return PaymentSession.objects.filter(shop=self.shop)

    def purchases(self) -> Any:
        return Purchase.objects.filter(shop=self.shop).select_related("session")

    def at_psp(self, purchase: Purchase) -> Checkout:
        return self.psp.checkouts[purchase.session.psp_token or ""]

    def checkouts(self, status: str) -> list[Checkout]:
        return [c for c in self.psp.checkouts.values() if c.status == status]


@contextmanager
def nothing_left_over() -> Iterator[None]:
    Circuit("sandbox").reset()
    yield
    Circuit("sandbox").reset()


@pytest.mark.django_db(transaction=True)
def test_any_life_of_an_order() -> None:
    with nothing_left_over():
        run_state_machine_as_test(LifeOfAnOrder)

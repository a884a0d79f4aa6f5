"""A shop that is paid through PayPal: consent on PayPal's page, money on Buy Now, over HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import requests
from django.utils import timezone

from payments.circuit import Circuit
from payments.models import (
    Case,
    CaseKind,
    PaymentSession,
    PspCall,
    Purchase,
    ShopApiKey,
    WebhookReceipt,
)
from payments.psp import psp_client
from payments.services import due
from payments.services.patience import threads
from payments.tasks import HANDLERS, handle
from psp_clients.contract import ConfirmRequest, Operation, PspReference
from tests import direct
from tests.builders import make_shop
from tests.passing_time import let_pass
from tests.patience import PATIENCE_SECONDS, patiently
from tests.psp_fakes.paypal import CLIENT_ID, CLIENT_SECRET, FakePayPal, Fault
from tests.psp_fakes.paypal_signer import WEBHOOK_ID
from tests.scenarios.world import PURCHASE_INFO

PAID = {"EUR": Decimal("19.99")}
_numbers = itertools.count(1)


class Street:
    """What the shop does over HTTP, and a worker's hands. Its shopper and PayPal are the fake."""

    def __init__(self, bps_url: str, paypal: FakePayPal, api_key: str) -> None:
        self.bps_url = bps_url
        self.paypal = paypal
        self._headers = {"Authorization": f"Api-Key {api_key}"}

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        """POST to the API as the shop."""
        return direct.post(
            f"{self.bps_url}/api/v1/payment-sessions{path}",
            json=body,
            headers={**self._headers, **headers},
            timeout=PATIENCE_SECONDS,
        )

    def register(self, order: str = "", *, approved: bool = True) -> PaymentSession:
        """Register a checkout, which the shopper then approves on PayPal's page, or not."""
        body = {
            "checkout_id": f"c-{next(_numbers)}",
            "order_reference": order or f"o-{next(_numbers)}",
            "amount": "19.99",
            "currency": "EUR",
            "return_url": "https://shop.example/buy",
        }
        response = self.post("", body)
        assert response.status_code == 201, response.text
        if approved:
            self.paypal.payer_approves(response.json()["psp_token"])
        return PaymentSession.objects.get(checkout_id=body["checkout_id"])

    def buy(self, session: PaymentSession) -> dict[str, Any]:
        """Press Buy Now; return the purchase as the shop is told."""
        response = self.post(
            f"/{session}/buy-now",
            {"psp_token": session.psp_token, "purchase_info": PURCHASE_INFO},
            **{"Idempotency-Key": uuid4().hex},
        )
        assert response.status_code in {200, 202}, response.text
        told: dict[str, Any] = response.json()["purchase"]
        return told

    def deliver(self) -> None:
        """Have PayPal post its webhooks, and see that each is taken."""
        statuses = self.paypal.deliver(f"{self.bps_url}/webhooks/paypal/")
        assert statuses
        assert set(statuses) == {200}

    def work_until(self, holds: Callable[[], bool]) -> None:
        """Do what is due until something holds, or fail."""
        for _ in patiently():
            self.work_once()
            if holds():
                return

    def work_once(self) -> None:
        """Do what is due now."""
        for kind in HANDLERS:
            while (claimed := due.claim_due(kind, now=timezone.now())) is not None:
                handle(kind, claimed)

    def phase_of(self, session: PaymentSession) -> str:
        return str(Purchase.objects.get(session=session).phase)

    def becomes(self, session: PaymentSession, phase: str) -> None:
        """Work until the purchase of a session has a phase."""
        self.work_until(lambda: self.phase_of(session) == phase)

    def receipts_are_done(self) -> None:
        """Work until no webhook waits."""
        self.work_until(lambda: not WebhookReceipt.objects.filter(state="waiting").exists())


@pytest.fixture
def street(bps_url: str, settings: Any) -> Iterator[Street]:
    with FakePayPal() as paypal:
        settings.BPS_PSPS = ["paypal"]
        settings.BPS_PUBLIC_URL = bps_url
        settings.BPS_SCHEDULE_SPEED = 120
        settings.PAYPAL_URL = paypal.url
        settings.PAYPAL_CLIENT_ID = CLIENT_ID
        settings.PAYPAL_CLIENT_SECRET = CLIENT_SECRET
        settings.PAYPAL_WEBHOOK_ID = WEBHOOK_ID
        psp_client.cache_clear()
        Circuit("paypal").reset()
        shop = make_shop(routing={"*": ["paypal"]})
        yield Street(bps_url, paypal, ShopApiKey.objects.create_key(name="tests", shop=shop)[1])
        threads().shutdown()
        threads.cache_clear()
        psp_client.cache_clear()
        Circuit("paypal").reset()


class TestAPurchase:
    def test_is_successful_in_the_answer_to_buy_now(self, street: Street):
        session = street.register()
        assert session.purchase_url == (
            f"https://www.sandbox.paypal.com/checkoutnow?token={session.psp_token}"
        )
        assert street.paypal.charged() == {}

        told = street.buy(session)

        assert (told["status"], told["captured_amount"]) == ("successful", "19.99")
        assert street.paypal.charged() == PAID

        street.deliver()  # which changes nothing any more
        street.receipts_are_done()

        taken = WebhookReceipt.objects.order_by("created_at")
        assert [one.event_type for one in taken] == [
            "CHECKOUT.ORDER.APPROVED",
            "PAYMENT.CAPTURE.COMPLETED",
        ]
        assert "Paypal-Transmission-Sig" in taken[0].headers
        assert (street.phase_of(session), Case.objects.count()) == ("captured", 0)

    def test_that_the_bank_answers_later_is_told_by_a_webhook(self, street: Street):
        session = street.register()
        street.paypal.next_capture_is("PENDING", "ECHECK")
        assert street.buy(session)["phase"] == "pending"

        (capture_id,) = street.paypal.books.captures
        street.paypal.pending_ends(capture_id, "COMPLETED")
        street.deliver()
        street.becomes(session, "captured")

        assert street.paypal.charged() == PAID

    def test_of_another_amount_is_never_successful_and_asks_a_person(self, street: Street):
        session = street.register()
        unit = street.paypal.books.orders[session.psp_token or ""]["purchase_units"][0]
        unit["amount"] = {"currency_code": "USD", "value": "1.00"}

        told = street.buy(session)

        assert told["status"] == "started"
        (case,) = Case.objects.all()
        assert case.kind == CaseKind.AMOUNT_MISMATCH


class TestADecline:
    def test_of_an_instrument_has_the_shopper_choose_another_in_the_same_order(
        self, street: Street
    ):
        session = street.register()
        street.paypal.declines_next("INSTRUMENT_DECLINED")

        told = street.buy(session)

        assert (told["phase"], told["reason"]["code"]) == ("pending", "INSTRUMENT_DECLINED")
        assert told["next_action"] == {"type": "redirect", "url": session.purchase_url}
        assert street.paypal.charged() == {}

        street.paypal.payer_approves(session.psp_token or "")
        assert street.buy(session)["status"] == "successful"
        assert street.paypal.charged() == PAID
        assert list(street.paypal.books.orders) == [session.psp_token]

    def test_waits_on_where_buy_now_comes_before_the_shopper_has_chosen(self, street: Street):
        session = street.register()
        street.paypal.declines_next("INSTRUMENT_DECLINED")
        street.buy(session)

        told = street.buy(session)

        assert (told["phase"], told["reason"]["code"]) == ("pending", "ORDER_NOT_APPROVED")
        assert told["next_action"] is not None

    def test_whose_answer_was_lost_is_found_out_with_the_same_key(self, street: Street):
        session = street.register()
        street.paypal.declines_next("INSTRUMENT_DECLINED")
        street.paypal.fails_next("capture", Fault.DROP)
        assert street.buy(session)["phase"] == "in_doubt"

        street.work_until(lambda: Purchase.objects.get().awaits_shopper)

        call = PspCall.objects.get(operation=Operation.CONFIRM)
        assert (call.sends, call.outcome) == (2, "declined_for_now")
        street.paypal.payer_approves(session.psp_token or "")
        assert street.buy(session)["status"] == "successful"
        assert street.paypal.charged() == PAID

    def test_after_which_the_order_was_captured_all_the_same_charges_once(self, street: Street):
        session = street.register()
        street.paypal.declines_next("INSTRUMENT_DECLINED")
        street.buy(session)
        street.paypal.payer_approves(session.psp_token or "")
        captured_elsewhere(session)

        told = street.buy(session)  # ORDER_ALREADY_CAPTURED

        assert (told["phase"], told["next_action"]) == ("pending", None)
        street.becomes(session, "captured")
        assert street.paypal.charged() == PAID
        assert Case.objects.count() == 0

    def test_is_the_end_when_the_shopper_does_not_come_back(self, street: Street):
        session = street.register()
        street.paypal.declines_next("INSTRUMENT_DECLINED")
        street.buy(session)
        let_pass(session, timedelta(hours=1))

        street.becomes(session, "declined")

        purchase = Purchase.objects.get()
        assert (purchase.reason_code, purchase.awaits_shopper) == ("INSTRUMENT_DECLINED", False)
        assert PaymentSession.objects.get().status == "completed"
        assert Case.objects.count() == 0

    def test_is_not_the_end_while_paypal_cannot_be_asked(self, street: Street):
        session = street.register()
        street.paypal.declines_next("INSTRUMENT_DECLINED")
        street.buy(session)
        let_pass(session, timedelta(hours=1))
        street.paypal.fails_next("orders", Fault.LOST)

        street.work_once()

        assert street.phase_of(session) == "pending"
        street.becomes(session, "declined")

    def test_that_is_final_has_another_checkout_of_the_order_succeed(self, street: Street):
        declined = street.register("o-again")
        street.paypal.declines_next("TRANSACTION_REFUSED")

        told = street.buy(declined)

        assert (told["phase"], told["reason"]["code"]) == ("declined", "TRANSACTION_REFUSED")
        assert street.buy(declined)["phase"] == "declined"
        assert street.paypal.charged() == {}

        second = street.register("o-again")
        assert street.buy(second)["status"] == "successful"
        assert street.paypal.charged() == PAID

    def test_gives_way_to_a_success_that_comes_late(self, street: Street):
        session = street.register()
        street.paypal.declines_next("TRANSACTION_REFUSED")
        assert street.buy(session)["phase"] == "declined"
        token = session.psp_token or ""
        street.paypal.payer_approves(token)
        captured_elsewhere(session)

        street.deliver()
        street.becomes(session, "captured")

        assert street.paypal.charged() == PAID
        assert Case.objects.get().kind == CaseKind.LATE_SUCCESS


def captured_elsewhere(session: PaymentSession) -> None:
    """Capture an order behind BPS's back, as a first try that was thought lost would."""
    ref = PspReference(session.psp_token or "", session.reference)
    confirmation = ConfirmRequest(session.money, {}, "https://shop.example/", "https://bps.test/")
    client = psp_client("paypal")
    client.confirm(client.prepare_confirm(ref, confirmation, key=uuid4().hex))


class TestALostAnswer:
    @pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR])
    def test_after_the_charge_is_found_by_a_look_up(self, street: Street, fault: Fault):
        session = street.register()
        street.paypal.fails_next("capture", fault)
        assert street.buy(session)["phase"] == "in_doubt"

        street.becomes(session, "captured")

        assert street.paypal.charged() == PAID
        assert PspCall.objects.get(operation=Operation.CONFIRM).sends == 1

    def test_before_the_charge_has_the_same_call_sent_again(self, street: Street):
        session = street.register()
        street.paypal.fails_next("capture", Fault.LOST)
        assert street.buy(session)["phase"] == "in_doubt"

        street.becomes(session, "captured")

        assert len(street.paypal.books.captures) == 1
        call = PspCall.objects.get(operation=Operation.CONFIRM)
        assert call.sends == 2
        captures = [one for one in street.paypal.requests if one["path"].endswith("/capture")]
        assert len(captures) == 2
        assert captures[0] == captures[1]

    def test_is_settled_by_the_webhook(self, street: Street, settings: Any):
        settings.BPS_SCHEDULE_SPEED = 1  # no look of our own comes meanwhile
        session = street.register()
        street.paypal.fails_next("capture", Fault.DROP)
        assert street.buy(session)["phase"] == "in_doubt"

        street.deliver()
        street.becomes(session, "captured")

        assert street.paypal.charged() == PAID

    def test_to_a_registration_is_given_again(self, street: Street):
        street.paypal.fails_next("orders", Fault.DROP)
        body = {
            "checkout_id": "c-lost",
            "amount": "19.99",
            "currency": "EUR",
            "return_url": "https://shop.example/buy",
        }
        street.post("", body)

        street.work_until(lambda: bool(PaymentSession.objects.get().psp_token))

        assert list(street.paypal.books.orders) == [PaymentSession.objects.get().psp_token]


class TestARefund:
    def test_gives_the_money_back_once(self, street: Street):
        session = street.register()
        street.buy(session)
        street.paypal.fails_next("refund", Fault.DROP)

        response = street.post(
            f"/{session}/refunds", {"amount": "5.00"}, **{"Idempotency-Key": uuid4().hex}
        )

        assert response.status_code in {201, 202}, response.text
        street.work_until(lambda: Purchase.objects.get().refunded_amount == Decimal("5.00"))
        assert street.paypal.refunded() == {"EUR": Decimal("5.00")}


class TestAnExpiredCheckout:
    def test_ends_without_asking_paypal(self, street: Street):
        session = street.register(approved=False)
        PaymentSession.objects.update(expires_at=timezone.now(), due_at=timezone.now())
        asked = len(street.paypal.requests)

        street.work_until(lambda: PaymentSession.objects.get().status == "expired")

        assert len(street.paypal.requests) == asked
        assert street.paypal.books.orders[session.psp_token or ""]["status"] != "COMPLETED"


class TestAForgedWebhook:
    def test_changes_nothing(self, street: Street):
        session = street.register()
        (approved,) = street.paypal.outbox
        forged = approved.body.replace(b"APPROVED", b"COMPLETED")

        answer = direct.post(
            f"{street.bps_url}/webhooks/paypal/",
            data=forged,
            headers={**approved.headers, "Content-Type": "application/json"},
            timeout=PATIENCE_SECONDS,
        )

        assert answer.status_code == 401
        assert answer.text == "Not accepted: PayPal has not signed this"
        assert WebhookReceipt.objects.get().state == "rejected"
        assert not Purchase.objects.filter(session=session).exists()

    def test_cannot_be_told_from_a_genuine_one_while_paypal_is_away(self, street: Street):
        street.register()
        (approved,) = street.paypal.outbox
        street.paypal.fails_next("certs", Fault.DROP)
        street.paypal.fails_next("verify", Fault.DROP)

        answer = direct.post(
            f"{street.bps_url}/webhooks/paypal/",
            data=approved.body,
            headers={**approved.headers, "Content-Type": "application/json"},
            timeout=PATIENCE_SECONDS,
        )

        assert answer.status_code == 503
        assert WebhookReceipt.objects.count() == 0
        street.deliver()
        assert WebhookReceipt.objects.get().state == "waiting"

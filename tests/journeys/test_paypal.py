"""Journeys through PayPal: shoppers consent on its page, and Buy Now takes the money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any
from uuid import uuid4

from payments.psp import psp_client
from psp_clients.contract import ConfirmRequest, Money, PspReference
from tests.journeys.stage import Book, Lossy, PspStage
from tests.journeys.suite import Journeys
from tests.psp_fakes.paypal import CLIENT_ID, CLIENT_SECRET, FakePayPal
from tests.psp_fakes.paypal_signer import WEBHOOK_ID

TAKEN = {"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"}


class LossyPayPal(Lossy, FakePayPal):
    """PayPal, whose answers may be lost. It remembers what each order was made of."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, dict[str, Any]] = {}

    def _create(self, given: dict[str, Any]) -> dict[str, Any]:
        order = super()._create(given)
        self.asked[order["id"]] = given
        return order

    def loses(self, path: str) -> bool:
        """Lose answers about money: without a login, nothing would be asked at all."""
        return path.startswith("/v2/") and self.loses_answers


class PayPalStage(PspStage):
    """The fake PayPal, as journeys handle it."""

    NAME = "paypal"
    fake: LossyPayPal

    def __init__(self) -> None:
        self.fake = LossyPayPal()

    def start(self) -> AbstractContextManager[object]:
        return self.fake

    def told(self) -> Mapping[str, str]:
        return {
            "URL": self.fake.url,
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": CLIENT_SECRET,
            "WEBHOOK_ID": WEBHOOK_ID,
        }

    def moves_in(self, bps_url: str) -> None:
        self._webhooks = f"{bps_url}/webhooks/paypal/"

    def pays(self, token: str) -> str:
        self.fake.payer_approves(token)
        source = self.fake.asked[token]["payment_source"]["paypal"]
        return f"{source['experience_context']['return_url']}?token={token}&PayerID=PAYER1"

    def is_refused(self, token: str) -> None:
        self.fake.declines_next("INSTRUMENT_DECLINED")

    def pays_other(self, token: str, money: Money) -> str:
        [unit] = self.fake.books.orders[token]["purchase_units"]
        unit["amount"] = {"currency_code": money.currency, "value": money.amount}
        return self.pays(token)

    def deliver(self) -> list[int]:
        return self.fake.deliver(self._webhooks)

    def comes_to_nothing(self, token: str) -> str:
        self.fake.declines_next("INSTRUMENT_DECLINED")
        return self.pays(token)

    def is_paid_after_all(self, token: str) -> None:
        """Capture behind BPS's back, as a first try that was thought lost would."""
        self.fake.payer_approves(token)
        [unit] = self.fake.books.orders[token]["purchase_units"]
        money = Money(unit["amount"]["value"], unit["amount"]["currency_code"])
        request = ConfirmRequest(money, {}, "https://shop.test/", self._webhooks)
        client = psp_client(self.NAME)
        ref = PspReference(token, unit["custom_id"])
        client.confirm(client.prepare_confirm(ref, request, key=uuid4().hex))

    def refunds_succeed(self) -> None:
        for refund_id, refund in list(self.fake.books.refunds.items()):
            if refund["status"] == "PENDING":
                self.fake.refund_becomes(refund_id, "COMPLETED")

    def sessions(self) -> Sequence[str]:
        return list(self.fake.books.orders)

    def book(self, token: str) -> Book:
        books = self.fake.books
        ours = {capture for capture, order in books.order_of.items() if order == token}
        taken = [one for name, one in books.captures.items() if name in ours]
        given = [one for name, one in books.refunds.items() if books.capture_of[name] in ours]
        return Book(
            charged=_sum(one for one in taken if one["status"] in TAKEN),
            refunded=_sum(one for one in given if one["status"] == "COMPLETED"),
        )


def _sum(ones: Any) -> Decimal:
    return sum((Decimal(one["amount"]["value"]) for one in ones), Decimal(0))


class TestAJourneyThroughPayPal(Journeys):
    STAGE = PayPalStage

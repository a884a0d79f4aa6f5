"""Journeys through Mollie: its page charges, its webhooks are unsigned, and it answers look-ups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from psp_clients.contract import Money
from tests.journeys.stage import Book, Lossy, PspStage
from tests.journeys.suite import Journeys
from tests.psp_fakes.mollie import FakeMollie


class LossyMollie(Lossy, FakeMollie):
    """Mollie, whose answers may be lost."""


class MollieStage(PspStage):
    """The fake Mollie, as journeys handle it."""

    NAME = "mollie"
    fake: LossyMollie

    def __init__(self) -> None:
        self.fake = LossyMollie()

    def start(self) -> AbstractContextManager[object]:
        return self.fake

    def told(self) -> Mapping[str, str]:
        return {"URL": self.fake.url, "API_KEY": self.fake.api_key}

    def pays(self, token: str) -> str:
        self.fake.shopper_pays(token)
        return str(self.fake.payments[token].about["redirectUrl"])

    def is_refused(self, token: str) -> None:
        self.fake.shopper_is_declined(token)

    def pays_other(self, token: str, money: Money) -> str:
        stated = {"currency": money.currency, "value": money.amount}
        self.fake.payments[token].about["amount"] = stated
        return self.pays(token)

    def deliver(self) -> list[int]:
        return self.fake.deliver()

    def comes_to_nothing(self, token: str) -> str:
        self.fake.expires(token)
        return ""

    def is_paid_after_all(self, token: str) -> None:
        """Take back what Mollie calls definitive, as a PSP that corrects itself would."""
        self.fake.payments[token].status = "open"
        self.pays(token)

    def refunds_succeed(self) -> None:
        for payment in self.fake.payments.values():
            for refund in payment.refunds:
                if refund["status"] == "pending":
                    self.fake.bank_moves_refund(refund["id"], "refunded")

    def sessions(self) -> Sequence[str]:
        return list(self.fake.payments)

    def book(self, token: str) -> Book:
        book = self.fake.books()[token]
        return Book(charged=book.charged, refunded=book.refunded)


class TestAJourneyThroughMollie(Journeys):
    STAGE = MollieStage

"""Journeys through Stripe: its page charges, its webhooks are signed, and it answers look-ups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal

from psp_clients.contract import Money
from tests.journeys.stage import Book, Lossy, PspStage
from tests.journeys.suite import Journeys
from tests.journeys.world import JourneyWorld
from tests.psp_fakes.stripe import FakeStripe, Fault

# How many digits Stripe's integers count, of its pages on currencies.
DIGITS = {"CLP": 0, "EUR": 2, "IDR": 2, "ISK": 2, "JPY": 0, "KWD": 3, "HUF": 2, "TWD": 2, "USD": 2}


class LossyStripe(Lossy, FakeStripe):
    """Stripe, whose answers may be lost."""


class StripeStage(PspStage):
    """The fake Stripe, as journeys handle it."""

    NAME = "stripe"
    fake: LossyStripe

    def __init__(self) -> None:
        self.fake = LossyStripe()
        self.fake.refunds_are_slow = True

    def start(self) -> AbstractContextManager[object]:
        return self.fake

    def told(self) -> Mapping[str, str]:
        return {
            "URL": self.fake.url,
            "API_KEY": self.fake.api_key,
            "WEBHOOK_SECRETS": ",".join(self.fake.webhook_secrets),
        }

    def moves_in(self, bps_url: str) -> None:
        self.fake.webhook_url = f"{bps_url}/webhooks/stripe/"

    def pays(self, token: str) -> str:
        self.fake.shopper_pays(token)
        return str(self.fake.sessions[token]["success_url"])

    def is_refused(self, token: str) -> None:
        self.fake.shopper_is_declined(token)

    def pays_other(self, token: str, money: Money) -> str:
        units = int(Decimal(money.amount).scaleb(DIGITS[money.currency]))
        self.fake.sessions[token].update(amount_total=units, currency=money.currency.lower())
        return self.pays(token)

    def deliver(self) -> list[int]:
        return self.fake.deliver()

    def comes_to_nothing(self, token: str) -> str:
        self.fake.shopper_walks_away(token)
        return ""

    def is_paid_after_all(self, token: str) -> None:
        """Take back what Stripe calls final, as a PSP that corrects itself would."""
        self.fake.sessions[token]["status"] = "open"
        self.pays(token)

    def refunds_succeed(self) -> None:
        for refund in list(self.fake.refunds.values()):
            if refund["status"] == "pending":
                self.fake.bank_moves_refund(refund["id"], "succeeded")

    def sessions(self) -> Sequence[str]:
        return list(self.fake.sessions)

    def book(self, token: str) -> Book:
        book = self.fake.books()[token]
        digits = DIGITS[book.currency.upper()]
        return Book(
            charged=Decimal(book.charged).scaleb(-digits),
            refunded=Decimal(book.refunded).scaleb(-digits),
        )


class TestAJourneyThroughStripe(Journeys):
    STAGE = StripeStage

    def test_gives_back_once_though_stripe_repeats_its_fault_under_the_key(
        self, world: JourneyWorld, stage: StripeStage
    ):
        checkout = world.paid()
        stage.fake.next_fault = Fault.ERROR
        world.give_back(checkout, "5.00")
        assert world.refunds(checkout) == [("5.00", "pending")]

        stage.refunds_succeed()

        world.let_pass(checkout, minutes=1)

        assert world.refunds(checkout) == [("5.00", "successful")]
        assert stage.book(checkout.token).refunded == Decimal("5.00")
        assert world.cases(checkout) == []

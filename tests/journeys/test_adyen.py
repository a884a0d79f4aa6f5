"""Journeys through Adyen: its page charges; only webhooks, and a return, tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal

from psp_clients.contract import Money
from tests.journeys.stage import Book, Lossy, PspStage
from tests.journeys.suite import Journeys
from tests.psp_fakes.adyen import FakeAdyen, Session

# How many digits Adyen writes, of its currency codes page.
DIGITS = {"CLP": 2, "EUR": 2, "IDR": 0, "ISK": 2, "JPY": 0, "KWD": 3, "HUF": 2, "TWD": 2, "USD": 2}


class LossyAdyen(Lossy, FakeAdyen):
    """Adyen, whose answers may be lost."""


class AdyenStage(PspStage):
    """The fake Adyen, as journeys handle it."""

    NAME = "adyen"
    fake: LossyAdyen

    def __init__(self) -> None:
        self.fake = LossyAdyen()

    def start(self) -> AbstractContextManager[object]:
        return self.fake

    def told(self) -> Mapping[str, str]:
        return {
            "URL": self.fake.url,
            "API_KEY": self.fake.api_key,
            "MERCHANT_ACCOUNT": self.fake.account,
            "HMAC_KEYS": self.fake.hmac_key,
        }

    def moves_in(self, bps_url: str) -> None:
        self._webhooks = f"{bps_url}/webhooks/adyen/"

    def pays(self, token: str) -> str:
        return self._leads_to(token, self.fake.shopper_pays(token))

    def is_refused(self, token: str) -> None:
        self.fake.shopper_is_refused(token, "Insufficient Funds")

    def pays_other(self, token: str, money: Money) -> str:
        session = self._session(token)
        value = int(Decimal(money.amount).scaleb(DIGITS[money.currency]))
        session.about["amount"] = {"currency": money.currency, "value": value}
        return self.pays(token)

    def deliver(self) -> list[int]:
        return self.fake.deliver(self._webhooks)

    def comes_to_nothing(self, token: str) -> str:
        """Say nothing: a session that nobody pays in ends unmentioned."""
        return ""

    def is_paid_after_all(self, token: str) -> None:
        self.pays(token)

    def refunds_succeed(self) -> None:
        self.fake.processes()

    def sessions(self) -> Sequence[str]:
        return list(self.fake.sessions)

    def book(self, token: str) -> Book:
        session = self._session(token)
        book = self.fake.books()[session.reference]
        digits = DIGITS[book.currency]
        return Book(
            charged=Decimal(book.charged).scaleb(-digits),
            refunded=Decimal(book.refunded).scaleb(-digits),
        )

    def _session(self, token: str) -> Session:
        return self.fake.sessions[token]

    def _leads_to(self, token: str, query: str) -> str:
        address = str(self._session(token).about["returnUrl"])
        return f"{address.partition('?')[0]}?{query}"


class TestAJourneyThroughAdyen(Journeys):
    STAGE = AdyenStage

"""Journeys that end alike through every PSP, told once: each PSP's tests inherit them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar, Final

import pytest

from config.environment import Environment
from config.psps import read_psp_settings
from payments.circuit import Circuit
from payments.models import CaseKind, Shop, ShopApiKey
from payments.psp import psp_client
from psp_clients.contract import Money
from psp_clients.registry import variable
from tests.journeys.stage import Book, PspStage
from tests.journeys.world import JourneyWorld

WHOLE, PART, REST = Decimal("20.00"), Decimal("5.00"), Decimal("15.00")
PAID = Book(charged=WHOLE)
OTHER_MONEY = (Money("5.00", "EUR"), Money("20.01", "EUR"), Money("20.00", "USD"))

# One of each kind: how many digits each has differs from PSP to PSP.
PURSES: Final[tuple[tuple[Money, str, dict[str, str]], ...]] = (
    (Money("5", "ISK"), "de", {}),
    (Money("12000", "CLP"), "es", {"basket": "b-17"}),
    (Money("150000.00", "IDR"), "fr", {"basket": "Tulpenzwiebeln, 2 Stück"}),
    (Money("1.250", "KWD"), "ar", {"basket": "زنابق", "size": "M"}),
    (Money("980", "JPY"), "en", {"note": "a & b = c?"}),
    (Money("4500.00", "HUF"), "nl", {"a": "1", "b": "2", "c": "3"}),
    (Money("77.00", "TWD"), "en", {"basket": "鬱金香"}),
    (Money("0.75", "USD"), "en", {"quote": '"', "backslash": "\\"}),
)


class Journeys:
    """A shop that is paid through one PSP. `STAGE` says which."""

    STAGE: ClassVar[type[PspStage]]

    @pytest.fixture
    def stage(self) -> Iterator[PspStage]:
        """Start the PSP."""
        stage = self.STAGE()
        with stage.start():
            yield stage

    @pytest.fixture
    def world(
        self, stage: PspStage, bps_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[JourneyWorld]:
        """Have BPS read the PSP's settings from the environment, as at its start."""
        psp = stage.NAME
        for name, value in stage.told().items():
            monkeypatch.setenv(variable(psp, name), value)
        environment = Environment()
        for name, value in read_psp_settings(environment, [psp], debug=True).items():
            setattr(settings, name, value)
        assert environment.faults == {}
        settings.BPS_PSPS = [psp]
        settings.BPS_PUBLIC_URL = bps_url
        stage.moves_in(bps_url)
        psp_client.cache_clear()
        Circuit(psp).reset()
        shop = Shop.objects.create(
            name="A shop", return_origins=["https://shop.test"], routing={"*": [psp]}
        )
        _, key = ShopApiKey.objects.create_key(name="tests", shop=shop)
        world = JourneyWorld(bps_url=bps_url, api_key=key, stage=stage)
        yield world
        world.let_calls_end()
        psp_client.cache_clear()
        Circuit(psp).reset()

    def test_is_told_by_webhook_alone_once_the_shopper_has_paid(
        self, world: JourneyWorld, stage: PspStage
    ):
        checkout = world.register()
        assert (world.outcome(checkout), world.page_says(checkout)) == (
            "registered",
            "Nothing bought yet",
        )

        world.pays(checkout)
        world.news()

        assert world.outcome(checkout) == "successful"
        assert world.page_says(checkout) == "Payment successful"
        assert stage.book(checkout.token) == PAID
        assert world.cases(checkout) == []

    def test_is_told_as_soon_as_it_can_be_when_the_shopper_comes_back(
        self, world: JourneyWorld, stage: PspStage
    ):
        checkout = world.register()

        world.arrives(checkout, stage.pays(checkout.token))

        known = world.can_be_asked
        assert world.outcome(checkout) == ("successful" if known else "started")
        assert world.page_says(checkout) == (
            "Payment successful" if known else "Payment in progress"
        )
        world.news()
        assert world.page_says(checkout) == "Payment successful"
        assert stage.book(checkout.token) == PAID

    def test_is_told_when_the_shop_presses_buy_now_behind_the_page(
        self, world: JourneyWorld, stage: PspStage
    ):
        checkout = world.register()
        stage.pays(checkout.token)

        first, again = world.buy(checkout), world.buy(checkout)

        expected = (200, "successful") if world.can_be_asked else (202, "started")
        for answer in (first, again):
            assert (answer.status_code, answer.json()["purchase"]["status"]) == expected
        world.news()
        assert world.outcome(checkout) == "successful"
        assert stage.book(checkout.token) == PAID

    def test_may_be_declined_first_and_paid_then(self, world: JourneyWorld, stage: PspStage):
        checkout = world.register(order_reference="o-1")
        stage.is_refused(checkout.token)
        if not world.page_charges:
            world.pays(checkout)
        world.news()
        assert world.outcome(checkout) in {"registered", "started"}
        assert stage.book(checkout.token) == Book()

        world.pays(checkout)
        world.news()

        assert world.outcome(checkout) == "successful"
        assert world.page_says(checkout) == "Payment successful"
        assert stage.book(checkout.token) == PAID
        assert stage.sessions() == [checkout.token]
        assert world.cases(checkout) == []

    def test_begins_once_though_the_answer_to_its_registration_is_lost(
        self, world: JourneyWorld, stage: PspStage
    ):
        body = world.new_checkout("20.00")
        stage.fake.loses_answers = True
        assert world.post("", body).status_code == 503
        stage.fake.loses_answers = False

        answer = world.post("", body)

        assert answer.status_code == 200, answer.text
        assert stage.sessions() == [answer.json()["psp_token"]]

    def test_charges_once_though_all_answers_are_lost_after_the_charge(
        self, world: JourneyWorld, stage: PspStage
    ):
        checkout = world.register()
        address = stage.pays(checkout.token)
        stage.fake.loses_answers = True
        world.arrives(checkout, address)
        answer = world.buy(checkout)
        assert (answer.status_code, world.outcome(checkout)) == (202, "started")
        assert stage.book(checkout.token) == PAID
        assert world.page_says(checkout) == "Payment in progress"
        stage.fake.loses_answers = False

        world.let_pass(checkout, minutes=1)
        if not world.can_be_asked:
            assert world.outcome(checkout) == "started"
            world.news()

        assert world.outcome(checkout) == "successful"
        assert stage.book(checkout.token) == PAID
        world.news()
        assert world.cases(checkout) == []

    def test_ends_with_a_part_given_back_and_then_the_rest(
        self, world: JourneyWorld, stage: PspStage
    ):
        checkout = world.paid()

        world.give_back(checkout, str(PART))
        stage.refunds_succeed()
        world.news()
        world.let_pass(checkout, minutes=2)
        assert world.refunds(checkout) == [("5.00", "successful")]
        assert stage.book(checkout.token) == Book(charged=WHOLE, refunded=PART)

        world.give_back(checkout)
        stage.refunds_succeed()
        world.news()
        world.let_pass(checkout, minutes=2)

        assert sorted(world.refunds(checkout)) == [("15.00", "successful"), ("5.00", "successful")]
        assert stage.book(checkout.token) == Book(charged=WHOLE, refunded=WHOLE)
        assert world.read(checkout.id)["purchase"]["refunded_amount"] == "20.00"
        assert world.cases(checkout) == []

    def test_gives_back_once_though_the_answer_is_lost(self, world: JourneyWorld, stage: PspStage):
        checkout = world.paid()
        stage.fake.loses_answers = True
        world.give_back(checkout, str(PART))
        assert world.refunds(checkout) == [("5.00", "pending")]
        stage.fake.loses_answers = False

        world.let_pass(checkout, minutes=1)
        stage.refunds_succeed()
        world.news()
        world.let_pass(checkout, minutes=2)

        assert world.refunds(checkout) == [("5.00", "successful")]
        assert stage.book(checkout.token) == Book(charged=WHOLE, refunded=PART)

    def test_may_end_in_a_success_that_comes_late(self, world: JourneyWorld, stage: PspStage):
        checkout = world.register()
        if address := stage.comes_to_nothing(checkout.token):
            world.arrives(checkout, address)
        world.news()
        world.let_pass(checkout, minutes=121)
        assert world.page_says(checkout) in {"Checkout expired", "Payment failed"}
        assert stage.book(checkout.token) == Book()

        stage.is_paid_after_all(checkout.token)
        world.news()

        assert world.outcome(checkout) == "successful"
        assert world.page_says(checkout) == "Payment successful"
        assert world.cases(checkout) == [CaseKind.LATE_SUCCESS]
        assert stage.book(checkout.token) == PAID

    def test_that_was_charged_other_money_is_no_success_but_a_case(
        self, world: JourneyWorld, stage: PspStage
    ):
        for other in OTHER_MONEY:
            checkout = world.register()
            address = stage.pays_other(checkout.token, other)

            world.arrives(checkout, address)
            world.news()
            world.buy(checkout)
            world.let_pass(checkout, minutes=1)

            assert world.outcome(checkout) == "started", other
            assert world.page_says(checkout) == "Payment in progress"
            assert set(world.cases(checkout)) == {CaseKind.AMOUNT_MISMATCH}

    def test_is_paid_and_given_back_in_every_kind_of_money_that_the_psp_takes(
        self, world: JourneyWorld, stage: PspStage
    ):
        taken = psp_client(stage.NAME).capabilities.currencies
        for money, locale, metadata in PURSES:
            if money.currency not in taken:
                continue
            checkout = world.paid(
                amount=money.amount,
                currency=money.currency,
                locale=locale,
                metadata=metadata,
                expires_in_seconds=3000,
            )
            charged = Decimal(money.amount)
            assert stage.book(checkout.token) == Book(charged=charged)
            world.give_back(checkout)
            stage.refunds_succeed()
            world.news()
            assert stage.book(checkout.token) == Book(charged=charged, refunded=charged)

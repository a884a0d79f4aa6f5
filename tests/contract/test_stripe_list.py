"""Stripe's list of what it took and gave back, for reconciliation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from psp_clients.contract import InDoubt, Money, Transaction
from psp_clients.stripe import StripeClient
from tests.taken import taken

from .servers import ReplayingPsp, Reply
from .stripe_objects import (
    CHARGE,
    INTENT,
    NOW,
    PART,
    REFUND,
    TOTAL,
    balance,
    charge,
    client_at,
    intent,
    listing,
    refund,
    seconds,
)

SINCE = NOW - timedelta(hours=1)
PERIOD = f"created[gte]={seconds(SINCE)}&created[lt]={seconds(NOW)}"


@pytest.fixture
def client(psp: ReplayingPsp) -> StripeClient:
    return client_at(psp.url)


def lines(client: StripeClient) -> list[Transaction]:
    return list(client.transactions(SINCE, NOW))


def given_back(kind: str = "refund", **changes: Any) -> dict[str, Any]:
    return balance(kind, id="txn_2", amount=-500, fee=0, net=-500, source=refund(**changes))


class TestTheList:
    def test_has_charges_and_refunds_as_we_name_them(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(listing(given_back(), balance()))
        booked_at = NOW - timedelta(minutes=1)
        assert lines(client) == [
            Transaction(
                kind="refund",
                psp_reference=REFUND,
                reference="ref-1",
                psp_token="",
                money=PART,
                status="successful",
                booked_at=booked_at,
            ),
            Transaction(
                kind="charge",
                psp_reference=INTENT,
                reference="ref-1",
                psp_token="",
                money=TOTAL,
                status="successful",
                booked_at=booked_at,
                fee=Money("0.55", "EUR"),
            ),
        ]
        assert [unquote(seen.path) for seen in psp.requests] == [
            f"/v1/balance_transactions?{PERIOD}&expand[0]=data.source&limit=50"
        ]

    def test_goes_on_page_by_page_as_it_is_read(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(
            listing(balance(id="txn_9"), balance(id="txn_8"), has_more=True),
            listing(balance(id="txn_7")),
        )
        read = client.transactions(SINCE, NOW)
        next(read)
        assert len(psp.requests) == 1
        assert len(list(read)) == 2
        assert psp.requests[1].path.endswith("&limit=50&starting_after=txn_8")

    def test_is_asked_for_whole_seconds_so_that_nothing_is_read_twice(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        psp.will_answer(listing())
        half = timedelta(seconds=0.5)
        list(client.transactions(SINCE - half, NOW - half))
        assert f"?{PERIOD}&" in unquote(psp.requests[0].path)

    @pytest.mark.parametrize("kind", ["charge", "payment"])
    def test_has_charges_by_card_and_by_other_methods(
        self, client: StripeClient, psp: ReplayingPsp, kind: str
    ):
        psp.will_answer(listing(balance(kind)))
        assert [line.kind for line in lines(client)] == ["charge"]

    @pytest.mark.parametrize("kind", ["refund", "payment_refund", "refund_failure"])
    def test_has_refunds_by_card_and_by_other_methods_and_their_failures(
        self, client: StripeClient, psp: ReplayingPsp, kind: str
    ):
        psp.will_answer(listing(given_back(kind, word="failed")))
        assert [(line.kind, line.status) for line in lines(client)] == [("refund", "failed")]

    @pytest.mark.parametrize("kind", ["payout", "adjustment", "stripe_fee", "transfer", "new"])
    def test_leaves_out_what_is_neither(self, client: StripeClient, psp: ReplayingPsp, kind: str):
        psp.will_answer(listing(balance(kind, source="po_1")))
        assert lines(client) == []

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("succeeded", "successful"),
            ("pending", "pending"),
            ("failed", "failed"),
            ("reviewing", "reviewing"),
        ],
    )
    def test_says_how_a_charge_stands(
        self, client: StripeClient, psp: ReplayingPsp, word: str, status: str
    ):
        psp.will_answer(listing(balance(source=charge(status=word))))
        assert [line.status for line in lines(client)] == [status]

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("succeeded", "successful"),
            ("pending", "pending"),
            ("requires_action", "pending"),
            ("failed", "failed"),
            ("canceled", "failed"),
            ("reviewing", "reviewing"),
        ],
    )
    def test_says_how_a_refund_stands(
        self, client: StripeClient, psp: ReplayingPsp, word: str, status: str
    ):
        psp.will_answer(listing(given_back(word=word)))
        assert [line.status for line in lines(client)] == [status]

    def test_has_what_was_captured_in_the_shoppers_currency_and_the_fee_in_ours(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        yen = charge(amount=3000, amount_captured=2500, currency="jpy")
        psp.will_answer(listing(balance(amount=1544, currency="eur", fee=47, source=yen)))
        [line] = lines(client)
        assert (line.money, line.fee) == (Money("2500", "JPY"), Money("0.47", "EUR"))

    def test_tells_no_fee_where_there_is_none(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(listing(balance(fee=0)))
        assert [line.fee for line in lines(client)] == [None]

    def test_asks_which_payment_a_refund_is_of_that_we_did_not_make(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        psp.will_answer(listing(given_back(metadata={})), Reply(200, intent()))
        assert [line.reference for line in lines(client)] == ["ref-1"]
        assert psp.requests[1].path == f"/v1/payment_intents/{INTENT}"

    def test_has_what_is_none_of_ours_without_a_name(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(
            listing(
                balance(source=charge(metadata={}, payment_intent=None)),
                given_back(metadata={}, payment_intent=None),
            )
        )
        assert [(line.psp_reference, line.reference) for line in lines(client)] == [
            (CHARGE, ""),
            (REFUND, ""),
        ]
        assert len(psp.requests) == 1

    def test_leaves_out_what_we_cannot_have_charged(self, client: StripeClient, psp: ReplayingPsp):
        cedis = balance(source=charge(currency="ghs"))
        psp.will_answer(listing(cedis, given_back(currency="ghs"), balance()))
        assert [line.money for line in lines(client)] == [TOTAL]

    def test_is_in_doubt_where_a_line_is_not_as_documented(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
            {"source": CHARGE},  # not whole, though it was asked for
            {"source": None},
            {"source": charge(currency=None)},
            {"source": charge(amount_captured=None)},
            {"source": charge(status=None)},
            {"source": charge(id=None, payment_intent=None)},
            {"created": None},
            {"fee": None},
            {"type": None},
            {"id": None},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(listing(balance(**change), has_more=True))
            return lines(client)

        assert taken(changes, answered, InDoubt) == []

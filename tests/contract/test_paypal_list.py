"""PayPal's list of transactions, as lines to reconcile with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from psp_clients.contract import (
    AuthFailed,
    InDoubt,
    InvalidRequest,
    Money,
    RetryableRejected,
    Transaction,
)
from psp_clients.paypal import PayPalClient
from tests.taken import taken

from .dialect import NOW
from .paypal_dialect import CAPTURE_ID, ORDER_ID, REFUND_ID, PayPalDialect, client_at, refusal
from .servers import ReplayingPsp, Reply

DAY = timedelta(days=1)
TOO_LONG = refusal(400, "RESULTSET_TOO_LARGE")


@pytest.fixture
def psp() -> Iterator[ReplayingPsp]:
    server = PayPalDialect().server()
    yield server
    server.stop()


@pytest.fixture
def client(psp: ReplayingPsp) -> PayPalClient:
    return client_at(psp.url)


def euros(value: str) -> dict[str, str]:
    return {"currency_code": "EUR", "value": value}


def charge(**changes: Any) -> dict[str, Any]:
    return {
        "transaction_id": CAPTURE_ID,
        "transaction_event_code": "T0006",
        "transaction_initiation_date": "2026-11-22T11:00:00+0000",
        "transaction_amount": euros("19.99"),
        "fee_amount": euros("-0.60"),
        "transaction_status": "S",
        "invoice_id": "ref-1",
        "custom_field": "ref-1",
        "paypal_reference_id": ORDER_ID,
        "paypal_reference_id_type": "ODR",
        **changes,
    }


def given_back(**changes: Any) -> dict[str, Any]:
    return {
        "transaction_id": REFUND_ID,
        "paypal_reference_id": CAPTURE_ID,
        "paypal_reference_id_type": "TXN",
        "transaction_event_code": "T1107",
        "transaction_initiation_date": "2026-11-22T11:30:00+0000",
        "transaction_amount": euros("-5.00"),
        "fee_amount": euros("0.15"),
        "transaction_status": "S",
        "invoice_id": "rf-1",
        "custom_field": "ref-1",
        **changes,
    }


def listed(*lines: dict[str, Any], pages: Any = 1, **changes: Any) -> Reply:
    return Reply(
        200,
        {
            "transaction_details": [{"transaction_info": line} for line in lines],
            "last_refreshed_datetime": "2026-11-22T12:00:00+0000",
            "total_pages": pages,
            **changes,
        },
    )


def lines(
    client: PayPalClient, since: datetime = NOW - DAY, until: datetime = NOW
) -> list[Transaction]:
    return list(client.transactions(since, until))


def asked(psp: ReplayingPsp) -> list[tuple[str, str, str]]:
    """Return the periods and pages that were asked for."""
    queries = [parse_qs(urlsplit(seen.path).query) for seen in psp.requests]
    return [(one["start_date"][0], one["end_date"][0], one["page"][0]) for one in queries]


class TestTheList:
    def test_has_charges_and_refunds_with_fees_and_references(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        psp.will_answer(listed(charge(), given_back()))
        assert lines(client) == [
            Transaction(
                kind="charge",
                psp_reference=CAPTURE_ID,
                reference="ref-1",
                psp_token=ORDER_ID,
                money=Money("19.99", "EUR"),
                status="successful",
                booked_at=NOW - timedelta(hours=1),
                fee=Money("0.60", "EUR"),
            ),
            Transaction(
                kind="refund",
                psp_reference=REFUND_ID,
                reference="ref-1",
                psp_token="",
                money=Money("5.00", "EUR"),
                status="successful",
                booked_at=NOW - timedelta(minutes=30),
            ),
        ]
        (seen,) = psp.requests
        assert seen.path == (
            "/v1/reporting/transactions?start_date=2026-11-21T12%3A00%3A00Z"
            "&end_date=2026-11-22T12%3A00%3A00Z&fields=transaction_info"
            "&balance_affecting_records_only=Y&page_size=100&page=1"
        )

    @pytest.mark.parametrize(
        ("line", "status"),
        [
            (charge(transaction_status="S"), "successful"),
            (charge(transaction_status="V"), "successful"),
            (charge(transaction_status="F"), "successful"),
            (charge(transaction_status="P"), "pending"),
            (charge(transaction_status="D"), "failed"),
            (charge(transaction_status="X"), "X"),
            (given_back(transaction_status="S"), "successful"),
            (given_back(transaction_status="P"), "pending"),
            (given_back(transaction_status="D"), "failed"),
            (given_back(transaction_status="V"), "V"),
        ],
    )
    def test_says_what_became_of_each(
        self, client: PayPalClient, psp: ReplayingPsp, line: dict[str, Any], status: str
    ):
        psp.will_answer(listed(line))
        assert [one.status for one in lines(client)] == [status]

    @pytest.mark.parametrize(
        "line",
        [
            charge(transaction_event_code="T0400", transaction_amount=euros("-19.99")),
            charge(transaction_event_code="T0106", transaction_amount=euros("-0.60")),
            charge(transaction_event_code="T1501"),
            charge(transaction_amount=euros("-19.99")),
            given_back(transaction_amount=euros("5.00")),
            given_back(transaction_event_code="T1105"),
        ],
    )
    def test_leaves_out_what_is_no_shoppers_payment(
        self, client: PayPalClient, psp: ReplayingPsp, line: dict[str, Any]
    ):
        psp.will_answer(listed(line))
        assert lines(client) == []

    def test_has_what_paypal_took_back_itself(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(listed(given_back(transaction_event_code="T1106")))
        assert [one.kind for one in lines(client)] == ["refund"]

    def test_knows_a_charge_by_its_invoice_where_it_bears_no_note(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        bare = charge(custom_field="", fee_amount=None, paypal_reference_id_type="TXN")
        psp.will_answer(listed(bare, given_back(custom_field=None)))
        of_charge, of_refund = lines(client)
        assert (of_charge.reference, of_charge.fee, of_charge.psp_token) == ("ref-1", None, "")
        assert of_refund.reference == ""

    def test_is_read_page_by_page(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(listed(charge(), pages=2), listed(given_back(), pages=2))
        assert [one.kind for one in lines(client)] == ["charge", "refund"]
        assert [page for _, _, page in asked(psp)] == ["1", "2"]

    def test_that_is_empty_has_no_second_page(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(listed(pages=0))
        assert lines(client) == []
        assert len(psp.requests) == 1

    def test_of_more_than_a_month_is_asked_for_in_parts(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        psp.will_answer(listed())
        assert lines(client, since=NOW - 40 * DAY) == []
        assert asked(psp) == [
            ("2026-10-13T12:00:00Z", "2026-11-13T12:00:00Z", "1"),
            ("2026-11-13T12:00:00Z", "2026-11-22T12:00:00Z", "1"),
        ]

    def test_of_no_time_is_not_asked_for(self, client: PayPalClient, psp: ReplayingPsp):
        assert lines(client, since=NOW) == []
        assert psp.connections == 0

    def test_does_not_lose_what_came_in_the_last_second(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        psp.will_answer(listed())
        until = NOW - timedelta(milliseconds=1)
        lines(client, since=until - DAY, until=until)
        assert asked(psp) == [("2026-11-21T11:59:59Z", "2026-11-22T12:00:00Z", "1")]

    def test_that_is_too_long_is_asked_for_in_halves(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(TOO_LONG, listed(charge()), listed(given_back()))
        assert [one.kind for one in lines(client)] == ["charge", "refund"]
        assert [period[:2] for period in asked(psp)[1:]] == [
            ("2026-11-21T12:00:00Z", "2026-11-22T00:00:00Z"),
            ("2026-11-22T00:00:00Z", "2026-11-22T12:00:00Z"),
        ]

    def test_that_is_too_long_in_a_second_is_given_up(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        psp.will_answer(TOO_LONG)
        with pytest.raises(InvalidRequest, match="finds the shortest list too long"):
            lines(client, since=NOW - timedelta(seconds=4))
        assert len(psp.requests) == 3

    def test_that_changes_while_it_is_read_is_in_doubt(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        for second in (listed(pages=3), TOO_LONG):
            psp.will_answer(listed(charge(), pages=2), second)
            with pytest.raises(InDoubt, match="changed while it was read"):
                lines(client)

    def test_that_does_not_reach_so_far_yet_is_asked_for_later(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        psp.will_answer(listed(last_refreshed_datetime="2026-11-22T08:59:59+0000"))
        with pytest.raises(RetryableRejected, match="does not reach that far yet"):
            lines(client)

    @pytest.mark.parametrize("refreshed", ["2026-11-22T09:00:00+0000", "2026-11-22T12:30:00Z"])
    def test_that_reaches_as_far_as_it_ever_does_is_read(
        self, client: PayPalClient, psp: ReplayingPsp, refreshed: str
    ):
        psp.will_answer(listed(charge(), last_refreshed_datetime=refreshed))
        assert len(lines(client)) == 1

    def test_that_cannot_be_read_is_in_doubt(self, client: PayPalClient, psp: ReplayingPsp):
        replies: list[Reply] = [
            listed(pages="1"),
            listed(pages=-1),
            listed(pages=True),
            listed(transaction_details=None),
            listed(transaction_details=[{}]),
            listed(last_refreshed_datetime="now"),
            listed(charge(transaction_id=None)),
            listed(charge(transaction_event_code=None)),
            listed(charge(transaction_status="")),
            listed(charge(transaction_amount=euros("much"))),
            listed(charge(transaction_initiation_date="2026-11-22T11:00:00")),
            listed(charge(fee_amount={"currency_code": "EUR"})),
        ]

        def answered(reply: Reply) -> object:
            psp.will_answer(reply)
            return lines(client)

        assert taken(replies, answered, InDoubt) == []

    def test_without_the_permission_says_so(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(refusal(403, "NOT_AUTHORIZED", "PERMISSION_DENIED"))
        with pytest.raises(AuthFailed):
            lines(client)

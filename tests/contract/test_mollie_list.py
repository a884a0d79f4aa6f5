"""Mollie's lists of payments and refunds, as lines to reconcile with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from psp_clients.contract import (
    InDoubt,
    Money,
    Transaction,
)
from psp_clients.mollie import MollieClient
from tests.taken import taken

from .mollie_objects import (
    NOW,
    OTHER,
    PART,
    REFUND,
    TOKEN,
    capture,
    client_at,
    euros,
    listed,
    payment,
    refund,
)
from .servers import ReplayingPsp, Reply


@pytest.fixture
def client(psp: ReplayingPsp) -> MollieClient:
    return client_at(psp.url)


class TestTheList:
    def lines(self, client: MollieClient) -> list[Transaction]:
        return list(client.transactions(NOW - timedelta(days=1), NOW))

    def paid(self, at: str, **changes: Any) -> dict[str, Any]:
        return payment("paid", createdAt=at, paidAt=at, **changes)

    def test_has_charges_and_refunds_page_by_page(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(
            listed("payments", self.paid("2026-11-22T11:59:59+00:00"), begins=OTHER),
            listed("payments", payment("open", createdAt="2026-11-22T11:00:00+00:00")),
            listed("refunds", refund("refunded", createdAt="2026-11-21T12:00:00+00:00")),
        )
        assert self.lines(client) == [
            Transaction(
                kind="charge",
                psp_reference=TOKEN,
                reference="ref-1",
                psp_token=TOKEN,
                money=Money("19.99", "EUR"),
                status="successful",
                booked_at=NOW - timedelta(seconds=1),
            ),
            Transaction(
                kind="refund",
                psp_reference=REFUND,
                reference="ref-1",
                psp_token=TOKEN,
                money=PART,
                status="successful",
                booked_at=NOW - timedelta(days=1),
            ),
        ]
        assert [seen.path for seen in psp.requests] == [
            "/v2/payments?limit=100",
            f"/v2/payments?limit=100&from={OTHER}",
            "/v2/refunds?limit=100",
        ]

    def test_goes_back_to_what_may_have_been_paid_only_now(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        late = payment(
            "paid", createdAt="2026-10-21T12:00:00+00:00", paidAt="2026-11-22T00:00:00+00:00"
        )
        too_old = payment("paid", createdAt="2026-10-21T11:59:59+00:00", paidAt="unread")
        psp.will_answer(
            listed("payments", late, too_old, begins=OTHER),
            listed("refunds", refund(createdAt="2026-11-21T11:59:59+00:00"), begins="re_1"),
        )
        [line] = self.lines(client)
        assert line.booked_at == NOW - timedelta(hours=12)
        assert len(psp.requests) == 2

    def test_leaves_out_what_was_booked_outside_the_period(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        psp.will_answer(
            listed(
                "payments",
                self.paid("2026-11-22T12:00:00+00:00"),
                self.paid("2026-11-21T11:59:59+00:00"),
            ),
            listed("refunds", refund(createdAt="2026-11-22T12:00:00+00:00")),
        )
        assert self.lines(client) == []

    def test_names_no_payment_of_ours_where_the_metadata_is_not_ours(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        at = "2026-11-22T00:00:00+00:00"
        psp.will_answer(
            listed("payments", self.paid(at, metadata="by hand")),
            listed("refunds", refund("queued", createdAt=at, metadata=None)),
        )
        assert [(line.reference, line.psp_token, line.status) for line in self.lines(client)] == [
            ("", TOKEN, "successful"),
            ("", TOKEN, "pending"),
        ]

    def test_has_a_part_of_a_hold_when_it_was_captured(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        held = payment(
            "authorized", createdAt="2026-11-20T00:00:00+00:00", amountCaptured=euros("5.00")
        )
        psp.will_answer(
            listed("payments", held),
            listed(
                "captures",
                capture("failed", createdAt="2026-11-22T11:00:00+00:00"),
                capture(createdAt="2026-11-22T10:00:00+00:00"),
            ),
            listed("refunds"),
        )
        [line] = self.lines(client)
        assert (line.money, line.booked_at) == (PART, NOW - timedelta(hours=2))
        assert psp.requests[1].path == f"/v2/payments/{TOKEN}/captures?limit=100"

    def test_with_a_line_that_cannot_be_read_is_in_doubt(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
            {"createdAt": None},
            {"paidAt": None},
            {"paidAt": "2026-11-22T11:00:00"},
            {"amount": euros("5")},
            {"amountCaptured": euros("0.00")},
            {"id": None},
            {"status": None},
        ]

        def answered(change: dict[str, Any]) -> object:
            at = "2026-11-22T11:00:00+00:00"
            psp.will_answer(listed("payments", {**self.paid(at), **change}))
            return self.lines(client)

        assert taken(changes, answered, InDoubt) == []

    def test_captured_without_a_capture_is_in_doubt(self, client: MollieClient, psp: ReplayingPsp):
        held = payment("authorized", createdAt="2026-11-20T00:00:00+00:00")
        psp.will_answer(
            listed("payments", {**held, "amountCaptured": euros("5.00")}), listed("captures")
        )
        with pytest.raises(InDoubt, match="captured, without a capture"):
            self.lines(client)

    def test_that_repeats_its_page_is_in_doubt(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(listed("payments", begins=OTHER))
        with pytest.raises(InDoubt, match="does not end"):
            self.lines(client)
        assert len(psp.requests) == 2

    def test_without_end_is_in_doubt(
        self, client: MollieClient, psp: ReplayingPsp, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("psp_clients.mollie.wire.MAX_PAGES", 3)
        psp.will_answer(*(listed("payments", begins=f"tr_{number}") for number in range(5)))
        with pytest.raises(InDoubt, match="does not end"):
            self.lines(client)
        assert len(psp.requests) == 3

    @pytest.mark.parametrize(
        "following",
        [
            "tr_1",
            {},
            {"href": None},
            {"href": "https://api.mollie.com/v2/payments"},
            {"href": "https://api.mollie.com/v2/payments?from="},
            {"href": "https://api.mollie.com/v2/payments?from=tr_1&from=tr_2"},
            {"href": "https://api.mollie.com/v2/payments?from=../balances"},
            {"href": "https://[?from=tr_1"},
        ],
    )
    def test_whose_next_page_is_not_an_id_is_in_doubt(
        self, client: MollieClient, psp: ReplayingPsp, following: object
    ):
        page = {"_embedded": {"payments": []}, "_links": {"next": following}}
        psp.will_answer(Reply(200, page))
        with pytest.raises(InDoubt, match="next does not say"):
            self.lines(client)

    def test_follows_no_address_to_another_host(self, client: MollieClient, psp: ReplayingPsp):
        away = {"href": "https://evil.example/v2/settlements?from=tr_9", "type": "text/html"}
        page = {"_embedded": {"payments": []}, "_links": {"next": away}}
        psp.will_answer(Reply(200, page), listed("payments"), listed("refunds"))
        assert self.lines(client) == []
        assert psp.requests[1].path == "/v2/payments?limit=100&from=tr_9"

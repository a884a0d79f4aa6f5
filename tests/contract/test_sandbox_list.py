"""The sandbox PSP's list of transactions, as lines to reconcile with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from psp_clients.contract import InDoubt, Money, Transaction
from psp_clients.sandbox import SandboxClient
from tests.taken import taken

from .dialect import NOW
from .sandbox_dialect import SandboxTests
from .servers import ReplayingPsp, Reply


class TestTheList(SandboxTests):
    def line(self, number: int, **changes: Any) -> dict[str, Any]:
        return {
            "kind": "charge",
            "id": f"ch_{number}",
            "reference": "ref-1",
            "token": "tok_1",
            "amount": "19.99",
            "currency": "EUR",
            "status": "paid",
            "fee": None,
            "booked_at": "2026-11-22T12:00:00Z",
            **changes,
        }

    def page(self, *lines: dict[str, Any], cursor: str | None = None) -> Reply:
        return Reply(200, {"data": list(lines), "next_cursor": cursor})

    def transactions(self, client: SandboxClient) -> list[Transaction]:
        return list(client.transactions(NOW - timedelta(days=1), NOW))

    def test_lists_transactions_page_by_page(self, client: SandboxClient, psp: ReplayingPsp):
        refund = self.line(2, kind="refund", id="re_1", amount="5.00", fee="0.10")
        psp.will_answer(self.page(self.line(1), cursor="c&2"), self.page(refund))
        charge, given_back = self.transactions(client)
        assert charge == Transaction(
            kind="charge",
            psp_reference="ch_1",
            reference="ref-1",
            psp_token="tok_1",
            money=Money("19.99", "EUR"),
            status="paid",
            booked_at=NOW,
            fee=None,
        )
        assert (given_back.kind, given_back.psp_reference) == ("refund", "re_1")
        assert given_back.fee == Money("0.10", "EUR")
        window = "since=2026-11-21T12%3A00%3A00%2B00%3A00&until=2026-11-22T12%3A00%3A00%2B00%3A00"
        assert [seen.path for seen in psp.requests] == [
            f"/v1/transactions?{window}",
            f"/v1/transactions?{window}&cursor=c%262",
        ]

    def test_a_list_that_repeats_its_cursor_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp
    ):
        psp.will_answer(self.page(self.line(1), cursor="c2"))
        with pytest.raises(InDoubt, match="does not end"):
            self.transactions(client)
        assert len(psp.requests) == 2

    def test_a_list_without_end_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("psp_clients.sandbox.client.MAX_TRANSACTION_PAGES", 3)
        psp.will_answer(*(self.page(cursor=f"c{number}") for number in range(5)))
        with pytest.raises(InDoubt, match="does not end"):
            self.transactions(client)
        assert len(psp.requests) == 3

    def test_a_line_that_cannot_be_read_is_in_doubt(self, client: SandboxClient, psp: ReplayingPsp):
        changes: list[dict[str, Any]] = [
            {"kind": "fee"},
            {"amount": 5},
            {"booked_at": ""},
            {"fee": "x"},
            {"token": None},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(self.page(self.line(1, **change)))
            return self.transactions(client)

        assert taken(changes, answered, InDoubt) == []

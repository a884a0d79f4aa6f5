"""The oracle sees every kind of wrong, and nothing where nothing is wrong."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.campaign import aftermath, case, evidence, oracle
from bench.campaign.evidence import Evidence, Row
from bench.campaign.oracle import judge

ALLOWED_IMPORTS = {
    "psycopg",
    "bench.campaign",
    "bench.campaign.case",
    "bench.campaign.evidence",
    "bench.campaign.history",
}


def line(act: str, checkout: str = "c-1", **more: Any) -> Row:
    said = {"status": 200, "trouble": "", "said": {}, "at": 10.0, "took": 0.1, "order": "o-1"}
    return {"act": act, "checkout": checkout, **said, **more}


def registered(checkout: str = "c-1", order: str = "o-1") -> Row:
    said = {"checkout_id": checkout, "psp_token": f"tok-{checkout}"}
    asked = {"amount": "20.00", "currency": "EUR", "by_hand": False}
    return line("register", checkout, order=order, status=201, at=1.0, said=said, **asked)


def bought(checkout: str = "c-1", status: str = "successful", at: float = 2.0) -> Row:
    return line("buy", checkout, said={"purchase": {"status": status}}, at=at)


def book(checkout: str = "c-1", charges: int = 1, **changes: Any) -> Row:
    row = {
        "checkout_id": checkout,
        "token": f"tok-{checkout}",
        "currency": "EUR",
        "charges": [{"id": f"ch-{n}", "amount": "20.00", "at": "x"} for n in range(charges)],
        "charged": f"{20 * charges}.00",
        "refunds": [],
        "refunded": "0.00",
        "status": "paid",
    }
    return {**row, **changes}


def session(checkout: str = "c-1", status: str = "successful", **changes: Any) -> Row:
    purchase = {
        "status": status,
        "phase": {"successful": "captured", "failed": "declined"}.get(status, "pending"),
        "captured_amount": "20.00" if status == "successful" else "0.00",
        "refunded_amount": "0.00",
        "currency": "EUR",
        "surplus": False,
        **changes,
    }
    named = {"checkout_id": checkout, "psp_token": f"tok-{checkout}"}
    return {**named, "amount": "20.00", "currency": "EUR", "purchase": purchase}


def delivery(kind: str = "session.paid", checkout: str = "c-1", status: int = 200) -> Row:
    return {"event_id": "evt-1", "token": f"tok-{checkout}", "type": kind, "status": status}


def told(checkout: str = "c-1", status: str = "successful") -> Row:
    named = {"webhook_id": "msg", "type": "x", "about": ""}
    return {"checkout_id": checkout, "status": status, **named}


def a_good_day(**changes: Any) -> Evidence:
    """One checkout, bought, charged, announced, told."""
    found = Evidence(
        books=[book()],
        deliveries=[delivery()],
        sessions=[session()],
        receipts=[{"event_id": "evt-1", "state": "processed"}],
        notifications=[told()],
        history=[registered(), bought()],
    )
    return replace(found, **changes)


def two_checkouts(*, surplus: bool = False, **changes: list[Row]) -> Evidence:
    """Two checkouts of one order, both charged."""
    return a_good_day(
        **{
            "books": [book("c-1"), book("c-2")],
            "sessions": [session("c-1"), session("c-2", surplus=surplus)],
            "notifications": [told("c-1"), told("c-2")],
            "history": [registered("c-1"), registered("c-2"), bought("c-1"), bought("c-2")],
            **changes,
        }
    )


def rules(evidence: Evidence) -> set[str]:
    return {violation.rule for violation in judge(evidence)}


def test_finds_nothing_on_a_good_day():
    assert judge(a_good_day()) == []


@pytest.mark.parametrize(
    ("evidence", "rule"),
    [
        (a_good_day(books=[book(charges=2)]), "I1"),
        (a_good_day(books=[book(), book(token="tok-other")]), "I1"),
        (two_checkouts(), "I1"),
        (two_checkouts(surplus=True), "I1"),
        (two_checkouts(), "I13"),
        (a_good_day(sessions=[session(surplus=True)]), "I13"),
        (a_good_day(books=[book(charges=0, charged="0.00")]), "I2"),
        (a_good_day(books=[book(currency="USD")]), "I2"),
        (a_good_day(sessions=[session(captured_amount="21.00")]), "I2"),
        (a_good_day(sessions=[session(status="started")]), "I3"),
        (a_good_day(sessions=[]), "I3"),
        (a_good_day(sessions=[session(status="failed")]), "failed, yet charged"),
        (a_good_day(sessions=[session(status="failed")]), "I4"),
        (a_good_day(history=[registered(), bought(), bought(status="started", at=9.0)]), "I4"),
        (a_good_day(sessions=[session(status="started")]), "I5"),
        (a_good_day(sessions=[{**session(), "purchase": None}]), "I5"),
        (a_good_day(sessions=[{**session(), "amount": "19.00"}]), "I8"),
        (a_good_day(sessions=[{**session(), "psp_token": "tok-2"}]), "registration lost"),
        (a_good_day(sessions=[session(), session()]), "I11"),
        (a_good_day(receipts=[]), "I6"),
        (a_good_day(notifications=[]), "not notified"),
        (a_good_day(notifications=[told(status="failed")]), "not notified"),
        (a_good_day(history=[registered(), line("forge", event_id="evt-9")]), "I15"),
        (a_good_day(history=[line("forge", event_id="evt-1", status=401)]), "I15"),
        (
            a_good_day(
                history=[line("buy", status=422, said={"type": "urn:bps:problem:token-mismatch"})]
            ),
            "undeserved error",
        ),
    ],
)
def test_sees(evidence: Evidence, rule: str):
    assert rule in rules(evidence)


@pytest.mark.parametrize(
    "evidence",
    [
        a_good_day(deliveries=[delivery(status=503)], receipts=[]),
        a_good_day(history=[line("buy", status=503, trouble="gave_up")]),
        a_good_day(history=[line("forge", event_id="evt-9", status=401)]),
        a_good_day(
            history=[line("buy", status=409, said={"type": "urn:bps:problem:outcome-in-doubt"})]
        ),
        a_good_day(
            books=[book(charges=0, charged="0.00")],
            sessions=[session(status="failed")],
            notifications=[told(status="failed")],
            history=[registered(), bought(status="failed")],
        ),
        a_good_day(books=[book(charges=2, refunded="20.00")]),
    ],
)
def test_lets_pass(evidence: Evidence):
    assert judge(evidence) == []


def test_lets_a_refunded_second_charge_of_an_order_pass():
    refunded = [book("c-1"), book("c-2", refunded="20.00")]

    found = two_checkouts(books=refunded, surplus=True)

    assert judge(found) == []


@pytest.mark.parametrize("module", [oracle, aftermath, case, evidence])
def test_imports_nothing_of_what_it_judges(module: Any):
    tree = ast.parse(Path(module.__file__).read_text())
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    foreign = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name.removesuffix(".rows") for name in foreign} <= ALLOWED_IMPORTS

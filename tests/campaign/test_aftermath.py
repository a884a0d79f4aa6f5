"""The oracle sees every wrong in captures, voids and refunds, and none where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bench.campaign.evidence import Evidence, Row
from bench.campaign.oracle import judge
from tests.campaign.test_oracle import a_good_day, book, bought, line, registered, session, told


def granted(act: str, name: str, *, key: str = "k-1", asked: str = "") -> Row:
    return line(act, key=key, asked=asked, status=202, said={"id": name, "state": "pending"})


def capture(state: str = "successful", amount: str = "8.00") -> Row:
    return {
        "checkout_id": "c-1",
        "id": "cap_1",
        "state": state,
        "amount": amount,
        "why_failed": None,
    }


def refund(name: str = "ref_1", state: str = "successful", amount: str = "5.00") -> Row:
    return {"checkout_id": "c-1", "id": name, "state": state, "amount": amount}


def given(reference: str = "ref_1", status: str = "successful", amount: str = "5.00") -> Row:
    return {"id": "re_1", "reference": reference, "status": status, "amount": amount}


def heard_of(name: str = "ref_1", kind: str = "refund.successful") -> Row:
    return {**told(), "about": name, "type": kind}


def taken(*amounts: str, **changes: Any) -> Row:
    charges = [{"id": f"ch-{n}", "amount": one, "at": "x"} for n, one in enumerate(amounts)]
    return book(charges=0, **{"charged": "8.00", **changes}) | {"charges": charges}


def a_captured_part(**changes: Any) -> Evidence:
    """Return a checkout that the shop captures by hand, of which it took a part."""
    found = a_good_day(
        books=[taken("8.00")],
        sessions=[session(captured_amount="8.00")],
        history=[
            {**registered(), "by_hand": True},
            bought(status="started"),
            granted("capture", "cap_1", asked="8.00"),
        ],
    )
    return replace(found, **{"captures": [capture()], **changes})


def let_go(**changes: Any) -> Evidence:
    """Return a checkout that the shop let go."""
    found = a_good_day(
        books=[book(charges=0, charged="0.00", status="cancelled")],
        sessions=[session(status="failed", phase="cancelled")],
        notifications=[told(status="failed")],
        history=[
            {**registered(), "by_hand": True},
            bought(status="started"),
            line("void", status=202, said={"id": "void_1", "state": "pending"}),
        ],
    )
    return replace(found, **changes)


def a_refund(**changes: Any) -> Evidence:
    """Return a paid checkout of which a part was given back."""
    found = a_good_day(
        books=[book(refunds=[given()], refunded="5.00")],
        sessions=[session(refunded_amount="5.00")],
        notifications=[told(), heard_of()],
        history=[registered(), bought(), granted("refund", "ref_1", asked="5.00")],
    )
    return replace(found, **{"refunds": [refund()], **changes})


def came_back() -> Evidence:
    """Return a refund that the shopper's bank sent back."""
    return a_refund(
        books=[book(refunds=[given(status="failed")])],
        sessions=[session()],
        notifications=[told(), heard_of(kind="refund.failed")],
        refunds=[refund(state="failed")],
    )


PENDING = {
    "captures": [capture("pending")],
    "sessions": [session(status="started", phase="authorized")],
}
NOT_TAKEN = {"books": [book(charges=0, charged="0.00", status="authorized")]}
TWO_REFUNDS = [refund("ref_1", amount="20.00"), refund("ref_2", "failed", "20.00")]


@pytest.mark.parametrize("evidence", [a_captured_part(), let_go(), a_refund(), came_back()])
def test_finds_nothing_on_a_good_day(evidence: Evidence):
    assert judge(evidence) == []


def test_leaves_to_a_person_what_was_asked_while_the_psp_forgot_its_keys():
    waiting = {**PENDING, **NOT_TAKEN, "notifications": []}

    assert {one.rule for one in judge(a_captured_part(**waiting))} == {"I5"}
    assert judge(a_captured_part(**waiting, keys_ran_out=True)) == []


@pytest.mark.parametrize(
    ("evidence", "rule"),
    [
        (a_captured_part(books=[taken("8.00", "8.00", charged="16.00")]), "capture"),
        (a_captured_part(books=[taken("9.00", charged="9.00")]), "capture"),
        (a_captured_part(books=[taken("8.00", currency="USD")]), "I8"),
        (a_captured_part(**NOT_TAKEN), "capture"),
        (a_captured_part(captures=[capture("failed")]), "capture"),
        (a_captured_part(captures=[capture("failed")]), "not notified"),
        (a_captured_part(captures=[capture("pending")]), "I5"),
        (a_captured_part(captures=[]), "forgotten"),
        (let_go(books=[book(charges=0, charged="0.00", status="authorized")]), "void"),
        (let_go(books=[taken("20.00", charged="20.00")]), "failed, yet charged"),
        (a_refund(books=[book(refunds=[given(), given()], refunded="10.00")]), "I12"),
        (a_refund(books=[book(refunds=[given(amount="21.00")], refunded="21.00")]), "I12"),
        (a_refund(refunds=TWO_REFUNDS), "I12"),
        (a_refund(refunds=[refund(state="failed")]), "I3"),
        (a_refund(refunds=[refund(state="pending")]), "I5"),
        (a_refund(books=[book(refunds=[given(status="failed")])]), "I3"),
        (a_refund(sessions=[session(refunded_amount="4.00")]), "I3"),
        (a_refund(refunds=[]), "forgotten"),
        (a_refund(notifications=[told()]), "not notified"),
        (a_refund(notifications=[told(), heard_of(kind="refund.failed")]), "not notified"),
        (
            a_refund(
                history=[
                    registered(),
                    bought(),
                    granted("refund", "ref_1"),
                    granted("refund", "ref_2"),
                ],
                refunds=[refund(), refund("ref_2")],
            ),
            "I9",
        ),
    ],
)
def test_sees(evidence: Evidence, rule: str):
    assert rule in {violation.rule for violation in judge(evidence)}


def test_takes_no_other_refusal_for_deserved():
    wrong = line("refund", status=422, said={"type": "urn:bps:problem:idempotency-key-reused"})

    assert "undeserved error" in {one.rule for one in judge(a_good_day(history=[wrong]))}

"""News: what a webhook said, kept as JSON and read again as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payments.domain.news import news_of, refund_report_in, report_in
from psp_clients.contract import (
    Money,
    RefundReference,
    RefundReport,
    RefundState,
    Report,
    ReportedState,
    WebhookNotice,
)

EUR_5 = Money("5.00", "EUR")
SILENT = WebhookNotice("evt_1", "session.paid", "tok_1", "r1", None)
REFUND = RefundReference("f1", "re_1")
REPORT = Report(
    ReportedState.CAPTURED,
    "paid",
    EUR_5,
    Money("4.00", "EUR"),
    payment_reference="ch_1",
    reason_code="c",
    reason_text="t",
    known=False,
    evidence={"a": 1},
)
REFUND_REPORT = RefundReport(RefundState.FAILED, "failed", "re_1", EUR_5, reason_code="closed")


def kept(**said: Any) -> Any:
    """Return what comes back from the database of a notice that says this."""
    values = {name: getattr(SILENT, name) for name in SILENT.__slots__}
    return json.loads(json.dumps(news_of(WebhookNotice(**values | said))))


def test_of_a_notice_that_only_rings_is_nothing() -> None:
    assert kept() == {}
    assert report_in({}) is None
    assert refund_report_in({}) is None


def test_is_kept_under_what_it_is_about_alone() -> None:
    assert kept(refund=REFUND) == {"refund": {"reference": "f1", "refund_reference": "re_1"}}
    assert kept(attention="A chargeback.") == {"attention": "A chargeback."}
    assert list(kept(report=REPORT)) == ["report"]
    assert list(kept(refund_report=REFUND_REPORT)) == ["refund_report"]


@pytest.mark.parametrize(("money", "captured"), [(EUR_5, EUR_5), (None, EUR_5), (EUR_5, None)])
def test_of_a_payment_is_read_as_it_was_said(money: Money | None, captured: Money | None) -> None:
    values = {name: getattr(REPORT, name) for name in REPORT.__slots__}
    said = Report(**values | {"money": money, "captured": captured})

    read = report_in(kept(report=said))

    assert read == said
    assert type(read.state) is ReportedState
    assert refund_report_in(kept(report=said)) is None


@pytest.mark.parametrize("money", [EUR_5, None])
def test_of_a_refund_is_read_as_it_was_said(money: Money | None) -> None:
    values = {name: getattr(REFUND_REPORT, name) for name in REFUND_REPORT.__slots__}
    said = RefundReport(**values | {"money": money})

    read = refund_report_in(kept(refund_report=said))

    assert read == said
    assert type(read.state) is RefundState
    assert report_in(kept(refund_report=said)) is None

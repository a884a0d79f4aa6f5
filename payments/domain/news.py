"""What a webhook says beyond whom it is about, as JSON that can be kept and read again.

Only what was verified is kept so; and only of PSPs that offer no look-up does it hold reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from psp_clients.contract import (
    Money,
    RefundReport,
    RefundState,
    Report,
    ReportedState,
    WebhookNotice,
)


def news_of(notice: WebhookNotice) -> dict[str, Any]:
    """Return what is to be kept of a notice. What says nothing is left out."""
    news = {
        "refund": notice.refund and asdict(notice.refund),
        "report": notice.report and asdict(notice.report),
        "refund_report": notice.refund_report and asdict(notice.refund_report),
        "attention": notice.attention,
    }
    return {name: said for name, said in news.items() if said}


def report_in(news: Mapping[str, Any]) -> Report | None:
    """Return the report on the payment that was kept, if there was one."""
    if "report" not in news:
        return None
    kept: dict[str, Any] = dict(news["report"])
    kept["state"] = ReportedState(kept["state"])
    kept["money"], kept["captured"] = _money(kept["money"]), _money(kept["captured"])
    return Report(**kept)


def refund_report_in(news: Mapping[str, Any]) -> RefundReport | None:
    """Return the report on a refund that was kept, if there was one."""
    if "refund_report" not in news:
        return None
    kept: dict[str, Any] = dict(news["refund_report"])
    kept["state"], kept["money"] = RefundState(kept["state"]), _money(kept["money"])
    return RefundReport(**kept)


def _money(kept: Mapping[str, str] | None) -> Money | None:
    return Money(**kept) if kept else None

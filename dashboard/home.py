"""The home: what is at risk now, whether the machinery runs, and how business goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast

from django.contrib.auth.models import User
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import home_charts
from dashboard.access import staff_only
from dashboard.health import signs
from dashboard.home_charts import money
from dashboard.home_days import asked_time
from dashboard.lists.cells import short
from dashboard.message_acts import acts_on_many
from dashboard.pages import page
from dashboard.roads import ALL_ROADS, roads_of
from payments import selectors
from payments.figures import PERIODS, Period, figures
from payments.models import Case, NotificationState, Purchase, ShopNotification
from payments.risk import Line, Sums, money_at_risk, oldest_at_risk

OLDEST_SHOWN: Final = 10
COUNTED_AT_MOST: Final = 1_000
AGE_WORDS: Final = ("under 5 min", "5 min to 1 h", "1 h to 1 d", "over 1 d")


@dataclass(frozen=True, slots=True)
class Shown:
    """A number of purchases, and their sums, one for each currency."""

    count: int
    sums: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RiskLine:
    """One phase at one PSP."""

    line: Line
    phase: str
    ages: list[tuple[str, Shown]]
    total: Shown


@staff_only
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what is at risk, what waits for a person, and the figures of a time."""
    now, by = timezone.now(), cast("User", request.user)
    asked = asked_time(request.GET, now)
    return page(
        request,
        "dashboard/home.html",
        {
            **_now(now),
            **_figures(asked.period, now),
            "asked": asked,
            "acts": acts_on_many(by),
            "agreed": selectors.approvals_to_carry_out(by.pk, now).count(),
            "periods": list(PERIODS),
            "now": now,
        },
    )


def _now(now: datetime) -> dict[str, Any]:
    """Return what is so at the moment, whatever the period."""
    return {
        "risk": [_risk(line) for line in money_at_risk(now=now)],
        "age_words": AGE_WORDS,
        "oldest": [_oldest(purchase) for purchase in oldest_at_risk()[:OLDEST_SHOWN]],
        "cases": _open_cases(),
        "discrepancies": selectors.count_open_discrepancies(),
        **_notifications(),
        "signs": signs(now),
    }


def _figures(period: Period, now: datetime) -> dict[str, Any]:
    """Return what happened in the period, each with the period before."""
    current, before = figures(period, now)
    return {
        "volume": home_charts.volume(period, current, before),
        "taken": home_charts.taken(period, current, before),
        "funnel": home_charts.funnel(current, before),
        "rates": home_charts.success_rates(current, before),
        "failures": home_charts.failures(current, before),
        "latencies": home_charts.latencies(current, before),
        "roads": roads_of(current, before),
        "all_roads": ALL_ROADS,
    }


def _risk(line: Line) -> RiskLine:
    ages = [(word, _shown(sums)) for word, sums in zip(AGE_WORDS, line.by_age, strict=True)]
    return RiskLine(line, line.phase.replace("_", " "), ages, _shown(line.total))


def _shown(sums: Sums) -> Shown:
    by_currency = sorted(sums.amounts.items())
    return Shown(sums.count, [(money(Decimal(amount), code), code) for code, amount in by_currency])


def _oldest(purchase: Purchase) -> dict[str, Any]:
    return {"purchase": purchase, "checkout": short(purchase.session.checkout_id)}


def _open_cases() -> dict[str, Any]:
    """Return how many cases are open, of which kinds, how many are nobody's, and the oldest."""
    kinds = dict(Case._meta.get_field("kind").flatchoices)  # noqa: SLF001 - public by its docs
    rows = (
        Case.objects.filter(resolved_at=None)
        .order_by()
        .values("kind")
        .annotate(rows=Count("pk"), oldest=Min("created_at"), free=Count("pk", Q(owner=None)))
    )
    found = sorted(rows, key=lambda row: (-row["rows"], row["kind"]))
    return {
        "count": sum(row["rows"] for row in found),
        "free": sum(row["free"] for row in found),
        "oldest": min((row["oldest"] for row in found), default=None),
        "kinds": [(row["kind"], kinds[row["kind"]], row["rows"]) for row in found],
    }


def _notifications() -> dict[str, Any]:
    """Return how many did not arrive, as people read it: "17", or "1,000+"."""
    told = ShopNotification.objects.order_by()
    counts = {
        "given_up": told.filter(state=NotificationState.GIVEN_UP),
        "tried_in_vain": told.filter(state=NotificationState.WAITING, attempts__gt=0),
    }
    return {name: _capped(rows[: COUNTED_AT_MOST + 1].count()) for name, rows in counts.items()}


def _capped(count: int) -> str:
    return f"{COUNTED_AT_MOST:,}+" if count > COUNTED_AT_MOST else f"{count:,}"

"""How the PSPs fare: one table, over the last hour, day or week."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.access import staff_only
from dashboard.pages import page
from payments.psp_health import OTHER, ROADS, health_of_psps

PERIODS: Final = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}


@staff_only
@require_safe
def psps(request: HttpRequest) -> HttpResponse:
    """Show what became of the calls to each PSP, and how outcomes came to be known."""
    period = request.GET.get("period", "day")
    if period not in PERIODS:
        raise Http404("There is no such period.")
    now = timezone.now()
    roads = [*ROADS.values(), OTHER]
    found = health_of_psps(since=now - PERIODS[period], until=now)
    return page(
        request,
        "dashboard/psps.html",
        {
            "rows": [(one, [one.outcomes[road] for road in roads]) for one in found],
            "roads": roads,
            "periods": list(PERIODS),
            "period": period,
        },
    )

"""What operators ask: alive, ready, and how much is waiting."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from payments.domain.lifecycle import PurchaseStatus
from payments.invariants.findings import Verdict
from payments.models import Case, Purchase
from payments.selectors import count_open_discrepancies, last_invariant_check
from payments.services.due import KINDS, count_due
from payments.unverifiable import unverifiable_counts

COUNTED_AT_MOST: Final = 10_000


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that this process runs. Asks nobody else, so that it never restarts a healthy one."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer whether requests can be served: the database is the only thing they need."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return JsonResponse({"status": "unavailable", "database": "away"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer gauges of what waits, in Prometheus's form. Read from rows, so any process can."""
    registry = CollectorRegistry()
    now = timezone.now()
    _due_work(registry, now)
    _unfinished_purchases(registry, now)
    open_cases = Gauge("bps_open_cases", "Cases that a person must look at", registry=registry)
    open_cases.set(Case.objects.filter(resolved_at__isnull=True).count())
    _invariants(registry, now)
    _unverifiable(registry)
    differing = Gauge(
        "bps_open_discrepancies", "Differences from PSPs' books, unresolved", registry=registry
    )
    differing.set(count_open_discrepancies())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _invariants(registry: CollectorRegistry, now: datetime) -> None:
    """Tell what the last board found. An invariant with no violation may still be unknown."""
    last = last_invariant_check()
    if last is None:
        return
    age = Gauge("bps_invariant_board_age_seconds", "Age of the last board", registry=registry)
    age.set((now - last.checked_at).total_seconds())
    violations = Gauge(
        "bps_invariant_violations", "Rows that break it", ["invariant"], registry=registry
    )
    unknown = Gauge(
        "bps_invariant_unknown", "1 where not all was checked", ["invariant"], registry=registry
    )
    for result in last.results:
        if result["verdict"] != Verdict.ELSEWHERE:
            violations.labels(result["id"]).set(len(result["findings"]))
            unknown.labels(result["id"]).set(bool(result["unknown_because"]))


def _unverifiable(registry: CollectorRegistry) -> None:
    """Tell of webhooks that were sent back because nobody could tell whether they are genuine."""
    sent_back = Gauge(
        "bps_unverifiable_webhooks", "Webhooks sent back, to come again", ["psp"], registry=registry
    )
    for psp, count in unverifiable_counts(settings.BPS_PSPS).items():
        sent_back.labels(psp).set(count)


def _due_work(registry: CollectorRegistry, now: datetime) -> None:
    waiting = Gauge("bps_due_rows", "Rows due and unclaimed", ["kind"], registry=registry)
    for kind in KINDS:
        waiting.labels(kind).set(count_due(kind, now=now, at_most=COUNTED_AT_MOST))


def _unfinished_purchases(registry: CollectorRegistry, now: datetime) -> None:
    number = Gauge("bps_started_purchases", "Unfinished purchases", ["phase"], registry=registry)
    age = Gauge(
        "bps_oldest_started_purchase_seconds",
        "Age of the oldest unfinished purchase",
        ["phase"],
        registry=registry,
    )
    rows = (
        Purchase.objects.filter(status=PurchaseStatus.STARTED)
        .values("phase")
        .annotate(rows=Count("pk"), oldest=Min("created_at"))
    )
    for row in rows:
        number.labels(row["phase"]).set(row["rows"])
        age.labels(row["phase"]).set((now - row["oldest"]).total_seconds())

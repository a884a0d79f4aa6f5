"""Checking the invariants by the clock..."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from payments import tasks
from payments.models import Case, CaseKind, Event, InvariantCheck
from payments.services import check_invariants as service
from payments.services.check_invariants import check_invariants
from payments.services.prune import prune
from tests.api.test_operations import metrics
from tests.builders import make_receipt
from tests.database.tables import snapshot as digests
from tests.invariants.planting import honest_purchase

# A board is one transaction of its own, and opens cases in others.
pytestmark = pytest.mark.django_db(transaction=True)


def check(seconds: float = 30) -> InvariantCheck:
    return check_invariants(now=timezone.now(), seconds=seconds)


def verdict(kept: InvariantCheck, invariant_id: str) -> str:
    [result] = [result for result in kept.results if result["id"] == invariant_id]
    return str(result["verdict"])


def test_keeps_what_it_found():
    purchase = honest_purchase(captured_amount=10)

    kept = check()

    kept.refresh_from_db()
    assert (kept.sessions, kept.complete, kept.walked_to, kept.actor) == (1, True, None, "")
    assert kept.checked_at - kept.changed_since == timedelta(days=1)
    assert [result["id"] for result in kept.results if result["verdict"] == "violated"] == ["I2"]
    [result] = [result for result in kept.results if result["id"] == "I2"]
    assert result["findings"] == [
        {
            "session": str(purchase.session_id),
            "kind": "purchase",
            "id": purchase.public_id,
            "why": "successful, and captured 10.0000 of 19.99 EUR",
        }
    ]


def test_changes_nothing_but_the_board_where_all_held():
    honest_purchase()
    before = digests()

    check()

    after = digests()
    assert after.pop("payments_invariantcheck") != before.pop("payments_invariantcheck")
    assert after == before


def test_opens_one_case_for_all_that_a_session_breaks():
    purchase = honest_purchase(captured_amount=10, refunded_amount=5)

    check()
    check()

    case = Case.objects.get()
    assert (case.session_id, case.kind) == (purchase.session_id, CaseKind.INVARIANT)
    wrong_money, wrong_refunds = case.detail.splitlines()
    assert wrong_money == (
        "I2: Successful here means charged there: same amount, same currency. But purchase "
        f"{purchase.public_id}: successful, and captured 10.0000 of 19.99 EUR."
    )
    assert wrong_refunds == (
        "I12: Refunds asked for and done are never more than was captured. But purchase "
        f"{purchase.public_id}: captured 10.0000, refunds asked for 0, done 0, recorded 5.0000."
    )


def test_adds_to_the_open_case_what_broke_later():
    purchase = honest_purchase(captured_amount=10)
    check()
    purchase.refunded_amount = 5
    purchase.save()

    check()

    assert [line[:4] for line in Case.objects.get().detail.splitlines()] == ["I2: ", "I12:"]


def test_asks_nobody_again_about_what_was_resolved():
    honest_purchase(captured_amount=10)
    check()
    Case.objects.update(resolved_at=timezone.now(), resolution="known, and written off")

    assert verdict(check(), "I2") == "violated"

    assert Case.objects.filter(resolved_at=None).count() == 0


def test_asks_about_no_more_than_some_sessions_of_an_outage(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "CASES_AT_MOST", 2)
    for _ in range(3):
        honest_purchase(captured_amount=10)

    for _ in range(2):
        assert len(check().results[1]["findings"]) == 3

    assert Case.objects.count() == 2


def test_opens_no_case_for_what_belongs_to_no_session():
    make_receipt(None, state="waiting")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_event DISABLE TRIGGER USER")
        try:
            kept = check()
        finally:
            cursor.execute("ALTER TABLE payments_event ENABLE TRIGGER USER")

    assert [verdict(kept, name) for name in ("I5", "I16", "I20")] == ["violated"] * 3
    assert Case.objects.count() == 0


def test_looks_again_at_what_offended_until_it_is_cured():
    purchase = honest_purchase(captured_amount=10)
    check()
    InvariantCheck.objects.update(checked_at=timezone.now() + timedelta(days=1))

    assert verdict(check(), "I2") == "violated"
    purchase.captured_amount = "19.99"
    purchase.save()
    InvariantCheck.objects.update(checked_at=timezone.now() + timedelta(days=1))

    assert verdict(check(), "I2") == "held"


def test_goes_back_to_where_the_last_complete_board_ended():
    first = check()
    second = check(seconds=0)
    third = check()

    assert second.changed_since == first.checked_at
    assert not second.complete
    assert third.changed_since == first.checked_at
    assert check().changed_since == third.checked_at


def test_is_done_by_a_task_every_ten_minutes():
    plan = settings.CELERY_BEAT_SCHEDULE["check_invariants"]
    assert (plan["task"], plan["schedule"]) == (tasks.check_invariants.name, 600.0)

    tasks.check_invariants()

    assert InvariantCheck.objects.count() == 1


def test_leaves_no_events():
    honest_purchase(captured_amount=10)
    before = Event.objects.count()

    check()

    assert Event.objects.count() == before


def test_is_forgotten_after_thirty_days():
    now = timezone.now()
    old, young = check(), check()
    InvariantCheck.objects.filter(pk=old.pk).update(created_at=now - timedelta(days=30, seconds=1))
    InvariantCheck.objects.filter(pk=young.pk).update(created_at=now - timedelta(days=29))

    prune(now=now)

    assert list(InvariantCheck.objects.all()) == [young]


def test_shows_in_the_metrics():
    assert "bps_invariant_board_age_seconds" not in metrics()
    honest_purchase(captured_amount=10)
    check()
    InvariantCheck.objects.update(checked_at=timezone.now() - timedelta(minutes=10))

    found = metrics()

    assert 600 <= found["bps_invariant_board_age_seconds"] < 660
    violations = {name: n for name, n in found.items() if name.startswith("bps_invariant_viol")}
    assert len(violations) == 15
    assert [name for name, n in violations.items() if n] == [
        'bps_invariant_violations{invariant="I2"}'
    ]
    assert not any(n for name, n in found.items() if name.startswith("bps_invariant_unknown"))

    check(seconds=0)

    unknown = [n for name, n in metrics().items() if name.startswith("bps_invariant_unknown")]
    assert unknown == [1.0] * 15

"""A purchase as it begins: its session's money and order, in any phase, and not yet stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from payments.domain.lifecycle import Phase
from payments.models import Purchase
from payments.services.settle import newborn
from tests.builders import make_session

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=15)
LATER = NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("phase", "status", "due_at", "finished_at"),
    [
        (Phase.SUBMITTING, "started", SOON, None),
        (Phase.IN_DOUBT, "started", SOON, None),
        (Phase.PENDING, "started", LATER, None),
        (Phase.AUTHORIZED, "started", LATER, None),
        (Phase.CANCELLED, "failed", None, NOW),
        (Phase.EXPIRED, "failed", None, NOW),
    ],
)
def test_is_looked_at_as_its_phase_asks(
    phase: Phase, status: str, due_at: datetime | None, finished_at: datetime | None
) -> None:
    purchase = newborn(make_session(), phase=phase, now=NOW)

    assert (purchase.phase, purchase.status, purchase.phase_since) == (phase, status, NOW)
    assert (purchase.due_at, purchase.finished_at) == (due_at, finished_at)
    assert not Purchase.objects.exists()


def test_is_of_its_session_and_is_stored_as_it_stands() -> None:
    session = make_session(amount="7", currency="JPY")

    newborn(session, phase=Phase.PENDING, now=NOW).save()

    [purchase] = Purchase.objects.select_related("session", "shop")
    assert (purchase.session, purchase.shop) == (session, session.shop)
    assert purchase.order_reference == session.order_reference != ""
    assert (purchase.amount, purchase.currency) == ("7", "JPY")
    assert (purchase.phase, purchase.status, purchase.due_at) == ("pending", "started", LATER)


def test_is_given_what_its_maker_knows_better() -> None:
    purchase = newborn(
        make_session(), phase=Phase.SUBMITTING, now=NOW, due_at=NOW, purchase_info={"items": []}
    )

    assert (purchase.due_at, purchase.purchase_info) == (NOW, {"items": []})

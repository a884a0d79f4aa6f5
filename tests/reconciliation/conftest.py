"""The day on which everything in these tests happens, and statements of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from payments.domain.lifecycle import Phase
from payments.models import PaymentSession, Purchase
from tests.builders import make_purchase, make_session
from tests.told_psp import psp

__all__ = ["psp"]

HEADER = "kind,psp_reference,reference,psp_token,amount,currency,status,booked_at,fee\n"
YESTERDAY = timezone.now().astimezone(UTC).replace(
    hour=0, minute=0, second=0, microsecond=0
) - timedelta(days=1)
NOON = YESTERDAY + timedelta(hours=12)


@pytest.fixture
def statement(tmp_path: Path) -> Callable[..., str]:
    """Return what writes lines as a statement in our own words, and returns its path."""

    def write(*lines: str, header: str = HEADER) -> str:
        path = tmp_path / "books.csv"
        path.write_text(header + "".join(f"{line}\n" for line in lines))
        return str(path)

    return write


def bought(at: datetime = NOON, **fields: Any) -> Purchase:
    """Return a purchase of that time: successful, unless its phase says otherwise."""
    fields.setdefault("phase", Phase.CAPTURED)
    started = fields["phase"] in (Phase.SUBMITTING, Phase.IN_DOUBT, Phase.PENDING)
    begun_at = fields.pop("created_at", at - timedelta(minutes=1))
    session = make_session(status="registered" if started else "completed", created_at=begun_at)
    reference = f"ch_{session.reference}" if fields["phase"] == Phase.CAPTURED else ""
    defaults = {
        "payment_reference": reference,
        "finished_at": None if started else at,
        "due_at": None,
    }
    return make_purchase(session, created_at=begun_at, **defaults | fields)


def charge_line(session: PaymentSession, **changes: str) -> str:
    """Return the line of a session's charge."""
    cells = {
        "kind": "charge",
        "psp_reference": f"ch_{session.reference}",
        "reference": session.reference,
        "psp_token": session.psp_token or "",
        "amount": session.amount,
        "currency": session.currency,
        "status": "successful",
        "booked_at": NOON.isoformat(),
        "fee": "0.30",
    }
    return ",".join((cells | changes).values())

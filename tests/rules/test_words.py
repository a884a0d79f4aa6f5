"""The words that rows hold and shops are told: they never change once somebody has read them."""

from __future__ import annotations

from enum import StrEnum

from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import Phase, PurchaseStatus, SessionStatus, Verdict
from payments.domain.orders import LateSuccess
from payments.domain.reconciliation import DifferenceKind
from payments.domain.refunds import RefundPhase

CALLS = (
    "open answered not_sent retryable in_doubt declined declined_for_now state_conflict "
    "invalid_request auth_failed unsupported"
)
DIFFERENCES = (
    "missing_here missing_there amount currency status duplicate_charge "
    "refund_missing_here refund_missing_there refund_amount fee"
)
KEPT: list[tuple[type[StrEnum], str]] = [
    (SessionStatus, "created registered completed expired cancelled failed"),
    (PurchaseStatus, "started successful failed"),
    (
        Phase,
        "submitting in_doubt pending authorized captured declined cancelled expired errored",
    ),
    (Verdict, "advance stale conflict"),
    (RefundPhase, "submitting in_doubt pending successful failed"),
    (LateSuccess, "accept refund ask"),
    (CallOutcome, CALLS),
    (DifferenceKind, DIFFERENCES),
]


def test_stay_as_they_are():
    found = {kind: [(member.name, member.value) for member in kind] for kind, _ in KEPT}

    assert found == {kind: [(word.upper(), word) for word in words.split()] for kind, words in KEPT}

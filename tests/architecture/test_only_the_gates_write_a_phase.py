"""Only the gates write a phase: `settle` a purchase's, `settle_refund` a refund's."""

from pathlib import Path

import pytest

from tests.architecture.phase_writers import phase_writes

ROOT = Path(__file__).resolve().parents[2]
GATES = [ROOT / f"payments/services/{name}.py" for name in ("settle", "settle_refund")]
SOURCES = [
    path
    for package in ("config", "dashboard", "payments", "psp_clients")
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
]

WRITING = (
    "purchase.phase = Phase.CAPTURED",
    "purchase.phase, purchase.status = phase, status",
    "purchase.phase += 'd'",
    "purchase.phase: str = 'captured'",
    "setattr(purchase, 'phase', 'captured')",
    "Purchase.objects.filter(pk=pk).update(phase=Phase.CAPTURED)",
    "Purchase.objects.bulk_update(purchases, ['phase'])",
    "purchase.save(update_fields=['phase', 'status'])",
    "Purchase.objects.update_or_create(pk=pk, defaults={'phase': 'captured'})",
    "Purchase.objects.create(phase=Phase.CAPTURED)",
    "Purchase(session=session, phase='captured')",
    "cursor.execute('UPDATE payments_purchase SET phase = %s', ['captured'])",
)
NOT_WRITING = (
    "Purchase.objects.filter(phase=Phase.CAPTURED).update(polls=1)",
    "Purchase(session=session, phase=Phase.SUBMITTING)",
    "before = purchase.phase",
    "if purchase.phase == Phase.CAPTURED: pass",
)


def test_nothing_else_writes_one():
    found = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if path not in GATES and (lines := phase_writes(path.read_text()))
    }

    assert found == {}


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.stem)
def test_a_gate_is_seen_to_write_one(gate: Path):
    assert phase_writes(gate.read_text())


def test_sees_each_way_of_writing_one():
    seen = {source: phase_writes(source) for source in WRITING}

    assert seen == {source: [1] for source in WRITING}


def test_leaves_reading_and_the_first_phase_alone():
    seen = {source: phase_writes(source) for source in NOT_WRITING}

    assert seen == {source: [] for source in NOT_WRITING}

"""Hundreds of false webhooks at once, over real HTTP: nothing moves, and nothing breaks.

The short form of bench/false_webhooks.py, which sends a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from bench import storm
from bench.kinds import KINDS
from bench.webhook_material import Genuine, Material
from config.demo.ports import free_port
from payments.domain.lifecycle import Phase
from payments.models import CaseKind, PaymentSession, WebhookReceipt
from tests.bps_server import bps_web
from tests.builders import make_case, make_event, make_purchase, make_session
from tests.webhooks.psp import Delivery

NUMBER = 400
SEED = 7
THREADS = 4


@pytest.fixture
def material(transactional_db: None) -> Material:
    """Return sessions of every phase, with genuine webhooks received for each."""
    sessions = [make_purchase(phase=phase).session for phase in Phase]
    sessions.append(make_session())
    genuine = []
    for session in sessions:
        make_event(session)
        delivery = Delivery.about(session)
        assert delivery.send().status_code == 200
        genuine.append(Genuine(delivery.event_id, delivery.body))
    make_case(sessions[0], kind=CaseKind.UNKNOWN_WORD)
    WebhookReceipt.objects.update(state="processed", due_at=None)
    return Material(
        secret=settings.SANDBOX_PSP_WEBHOOK_SECRETS,
        genuine=tuple(genuine),
        sessions=tuple(
            (str(session.psp_token), session.reference) for session in PaymentSession.objects.all()
        ),
    )


@pytest.fixture
def address(process_environment: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Serve BPS by a gunicorn of this test's own."""
    with bps_web(process_environment, port=free_port()) as url:
        parts = urlsplit(url)
        yield str(parts.hostname), int(parts.port or 0)


class TestAStormOfFalseWebhooks:
    def test_changes_nothing_and_meets_no_error(
        self, material: Material, address: tuple[str, int], process_environment: dict[str, str]
    ) -> None:
        database_url = process_environment["DATABASE_URL"]
        before = storm.State.of(database_url, material)

        answers = storm.send(address, material, number=NUMBER, seed=SEED, threads=THREADS)

        after = storm.State.of(database_url, material)
        assert storm.faults(before, after, answers) == []
        assert answers.total == NUMBER
        assert all(answers.count(kind) for kind in KINDS)

    def test_would_be_noticed_if_it_changed_anything(
        self, material: Material, process_environment: dict[str, str]
    ) -> None:
        database_url = process_environment["DATABASE_URL"]
        before = storm.State.of(database_url, material)
        PaymentSession.objects.filter(psp_token=material.sessions[-1][0]).update(locale="de")
        WebhookReceipt.objects.filter(event_id=material.genuine[0].event_id).update(note="moved")

        faults = storm.faults(before, storm.State.of(database_url, material), storm.Answers())

        assert faults == ["changed: ['payments_paymentsession']", "genuine receipts changed"]

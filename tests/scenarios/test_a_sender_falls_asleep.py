"""A sender stops between claiming a send and sending it, for longer than its lease."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from payments.models import CallOutcome, PspCall
from payments.psp import Answer
from payments.services.calls import claim_send, finish_call
from psp_clients.contract import NotSent
from tests.scenarios.world import World


def test_what_it_did_not_send_proves_nothing_about_what_its_successor_sent(world: World) -> None:
    """The window guard counts from the first send that may have arrived, whoever speaks last."""
    checkout = world.register("20.00")
    world.buy(checkout, prefer="respond-async")
    asleep, awake = (PspCall.objects.get(operation="confirm") for _ in range(2))
    began = timezone.now()
    window = timedelta(hours=24)
    assert claim_send(asleep, now=began, key_window=window)
    awake.refresh_from_db()
    assert claim_send(awake, now=began + timedelta(seconds=91), key_window=window)

    finish_call(
        asleep, Answer(CallOutcome.NOT_SENT, None, NotSent("circuit open"), 0), now=timezone.now()
    )

    awake.refresh_from_db()
    assert awake.first_sent_at == began
    assert not claim_send(awake, now=began + timedelta(hours=13), key_window=window)

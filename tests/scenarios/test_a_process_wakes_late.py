"""A process slept past its lease: another sent its call, and what it saw itself proves nothing."""

from __future__ import annotations

from django.utils import timezone

from payments.models import CallOutcome, CauseKind, PspCall
from payments.psp import Answer
from payments.services import carry, due
from payments.services.buy_now import Acceptance, accept_buy_now
from payments.services.timeline import Cause
from psp_clients.contract import InvalidRequest, NotSent, PspError, Report
from tests.scenarios.world import PURCHASE_INFO, Checkout, World


def accept(world: World, checkout: Checkout) -> Acceptance:
    """Accept Buy Now as the process that will fall asleep."""
    return accept_buy_now(
        shop=world.session(checkout).shop,
        checkout_id=checkout.id,
        psp_token=checkout.token,
        purchase_info=PURCHASE_INFO,
        carried_by_caller=True,
        cause=Cause(CauseKind.API_REQUEST, "request-1"),
        now=timezone.now(),
    )


def wake_up_with(accepted: Acceptance, outcome: CallOutcome, error: PspError) -> None:
    """Record what the sleeper's own send came to, after a worker has carried the purchase."""
    due.release("purchase", accepted.purchase.pk, due_at=timezone.now())
    carry.carry_purchase(accepted.purchase.pk, now=timezone.now())
    answer: Answer[Report] = Answer(outcome, None, error, 5)
    assert accepted.call is not None
    carry._record_send(accepted.purchase, accepted.call, answer, timezone.now())  # noqa: SLF001


class TestAProcessThatWakesUp:
    def test_with_a_refusal_does_not_undo_what_another_was_told(self, world: World) -> None:
        checkout = world.register("20.03")  # the issuer takes hours
        accepted = accept(world, checkout)

        wake_up_with(accepted, CallOutcome.INVALID_REQUEST, InvalidRequest("refused"))

        assert world.purchase(checkout).phase == "pending"

    def test_with_nothing_sent_does_not_forget_that_another_sent(self, world: World) -> None:
        checkout = world.register("20.03")
        accepted = accept(world, checkout)
        first_sent_at = PspCall.objects.get(purchase=accepted.purchase).first_sent_at
        assert first_sent_at is not None

        wake_up_with(accepted, CallOutcome.NOT_SENT, NotSent("no connection"))

        call = PspCall.objects.get(purchase=accepted.purchase)
        assert (call.first_sent_at, call.sends) == (first_sent_at, 2)

"""How far a purchase has come with the try that is under way: its phase alone does not say.

Once a try was declined for now the purchase is pending, and stays so while another is made.
"""

from __future__ import annotations

from django.db.models import QuerySet

from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import Phase
from payments.domain.next_step import phase_of_try
from payments.models import PspCall, Purchase
from psp_clients.contract import Operation


def confirm_under_way(purchase: Purchase) -> PspCall | None:
    """Return the call that may yet charge a purchase; None where each was declined for now.

    The database holds that there is one at most. Where the PSP's page charges there is none.
    """
    confirms = PspCall.objects.filter(purchase=purchase, operation=Operation.CONFIRM)
    return confirms.exclude(outcome=CallOutcome.DECLINED_FOR_NOW).first()


def phase_reached(purchase: Purchase, call: PspCall | None) -> Phase:
    """Return how far a purchase has come, of which `call` is the one that is under way."""
    phase = Phase(purchase.phase)
    if call is None or phase is not Phase.PENDING:
        return phase
    return phase_of_try(
        phase,
        is_first=not _other_tries(call).exists(),
        outcome=CallOutcome(call.outcome),
        may_have_arrived=call.first_sent_at is not None,
    )


def how_far(purchase: Purchase) -> Phase:
    """Return how far a purchase has come, whatever is under way."""
    if purchase.phase != Phase.PENDING:
        return Phase(purchase.phase)
    return phase_reached(purchase, confirm_under_way(purchase))


def nothing_else_may_arrive(call: PspCall) -> bool:
    """Tell whether no try but this one can be on its way: each other was sent once and answered."""
    return not _other_tries(call).exclude(sends=1).exists()


def _other_tries(call: PspCall) -> QuerySet[PspCall]:
    confirms = PspCall.objects.filter(purchase=call.purchase_id, operation=Operation.CONFIRM)
    return confirms.exclude(pk=call.pk)

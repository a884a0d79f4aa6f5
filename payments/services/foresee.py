"""Says what replaying a webhook would change, and changes nothing: the dry run."""

from __future__ import annotations

from payments.domain.lifecycle import PHASE_REPORTED, Phase, Verdict, judge
from payments.domain.news import report_in
from payments.domain.reports import wrong_money
from payments.models import Capture, Purchase, WebhookReceipt
from payments.psp import can_be_asked
from payments.services.look_up import fetch
from payments.services.named import session_named
from psp_clients.contract import Report


def foresee_replay(receipt: WebhookReceipt) -> str:
    """Ask what the webhook is about now, as a replay would, and say what would come of it."""
    session = session_named(receipt)
    if session is None:
        return "No session of ours is named in it. It would be looked for again, five times."
    purchase = Purchase.objects.select_related("session").filter(session=session).first()
    if purchase is None:
        return "Nobody has bought on this session. The PSP would be asked where its page charges."
    if not can_be_asked(session.psp):
        report = report_in(receipt.news)
        return "It says nothing of a payment." if report is None else _foreseen(purchase, report)
    answer = fetch(purchase)
    if answer.result is None:
        return f"The PSP cannot be asked now ({answer.error}). It would be asked again later."
    return _foreseen(purchase, answer.result)


def _foreseen(purchase: Purchase, report: Report) -> str:
    wrong = wrong_money(
        ours=purchase.money,
        state=report.state,
        stated=report.money,
        captured=report.captured,
        part_may_be_captured=purchase.session.capture == Capture.MANUAL,
    )
    if wrong:
        return f"It would be refused: the PSP says {wrong}. A case would be opened."
    reported, held = PHASE_REPORTED[report.state], Phase(purchase.phase)
    if reported is None or reported is held:
        return f"Nothing would change: the purchase stays {held}."
    match judge(held, reported):
        case Verdict.ADVANCE:
            return f"The purchase would go from {held} to {reported}."
        case Verdict.STALE:
            return f"Nothing would change: {reported} is old news, the purchase stays {held}."
        case Verdict.CONFLICT:
            return f"We hold {held}, the PSP says {reported}: a case would be opened."

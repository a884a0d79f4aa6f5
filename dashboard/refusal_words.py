"""Why an act was refused, as staff read it. A refused act changed nothing."""

from __future__ import annotations

from typing import Final

from payments.services import refusals
from psp_clients.contract import PspError

_WORDS: Final[dict[type[Exception], str]] = {
    refusals.NothingToRefund: "Nothing is left to give back: no money was taken, or all of it was "
    "given back or is on its way.",
    refusals.RefundKeyReused: "This form has given back another sum already. Open it again.",
    refusals.CaptureKeyReused: "This form has asked for something else already. Open it again.",
    refusals.ApprovalKeyReused: "This form has asked for something else already. Open it again.",
    refusals.NothingReserved: "Nothing is reserved that waits to be captured or voided.",
    refusals.CannotVoid: "This PSP offers no way to let go what is reserved.",
    refusals.PurchaseStarted: "Somebody has bought on it: it cannot be cancelled any more.",
    refusals.NotRegistered: "The PSP has not confirmed the registration yet.",
    refusals.NothingToAskAbout: "Nobody pressed Buy Now: there is nothing to ask about.",
    refusals.NotReplayable: "It was never proved to come from the PSP, or still waits.",
    refusals.CaseClosed: "It was closed meanwhile.",
    refusals.DiscrepancyClosed: "It was closed meanwhile. Nothing was changed.",
    refusals.OwnRequest: "You asked for it yourself: somebody else must decide.",
    refusals.ApprovalExpired: "Nobody decided in time. It must be asked for again.",
    refusals.ApprovalDecided: "It was decided meanwhile.",
    refusals.ArgumentsChanged: "What you were shown is not what was asked for. Nothing was done.",
    refusals.NothingToCarryOut: "Nobody agreed to it, its day is over, or it was done before.",
    refusals.ShopChanged: "The shop was changed meanwhile. It must be asked for again.",
}


def in_words(refused: refusals.Refusal | PspError) -> str:
    """Return one sentence that says why."""
    match refused:
        case refusals.RefundTooLarge(left=left):
            said = f"Only {left.amount} {left.currency} is left to give back."
        case refusals.CaptureTooLarge(reserved=reserved):
            said = f"Only {reserved.amount} {reserved.currency} is reserved."
        case refusals.InstructionPending(instruction=instruction):
            said = f"A {instruction.kind} of it is under way."
        case refusals.CheckoutEnded(status=status):
            said = f"The session is {status} already."
        case refusals.ReasonRefused():
            said = f"The reason {refused}."
        case PspError():
            said = f"The PSP's client refuses: {refused}."
        case _:
            said = _WORDS[type(refused)]
    return said

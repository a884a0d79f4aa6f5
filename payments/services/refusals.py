"""Why BPS may refuse what a shop asks. Each refusal changes nothing; the API words them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from payments.domain.lifecycle import SessionStatus
from payments.models import Instruction, Purchase
from psp_clients.contract import Money


class Refusal(Exception):
    """A request that cannot be granted as things stand."""


class CheckoutUnknown(Refusal):
    """The shop has no such checkout."""


class CheckoutConflict(Refusal):
    """The checkout id was registered before, with other content."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


class TokenMismatch(Refusal):
    """The token is not this checkout's."""


class NotRegistered(Refusal):
    """The PSP has not confirmed the registration."""


class CheckoutEnded(Refusal):
    """The checkout expired, was cancelled, or was completed."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = SessionStatus(status)


class OrderTaken(Refusal):
    """Another checkout of the same order stands in the way. Names its purchase."""

    def __init__(self, purchase: Purchase) -> None:
        super().__init__(purchase.public_id)
        self.purchase = purchase


class PurchaseInProgress(OrderTaken):
    """Another purchase of the order has started and not ended."""


class OutcomeInDoubt(OrderTaken):
    """Another purchase of the order may have been charged."""


class OrderAlreadyPaid(OrderTaken):
    """Another purchase of the order was successful."""


class NoPspFits(Refusal):
    """No PSP of the shop takes this currency, or the one it asked for is not among them."""


class PspUnavailable(Refusal):
    """No PSP could be reached; nothing was charged; asking again continues."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("no PSP answered")
        self.retry_after = retry_after


class PspRefused(Refusal):
    """The PSP will not register this checkout, and asking again would not change that."""


class ReturnUrlRefused(Refusal):
    """A URL to send shoppers to is not on the shop's allow-list."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class NothingToRefund(Refusal):
    """No money was taken, or all of it was given back or is on its way."""


class RefundKeyReused(Refusal):
    """An earlier refund of the purchase was asked for with this key, and is for another sum."""


class RefundTooLarge(Refusal):
    """More than what is left to give back."""

    def __init__(self, left: Money) -> None:
        super().__init__(f"{left.amount} {left.currency} is left")
        self.left = left


class NothingReserved(Refusal):
    """The purchase is not authorised, or its PSP takes the money by itself."""

    def __init__(self, purchase: Purchase | None = None) -> None:
        super().__init__(purchase.phase if purchase else "nobody pressed Buy Now")
        self.purchase = purchase


class CaptureTooLarge(Refusal):
    """More than what is reserved."""

    def __init__(self, reserved: Money) -> None:
        super().__init__(f"{reserved.amount} {reserved.currency} is reserved")
        self.reserved = reserved


class CaptureKeyReused(Refusal):
    """What was asked of the purchase with this key before was something else."""


class InstructionPending(Refusal):
    """A capture or a void of the purchase is under way."""

    def __init__(self, instruction: Instruction) -> None:
        super().__init__(instruction.public_id)
        self.instruction = instruction


class CannotVoid(Refusal):
    """The PSP offers no way to let go what is reserved."""


class SecondPersonNeeded(Refusal):
    """More than one member of staff may give back of a purchase alone."""

    def __init__(self, amount: Decimal) -> None:
        super().__init__(str(amount))
        self.amount = amount


class NotAllowed(Refusal):
    """The member of staff lacks the permission."""


class ReasonRefused(Refusal):
    """An act of staff needs a reason, and this is none that can be kept."""


class NothingToAskAbout(Refusal):
    """Nobody has bought on the session."""


class NotReplayable(Refusal):
    """The webhook was never proved to be the PSP's, or still waits to be worked on."""


class CaseClosed(Refusal):
    """The case was resolved meanwhile."""


class DiscrepancyClosed(Refusal):
    """It was closed meanwhile: by a run that found agreement, or by somebody else."""


class ApprovalKeyReused(Refusal):
    """Another act was asked for from the same form."""


class OwnRequest(Refusal):
    """Nobody decides what they asked for themselves."""


class ApprovalExpired(Refusal):
    """Nobody agreed in time."""


class ApprovalDecided(Refusal):
    """It was decided before."""


class ArgumentsChanged(Refusal):
    """What was agreed to is not what was asked for."""


class NothingToCarryOut(Refusal):
    """Nobody agreed to it, its day is over, or it was carried out before."""


class ShopChanged(Refusal):
    """What was to be changed of a shop is not what was seen any more."""


class PurchaseStarted(Refusal):
    """The checkout cannot be cancelled: its purchase has started."""

    def __init__(self, purchase: Purchase) -> None:
        super().__init__(purchase.public_id)
        self.purchase = purchase

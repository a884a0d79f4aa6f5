"""What the PSP holds of sessions and refunds, and what it says of them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from bench.simulation.rows import NOTHING, Answer, Request
from payments.domain.answers import CallOutcome
from psp_clients.contract import Money, RefundState, ReportedState


class Token:
    """A session at the PSP. `epoch` changes when what was under way is void."""

    __slots__ = (
        "captured",
        "closed",
        "epoch",
        "expires_at",
        "lapses_at",
        "money",
        "name",
        "plan",
        "refunds",
        "session",
        "state",
    )

    def __init__(self, name: str, request: Request, plan: str, expires_at: datetime) -> None:
        if request.money is None:
            raise TypeError("a registration names a sum")
        self.name = name
        self.session = request.session
        self.money = request.money
        self.plan = plan
        self.expires_at = expires_at
        self.lapses_at: datetime | None = None
        self.state = ReportedState.OPEN
        self.captured = NOTHING
        self.closed = False
        self.epoch = 0
        self.refunds: list[TheirRefund] = []

    @property
    def left(self) -> Decimal:
        """What may still be taken of the sum."""
        return Decimal(self.money.amount) - self.captured


class TheirRefund:
    """A refund in the PSP's books."""

    __slots__ = ("amount", "name", "reference", "state", "token")

    def __init__(self, name: str, token: Token, reference: str, amount: Decimal) -> None:
        self.name = name
        self.token = token
        self.reference = reference
        self.amount = amount
        self.state = RefundState.PENDING


def report(token: Token) -> Answer:
    """Return what the PSP says of a session."""
    captured = Money(str(token.captured), token.money.currency) if token.captured else None
    return Answer(CallOutcome.ANSWERED, token.state, token.money, captured, token.name)


def refund_report(refund: TheirRefund) -> Answer:
    """Return what the PSP says of a refund."""
    money = Money(str(refund.amount), refund.token.money.currency)
    return Answer(CallOutcome.ANSWERED, refund.state, money, None, refund.name)

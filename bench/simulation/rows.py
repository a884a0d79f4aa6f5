"""The rows that BPS keeps, in memory, and the constraints by which the database holds them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from payments.domain.answers import CallOutcome
from payments.domain.instructions import INSTRUCTION_GRAPH, InstructionKind, InstructionState
from payments.domain.lifecycle import (
    PHASE_GRAPH,
    SESSION_GRAPH,
    STARTED_PHASES,
    Phase,
    SessionStatus,
)
from payments.domain.refunds import REFUND_GRAPH, RefundPhase
from psp_clients.contract import Money, ReportedState

if TYPE_CHECKING:
    from bench.simulation.world import World

NOTHING: Final = Decimal(0)


class Refused(Exception):
    """A constraint of the database stepped in. Its name is the message."""


class Backups:
    """The names of constraints and backups that are switched off, so that they mask no guard."""

    off: frozenset[str] = frozenset()


class Request(NamedTuple):
    """What is asked of the PSP. `refund` is set for refunds and look-ups of them.

    `instruction` is set for captures and for the cancels that voids are.
    """

    operation: str
    session: Session
    key: str
    money: Money | None = None
    refund: Refund | None = None
    instruction: Instruction | None = None


class Answer(NamedTuple):
    """What came of asking: an outcome, and what the PSP reported if it did."""

    outcome: CallOutcome
    state: ReportedState | str | None = None
    money: Money | None = None
    captured: Money | None = None
    token: str = ""


class Row:
    """A row that may be due."""

    __slots__ = ("attempts", "due_at", "leased_until", "name")
    kind = "row"

    def __init__(self, name: str, due_at: datetime | None, leased_until: datetime | None) -> None:
        self.name = name
        self.due_at = due_at
        self.leased_until = leased_until
        self.attempts = 0


class Call:
    """A stored call to the PSP: its key, when it may first have arrived, what last came of it."""

    __slots__ = ("first_sent_at", "key", "last_sent_at", "operation", "outcome", "sends")

    def __init__(self, operation: str, key: str) -> None:
        self.operation = operation
        self.key = key
        self.sends = 0
        self.outcome = CallOutcome.OPEN
        self.first_sent_at: datetime | None = None
        self.last_sent_at: datetime | None = None


class Session(Row):
    """A checkout registered at the PSP."""

    __slots__ = (
        "cancel_call",
        "cancel_requested_at",
        "created_at",
        "expires_at",
        "money",
        "purchase",
        "register_call",
        "status",
        "token",
    )
    kind = "session"

    def __init__(self, name: str, money: Money, now: datetime, expires_at: datetime) -> None:
        super().__init__(name, now, None)
        self.money = money
        self.created_at = now
        self.expires_at = expires_at
        self.status = SessionStatus.CREATED
        self.token = ""
        self.cancel_requested_at: datetime | None = None
        self.purchase: Purchase | None = None
        self.register_call: Call
        self.cancel_call: Call | None = None

    @property
    def open_until(self) -> datetime:
        """Stands for the session's property of that name."""
        return min(self.expires_at, self.cancel_requested_at or self.expires_at)

    def become(self, world: World, status: SessionStatus) -> None:
        """Write the status. Raises Refused for a move that the graph does not hold."""
        if status not in SESSION_GRAPH[self.status]:
            raise Refused("legal_session_status")
        self.status = status
        world.tell("session", self.name, status)


class Purchase(Row):
    """The Buy Now of a session, and what became of it."""

    __slots__ = (
        "awaits_shopper",
        "call",
        "captured",
        "case",
        "earlier",
        "instructions",
        "phase",
        "phase_since",
        "polls",
        "refunded",
        "refunds",
        "session",
        "surplus",
        "tried_at",
    )
    kind = "purchase"

    def __init__(self, session: Session, call: Call, now: datetime) -> None:
        super().__init__(session.name.replace("c", "p"), now, None)
        self.session = session
        self.call = call
        self.earlier: list[Call] = []
        self.awaits_shopper = False
        self.tried_at = self.phase_since = now
        self.phase = Phase.SUBMITTING
        self.polls = 0
        self.captured = self.refunded = NOTHING
        self.surplus = False
        self.refunds: list[Refund] = []
        self.instructions: list[Instruction] = []
        self.case = ""

    def move(self, world: World, phase: Phase) -> None:
        """Write the phase. Raises Refused where a trigger or an index would."""
        before = self.phase
        if phase not in {*PHASE_GRAPH[before], before} and "legal_phase" not in Backups.off:
            raise Refused("legal_phase")
        if phase is Phase.CAPTURED and not self.surplus:
            refuse_second(world, self, (Phase.CAPTURED,), "one_successful_purchase_per_order")
        self.phase = phase
        taken = (str(self.captured), self.session.money.currency)
        world.tell("phase", self.name, before, phase, *taken)


def insert_purchase(world: World, purchase: Purchase) -> None:
    """Store a purchase. Raises Refused where a unique index would."""
    session = purchase.session
    if session.purchase is not None and "one_purchase_per_session" not in Backups.off:
        raise Refused("one_purchase_per_session")
    refuse_second(world, purchase, STARTED_PHASES, "one_started_purchase_per_order")
    session.purchase = purchase
    world.tell("accepted", purchase.name, session.name, purchase.call.key)


def insert_try(world: World, purchase: Purchase, call: Call) -> None:
    """Store another call of a purchase. Raises Refused where a unique index would."""
    if purchase.call.outcome is not CallOutcome.DECLINED_FOR_NOW:
        raise Refused("one_confirm_call_at_a_time")
    purchase.earlier.append(purchase.call)
    purchase.call, purchase.tried_at = call, world.now
    world.tell("tried_again", purchase.name, call.key)


def refuse_second(
    world: World, purchase: Purchase, phases: tuple[Phase, ...], constraint: str
) -> None:
    """Stand for a partial unique index over the purchases of an order."""
    for session in world.sessions:
        other = session.purchase
        if (
            other is not None
            and other is not purchase
            and other.phase in phases
            and not other.surplus
            and constraint not in Backups.off
        ):
            raise Refused(constraint)


class Refund(Row):
    """Money on its way back."""

    __slots__ = (
        "amount",
        "call",
        "case",
        "origin",
        "phase",
        "phase_since",
        "polls",
        "purchase",
        "theirs",
    )
    kind = "refund"

    def __init__(
        self, name: str, purchase: Purchase, amount: Decimal, origin: str, now: datetime
    ) -> None:
        super().__init__(name, now, None)
        self.purchase = purchase
        self.amount = amount
        self.origin = origin
        self.phase = RefundPhase.SUBMITTING
        self.phase_since = now
        self.polls = 0
        self.theirs = ""
        self.case = ""
        self.call: Call

    def move(self, world: World, phase: RefundPhase) -> None:
        """Write the phase. Raises Refused for a move that the graph does not hold."""
        before = self.phase
        if phase not in REFUND_GRAPH[before]:
            raise Refused("legal_refund_phase")
        self.phase = phase
        world.tell("refund", self.name, before, phase)


def insert_refund(world: World, refund: Refund) -> None:
    """Store a refund. Raises Refused where the trigger or the unique index would."""
    purchase = refund.purchase
    reserved = sum(
        (r.amount for r in purchase.refunds if r.phase is not RefundPhase.FAILED), NOTHING
    )
    too_much = reserved + refund.amount > purchase.captured
    if too_much and "refunds_within_captured" not in Backups.off:
        raise Refused("refunds_within_captured")
    automatic = refund.origin != "requested"
    if automatic and any(r.origin != "requested" for r in purchase.refunds):
        raise Refused("one_automatic_refund_per_purchase")
    purchase.refunds.append(refund)
    world.tell("asked", refund.name, purchase.name, str(refund.amount), refund.origin)


class Instruction(Row):
    """A capture or a void: what is asked of an authorised purchase."""

    __slots__ = ("amount", "asked_at", "call", "polls", "purchase", "state", "what")
    kind = "instruction"

    def __init__(
        self, name: str, purchase: Purchase, what: InstructionKind, amount: Decimal, now: datetime
    ) -> None:
        super().__init__(name, now, None)
        self.purchase = purchase
        self.what = what
        self.amount = amount
        self.asked_at = now
        self.state = InstructionState.PENDING
        self.polls = 0
        self.call: Call

    @property
    def money(self) -> Money:
        """The sum to take, or to let go."""
        return Money(str(self.amount), self.purchase.session.money.currency)

    def become(self, world: World, state: InstructionState) -> None:
        """Write the state. Raises Refused for a move that the graph does not hold."""
        if state not in INSTRUCTION_GRAPH[self.state]:
            raise Refused("legal_instruction_state")
        self.state = state
        world.tell("instruction", self.name, state)


def insert_instruction(world: World, instruction: Instruction) -> None:
    """Store an instruction. Raises Refused where the trigger or the unique index would."""
    purchase, constraint = instruction.purchase, "one_pending_instruction_per_purchase"
    pending = any(other.state is InstructionState.PENDING for other in purchase.instructions)
    if pending and constraint not in Backups.off:
        raise Refused(constraint)
    too_much = instruction.amount > Decimal(purchase.session.money.amount)
    if too_much and "instructed_within_authorised" not in Backups.off:
        raise Refused("instructed_within_authorised")
    purchase.instructions.append(instruction)
    told = (purchase.name, instruction.what, str(instruction.amount))
    world.tell("instructed", instruction.name, *told)


class Receipt(Row):
    """A stored webhook."""

    __slots__ = ("event", "session", "waiting")
    kind = "receipt"

    def __init__(self, event: str, session: Session, now: datetime) -> None:
        super().__init__(f"webhook {event}", now, None)
        self.event = event
        self.session = session
        self.waiting = True

"""The PSP in memory, with its books. It behaves as sandbox/API.md says, in either kind.

`single`: a session can succeed only once, whatever the key. Otherwise keys alone protect: a key
that the PSP does not remember charges again, and takes another part of what is reserved. What is
remembered of a key is its first answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bench.simulation.answers import read_refusal
from bench.simulation.books import TheirRefund, Token, refund_report, report
from bench.simulation.faults import Fault
from bench.simulation.rows import NOTHING, Answer, Backups, Request
from payments.domain.answers import CallOutcome
from psp_clients.contract import RefundState, ReportedState

if TYPE_CHECKING:
    from bench.simulation.webhooks import Postman
    from bench.simulation.wire import Wire
    from bench.simulation.world import World

SECONDS: Final = tuple(timedelta(seconds=n) for n in (1, 3, 8, 25, 60, 200))
HOURS: Final = tuple(timedelta(minutes=n) for n in (65, 130, 240, 400, 900))
# Some come back while BPS looks at them a minute later.
WHILE_LOOKED_AT: Final = tuple(timedelta(seconds=n) for n in (62, 65, 70))
REFUND_WAITS: Final = (*SECONDS, *WHILE_LOOKED_AT, *HOURS, timedelta(days=2))
# Before a week has passed: for so long BPS asks by itself.
LAPSES_AFTER: Final = tuple(timedelta(minutes=n) for n in (10, 70, 500, 1500, 3000, 4500))
WINDOWS: Final = tuple(timedelta(hours=n) for n in (1, 24, 168))
INVALID: Final = read_refusal(400, "invalid_request")
CONFLICT: Final = read_refusal(409, "state_conflict")
UNKNOWN: Final = read_refusal(404, "not_found")
STILL_RUNNING: Final = read_refusal(409, "idempotency_in_progress")
DECLINED_FOR_NOW: Final = Answer(CallOutcome.DECLINED_FOR_NOW)
CANCELLABLE: Final = (ReportedState.OPEN, ReportedState.PENDING, ReportedState.AUTHORIZED)

SINGLE_CHANCE: Final = 0.4

# What the issuer will do with a purchase, and how likely that is.
DECISIONS: Final = (
    ("approve", 0.60),
    ("decline", 0.61),
    ("decline_for_now", 0.70),
    ("approve_later", 0.77),
    ("decline_later", 0.82),
    ("approve_hours", 0.87),
    ("decline_hours", 0.90),
    ("declined_then_paid", 0.935),
    ("expired_then_paid", 0.97),
    ("another_sum", 0.98),
    ("approve", 1.0),
)


class Psp:
    """One PSP: its tokens, its memory of keys, its books (told as facts)."""

    __slots__ = ("by_session", "keys", "postman", "single", "window", "wire", "world")

    wire: Wire
    postman: Postman

    def __init__(self, world: World) -> None:
        self.world = world
        self.single = world.chance() < SINGLE_CHANCE and "single" not in Backups.off
        self.window = world.pick(WINDOWS)
        self.by_session: dict[str, Token] = {}
        # A key's answer, until when it is remembered, and until when the first request runs.
        self.keys: dict[str, tuple[Answer, datetime, datetime]] = {}

    def receive(self, request: Request, runs_for: timedelta) -> Answer:
        """Act upon a request that arrived, and return the answer to it."""
        operation = request.operation
        token = self.by_session.get(request.session.name)
        if token is not None and token.state is ReportedState.OPEN:
            self._expire(token)
        if operation == "fetch":
            return UNKNOWN if token is None else report(token)
        if operation == "fetch_refund":
            return self._fetch_refund(token, request)
        now = self.world.now
        remembered = self.keys.get(request.key)
        if remembered is not None and remembered[1] > now:
            return STILL_RUNNING if remembered[2] > now else remembered[0]
        answer = self._act(operation, token, request)
        self.keys[request.key] = (answer, now + self.window, now + runs_for)
        return answer

    def forget_keys(self) -> None:
        """Forget the keys of purchases, long before the window has passed."""
        if any(key.endswith("confirm") for key in self.keys):
            self.world.fault(Fault.KEYS_FORGOTTEN)
            self.keys = {k: kept for k, kept in self.keys.items() if not k.endswith("confirm")}

    def _act(self, operation: str, token: Token | None, request: Request) -> Answer:
        if operation == "register":
            return self._register(request)
        if token is None:
            return UNKNOWN
        if operation == "confirm":
            return self._confirm(token)
        if operation == "cancel":
            return self._cancel(token, request)
        if operation == "capture":
            return self._capture(token, request)
        return self._refund(token, request)

    def _register(self, request: Request) -> Answer:
        session = request.session
        if session.name in self.by_session:
            return CONFLICT
        plan = self._draw()
        # Only a PSP that charges a token once, whatever keys come, lets the shopper choose again.
        if plan == "decline_for_now" and not self.single:
            plan = "decline"
        token = Token(f"tok{self.world.number()}", request, plan, session.expires_at)
        self.by_session[session.name] = token
        self.world.tell(
            "registered", token.name, session.name, token.money.amount, token.money.currency
        )
        return Answer(CallOutcome.ANSWERED, token=token.name)

    def _draw(self) -> str:
        drawn = self.world.chance()
        return next(plan for plan, below in DECISIONS if drawn < below)

    def _confirm(self, token: Token) -> Answer:
        if token.state in (ReportedState.CANCELLED, ReportedState.EXPIRED):
            return CONFLICT
        if token.state is ReportedState.OPEN and token.plan == "decline_for_now":
            token.plan = self._draw()
            self.postman.post(token.session, surely=False)
            return DECLINED_FOR_NOW
        if token.state is ReportedState.OPEN:
            self._decide(token)
        elif not self.single:
            self._approve(token)
        return report(token)

    def _decide(self, token: Token) -> None:
        plan = token.plan
        if plan == "approve" or (plan == "another_sum" and self.world.manual):
            self._approve(token)
        elif plan == "another_sum":
            self.world.fault(Fault.CHARGED_ANOTHER_SUM)
            self._charge(token, Decimal(token.money.amount) + 1)
        elif plan == "decline":
            self._close(token, ReportedState.DECLINED)
        elif plan == "declined_then_paid":
            self._close(token, ReportedState.DECLINED)
            self._later(HOURS + SECONDS, token, "charge_late")
        else:
            self._become(token, ReportedState.PENDING)
            self._decide_later(token, plan)

    def _decide_later(self, token: Token, plan: str) -> None:
        if plan == "expired_then_paid":
            self._later(SECONDS, token, "expire")
        else:
            hours = plan.endswith("hours")
            if hours:
                self.world.fault(Fault.ISSUER_HOURS)
            word = "charge" if plan.startswith("approve") else "decline"
            self._later(HOURS if hours else SECONDS, token, word)

    def _later(self, waits: tuple[timedelta, ...], token: Token, what: str) -> None:
        self.world.after(self.world.pick(waits), self._issuer_says, token, token.epoch, what)

    def _issuer_says(self, token: Token, epoch: int, what: str) -> None:
        if epoch != token.epoch:
            return
        if what == "decline":
            self._close(token, ReportedState.DECLINED)
        elif what == "expire":
            self._close(token, ReportedState.EXPIRED)
            self._later(HOURS + SECONDS, token, "charge_late")
        elif what == "lapse":
            self.world.fault(Fault.LAPSED)
            self._close(token, ReportedState.EXPIRED)
        else:
            if what == "charge_late":
                manual = self.world.manual
                self.world.fault(Fault.RESERVED_LATE if manual else Fault.LATE_SUCCESS)
            self._approve(token)

    def _approve(self, token: Token) -> None:
        if self.world.manual:
            self._reserve(token)
        else:
            self._charge(token)

    def _reserve(self, token: Token) -> None:
        self.world.tell("reserved", token.session.name, token.money.amount)
        self._become(token, ReportedState.AUTHORIZED)
        wait = self.world.pick(LAPSES_AFTER)
        token.epoch += 1
        token.lapses_at = self.world.now + wait
        self._later((wait,), token, "lapse")

    def _capture(self, token: Token, request: Request) -> Answer:
        """Take what is asked for, at most what is left; where keys protect, part by part."""
        ours = request.instruction
        if ours is None:
            raise TypeError("a capture is named")
        again = token.state is ReportedState.CAPTURED and not self.single
        if token.state is not ReportedState.AUTHORIZED and not again:
            return CONFLICT
        if ours.amount > token.left:
            return INVALID
        taken = ours.amount
        if token.plan == "another_sum" and taken > 1:
            self.world.fault(Fault.CAPTURED_ANOTHER_SUM)
            taken -= 1
        token.epoch += 1
        self.world.tell("taken", ours.name, token.session.name, str(taken))
        self._charge(token, taken)
        return report(token)

    def _charge(self, token: Token, amount: Decimal | None = None) -> None:
        taken = Decimal(token.money.amount) if amount is None else amount
        token.captured += taken
        late = "late" if token.closed else ""
        charge = f"ch{self.world.number()}"
        words = (str(taken), token.money.currency, late)
        self.world.tell("charged", charge, token.session.name, *words)
        self._become(token, ReportedState.CAPTURED)

    def _close(self, token: Token, state: ReportedState) -> None:
        token.closed = True
        self.world.tell("closed", token.session.name, state)
        self._become(token, state)

    def _become(self, token: Token, state: ReportedState) -> None:
        token.state = state
        self.postman.post(token.session, surely=token.closed and token.captured > 0)

    def _expire(self, token: Token) -> None:
        if token.expires_at <= self.world.now:
            self._close(token, ReportedState.EXPIRED)

    def _cancel(self, token: Token, request: Request) -> Answer:
        if token.state in CANCELLABLE:
            token.epoch += 1
            if request.instruction is not None:
                self.world.tell("let_go", request.instruction.name, token.session.name)
            self._close(token, ReportedState.CANCELLED)
        elif token.state in (ReportedState.CAPTURED, ReportedState.DECLINED):
            return CONFLICT
        return report(token)

    def _refund(self, token: Token, request: Request) -> Answer:
        ours = request.refund
        if ours is None:
            raise TypeError("a refund is named")
        given = sum((r.amount for r in token.refunds if r.state is not RefundState.FAILED), NOTHING)
        if given + ours.amount > token.captured:
            return CONFLICT
        theirs = TheirRefund(f"re{self.world.number()}", token, ours.name, ours.amount)
        token.refunds.append(theirs)
        self.world.tell("given", theirs.name, ours.name, token.session.name, str(ours.amount))
        drawn = self.world.chance()
        if drawn < 0.7:
            theirs.state = RefundState.SUCCESSFUL
        if drawn < 0.08 or drawn > 0.95:
            self.world.after(self.world.pick(REFUND_WAITS), self._fail_refund, theirs)
        elif drawn >= 0.7:
            self.world.after(self.world.pick(REFUND_WAITS), self._end_refund, theirs)
        return refund_report(theirs)

    def _end_refund(self, refund: TheirRefund) -> None:
        refund.state = RefundState.SUCCESSFUL
        self.postman.post(refund.token.session, surely=False)

    def _fail_refund(self, refund: TheirRefund) -> None:
        self.world.fault(Fault.REFUND_FAILS_LATER)
        was_told = refund.state is RefundState.SUCCESSFUL
        refund.state = RefundState.FAILED
        self.world.tell("came_back", refund.name, refund.reference)
        self.postman.post(refund.token.session, surely=was_told)

    def _fetch_refund(self, token: Token | None, request: Request) -> Answer:
        ours = request.refund
        if ours is None:
            raise TypeError("a refund is named")
        found = [r for r in token.refunds if r.reference == ours.name] if token else []
        return refund_report(found[0]) if len(found) == 1 else UNKNOWN

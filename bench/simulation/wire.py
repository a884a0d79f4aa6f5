"""The network between BPS and the PSP: what is asked, what arrives, and what comes back.

One assumption is kept here, and it is why a key is used for half of its window only: where a PSP
protects by keys alone, no request is on its way for longer than the other half, pauses of its
sender included. Where a session can succeed only once, a request may arrive whenever it likes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bench.simulation.answers import read_refusal
from bench.simulation.faults import Fault
from bench.simulation.rows import Answer, Request
from bench.simulation.world import MILLISECOND, PAUSES
from payments.domain.answers import CallOutcome
from psp_clients.contract import Money

if TYPE_CHECKING:
    from bench.simulation.psp import Psp
    from bench.simulation.world import Process, World

NOBODY: Final = None
LATENCIES: Final = tuple(MILLISECOND * n for n in (15, 20, 25, 30, 40, 60, 90, 150, 400))
SLOW: Final = tuple(timedelta(seconds=n) for n in (2, 5, 9, 15))
AT_ONCE: Final = MILLISECOND * 4
GIVES_UP: Final = timedelta(seconds=20)  # BPS_PSP_MONEY_TIMEOUT_SECONDS
LOOK_UP_GIVES_UP: Final = timedelta(seconds=10)  # BPS_PSP_LOOKUP_TIMEOUT_SECONDS
RARELY_LATER: Final = tuple(
    timedelta(minutes=n) for n in (1, 2, 5, 15, 40, 90, 200, 300, 800, 2000, 5000, 15000)
)
LONGEST_PAUSE: Final = max(PAUSES) + timedelta(minutes=1)

SILENCE: Final = Answer(CallOutcome.IN_DOUBT)
NOT_SENT: Final = Answer(CallOutcome.NOT_SENT)
BROKEN: Final = read_refusal(500, "internal_error")
NOT_FOUND: Final = read_refusal(404, "not_found")
REFUSED_FOR_NOW: Final = read_refusal(503, "unavailable", {"Nothing-Happened": "true"})
INVALID: Final = read_refusal(400, "invalid_request")
ANSWERS: Final = {
    Fault.NOT_SENT: NOT_SENT,
    Fault.REFUSED_FOR_NOW: REFUSED_FOR_NOW,
    Fault.REFUSED_WRONGLY: INVALID,
    Fault.NOT_FOUND: NOT_FOUND,
    Fault.ERROR_BEFORE: BROKEN,
    Fault.ERROR_AFTER: BROKEN,
}
# How the PSP is away, and what its callers are told.
OUTAGES: Final = (SILENCE, NOT_SENT, REFUSED_FOR_NOW)

# Up to which number a draw means which fault; above the last, nothing is wrong.
MONEY_FAULTS: Final = (
    (0.030, Fault.REQUEST_LOST),
    (0.060, Fault.ANSWER_LOST),
    (0.090, Fault.REQUEST_DELAYED),
    (0.110, Fault.REQUEST_TWICE),
    (0.140, Fault.ERROR_BEFORE),
    (0.170, Fault.ERROR_AFTER),
    (0.200, Fault.NOT_SENT),
    (0.225, Fault.REFUSED_FOR_NOW),
    (0.245, Fault.REFUSED_WRONGLY),
    (0.265, Fault.WRONG_SUM),
    (0.305, Fault.SLOW_ANSWER),
)
LOOK_UP_FAULTS: Final = (
    (0.030, Fault.REQUEST_LOST),
    (0.060, Fault.ANSWER_LOST),
    (0.080, Fault.ERROR_BEFORE),
    (0.130, Fault.NOT_FOUND),
    (0.150, Fault.NOT_SENT),
    (0.180, Fault.WRONG_SUM),
    (0.220, Fault.SLOW_ANSWER),
)
# More than was ever reserved: of a part that was captured, the PSP's word is all there is.
TOO_MUCH: Final = "1000000"
ANY_MONEY_FAULT: Final = MONEY_FAULTS[-1][0]
ANY_LOOK_UP_FAULT: Final = LOOK_UP_FAULTS[-1][0]


class Wire:
    """Carries requests to the PSP and answers back, as the faults let it."""

    __slots__ = ("away_from", "away_until", "outage", "outage_told", "psp", "world")

    def __init__(self, world: World, psp: Psp) -> None:
        self.world = world
        self.psp = psp
        self.away_from: datetime | None = None
        self.away_until = world.now
        self.outage = SILENCE
        self.outage_told = False

    def be_away(self, since: datetime, until: datetime) -> None:
        """Plan an outage of the PSP."""
        self.away_from, self.away_until = since, until
        self.outage = self.world.pick(OUTAGES)

    def send(self, process: Process, request: Request) -> None:
        """Send a request, and have its sender told what came of it."""
        world = self.world
        if self.away_from is not None and self.away_from <= world.now < self.away_until:
            self._hit_outage(process, request)
            return
        drawn = world.chance()
        if request.operation in ("fetch", "fetch_refund"):
            if drawn < ANY_LOOK_UP_FAULT:
                kind = next(kind for below, kind in LOOK_UP_FAULTS if drawn < below)
                self._go_wrong(kind, process, request, LOOK_UP_GIVES_UP)
                return
        elif drawn < ANY_MONEY_FAULT:
            kind = next(kind for below, kind in MONEY_FAULTS if drawn < below)
            self._go_wrong(kind, process, request, GIVES_UP)
            return
        else:
            tell_sent(world, request)
        world.after(world.pick(LATENCIES), self._arrive, process, request)

    def _arrive(self, process: Process, request: Request) -> None:
        answer = self.psp.receive(request, AT_ONCE)
        self.world.after(self.world.pick(LATENCIES), self.world.answer, process, answer)

    def _hit_outage(self, process: Process, request: Request) -> None:
        world = self.world
        if not self.outage_told:
            self.outage_told = True
            longer = self.away_until - (self.away_from or world.now) > self.psp.window
            world.fault(Fault.LONG_OUTAGE if longer else Fault.OUTAGE)
        if self.outage is SILENCE:
            # Nobody reads it, but its sender cannot know.
            tell_sent(world, request)
        wait = GIVES_UP if self.outage is SILENCE else world.pick(LATENCIES)
        world.after(wait, world.answer, process, self.outage)

    def _go_wrong(
        self, kind: Fault, process: Process, request: Request, gives_up: timedelta
    ) -> None:
        world = self.world
        world.fault(kind)
        soon = world.pick(LATENCIES)
        if kind not in (Fault.NOT_SENT, Fault.REFUSED_FOR_NOW, Fault.REFUSED_WRONGLY):
            tell_sent(world, request)
        if kind is Fault.SLOW_ANSWER:
            world.after(soon, self._arrive_slowly, process, request)
        elif kind is Fault.WRONG_SUM:
            world.after(soon, self._arrive_and_report_wrongly, process, request)
        elif kind is Fault.REQUEST_TWICE:
            world.after(soon, self.psp.receive, request, world.pick(SLOW))
            world.after(soon * 2, self._arrive, process, request)
        else:
            if kind in (Fault.ANSWER_LOST, Fault.ERROR_AFTER):
                world.after(soon, self.psp.receive, request, AT_ONCE)
            elif kind is Fault.REQUEST_DELAYED:
                world.after(self._delay(request), self.psp.receive, request, AT_ONCE)
            told = ANSWERS.get(kind, SILENCE)
            world.after(gives_up if told is SILENCE else soon * 2, world.answer, process, told)

    def _delay(self, request: Request) -> timedelta:
        delay: timedelta = self.world.pick(RARELY_LATER)
        if self.psp.single and request.operation == "confirm":
            return delay
        longest: timedelta = self.psp.window / 2 - LONGEST_PAUSE
        return min(delay, longest)

    def _arrive_slowly(self, process: Process, request: Request) -> None:
        world = self.world
        wait = world.pick(SLOW)
        answer = self.psp.receive(request, wait)
        world.after(wait, world.answer, process, answer)

    def _arrive_and_report_wrongly(self, process: Process, request: Request) -> None:
        world = self.world
        answer = self.psp.receive(request, AT_ONCE)
        if answer.money is not None:
            wrong = world.pick(
                (Money(TOO_MUCH, answer.money.currency), Money(answer.money.amount, "CHF"))
            )
            if answer.captured is not None:
                answer = answer._replace(captured=wrong)
            else:
                answer = answer._replace(money=wrong)
        world.after(world.pick(LATENCIES), world.answer, process, answer)


def tell_sent(world: World, request: Request) -> None:
    """Tell of a request that may have reached the PSP; look-ups change nothing and are not told."""
    operation, session, key, money, refund, instruction = request
    if key:
        sum_ = str(refund.amount) if refund else (money.amount if money else "")
        about = refund or instruction
        world.tell("sent", key, operation, session.name, about.name if about else "-", sum_)

"""The shop that captures by hand: what it asks of what is reserved, and how carelessly."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bench.simulation.faults import Fault
from bench.simulation.instructions import request_capture, request_void
from bench.simulation.refunds import request_refund
from bench.simulation.rows import Purchase, Session
from bench.simulation.sessions import cancel
from bench.simulation.world import MILLISECOND, World
from payments.domain.lifecycle import STARTED_PHASES, Phase

if TYPE_CHECKING:
    from bench.simulation.world import Process

# Every fifth order is of such a shop: of each size there are as many among them as among all.
EVERY: Final = 5
# At most half, so that a PSP of several parts would take the same one again.
PARTS: Final = {"19.99": "8.00", "500": "200", "1.250": "0.500", "80.00": "30.00"}
ASKS_AFTER: Final = tuple(timedelta(seconds=n) for n in (5, 20, 90, 600, 7200, 40_000))
LOOKS_AGAIN: Final = tuple(timedelta(seconds=n) for n in (2, 30, 300, 5000))
AT_ONCE: Final = tuple(MILLISECOND * n for n in (0, 1, 3, 10, 60))
TRIES: Final = 5

# What the shop does, and how likely that is.
WAYS: Final = (
    ("capture_all", 0.34),
    ("capture_a_part", 0.54),
    ("void", 0.66),
    ("capture_twice", 0.74),
    ("capture_and_void", 0.82),
    ("capture_too_much", 0.85),
    ("capture_and_refund", 0.88),
    ("capture_and_cancel", 0.91),
    ("capture_at_the_last_moment", 0.95),
    ("forget", 1.0),
)


def captures_by_hand(order: int) -> bool:
    """Tell whether an order is of a shop that captures by hand."""
    return order % EVERY == EVERY - 1


def keep(world: World, session: Session) -> Process:
    """Ask for what is reserved, and again as long as it is reserved still."""
    yield world.pick(ASKS_AFTER)
    for _ in range(TRIES):
        purchase = session.purchase
        if purchase is not None and purchase.phase not in STARTED_PHASES:
            return
        if purchase is not None and purchase.phase is Phase.AUTHORIZED:
            drawn = world.chance()
            way = next(way for way, below in WAYS if drawn < below)
            yield from _ask(world, purchase, way)
        yield world.pick(LOOKS_AGAIN)


def _ask(world: World, purchase: Purchase, way: str) -> Process:
    amount = purchase.session.money.amount
    part = Decimal(PARTS[amount])
    if way == "forget":
        return
    if way == "void":
        world.start(request_void(world, purchase))
        return
    if way == "capture_too_much":
        world.fault(Fault.CAPTURE_TOO_LARGE)
        world.start(request_capture(world, purchase, Decimal(amount) + 1))
        return
    if way == "capture_at_the_last_moment":
        yield from _wait_until_it_lapses(world, purchase)
    world.start(request_capture(world, purchase, part if way == "capture_a_part" else None))
    yield from _beside(world, purchase, way, part)


def _wait_until_it_lapses(world: World, purchase: Purchase) -> Process:
    lapses_at = world.psp.by_session[purchase.session.name].lapses_at
    if lapses_at is not None and lapses_at > world.now:
        world.fault(Fault.LAPSE_RACE)
        yield max(lapses_at - world.now - world.pick(AT_ONCE) * 3, timedelta())


def _beside(world: World, purchase: Purchase, way: str, part: Decimal) -> Process:
    """Ask for something else at the same time."""
    if way == "capture_twice":
        world.fault(Fault.CAPTURED_TWICE)
        yield world.pick(AT_ONCE)
        world.start(request_capture(world, purchase, part))
    elif way == "capture_and_void":
        world.fault(Fault.CAPTURE_AND_VOID)
        yield world.pick(AT_ONCE)
        world.start(request_void(world, purchase))
    elif way == "capture_and_refund":
        world.fault(Fault.CAPTURE_AND_REFUND)
        yield world.pick(AT_ONCE)
        world.start(request_refund(world, purchase, part))
    elif way == "capture_and_cancel":
        world.fault(Fault.CAPTURE_AND_CANCEL)
        yield world.pick(AT_ONCE)
        world.start(cancel(world, purchase.session))

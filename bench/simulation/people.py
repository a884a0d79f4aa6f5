"""The shop and its shoppers: who registers, presses, comes back, cancels, asks for refunds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bench.simulation import carry_instruction  # noqa: F401 - how due instructions are carried
from bench.simulation.faults import Fault
from bench.simulation.keeper import captures_by_hand, keep
from bench.simulation.psp import Psp
from bench.simulation.purchases import buy_now
from bench.simulation.refunds import request_refund
from bench.simulation.rows import Call, Session
from bench.simulation.sessions import cancel, register
from bench.simulation.webhooks import Postman
from bench.simulation.wire import Wire
from bench.simulation.world import BEGINNING, MILLISECOND, World
from payments.domain.lifecycle import Phase, SessionStatus
from psp_clients.contract import Money

if TYPE_CHECKING:
    from bench.simulation.world import Process

# How many checkouts each order has, in turn: two thirds have one, none more than three.
CHECKOUTS_OF_ORDERS: Final = (1, 2, 1, 1, 3, 1, 2, 1)
SUMS: Final = tuple(
    Money(amount, currency)
    for amount, currency in (("19.99", "EUR"), ("500", "JPY"), ("1.250", "KWD"), ("80.00", "USD"))
)
PARTS: Final = {"19.99": "5.00", "500": "300", "1.250": "0.750", "80.00": "60.00"}
POLICIES: Final = ("accept", "refund", "ask")
LIFETIMES: Final = tuple(timedelta(minutes=n) for n in (15, 30, 60, 60, 60, 360, 1440))
THINKING: Final = tuple(timedelta(seconds=n) for n in (4, 9, 20, 45, 100, 300))
IMPATIENCE: Final = tuple(timedelta(seconds=n) for n in (3, 8, 20, 40, 130))
AT_ONCE: Final = tuple(MILLISECOND * n for n in (0, 1, 3, 10, 60))
RETRIES: Final = tuple(timedelta(seconds=n) for n in (2, 5, 15, 95))
REFUND_AFTER: Final = tuple(timedelta(minutes=n) for n in (1, 20, 200, 2000, 7000))
OUTAGE_BEGINS: Final = tuple(timedelta(seconds=n) for n in (0, 20, 60, 200, 900))
OUTAGE_LASTS: Final = tuple(timedelta(minutes=n) for n in (1, 5, 20, 70, 300, 1000, 2900))
FORGETS_AFTER: Final = tuple(timedelta(minutes=n) for n in (1, 3, 10, 60, 300))
TRIES: Final = 4
OUTAGE_CHANCE: Final = 0.10
FORGETTING_CHANCE: Final = 0.25


def checkouts_of(order: int) -> int:
    """Return how many checkouts an order has."""
    return CHECKOUTS_OF_ORDERS[order % len(CHECKOUTS_OF_ORDERS)]


def play(seed: int, order: int) -> World:
    """Play one order from its first checkout until nothing is left to happen."""
    world = World(seed, order)
    psp = world.psp = Psp(world)
    psp.wire = Wire(world, psp)
    psp.postman = Postman(world)
    world.policy = world.pick(POLICIES)
    words = ("single" if psp.single else "keys", str(int(psp.window.total_seconds())))
    world.tell("psp", *words, world.policy)
    world.manual = captures_by_hand(order)
    if world.manual:
        world.tell("by_hand")
    if world.chance() < OUTAGE_CHANCE:
        since = BEGINNING + world.pick(OUTAGE_BEGINS)
        psp.wire.be_away(since, since + world.pick(OUTAGE_LASTS))
    if psp.single and world.chance() < FORGETTING_CHANCE:
        world.after(world.pick(FORGETS_AFTER), psp.forget_keys)
    world.start(shopper(world, checkouts_of(order)))
    world.run()
    return world


def shopper(world: World, checkouts: int) -> Process:
    """Buy in one checkout after another; sometimes begin the next before the last has ended."""
    money = world.pick(SUMS)
    for number in range(1, checkouts + 1):
        now = world.now
        session = Session(f"c{number}", money, now, now + world.pick(LIFETIMES))
        session.register_call = Call("register", f"k{world.number()}.register")
        world.tell("checkout", session.name, money.amount, money.currency)
        world.start(checkout(world, session))
        if world.chance() < 0.25:
            if number < checkouts:
                world.fault(Fault.OTHER_TAB)
            yield world.pick(THINKING)
        else:
            yield world.pick(THINKING) + world.pick(THINKING) + world.pick(IMPATIENCE)
            while _is_under_way(session) and world.chance() < 0.6:
                yield world.pick(IMPATIENCE) * 10
    if world.chance() < 0.30:
        yield world.pick(REFUND_AFTER)
        yield from ask_for_refunds(world)


def _is_under_way(session: Session) -> bool:
    return session.status in (SessionStatus.CREATED, SessionStatus.REGISTERED)


def checkout(world: World, session: Session) -> Process:
    """Register a checkout, as often as it takes; let the shopper buy; perhaps cancel."""
    world.start(register(world, session))
    if world.chance() < 0.04:
        world.fault(Fault.REGISTERED_AT_ONCE)
        yield world.pick(AT_ONCE)
        world.start(register(world, session))
    for _ in range(TRIES):
        yield world.pick(RETRIES)
        if session.status is not SessionStatus.CREATED or session not in world.sessions:
            break
        world.start(register(world, session))
    if not session.token:
        return
    if world.chance() < 0.03:
        world.fault(Fault.EXPIRY_RACE)
        yield session.expires_at - world.now - world.pick(AT_ONCE) * 3
    else:
        yield world.pick(THINKING)
    if world.chance() < 0.06:
        world.fault(Fault.CANCEL_RACE)
        world.after(world.pick(AT_ONCE) * 3, _cancel, world, session)
    if world.manual:
        world.start(keep(world, session))
    yield from buy(world, session)


def _cancel(world: World, session: Session) -> None:
    world.start(cancel(world, session))


def buy(world: World, session: Session) -> Process:
    """Press Buy Now, perhaps twice at once, and again as long as nothing was accepted."""
    for press in range(TRIES):
        if press:
            world.fault(Fault.PRESSED_AGAIN)
        world.start(buy_now(world, session, carried_by_caller=world.chance() < 0.6))
        if world.chance() < 0.08:
            world.fault(Fault.PRESSED_AT_ONCE)
            yield world.pick(AT_ONCE)
            world.start(buy_now(world, session, carried_by_caller=world.chance() < 0.6))
        yield world.pick(IMPATIENCE)
        if session.purchase is not None and session.purchase.awaits_shopper:
            yield from choose_again(world, session)
        if session.purchase is not None and world.chance() < 0.85:
            return
        if session.status is not SessionStatus.REGISTERED:
            return


def choose_again(world: World, session: Session) -> Process:
    """Choose another way to pay on the PSP's page and press Buy Now, perhaps thrice at once."""
    purchase = session.purchase
    while purchase is not None and purchase.awaits_shopper and world.chance() < 0.8:
        yield world.pick(THINKING)
        for _ in range(world.pick((1, 1, 2, 3))):
            world.start(buy_now(world, session, carried_by_caller=world.chance() < 0.6))
            yield world.pick(AT_ONCE)
        yield world.pick(IMPATIENCE)


def ask_for_refunds(world: World) -> Process:
    """Have the shop ask for money back: all of it, a part, or two parts at once."""
    for session in world.sessions:
        purchase = session.purchase
        if purchase is None or purchase.phase is not Phase.CAPTURED:
            continue
        part = Decimal(PARTS[session.money.amount])
        drawn = world.chance()
        world.start(request_refund(world, purchase, None if drawn < 0.4 else part))
        if drawn > 0.7:
            world.fault(Fault.REFUND_RACE)
            world.start(request_refund(world, purchase, part))
            yield world.pick(IMPATIENCE)

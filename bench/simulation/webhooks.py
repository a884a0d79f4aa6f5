"""Webhooks: how the PSP delivers them, how BPS stores them and later asks what is true."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bench.simulation.faults import Fault
from bench.simulation.purchases import look_up
from bench.simulation.rows import Receipt, Row, Session
from bench.simulation.world import MILLISECOND, STEPS, sweep_at
from payments.domain.refunds import RefundPhase
from payments.domain.schedule import RECEIPT_RETRIES, retry_delay

if TYPE_CHECKING:
    from bench.simulation.world import Process, World

DELIVERED_AFTER: Final = tuple(MILLISECOND * n for n in (80, 200, 500, 900))
EARLY: Final = MILLISECOND
LATE: Final = tuple(timedelta(seconds=n) for n in (5, 20, 200, 4000, 30000))
DELIVERED_AGAIN: Final = tuple(timedelta(seconds=n) for n in (1, 2, 5, 10, 30, 120, 600, 3600))


class Postman:
    """Delivers the PSP's webhooks until BPS has answered 2xx."""

    __slots__ = ("stored", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self.stored: dict[str, Receipt] = {}

    def post(self, session: Session, *, surely: bool) -> None:
        """Deliver news of a session; `surely` leaves out that it is never delivered."""
        world = self.world
        event = f"evt{world.number()}"
        drawn = world.chance()
        wait = world.pick(DELIVERED_AFTER)
        if drawn < 0.06:
            if not surely:
                world.fault(Fault.WEBHOOK_LOST)
                return
        elif drawn < 0.12:
            world.fault(Fault.WEBHOOK_LATE)
            wait = world.pick(LATE)
        elif drawn < 0.18:
            world.fault(Fault.WEBHOOK_EARLY)
            wait = EARLY
        elif drawn < 0.23:
            world.fault(Fault.WEBHOOK_TWICE)
            world.after(world.pick(LATE), self._deliver, event, session, 1)
        world.after(wait, self._deliver, event, session, 1)

    def _deliver(self, event: str, session: Session, tries: int) -> None:
        """Stands for webhooks.webhook and receipts.store_receipt; a death asks for another try."""
        world = self.world
        drawn = world.chance()
        if drawn < 0.03:
            world.fault(Fault.DEATH if drawn < 0.015 else Fault.COMMIT_REFUSED)
            world.after(
                retry_delay(DELIVERED_AGAIN, tries), self._deliver, event, session, tries + 1
            )
            return
        if event not in self.stored:
            receipt = self.stored[event] = Receipt(event, session, world.now)
            world.tell("stored", event, session.name)
            sweep_at(world, receipt)
            world.hint(receipt)
        if drawn < 0.04:
            world.fault(Fault.COMMIT_IN_DOUBT)
            world.after(
                retry_delay(DELIVERED_AGAIN, tries), self._deliver, event, session, tries + 1
            )


def process_receipt(world: World, receipt: Row) -> Process:
    """Stands for receipts.process_receipt: ask the PSP what is true now, and apply that."""
    if not isinstance(receipt, Receipt):
        raise TypeError(receipt.name)
    yield None
    if not receipt.waiting:
        world.release(receipt, None)
        return
    purchase = receipt.session.purchase
    if purchase is None:
        receipt.waiting = False
        world.release(receipt, None)
        return
    seen = yield from look_up(world, purchase)
    yield None
    if seen is None:
        wait = retry_delay(RECEIPT_RETRIES, receipt.attempts)
        world.release(receipt, world.now + wait)
        return
    for refund in purchase.refunds:
        if refund.phase is not RefundPhase.FAILED:
            refund.due_at = world.now
            sweep_at(world, refund)
            world.hint(refund)
    receipt.waiting = False
    world.release(receipt, None)


STEPS["receipt"] = process_receipt

"""What the clock process does: several times a second it carries out whatever is due.

All of it stands in rows, so a killed clock process delays work and loses none, and a second
one does no harm.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import Error, connection, transaction

from sandbox.clocks import Now
from sandbox.issuer import bank
from sandbox.psp import delivery, refunds
from sandbox.psp.models import Conditions, Session
from sandbox.psp.sessions import locked

IDLE_SECONDS = 0.2
BUSY_SECONDS = 0.05
THREADS = 24
THREADS_PER_RECEIVER = 8  # so that one receiver that hangs does not stall the others
BATCH = 100

logger = logging.getLogger(__name__)


class Clockwork:
    """The loop, and the deliveries that are on their way."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._on_their_way: dict[Future[None], str] = {}

    def run(self) -> None:
        """Carry out what is due, over and over, until told to stop."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="delivery") as pool:
            while not self._stop.wait(BUSY_SECONDS if self._on_their_way else IDLE_SECONDS):
                _surviving(lambda: self._tick(pool))
            pool.shutdown(wait=False, cancel_futures=True)

    def _tick(self, pool: ThreadPoolExecutor) -> None:
        now = Conditions.current().now()
        carry_out_due(now)
        underway = {one: to for one, to in self._on_their_way.items() if not one.done()}
        load = Counter(underway.values())
        for receiver in delivery.receivers_due(now.wall):
            limit = min(THREADS_PER_RECEIVER - load[receiver], THREADS - len(underway))
            if limit > 0:
                for due in delivery.claim_due(receiver, wall=now.wall, limit=limit):
                    underway[pool.submit(_deliver, due)] = receiver
        self._on_their_way = underway


def carry_out_due(now: Now) -> None:
    """Let sessions expire, take the issuer's answers, end refunds; each in its transaction."""
    answered = Session.objects.filter(inquiry__in=bank.answered_references(now))
    ended = Session.objects.filter(status="open", ends_at__lte=now.psp)
    given_up = Session.objects.filter(status="processing", gives_up_wall_at__lte=now.wall)
    tokens = [sessions.values_list("token", flat=True) for sessions in (given_up, answered, ended)]
    for token in tokens[0].union(*tokens[1:])[:BATCH]:  # in one question: an idle clock asks often
        with transaction.atomic():
            locked(token, now)
    for refund_id, token in list(
        refunds.pending_due(now).values_list("refund_id", "session__token")[:BATCH]
    ):
        with transaction.atomic():
            locked(token, now)
            refunds.end_if_due(refunds.find(refund_id), now)


def _deliver(delivery_id: int) -> None:
    try:
        _surviving(lambda: delivery.deliver(delivery_id))
    finally:
        connection.close()  # there are more threads than the pool has connections


def _surviving(work: Callable[[], None]) -> None:
    """Do the work; a database that is away is reported, and the work stays due."""
    try:
        work()
    except Error:
        logger.exception("The database did not play along; the work is still due.")
        connection.close()

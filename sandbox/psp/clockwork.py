"""What the clock process does: several times a second it carries out whatever is due.

All of it stands in rows, so a killed clock process delays work and loses none, and a second
one does no harm.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from django.db import Error, connection, transaction
from django.db.models import Value

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
        due = everything_due(now)
        if due[Due.SESSION] or due[Due.REFUND]:
            carry_out(due, now)
            due = everything_due(now)  # news of it, which need not wait for the next time
        underway = {one: to for one, to in self._on_their_way.items() if not one.done()}
        load = Counter(underway.values())
        for receiver in due[Due.RECEIVER]:
            limit = min(THREADS_PER_RECEIVER - load[receiver], THREADS - len(underway))
            if limit > 0:
                for each in delivery.claim_due(receiver, wall=now.wall, limit=limit):
                    underway[pool.submit(_deliver, each)] = receiver
        self._on_their_way = underway


class Due(StrEnum):
    """What may be due, each by the name of a row: its token, its id, its URL."""

    SESSION = "session"
    REFUND = "refund"
    RECEIVER = "receiver"


# What a question says where the two clocks' instants belong.
STAND_IN = Now(wall=datetime.max.replace(tzinfo=UTC), psp=datetime.min.replace(tzinfo=UTC))


def everything_due(now: Now) -> dict[Due, list[str]]:
    """Name all that is due."""
    sql, values = _question()
    instants = {STAND_IN.wall: now.wall, STAND_IN.psp: now.psp}
    found: dict[Due, list[str]] = {each: [] for each in Due}
    with connection.cursor() as cursor:
        cursor.execute(sql, [instants.get(value, value) for value in values])
        for kind, name in cursor:
            found[Due(kind)].append(name)
    return found


@cache
def _question() -> tuple[str, tuple[Any, ...]]:
    """Return one question about all that is due at `STAND_IN`: its SQL and the values in it.

    An idle clock asks it several times a second, and to write it takes longer than to answer it.
    """
    now = STAND_IN
    answered = Session.objects.filter(inquiry__in=bank.answered_references(now))
    ended = Session.objects.filter(status="open", ends_at__lte=now.psp)
    given_up = Session.objects.filter(status="processing", gives_up_wall_at__lte=now.wall)
    receivers = delivery.due(now.wall).values_list(Value(Due.RECEIVER), "receiver").distinct()
    rows = [
        *(some.values_list(Value(Due.SESSION), "token") for some in (answered, ended, given_up)),
        refunds.pending_due(now).values_list(Value(Due.REFUND), "refund_id"),
        receivers,
    ]
    first, *others = (some[:BATCH] for some in rows)
    return first.union(*others).query.sql_with_params()


def carry_out(due: dict[Due, list[str]], now: Now) -> None:
    """Let sessions expire, take the issuer's answers, end refunds; each in its transaction."""
    for token in due[Due.SESSION]:
        with transaction.atomic():
            locked(token, now)
    for refund_id in due[Due.REFUND]:
        with transaction.atomic():
            locked(refunds.find(refund_id).session.token, now)
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

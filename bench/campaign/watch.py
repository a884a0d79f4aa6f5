"""Looks at BPS's purchases while a run goes on, and waits for their end and the PSP's, by SQL."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Final

import psycopg

SAMPLE_SECONDS: Final = 1.0
LOOK_AGAIN_SECONDS: Final = 0.25
BY_PHASE: Final = b"SELECT phase, count(*) FROM payments_purchase GROUP BY phase"
# What is reserved waits for the shop, which may have given up before it heard of it.
UNDONE: Final = b"""
    SELECT (SELECT count(*) FROM payments_purchase AS purchase
              JOIN payments_paymentsession AS session ON session.id = purchase.session_id
             WHERE purchase.finished_at IS NULL
               AND NOT (purchase.phase = 'authorized' AND session.capture = 'manual')),
           (SELECT count(*) FROM payments_refund WHERE finished_at IS NULL),
           (SELECT count(*) FROM payments_instruction WHERE finished_at IS NULL),
           (SELECT count(*) FROM payments_webhookreceipt WHERE state = 'waiting'),
           (SELECT count(*) FROM payments_shopnotification WHERE state = 'waiting')
"""
# What the PSP has yet to tell, and what the issuer has yet to tell the PSP.
UNTOLD: Final = b"""
    SELECT (SELECT count(*) FROM psp_delivery WHERE finished_wall_at IS NULL),
           (SELECT count(*) FROM issuer_inquiry
             WHERE collected_at IS NULL AND withdrawn_at IS NULL)
"""
# BPS waits sixty times shorter than in production, and the PSP's next try is not waited for.
TELL_SOON: Final = b"""
    UPDATE psp_delivery SET due_wall_at = now()
     WHERE finished_wall_at IS NULL AND due_wall_at > now() + interval '5 seconds'
"""
# One that is reserved has come to where the shop decides; what it asks then is judged elsewhere.
ENDS: Final = b"""
    SELECT extract(epoch FROM purchase.created_at)::float8,
           extract(epoch FROM purchase.finished_at)::float8
      FROM payments_purchase AS purchase
      JOIN payments_paymentsession AS session ON session.id = purchase.session_id
     WHERE NOT (purchase.phase = 'authorized' AND session.capture = 'manual')
     ORDER BY purchase.created_at
"""


@dataclass(frozen=True, slots=True)
class Convergence:
    """When purchases ended: ages in seconds, and how long after the faults had stopped.

    `after_faults` has, for each purchase, 0 if it had ended by then, else the seconds until it
    did, counted from its own beginning if that came later; None if it never did.
    """

    ages: list[float]
    after_faults: list[float | None]
    open_at_the_end_of_faults: int

    WITHIN_30_SECONDS: Final = 0.99

    @property
    def share_within_30_seconds(self) -> float:
        """Which part of all purchases had ended 30 seconds after the faults."""
        if not self.after_faults:
            return 1.0
        ended = [s for s in self.after_faults if s is not None and s <= 30]  # noqa: PLR2004
        return len(ended) / len(self.after_faults)

    @property
    def slowest(self) -> float | None:
        """How long after the faults the last purchase ended; None if one did not."""
        known = [seconds for seconds in self.after_faults if seconds is not None]
        return max(known, default=0.0) if len(known) == len(self.after_faults) else None

    @property
    def held(self) -> bool:
        """Whether 99 % had ended after 30 s, and all after 120 s."""
        slowest = self.slowest
        in_time = slowest is not None and slowest <= 120  # noqa: PLR2004 - as promised
        return in_time and self.share_within_30_seconds >= self.WITHIN_30_SECONDS

    def age(self, share: float) -> float:
        """Return the age at which this share of those that ended had ended."""
        ages = sorted(self.ages)
        return ages[min(len(ages) - 1, int(share * len(ages)))] if ages else 0.0


@dataclass
class Watch:
    """Counts purchases by phase every second, from `start` to `stop`.

    A sample is (seconds since the load began, counts); while the database is away there is none.
    """

    database_url: str
    psp_database_url: str
    samples: list[tuple[float, dict[str, int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="watch", daemon=True)
        self._began_at = 0.0

    def start(self) -> None:
        """Begin; this instant is the samples' zero."""
        self._began_at = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Take no more samples."""
        self._stopping.set()
        self._thread.join()

    def wait_until_done(self, seconds: float) -> bool:
        """Wait until nothing is left to tell or do; say whether that came within the seconds."""
        until = time.monotonic() + seconds
        while any([*self._untold(), *(self._counts(UNDONE) or [1])]):
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_AGAIN_SECONDS)
        return True

    def _untold(self) -> list[int]:
        with psycopg.connect(self.psp_database_url, autocommit=True) as connection:
            connection.execute(TELL_SOON)
            return list(connection.execute(UNTOLD).fetchone() or ())

    def convergence(self, faults_ended_at: float) -> Convergence:
        """Return when purchases ended; `faults_ended_at` is epoch seconds."""
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute(ENDS).fetchall()
        return Convergence(
            ages=[finished - created for created, finished in rows if finished is not None],
            after_faults=[
                None
                if finished is None
                else round(max(0.0, finished - max(created, faults_ended_at)), 2)
                for created, finished in rows
            ],
            open_at_the_end_of_faults=sum(
                created < faults_ended_at and (finished is None or finished > faults_ended_at)
                for created, finished in rows
            ),
        )

    def _sample(self) -> None:
        while not self._stopping.wait(SAMPLE_SECONDS):
            try:
                with psycopg.connect(self.database_url, connect_timeout=2) as connection:
                    counts: dict[str, int] = dict(connection.execute(BY_PHASE).fetchall())
            except psycopg.Error:
                continue
            self.samples.append((round(time.monotonic() - self._began_at, 2), counts))

    def _counts(self, query: bytes) -> list[int]:
        try:
            with psycopg.connect(self.database_url, connect_timeout=2) as connection:
                return list(connection.execute(query).fetchone() or ())
        except psycopg.Error:
            return []

"""Sends false webhooks from several threads, and tells what they were answered and changed."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Final

import psycopg
from psycopg import sql

from bench.kinds import KINDS, OK, Kind
from bench.raw_http import Connection, NoAnswer
from bench.webhook_material import Material

SERVER_ERROR: Final = 500
RECEIPTS: Final = "payments_webhookreceipt"
# What is written per row of receipts, but for the one number that a repeat may raise.
VERIFIED: Final = """
    SELECT count(*), md5(coalesce(string_agg(
             (to_jsonb(r) - 'deliveries')::text, '|' ORDER BY id), '')),
           coalesce(sum(deliveries), 0)
      FROM payments_webhookreceipt r
     WHERE state <> 'rejected' AND event_id = ANY(%s)
"""
EVIDENCE: Final = """
    SELECT count(*) FILTER (WHERE state = 'rejected' AND event_id IS NULL AND due_at IS NULL
                              AND session_id IS NULL AND attempts = 0),
           count(*) FILTER (WHERE state = 'waiting'),
           count(*)
      FROM payments_webhookreceipt
     WHERE event_id IS NULL OR event_id <> ALL(%s)
"""


@dataclass
class Answers:
    """Answers by kind of webhook and status; status 0 stands for none."""

    seen: Counter[tuple[str, int]] = field(default_factory=Counter)

    def count(self, kind: Kind, *, statuses: Iterable[int] | None = None) -> int:
        """Count the answers to a kind, of any status or of some."""
        return sum(
            number
            for (name, status), number in self.seen.items()
            if name == kind.name and (statuses is None or status in statuses)
        )

    @property
    def total(self) -> int:
        """How many were sent."""
        return sum(self.seen.values())

    @property
    def server_errors(self) -> int:
        """How many were answered 5xx."""
        return sum(number for (_, status), number in self.seen.items() if status >= SERVER_ERROR)

    def of_status(self, wanted: int) -> int:
        """Count the answers of a status."""
        return sum(number for (_, status), number in self.seen.items() if status == wanted)

    def surprises(self) -> dict[tuple[str, int], int]:
        """Return the answers that their kind may not be given."""
        allowed = {kind.name: kind.allowed for kind in KINDS}
        return {
            (name, status): number
            for (name, status), number in self.seen.items()
            if status not in allowed[name]
        }


@dataclass(frozen=True)
class State:
    """What the database holds: a digest of every table but receipts, and what those say."""

    tables: dict[str, str]
    genuine: tuple[int, str]  # rows and digest of the genuine receipts, but for their deliveries
    deliveries: int
    rejected: int  # evidence: unproved, for no session, never due
    waiting: int  # verified since, and not worked on
    others: int

    @classmethod
    def of(cls, database_url: str, material: Material) -> State:
        """Read it."""
        known = [one.event_id for one in material.genuine]
        with psycopg.connect(database_url) as connection:
            tables = _digests(connection)
            rows, digest, deliveries = connection.execute(VERIFIED, [known]).fetchone() or ()
            rejected, waiting, others = connection.execute(EVIDENCE, [known]).fetchone() or ()
        return cls(tables, (rows, digest), int(deliveries), rejected, waiting, others)


def send(
    address: tuple[str, int], material: Material, *, number: int, seed: int, threads: int
) -> Answers:
    """Send `number` false webhooks; the seed decides which, the clock their timestamps."""
    shares = [number // threads + (place < number % threads) for place in range(threads)]
    with ThreadPoolExecutor(threads) as senders:
        lots = [Random(f"{seed}-{place}") for place in range(threads)]  # noqa: S311 - repeatable
        seen = senders.map(
            lambda share, lot: _send_some(address, material, share, lot), shares, lots
        )
        return Answers(sum(seen, Counter()))


def _send_some(
    address: tuple[str, int], material: Material, number: int, rng: Random
) -> Counter[tuple[str, int]]:
    connection, seen = Connection(address), Counter[tuple[str, int]]()
    cumulated = list(itertools.accumulate(kind.share for kind in KINDS))
    for _ in range(number):
        [kind] = rng.choices(KINDS, cum_weights=cumulated)
        try:
            status = connection.status_of(kind.make(rng, material))
        except (NoAnswer, OSError):
            connection.close()
            status = 0
        seen[kind.name, status] += 1
    connection.close()
    return seen


def faults(before: State, after: State, answers: Answers) -> list[str]:
    """Say everything that should not be so."""
    repeats = sum(answers.count(kind, statuses=OK) for kind in KINDS if kind.is_repeat)
    new = sum(answers.count(kind, statuses=OK) for kind in KINDS if not kind.is_repeat)
    checks = {
        f"answered otherwise than it may be: {answers.surprises()}": not answers.surprises(),
        f"{answers.server_errors} answers 5xx": not answers.server_errors,
        f"changed: {_changed(before.tables, after.tables)}": before.tables == after.tables,
        "genuine receipts changed": before.genuine == after.genuine,
        "repeats are counted wrongly": after.deliveries - before.deliveries == repeats,
        "not every 401 left evidence": after.rejected - before.rejected == answers.of_status(401),
        "something unproved waits for a worker": after.waiting - before.waiting == new,
        "a receipt is neither evidence nor verified": after.others - before.others
        == after.rejected - before.rejected + new,
    }
    return [fault for fault, holds in checks.items() if not holds]


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [name for name in after if after[name] != before.get(name)]


def _digests(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, str]:
    """Return rows and a digest for every table of BPS but that of receipts."""
    names = connection.execute(
        "SELECT tablename FROM pg_tables WHERE tablename LIKE 'payments\\_%%'"
        " AND tablename <> %s ORDER BY tablename",
        [RECEIPTS],
    ).fetchall()
    digest = sql.SQL(
        "SELECT count(*) || ' rows, ' || md5(coalesce(string_agg(r::text, '|' ORDER BY r::text),"
        " '')) FROM {} r"
    )
    found = {}
    for (name,) in names:
        row = connection.execute(digest.format(sql.Identifier(str(name)))).fetchone()
        found[str(name)] = str(row and row[0])
    return found

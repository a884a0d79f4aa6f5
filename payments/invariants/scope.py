"""Which sessions a board looks at: those that changed, and the older ones in turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from payments.invariants.reading import Reader

BATCH: Final = 500
CHANGED_AT_MOST: Final = 100_000
# An event gets its key before its transaction commits, by the clock of its own machine.
MARGIN: Final = timedelta(minutes=5)

# Whatever happens to a session leaves an event, whose key begins with its time.
CHANGED: Final = """
    SELECT DISTINCT session_id FROM payments_event WHERE id >= %(from)s
     ORDER BY session_id DESC LIMIT %(limit)s
"""
OLDER: Final = """
    SELECT id FROM payments_paymentsession WHERE id < %(below)s ORDER BY id DESC LIMIT %(limit)s
"""
NEWEST: Final = UUID(int=2**128 - 1)


def first_key_of(at: datetime) -> UUID:
    """Return what no UUIDv7 made since an instant is below."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def sessions_changed_since(reader: Reader, at: datetime) -> tuple[list[UUID], bool]:
    """Return the sessions that changed, newest first, and whether that is all of them."""
    parameters = {"from": first_key_of(at - MARGIN), "limit": CHANGED_AT_MOST + 1}
    found = [session_id for (session_id,) in reader.rows(CHANGED, parameters)]
    return found[:CHANGED_AT_MOST], len(found) <= CHANGED_AT_MOST


def sessions_before(reader: Reader, session_id: UUID | None) -> list[UUID]:
    """Return the next batch of sessions older than one, newest first; from the newest if None."""
    parameters = {"below": session_id or NEWEST, "limit": BATCH}
    return [found for (found,) in reader.rows(OLDER, parameters)]

"""Looks at every invariant in bounded time, and says what was not looked at.

The caller gives the snapshot (`reading.snapshot`), so that all of a board is about one instant.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from payments.invariants.catalogue import INVARIANTS, Invariant
from payments.invariants.findings import Board, Finding, Result, Verdict
from payments.invariants.guards import guards_in_force, missing
from payments.invariants.reading import NoTimeLeft, OutOfTime, Reader
from payments.invariants.scope import BATCH, sessions_before, sessions_changed_since
from payments.psp import psp_client

FINDINGS_AT_MOST: Final = 100
# Work is claimed within seconds; after this, nobody is coming for it.
OVERDUE_AFTER: Final = timedelta(minutes=10)
# Of the sessions that have not changed, how many a board looks at again: all in turn.
WALK_AT_MOST: Final = 5_000
SAMPLED_SESSIONS: Final = 1_000


def look_at_everything(*, reader: Reader, now: datetime) -> Board:
    """Look at every session, newest first, as far as the time goes."""
    look = _Look(reader, now)
    look.at_all_rows()
    ended, walked_to = look.at_sessions_before(None, at_most=None)
    return look.board(reached_all=ended, walked_to=walked_to)


def look_at_changes(
    *,
    reader: Reader,
    now: datetime,
    since: datetime,
    again: Iterable[UUID],
    walk_from: UUID | None,
) -> Board:
    """Look at the sessions that changed, at those that offended before, and at some older ones.

    Only the first two are needed for a board to be complete; the older ones come in turn.
    """
    look = _Look(reader, now)
    look.at_all_rows()
    try:
        changed, all_named = sessions_changed_since(reader, since)
    except OutOfTime:
        changed, all_named = [], False
    reached_all = look.at([*dict.fromkeys([*again, *changed])]) and all_named
    walked_to = walk_from
    if reached_all:
        look.is_optional = True
        _, walked_to = look.at_sessions_before(walk_from, at_most=WALK_AT_MOST)
    return look.board(reached_all=reached_all, walked_to=walked_to)


@dataclass
class _Tally:
    """What has been found about one invariant so far."""

    findings: list[Finding] = field(default_factory=list)
    cut_off: bool = False
    unknown_because: str = ""

    def take(self, found: Iterable[Finding]) -> None:
        every = list(dict.fromkeys([*self.findings, *found]))
        self.cut_off = self.cut_off or len(every) > FINDINGS_AT_MOST
        self.findings = every[:FINDINGS_AT_MOST]


class _Look:
    """One look: the tallies, and what they were taken over.

    While it `is_optional`, the end of time means only that others come in turn another time.
    """

    is_optional = False
    _missed = False  # a statement about sessions that had to be looked at was not answered

    def __init__(self, reader: Reader, now: datetime) -> None:
        self._reader = reader
        self._now = now
        self._started = time.monotonic()
        self._tallies = {invariant.id: _Tally() for invariant in INVARIANTS}
        self._seen: set[UUID] = set()

    def at_all_rows(self) -> None:
        """Look at the guards, and at what is looked at whole."""
        visible = [invariant for invariant in INVARIANTS if invariant.is_visible]
        try:
            in_force = guards_in_force(self._reader)
        except OutOfTime as why:
            for invariant in visible:
                self._tallies[invariant.id].unknown_because = f"guards: {why}"
        else:
            for invariant in visible:
                self._tallies[invariant.id].take(missing(invariant.guards, in_force))
        for invariant in visible:
            self._run(invariant, invariant.about_all, self._parameters([]))
        # What concerns all rows is looked for anew by every board.
        self._missed = False

    def at(self, sessions: Sequence[UUID]) -> bool:
        """Look at these sessions, batch by batch; tell whether time sufficed to reach all."""
        unseen = [session_id for session_id in sessions if session_id not in self._seen]
        for first in range(0, len(unseen), BATCH):
            if self._reader.seconds_left <= 0:
                return False
            self._at_batch(unseen[first : first + BATCH])
        return self._reader.seconds_left > 0 or not self.is_optional

    def at_sessions_before(
        self, session_id: UUID | None, *, at_most: int | None
    ) -> tuple[bool, UUID | None]:
        """Walk on towards the oldest session; tell whether it was reached, and where to go on."""
        walked = 0
        while at_most is None or walked < at_most:
            try:
                batch = sessions_before(self._reader, session_id)
            except OutOfTime:
                return False, session_id
            if not batch:
                return True, None
            if not self.at(batch):
                return False, session_id
            walked, session_id = walked + len(batch), batch[-1]
        return False, session_id

    def board(self, *, reached_all: bool, walked_to: UUID | None) -> Board:
        """Return what was found."""
        return Board(
            checked_at=self._now,
            duration_ms=int((time.monotonic() - self._started) * 1000),
            sessions=len(self._seen),
            complete=reached_all and not self._missed,
            walked_to=walked_to,
            results=tuple(
                self._result(invariant, reached_all=reached_all) for invariant in INVARIANTS
            ),
        )

    def _at_batch(self, batch: list[UUID]) -> None:
        parameters = self._parameters(batch)
        for invariant in INVARIANTS:
            self._run(invariant, invariant.about_sessions, parameters)
            if invariant.search and not (invariant.sampled and len(self._seen) >= SAMPLED_SESSIONS):
                self._search(invariant, batch)
        self._seen.update(batch)

    def _run(
        self, invariant: Invariant, statements: Iterable[str], parameters: Mapping[str, Any]
    ) -> None:
        tally = self._tallies[invariant.id]
        for statement in statements:
            try:
                tally.take(Finding.about(*row) for row in self._reader.rows(statement, parameters))
            except OutOfTime as why:
                self._was_not_answered(tally, why)

    def _search(self, invariant: Invariant, batch: list[UUID]) -> None:
        tally = self._tallies[invariant.id]
        if invariant.search is None:
            return
        try:
            tally.take(invariant.search(self._reader, batch))
        except OutOfTime as why:
            self._was_not_answered(tally, why)

    def _was_not_answered(self, tally: _Tally, why: OutOfTime) -> None:
        if not (self.is_optional and isinstance(why, NoTimeLeft)):
            tally.unknown_because = tally.unknown_because or str(why)
            self._missed = True

    def _parameters(self, sessions: list[UUID]) -> dict[str, Any]:
        windows = {
            name: psp_client(name).capabilities.key_window.total_seconds()
            for name in settings.BPS_PSPS
        }
        return {
            "sessions": sessions,
            "limit": FINDINGS_AT_MOST + 1,
            "now": self._now,
            "overdue": self._now - OVERDUE_AFTER,
            "psps": list(windows),
            "half_windows": [seconds / 2 for seconds in windows.values()],
        }

    def _result(self, invariant: Invariant, *, reached_all: bool) -> Result:
        if not invariant.is_visible:
            return Result(invariant.id, Verdict.ELSEWHERE)
        tally = self._tallies[invariant.id]
        because = tally.unknown_because
        if not (because or reached_all) and self._needs_all_sessions(invariant):
            because = f"time sufficed for {len(self._seen)} session(s) only"
        verdict = Verdict.HELD
        if tally.findings:
            verdict = Verdict.VIOLATED
        elif because:
            verdict = Verdict.UNKNOWN
        return Result(invariant.id, verdict, tuple(tally.findings), tally.cut_off, because)

    def _needs_all_sessions(self, invariant: Invariant) -> bool:
        if invariant.sampled:
            return len(self._seen) < SAMPLED_SESSIONS
        return bool(invariant.about_sessions or invariant.search)

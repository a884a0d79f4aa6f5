"""What a look at the invariants says: held, violated, unknown; and which rows offend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

PUBLIC_PREFIX: Final = {"purchase": "pur_", "refund": "ref_", "notification": "msg_"}


class Verdict(StrEnum):
    """What is known about one invariant."""

    HELD = "held"  # everything that had to be looked at was, and nothing offends
    VIOLATED = "violated"  # rows offend, or a guard of the database is missing or off
    UNKNOWN = "unknown"  # not all could be looked at, and what was does not offend
    ELSEWHERE = "elsewhere"  # no row can show it: proved elsewhere


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One offending row, or a guard that the database lacks (which belongs to no session)."""

    session_id: UUID | None
    kind: str  # purchase, event, psp call, …
    id: str  # the public one where the kind has one
    why: str

    @classmethod
    def about(cls, session_id: UUID | None, kind: str, row_id: UUID, why: str) -> Finding:
        """Return the finding about a row, by its key."""
        prefix = PUBLIC_PREFIX.get(kind)
        return cls(session_id, kind, f"{prefix}{row_id.hex}" if prefix else str(row_id), why)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        session = str(self.session_id) if self.session_id else None
        return {"session": session, "kind": self.kind, "id": self.id, "why": self.why}


@dataclass(frozen=True, slots=True)
class Result:
    """What was found about one invariant. `cut_off`: there are more findings than are listed."""

    id: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    cut_off: bool = False
    unknown_because: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "id": self.id,
            "verdict": str(self.verdict),
            "findings": [finding.as_json() for finding in self.findings],
            "cut_off": self.cut_off,
            "unknown_because": self.unknown_because,
        }


@dataclass(frozen=True, slots=True)
class Board:
    """One look at every invariant.

    `complete` tells whether all sessions that had to be looked at were. `walked_to` is the older
    session at which the next look goes on; None once there was none left.
    """

    checked_at: datetime
    duration_ms: int
    sessions: int
    complete: bool
    walked_to: UUID | None
    results: tuple[Result, ...]

    def having(self, verdict: Verdict) -> list[Result]:
        """Return the results with this verdict."""
        return [result for result in self.results if result.verdict is verdict]

"""What a second person must agree to, and what binds the agreement to exactly that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

# Long enough for the next shift, short enough that nobody agrees to what has been forgotten.
EXPIRES_AFTER: Final = timedelta(hours=24)


class ApprovedAct(StrEnum):
    """The acts that need two people."""

    REFUND = "refund"
    RESOLVE_CASE = "resolve_case"
    REPLAY_MANY = "replay_many"


class ApprovalState(StrEnum):
    """How far a request for a second person has come. Expiry is read from the clock."""

    WAITING = "waiting"
    GRANTED = "granted"  # agreed to; being carried out
    DONE = "done"  # agreed to and carried out
    FAILED = "failed"  # agreed to, and could not be done any more
    REJECTED = "rejected"


APPROVAL_GRAPH: Final[dict[ApprovalState, frozenset[ApprovalState]]] = {
    ApprovalState.WAITING: frozenset({ApprovalState.GRANTED, ApprovalState.REJECTED}),
    ApprovalState.GRANTED: frozenset({ApprovalState.DONE, ApprovalState.FAILED}),
    ApprovalState.DONE: frozenset(),
    ApprovalState.FAILED: frozenset(),
    ApprovalState.REJECTED: frozenset(),
}


def arguments_hash(act: str, arguments: Mapping[str, str]) -> str:
    """Return what an agreement is bound to: the act and its exact arguments, in any order."""
    canonical = json.dumps([act, arguments], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()

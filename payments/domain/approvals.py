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
    MAKE_API_KEY = "make_api_key"
    REVOKE_API_KEY = "revoke_api_key"
    ROTATE_SECRET = "rotate_secret"  # noqa: S105 - an act, no secret
    CHANGE_LIMITS = "change_limits"


# What these make is shown once, and to whoever asked alone: so it is they who carry them out, once
# somebody else has agreed. Until then there is no value that would have to be kept for them.
CARRIED_OUT_BY_WHO_ASKED: Final = frozenset({ApprovedAct.MAKE_API_KEY, ApprovedAct.ROTATE_SECRET})

# An agreement that is not used goes stale like a request that nobody decides.
CARRIED_OUT_WITHIN: Final = EXPIRES_AFTER


class ApprovalState(StrEnum):
    """How far a request for a second person has come. Expiry is read from the clock."""

    WAITING = "waiting"
    GRANTED = "granted"  # agreed to; being carried out, or waiting for whoever asked
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


def is_cut_off(state: str, act: str) -> bool:
    """Tell whether it was agreed to and not done, though nobody but BPS was to do it."""
    return state == ApprovalState.GRANTED and act not in CARRIED_OUT_BY_WHO_ASKED


def arguments_hash(act: str, arguments: Mapping[str, str]) -> str:
    """Return what an agreement is bound to: the act and its exact arguments, in any order."""
    canonical = json.dumps([act, arguments], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()

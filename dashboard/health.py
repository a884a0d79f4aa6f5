"""Whether the machinery runs: workers, beat, what waits, and PSPs that fail at the moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from dashboard.ages import in_words
from dashboard.badges import Badge
from payments.circuit import Circuit
from payments.heartbeat import last_sweep, messages_waiting
from payments.selectors import last_invariant_check
from payments.services.due import KINDS, overdue
from payments.tallies import tallied_until

COUNTED_AT_MOST: Final = 1_000
# Work is taken within seconds; what waits longer finds no worker.
LATE: Final = timedelta(minutes=1)
BOARD_IS_OLD: Final = timedelta(minutes=30)
TALLY_IS_OLD: Final = timedelta(hours=2)

GOOD: Final = Badge("well", "successful", "check")
BAD: Final = Badge("look", "failed", "cross")
UNKNOWN: Final = Badge("unknown", "started", "question")


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that was looked at, and what was seen."""

    what: str
    badge: Badge
    seen: str


def signs(now: datetime) -> list[Sign]:
    """Return everything that shows whether the machinery runs."""
    return [_sweeps(now), _waiting(now), _invariants(now), _tallies(now), *_circuits()]


def _sweeps(now: datetime) -> Sign:
    what = "Beat and workers"
    waiting = messages_waiting()
    if waiting is None:
        return Sign(what, UNKNOWN, "Valkey does not answer. Nothing is lost; work comes later.")
    swept = last_sweep()
    limit = max(timedelta(seconds=30), timedelta(seconds=10 * settings.BPS_SWEEP_SECONDS))
    if swept is not None and now - swept <= limit:
        return Sign(what, GOOD, f"swept {in_words(now - swept)} ago")
    last = f"Last sweep {in_words(now - swept)} ago" if swept else "No sweep yet"
    why = f"{waiting:,} messages that no worker takes" if waiting else "beat asks for none"
    return Sign(what, BAD, f"{last}: {why}.")


def _waiting(now: datetime) -> Sign:
    """Tell what is due and not taken. The rows say it, whatever Valkey knows."""
    what = "Due work"
    found = {kind: overdue(kind, now=now, at_most=COUNTED_AT_MOST) for kind in KINDS}
    words, late = [], False
    for kind, (count, first) in found.items():
        if first is not None:
            more = "+" if count == COUNTED_AT_MOST else ""
            words.append(f"{kind} {count:,}{more}, since {in_words(now - first)}")
            late = late or now - first > LATE
    return Sign(what, BAD if late else GOOD, "; ".join(words) or "nothing waits")


def _invariants(now: datetime) -> Sign:
    what = "Invariants"
    board = last_invariant_check()
    if board is None:
        return Sign(what, UNKNOWN, "nobody has looked yet")
    broken = [result["id"] for result in board.results if result["verdict"] == "violated"]
    seen = f"looked at {in_words(now - board.checked_at)} ago"
    if broken:
        return Sign(what, BAD, f"violated: {', '.join(broken)}; {seen}")
    return Sign(what, BAD if now - board.checked_at > BOARD_IS_OLD else GOOD, seen)


def _tallies(now: datetime) -> Sign:
    what = "Tallies of these charts"
    until = tallied_until()
    if until is None:
        return Sign(what, UNKNOWN, "none yet: everything is counted now")
    old = now - until > TALLY_IS_OLD
    seen = f"up to {until:%Y-%m-%d %H:%M} UTC; what came later is counted now"
    return Sign(what, BAD if old else GOOD, seen)


def _circuits() -> list[Sign]:
    failing = [psp for psp in settings.BPS_PSPS if Circuit(psp).is_open()]
    return [Sign(f"PSP {psp}", BAD, "fails at the moment, and is passed over") for psp in failing]

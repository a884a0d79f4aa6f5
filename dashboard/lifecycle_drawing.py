"""The lifecycle, drawn as SVG by the server: every state, and the way that one session took.

Drawn twice from one plan: along the page where it is wide, down the page on phones. Which state is
what shows by shape as well as by colour, and the walk's own words say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from dashboard.steps import Walk, word_of
from payments.domain.lifecycle import Phase, SessionStatus

# Where each state stands: how far along the way to the money, and on which side of the drawing.
_TRACK, _ENDS = 0.0, 1.0
_PLACES: Final[dict[str, tuple[float, float]]] = {
    SessionStatus.CREATED.value: (0, _TRACK),
    SessionStatus.REGISTERED.value: (1, _TRACK),
    Phase.SUBMITTING.value: (2, _TRACK),
    Phase.IN_DOUBT.value: (3, _TRACK),
    Phase.PENDING.value: (4, _TRACK),
    Phase.AUTHORIZED.value: (5, _TRACK),
    Phase.CAPTURED.value: (6, _TRACK),
    SessionStatus.FAILED.value: (0, _ENDS),
    Phase.CANCELLED.value: (2, _ENDS),
    Phase.EXPIRED.value: (3, _ENDS),
    Phase.DECLINED.value: (4, _ENDS),
    Phase.ERRORED.value: (5, _ENDS),
}
_BUY_NOW: Final = (1.5, _TRACK)  # between the session's states and the purchase's
_BOW: Final = 0.45  # how far a way that skips states swings out


class Place(StrEnum):
    """Where a state lies, seen from the present."""

    PASSED = "passed"
    CURRENT = "current"
    POSSIBLE = "possible"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Text:
    """Words at a point. `anchor` is SVG's text-anchor."""

    words: str
    x: float
    y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Node:
    """One state: its point, and the texts beside it."""

    place: Place
    x: float
    y: float
    word: Text
    lasted: Text


@dataclass(frozen=True, slots=True)
class Beside:
    """Where texts stand beside a point, in pixels from it: alone, or one above the other."""

    x: float
    alone: float
    anchor: str
    first: float = 0
    second: float = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """How the plan lies on the page, in pixels."""

    name: str
    width: int
    height: int
    origin: tuple[float, float]
    along: tuple[float, float]  # from one state to the next
    across: tuple[float, float]  # from the track to the ends
    beside: dict[float, Beside]
    buy_now: Beside

    def at(self, along: float, side: float) -> tuple[float, float]:
        """Return the pixel of a place in the plan."""
        x, y = (
            round(start + along * step + side * aside, 1)
            for start, step, aside in zip(self.origin, self.along, self.across, strict=True)
        )
        return x, y


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that a template needs to draw it once."""

    frame: Frame
    track: str
    ways: list[str]
    nodes: list[Node]
    buy_now: Text


_WIDE: Final = Frame(
    name="wide",
    width=1120,
    height=172,
    origin=(66, 56),
    along=(164, 0),
    across=(0, 68),
    beside={
        _TRACK: Beside(0, -17, "middle", first=-33, second=-17),
        _ENDS: Beside(0, 25, "middle", first=25, second=41),
    },
    buy_now=Beside(0, -8, "middle"),
)
_NARROW: Final = Frame(
    name="narrow",
    width=340,
    height=384,
    origin=(128, 24),
    along=(0, 56),
    across=(84, 0),
    beside={
        _TRACK: Beside(-18, 4, "end", first=-3, second=12),
        _ENDS: Beside(18, 4, "start", first=-3, second=12),
    },
    buy_now=Beside(-18, 4, "end"),
)


def drawings(walk: Walk, buy_now: str) -> list[Drawing]:
    """Return the lifecycle with a walk lit, for wide pages and for narrow ones.

    `buy_now` says what led from the session to the purchase.
    """
    return [_drawing(frame, walk, buy_now) for frame in (_WIDE, _NARROW)]


def may_become(walk: Walk) -> list[str]:
    """Return what may come next, in words, in the order of the drawing."""
    return [word_of(state) for state in _PLACES if state in walk.possible]


def _drawing(frame: Frame, walk: Walk, buy_now: str) -> Drawing:
    # "Completed" has no place of its own: the purchase's end says more.
    lasted = {stay.state: how_long for stay, how_long in walk.rows if stay.state in _PLACES}
    x, y = frame.at(*_BUY_NOW)
    beside = frame.buy_now
    return Drawing(
        frame=frame,
        track=_straight(frame, SessionStatus.CREATED, Phase.CAPTURED),
        ways=[_way(frame, start, end) for start, end in pairwise(lasted)],
        nodes=[_node(frame, state, walk, lasted.get(state, "")) for state in _PLACES],
        buy_now=Text(buy_now, x + beside.x, y + beside.alone, beside.anchor),
    )


def _node(frame: Frame, state: str, walk: Walk, lasted: str) -> Node:
    along, side = _PLACES[state]
    x, y = frame.at(along, side)
    beside = frame.beside[side]
    word_y = beside.first if lasted else beside.alone
    return Node(
        place=_place(state, walk),
        x=x,
        y=y,
        word=Text(word_of(state), x + beside.x, y + word_y, beside.anchor),
        lasted=Text(lasted, x + beside.x, y + beside.second, beside.anchor),
    )


def _place(state: str, walk: Walk) -> Place:
    if state == walk.stays[-1].state:
        return Place.CURRENT
    if any(stay.state == state for stay in walk.stays):
        return Place.PASSED
    return Place.POSSIBLE if state in walk.possible else Place.CLOSED


def _way(frame: Frame, start: str, end: str) -> str:
    """Return the path from one state to the next, clear of the states that it skips."""
    (a, side), (b, other_side) = _PLACES[start], _PLACES[end]
    if side == other_side and abs(b - a) == 1:
        return _straight(frame, start, end)
    bow = _BOW if side == other_side else (side + other_side) / 2
    points = (frame.at(a, side), frame.at(a, bow), frame.at(b, bow), frame.at(b, other_side))
    first, *others = (f"{x:g} {y:g}" for x, y in points)
    return f"M{first}C{' '.join(others)}"


def _straight(frame: Frame, start: str, end: str) -> str:
    (x, y), (to_x, to_y) = frame.at(*_PLACES[start]), frame.at(*_PLACES[end])
    return f"M{x:g} {y:g}L{to_x:g} {to_y:g}"

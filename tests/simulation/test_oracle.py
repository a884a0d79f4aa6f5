"""The oracle sees each violation on a history made by hand, and none where there is none."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bench.simulation.judging import INVARIANTS
from bench.simulation.oracle import judge

NOW = datetime(2030, 1, 1, tzinfo=UTC)
Facts = list[tuple[str, ...]]

BEGUN: Facts = [
    ("psp", "keys", "3600", "accept"),
    ("checkout", "c1", "20.00", "EUR"),
    ("registered", "tok1", "c1", "20.00", "EUR"),
    ("session", "c1", "registered"),
    ("accepted", "p1", "c1", "k1"),
    ("sent", "k1", "confirm", "c1", "-", "20.00"),
]
CHARGE = ("charged", "ch1", "c1", "20.00", "EUR", "")
SUCCESS = ("phase", "p1", "submitting", "captured", "20.00", "EUR")
PAID: Facts = [*BEGUN, CHARGE, SUCCESS, ("session", "c1", "completed")]
DECLINED: Facts = [
    *BEGUN,
    ("closed", "c1", "declined"),
    ("phase", "p1", "submitting", "declined", "0", "EUR"),
]
SECOND: Facts = [
    ("checkout", "c2", "20.00", "EUR"),
    ("registered", "tok2", "c2", "20.00", "EUR"),
    ("accepted", "p2", "c2", "k2"),
    ("sent", "k2", "confirm", "c2", "-", "20.00"),
    ("charged", "ch2", "c2", "20.00", "EUR", ""),
    ("phase", "p2", "submitting", "captured", "20.00", "EUR"),
]
LATE: Facts = [
    ("charged", "ch1", "c1", "20.00", "EUR", "late"),
    ("phase", "p1", "declined", "captured", "20.00", "EUR"),
]
GIVEN_BACK: Facts = [
    ("asked", "r1", "p1", "20.00", "surplus"),
    ("given", "re1", "r1", "c1", "20.00"),
    ("refund", "r1", "submitting", "successful"),
]
REST = ("rest",)
RESERVED: Facts = [
    ("by_hand",),
    *BEGUN,
    ("reserved", "c1", "20.00"),
    ("phase", "p1", "submitting", "authorized", "0", "EUR"),
]
PART: Facts = [("instructed", "x1", "p1", "capture", "8.00"), ("taken", "x1", "c1", "8.00")]
PART_CHARGED = ("charged", "ch1", "c1", "8.00", "EUR", "")
PART_SUCCESS = ("phase", "p1", "authorized", "captured", "8.00", "EUR")
CAPTURED: Facts = [
    *RESERVED,
    *PART,
    PART_CHARGED,
    PART_SUCCESS,
    ("instruction", "x1", "successful"),
    ("session", "c1", "completed"),
]
VOID = ("instructed", "x1", "p1", "void", "20.00")
LET_GO: Facts = [("let_go", "x1", "c1"), ("closed", "c1", "cancelled")]
CANCELLED = ("phase", "p1", "authorized", "cancelled", "0", "EUR")

SOUND = {
    "a payment": [*PAID, REST],
    "a decline": [*DECLINED, REST],
    "a part given back": [
        *PAID,
        ("asked", "r1", "p1", "5.00", "requested"),
        ("given", "re1", "r1", "c1", "5.00"),
        ("refund", "r1", "submitting", "successful"),
        REST,
    ],
    "a refund that comes back and is known to": [
        *PAID,
        ("asked", "r1", "p1", "20.00", "requested"),
        ("given", "re1", "r1", "c1", "20.00"),
        ("refund", "r1", "submitting", "successful"),
        ("came_back", "re1", "r1"),
        ("refund", "r1", "successful", "failed"),
        REST,
    ],
    "a part captured": [*CAPTURED, REST],
    "a reservation let go": [
        *RESERVED,
        VOID,
        *LET_GO,
        CANCELLED,
        ("instruction", "x1", "successful"),
        ("session", "c1", "completed"),
        REST,
    ],
    "a reservation that lapses under a capture": [
        *RESERVED,
        PART[0],
        ("closed", "c1", "expired"),
        ("phase", "p1", "authorized", "expired", "0", "EUR"),
        ("instruction", "x1", "failed"),
        ("case", "x1", "not_as_asked"),
        ("session", "c1", "completed"),
        REST,
    ],
    "a late success beside a paid checkout, given back": [
        *DECLINED,
        *SECOND,
        *LATE,
        ("case", "p1", "surplus: refund"),
        *GIVEN_BACK,
        REST,
    ],
}

BROKEN: list[tuple[str, str, Facts]] = [
    ("I1", "charged twice", [*PAID, ("charged", "ch2", "c1", "20.00", "EUR", "")]),
    ("I1", "accepted beside a started one", [*BEGUN, ("accepted", "p2", "c2", "k2")]),
    ("I1", "two checkouts of an order charged", [*DECLINED[:-2], CHARGE, *SECOND[:-1]]),
    ("I2", "successful without a charge", [*BEGUN, SUCCESS]),
    (
        "I2",
        "successful with another sum",
        [
            *BEGUN,
            ("charged", "ch1", "c1", "21.00", "EUR", ""),
            SUCCESS,
        ],
    ),
    ("I3", "a charge that nobody learns of", [*DECLINED, LATE[0], REST]),
    (
        "I3",
        "a refund that came back unnoticed",
        [
            *PAID,
            ("asked", "r1", "p1", "20.00", "requested"),
            ("given", "re1", "r1", "c1", "20.00"),
            ("refund", "r1", "submitting", "successful"),
            ("came_back", "re1", "r1"),
            REST,
        ],
    ),
    ("I4", "a success undone", [*PAID, ("phase", "p1", "captured", "declined", "0", "EUR")]),
    ("I5", "a purchase for ever in doubt", [*BEGUN, REST]),
    ("I5", "a session that never ends", [*BEGUN[:4], REST]),
    ("I5", "a refund for ever in doubt", [*PAID, ("asked", "r1", "p1", "1", "requested"), REST]),
    ("I5", "a world that never rests", [*PAID, ("stuck",)]),
    (
        "I7",
        "a shop told twice",
        [
            *PAID,
            ("notified", "p1", "successful"),
            ("notified", "p1", "successful"),
        ],
    ),
    ("I9", "a key with two bodies", [*BEGUN, ("sent", "k1", "confirm", "c1", "-", "21.00")]),
    (
        "I11",
        "a token for two checkouts",
        [
            *BEGUN,
            ("checkout", "c2", "20.00", "EUR"),
            ("registered", "tok1", "c2", "20.00", "EUR"),
        ],
    ),
    (
        "I12",
        "more asked for than was taken",
        [
            *PAID,
            ("asked", "r1", "p1", "15.00", "requested"),
            ("asked", "r2", "p1", "15.00", "requested"),
        ],
    ),
    (
        "I12",
        "a refund given twice",
        [
            *PAID,
            ("asked", "r1", "p1", "5.00", "requested"),
            ("given", "re1", "r1", "c1", "5.00"),
            ("given", "re2", "r1", "c1", "5.00"),
        ],
    ),
    ("I13", "a surplus that is kept", [*DECLINED, *SECOND, *LATE, REST]),
    (
        "I13",
        "the only charge given back",
        [
            *PAID,
            ("asked", "r1", "p1", "20.00", "surplus"),
        ],
    ),
    (
        "I18",
        "a charge after a failure was shown",
        [
            *BEGUN,
            ("phase", "p1", "submitting", "errored", "0", "EUR"),
            CHARGE,
        ],
    ),
    (
        "I18",
        "declined while the PSP has it open",
        [
            *BEGUN,
            ("phase", "p1", "submitting", "declined", "0", "EUR"),
        ],
    ),
    ("I18", "expired while the PSP has it open", [*BEGUN[:4], ("session", "c1", "expired")]),
    ("I2", "a success of another part than was taken", [*RESERVED, *PART, PART_CHARGED, SUCCESS]),
    ("R1", "reserved twice", [*RESERVED, ("reserved", "c1", "20.00")]),
    ("R1", "more taken than reserved", [*RESERVED, PART[0], ("taken", "x1", "c1", "20.01")]),
    ("R1", "taken twice", [*CAPTURED, ("taken", "x1", "c1", "8.00")]),
    ("R1", "taken after it was let go", [*RESERVED, VOID, *LET_GO, ("taken", "x1", "c1", "8.00")]),
    ("R1", "charged unasked", [*RESERVED, CHARGE]),
    ("R2", "a void beside a capture", [*RESERVED, *PART, ("instructed", "x2", *VOID[2:])]),
    ("R2", "asked of what is not reserved", [*CAPTURED, ("instructed", "x2", *VOID[2:])]),
    ("R2", "more asked for", [*RESERVED, ("instructed", "x1", "p1", "capture", "20.01")]),
    ("R3", "a capture said to be done", [*RESERVED, PART[0], ("instruction", "x1", "successful")]),
    ("R3", "a void said to be done", [*RESERVED, VOID, ("instruction", "x1", "successful")]),
    ("R3", "a capture denied", [*RESERVED, *PART, ("instruction", "x1", "failed"), REST]),
    ("R3", "a void denied", [*RESERVED, VOID, *LET_GO, ("instruction", "x1", "failed"), REST]),
    ("R3", "a capture for ever under way", [*RESERVED, PART[0], REST]),
    (
        "R3",
        "a capture for ever under way though it ended",
        [*CAPTURED[:-2], ("case", "x1", "unanswered"), REST],
    ),
    ("DB", "a constraint that had to step in", [*PAID, ("refused", "legal_phase")]),
]


def dated(facts: Facts) -> list[tuple[object, ...]]:
    return [(NOW + timedelta(seconds=n), *fact) for n, fact in enumerate(facts)]


def test_a_sound_history_has_no_violation() -> None:
    violations = {words: judge(dated(facts), Counter()) for words, facts in SOUND.items()}

    assert violations == {words: [] for words in SOUND}


def test_a_broken_one_is_seen() -> None:
    unseen = [
        words
        for invariant, words, facts in BROKEN
        if invariant not in {violation.invariant for violation in judge(dated(facts), Counter())}
    ]

    assert unseen == []


@pytest.mark.parametrize(("wait", "seen"), [(1799, False), (1800, True)])
def test_a_send_after_half_of_the_key_window_is_seen_to_the_second(wait: int, seen: bool) -> None:
    facts = dated(BEGUN)
    sent_at = facts[-1][0]
    assert isinstance(sent_at, datetime)

    violations = judge([*facts, (sent_at + timedelta(seconds=wait), "claimed", "k1")], Counter())

    assert [violation.invariant for violation in violations] == (["I10"] if seen else [])


def test_every_invariant_has_a_history_that_breaks_it() -> None:
    assert {invariant for invariant, _, _ in BROKEN} | {"I10"} == set(INVARIANTS)


def test_every_judgement_is_counted() -> None:
    checked: Counter[str] = Counter()

    judge(dated(SOUND["a payment"]), checked)

    assert checked == {
        "I1": 2, "I2": 2, "I3": 1, "I4": 1, "I5": 1, "I9": 1, "I11": 1, "I18": 1, "DB": 1,
    }  # fmt: skip

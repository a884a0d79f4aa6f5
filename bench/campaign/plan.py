"""Which faults come when: made from a seed alone, the same for the same seed. Pure."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

# Faults end before the load does, so that the last checkouts meet the last faults' wake.
CALM_AT_THE_END_SECONDS: Final = 5.0
CALM_AT_THE_START_SECONDS: Final = 2.0
MINUTES_OF_A_FULL_CAMPAIGN: Final = 10.0


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault. `number` is how many a campaign of ten minutes has.

    `seconds` is the shortest and the longest it lasts; both 0 for what is over at once.
    """

    name: str
    family: str
    number: int
    words: str
    seconds: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: when it begins (seconds after the load), what, how long, and a lot to draw by."""

    at: float
    kind: str
    seconds: float
    lot: float


PROCESS: Final = "process"
STORE: Final = "store"
NETWORK: Final = "network"
PSP: Final = "PSP"
BURST: Final = "purchases"

# A burst lets this share of the purchases meet its scenario while it lasts.
BURST_SHARE: Final = 0.3
BURST_SECONDS: Final = (8.0, 15.0)

# What the sandbox's own scenarios do to purchases (sandbox/API.md).
SCENARIOS: Final = (
    ("charge_then_drop", 4, "charged, and the answer is lost"),
    ("slow", 3, "charged, and the answer comes after 8 s"),
    ("error_500", 3, "the PSP fails twice before it acts"),
    ("error_500_after_charge", 3, "charged, and answered 500"),
    ("not_found_then_found", 3, "charged, dropped, and not found for 5 s"),
    ("webhook_lost", 3, "pending, and no webhook ever comes"),
    ("webhook_twice", 3, "every webhook comes twice"),
    ("webhook_late", 3, "webhooks come 20 s late"),
    ("webhook_early", 3, "the webhook overtakes the answer"),
    ("webhook_unsigned", 3, "the first webhook bears no signature"),
    ("webhook_wrong_amount", 3, "the webhook claims another amount"),
    ("out_of_order", 3, "webhooks overtake each other"),
    ("issuer_seconds", 3, "the issuer takes 3 s"),
    ("unknown_word", 2, "a status that no document lists"),
    ("decline", 3, "many declines"),
)

CRASH_POINTS: Final = (
    "after_intent_commit",
    "before_send",
    "after_send",
    "after_answer",
    "before_record_commit",
    "after_record_commit",
    "after_receipt_commit",
    "before_receipt_applied",
    "after_receipt_applied",
    "before_notification",
    "after_notification_sent",
    "after_claim",
)

BEYOND_KEYS: Final = "outage_beyond_key_window"

ALL: Final = (
    Kind("kill_web_worker", PROCESS, 20, "SIGKILL to a gunicorn worker"),
    Kind("kill_web", PROCESS, 3, "SIGKILL to gunicorn and all its workers"),
    Kind("kill_pool_child", PROCESS, 16, "SIGKILL to a child of a Celery worker's pool"),
    Kind("kill_worker", PROCESS, 14, "SIGKILL to a Celery worker and its pool"),
    Kind("kill_beat", PROCESS, 8, "SIGKILL to beat"),
    Kind("kill_psp_clock", PROCESS, 2, "SIGKILL to the PSP's delivery of webhooks"),
    Kind("pause_web_worker", PROCESS, 5, "SIGSTOP, later SIGCONT, to a gunicorn worker", (1, 7)),
    Kind("pause_pool_child", PROCESS, 5, "SIGSTOP, later SIGCONT, to a pool child", (5, 9)),
    *(
        Kind(f"crash:{point}", PROCESS, 2, f"a process kills itself at {point}", (15, 15))
        for point in CRASH_POINTS
    ),
    Kind("restart_postgres", STORE, 6, "PostgreSQL stopped by `immediate`, and started"),
    Kind("cut_connections", STORE, 4, "every connection of BPS to PostgreSQL terminated"),
    Kind("flush_valkey", STORE, 2, "FLUSHALL"),
    Kind("stop_valkey", STORE, 2, "Valkey away", (3, 8)),
    Kind("hang_valkey", STORE, 2, "Valkey takes connections and answers nothing", (3, 8)),
    *(
        Kind(f"{mode}:{link}", NETWORK, 2, f"{words}, {where}", (2, 6))
        for link, where in (("psp", "BPS to PSP"), ("webhook", "PSP to BPS"))
        for mode, words in (
            ("black_hole", "bytes are swallowed"),
            ("stall", "bytes are held, and arrive late"),
            ("reset", "connections are reset"),
            ("half", "the answer ends half-way"),
            ("delay", "every packet 0.4 s late"),
            ("throttle", "2 kB a second"),
        )
    ),
    Kind("black_hole:shop", NETWORK, 2, "the shop's notification URL hangs", (3, 6)),
    Kind("outage:503", PSP, 2, "the PSP answers 503", (4, 10)),
    Kind("outage:503_nothing", PSP, 2, "the PSP answers 503, nothing happened", (4, 10)),
    Kind("outage:drop", PSP, 2, "the PSP drops connections unread", (4, 10)),
    Kind(BEYOND_KEYS, PSP, 1, "away for longer than keys live", (50, 50)),
    *(Kind(f"burst:{name}", BURST, n, words, BURST_SECONDS) for name, n, words in SCENARIOS),
)
BY_NAME: Final[Mapping[str, Kind]] = {kind.name: kind for kind in ALL}


def full_numbers(seconds: float) -> dict[str, int]:
    """Return how many faults of each kind a campaign of this length has: at least one of each.

    The outage beyond the key window comes only where half of the time is left for all else.
    """
    share = seconds / 60 / MINUTES_OF_A_FULL_CAMPAIGN
    numbers = {kind.name: max(1, round(kind.number * share)) for kind in ALL}
    longest = BY_NAME[BEYOND_KEYS]
    if seconds < 2 * longest.seconds[1]:
        del numbers[longest.name]
    return numbers


def make_plan(seed: int, *, seconds: float, numbers: Mapping[str, int]) -> list[Fault]:
    """Return the faults of a run, earliest first: each kind spread over the whole run.

    Raises ValueError for a kind that there is not.
    """
    unknown = sorted(set(numbers) - set(BY_NAME))
    if unknown:
        raise ValueError(f"no such kind of fault: {', '.join(unknown)}")
    faults = [
        fault for name in sorted(numbers) for fault in _spread(seed, name, numbers[name], seconds)
    ]
    return sorted(faults, key=lambda fault: (fault.at, fault.kind))


def _spread(seed: int, name: str, number: int, seconds: float) -> Iterable[Fault]:
    # Of each kind a source of its own: adding one kind leaves the faults of the others alone.
    lots = random.Random(f"{seed}:{name}")  # noqa: S311 - a plan is to be repeatable
    shortest, longest = BY_NAME[name].seconds
    room = seconds - CALM_AT_THE_START_SECONDS - CALM_AT_THE_END_SECONDS
    for place in range(number):
        lasts = min(lots.uniform(shortest, longest), room)
        part = (room - lasts) / number
        at = CALM_AT_THE_START_SECONDS + part * (place + lots.random())
        yield Fault(round(at, 2), name, round(lasts, 2), round(lots.random(), 6))


def as_lines(plan: Iterable[Fault]) -> str:
    """Return the plan as JSON lines, for reading and comparing."""
    return "".join(json.dumps(asdict(fault)) + "\n" for fault in plan)

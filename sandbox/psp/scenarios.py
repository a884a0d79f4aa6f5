"""What shall happen on a purchase: the table of scenarios, and which of them a session gets.

Pure: it decides nothing at run time but what the table says. API.md explains each scenario.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sandbox.clocks import Clock, Wait

AT_ONCE = Wait(timedelta(0))
FOUR_HOURS = Wait(timedelta(hours=4), Clock.PSP)
TWO_SECONDS = Wait(timedelta(seconds=2))
THREE_SECONDS = Wait(timedelta(seconds=3))
SIX_SECONDS = Wait(timedelta(seconds=6))


class Group(StrEnum):
    """The headings of the purchase page's list."""

    WORKS = "It works"
    DECLINED = "It is declined"
    SLOW = "The bank is slow"
    BREAKS = "Things break"


class Webhooks(StrEnum):
    """How the session's webhooks behave."""

    ORDERLY = "orderly"
    LOST = "lost"
    TWICE = "twice"
    LATE = "late"
    EARLY = "early"
    UNSIGNED_FIRST = "unsigned first"
    WRONG_AMOUNT = "wrong amount"
    OUT_OF_ORDER = "out of order"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. `digits` are those of the amount that choose it."""

    name: str
    digits: str
    group: Group
    words: str
    issuer: Wait = AT_ONCE
    decline_code: str = ""
    may_choose_again: bool = False
    authorizes: bool = False
    errors_before: int = 0
    error_after: bool = False
    drops_answer: bool = False
    answers_after_seconds: int = 0
    hidden: timedelta = timedelta(0)
    denied: bool = False
    queued_seconds: int = 0
    gives_up_after: timedelta | None = None
    gives_up_declining: bool = False
    waiting_word: str = "processing"
    webhooks: Webhooks = Webhooks.ORDERLY


ALL = (
    Scenario("approve", "01", Group.WORKS, "The payment is approved at once."),
    Scenario(
        "authorize",
        "19",
        Group.WORKS,
        "The amount is reserved and waits for the shop to take it.",
        authorizes=True,
    ),
    Scenario(
        "decline",
        "02",
        Group.DECLINED,
        "The bank says no: not enough money.",
        decline_code="insufficient_funds",
    ),
    Scenario(
        "decline_for_now",
        "25",
        Group.DECLINED,
        "The bank says no to this card, and the shopper may choose another way to pay.",
        decline_code="card_declined",
        may_choose_again=True,
    ),
    Scenario(
        "issuer_hours_decline",
        "04",
        Group.DECLINED,
        "The bank thinks for 4 hours and then says no.",
        issuer=FOUR_HOURS,
        decline_code="card_declined",
    ),
    Scenario(
        "issuer_seconds",
        "18",
        Group.SLOW,
        "The bank approves after 3 seconds.",
        issuer=THREE_SECONDS,
    ),
    Scenario(
        "issuer_hours",
        "03",
        Group.SLOW,
        "The bank approves after 4 hours.",
        issuer=FOUR_HOURS,
    ),
    Scenario(
        "success_after_expiry",
        "17",
        Group.SLOW,
        "The bank approves only after the PSP has given up.",
        issuer=SIX_SECONDS,
        gives_up_after=timedelta(seconds=3),
    ),
    Scenario(
        "success_after_decline",
        "21",
        Group.SLOW,
        "The PSP says no, and 3 seconds later the bank says yes.",
        issuer=SIX_SECONDS,
        gives_up_after=timedelta(seconds=3),
        gives_up_declining=True,
    ),
    Scenario(
        "unknown_word",
        "20",
        Group.SLOW,
        "The payment is reviewed for 3 seconds, a state that no document lists.",
        issuer=THREE_SECONDS,
        waiting_word="reviewing",
    ),
    Scenario(
        "charge_then_drop",
        "05",
        Group.BREAKS,
        "The money is taken, and the connection breaks before the answer.",
        drops_answer=True,
    ),
    Scenario(
        "not_found_then_found",
        "15",
        Group.BREAKS,
        "The connection breaks, and for 5 seconds nobody can find the payment.",
        drops_answer=True,
        hidden=timedelta(seconds=5),
    ),
    Scenario(
        "denied_then_paid",
        "22",
        Group.BREAKS,
        "The money is taken, and for 5 seconds look-ups say that it was declined.",
        hidden=timedelta(seconds=5),
        denied=True,
    ),
    Scenario(
        "acts_late",
        "23",
        Group.BREAKS,
        "The PSP acts on a purchase request 8 seconds after it came.",
        queued_seconds=8,
    ),
    Scenario(
        "answer_overtaken",
        "24",
        Group.BREAKS,
        "The answer says that the bank is thinking, and comes after the news of the payment.",
        issuer=THREE_SECONDS,
        answers_after_seconds=8,
    ),
    Scenario(
        "slow",
        "06",
        Group.BREAKS,
        "The money is taken, and the answer comes after 8 seconds.",
        answers_after_seconds=8,
    ),
    Scenario(
        "error_500",
        "07",
        Group.BREAKS,
        "The PSP fails twice before anything is taken, then it works.",
        errors_before=2,
    ),
    Scenario(
        "error_500_after_charge",
        "08",
        Group.BREAKS,
        "The money is taken, and the answer says that the PSP failed.",
        error_after=True,
    ),
    Scenario(
        "webhook_lost",
        "09",
        Group.BREAKS,
        "The bank approves after 3 seconds, and no webhook ever says so.",
        issuer=THREE_SECONDS,
        webhooks=Webhooks.LOST,
    ),
    Scenario(
        "webhook_twice",
        "10",
        Group.BREAKS,
        "Every webhook comes twice.",
        webhooks=Webhooks.TWICE,
    ),
    Scenario(
        "webhook_late",
        "11",
        Group.BREAKS,
        "Webhooks come 20 seconds late.",
        webhooks=Webhooks.LATE,
    ),
    Scenario(
        "webhook_early",
        "12",
        Group.BREAKS,
        "The webhook comes before the answer.",
        webhooks=Webhooks.EARLY,
    ),
    Scenario(
        "webhook_unsigned",
        "13",
        Group.BREAKS,
        "Webhooks come without a signature at first.",
        issuer=THREE_SECONDS,
        webhooks=Webhooks.UNSIGNED_FIRST,
    ),
    Scenario(
        "webhook_wrong_amount",
        "14",
        Group.BREAKS,
        "Webhooks claim another amount.",
        issuer=THREE_SECONDS,
        webhooks=Webhooks.WRONG_AMOUNT,
    ),
    Scenario(
        "out_of_order",
        "16",
        Group.BREAKS,
        "The news of the payment comes before the news that it is being processed.",
        issuer=TWO_SECONDS,
        webhooks=Webhooks.OUT_OF_ORDER,
    ),
)
BY_NAME: Mapping[str, Scenario] = {scenario.name: scenario for scenario in ALL}
BY_DIGITS: Mapping[str, Scenario] = {scenario.digits: scenario for scenario in ALL}
APPROVE = BY_NAME["approve"]


def chosen_by_amount(amount_minor: int) -> Scenario | None:
    """Return the scenario that the amount's last two digits choose, if they choose one."""
    return BY_DIGITS.get(f"{amount_minor % 100:02d}")


def drawn(rates: Mapping[str, float], *, seed: int, reference: str) -> Scenario:
    """Draw a scenario at these rates; the same seed and reference always draw the same one."""
    # Not for secrets: the draw must be repeatable.
    mark = random.Random(f"{seed}:{reference}").random()  # noqa: S311
    for name in sorted(rates):
        mark -= rates[name]
        if mark < 0:
            return BY_NAME[name]
    return APPROVE


def grouped() -> Iterable[tuple[Group, list[Scenario]]]:
    """Return the scenarios under their headings, in the order of the page."""
    return [(group, [one for one in ALL if one.group is group]) for group in Group]

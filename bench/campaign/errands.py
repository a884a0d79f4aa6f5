"""What the shop does with a purchase afterwards: captures, voids and refunds.

Most sums end in digits that choose nothing at the PSP; some lose the answer, and some refunds wait
or come back (sandbox/API.md).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from bench.campaign.shop import Asking, Heard, Shop, all_at_once

# 93: done, and the connection is dropped. Of a refund alone, 91: it waits; 92: it waits and fails.
DIGITS: Final = ("30", "47", "58", "66", "74", "93")
REFUND_DIGITS: Final = (*DIGITS, "91", "92")
# The keys of one errand's requests: once, again, and as another one.
KEYS_OF_CAPTURES: Final = (("a",), ("a", "a"), ("a", "b"))


class Errands:
    """Does these things as carelessly as the draw says: once, again, with several keys at once."""

    def __init__(self, shop: Shop, draw: random.Random) -> None:
        self._shop = shop
        self._draw = draw

    def capture(self, checkout: str, amount: str, *, beside_a_void: bool = False) -> None:
        """Take what is reserved, or a part of it: once, again, several times, beside a void."""
        asked = self._draw.choice(("", _part(amount, self._draw.choice(DIGITS))))
        keys = ("a",) if beside_a_void else self._draw.choice(KEYS_OF_CAPTURES)
        acts = [self._ask("capture", checkout, key, asked) for key in keys]
        if beside_a_void:
            acts.append(self._void(checkout))
            self._draw.shuffle(acts)
        all_at_once(acts)

    def void(self, checkout: str) -> None:
        """Let go what is reserved, perhaps in two requests at once."""
        all_at_once([self._void(checkout)] * self._draw.choice((1, 1, 2)))

    def refund(self, checkout: str, amount: str) -> None:
        """Give back all, a part, or several at once that may be more than what was taken."""
        part = _part(amount, self._draw.choice(REFUND_DIGITS))
        ways: Sequence[Sequence[tuple[str, str]]] = (
            [("a", "")],
            [("a", part)],
            [("a", part), ("a", part)],
            [("a", part), ("b", part), ("c", part)],
            [("a", part), ("b", _part(amount, "30")), ("c", "")],
            [("a", amount), ("b", amount)],
        )
        asked = self._draw.choice(ways)
        all_at_once([self._ask("refund", checkout, key, sum_) for key, sum_ in asked])

    def refund_the_rest(self, checkout: str) -> None:
        """Ask for whatever is left, which may be nothing."""
        self._ask("refund", checkout, "rest", "")()

    def _ask(self, act: str, checkout: str, key: str, amount: str) -> Callable[[], Heard]:
        key = f"{act}-{checkout}-{key}"
        body: dict[str, Any] = {"amount": amount} if amount else {}
        url = f"{self._shop.api_url}/{checkout}/{act}s"
        who = {"checkout": checkout, "key": key, "asked": amount}
        asking = Asking(act, "POST", url, body, {"Idempotency-Key": key}, who)
        return lambda: self._shop.ask(asking)

    def _void(self, checkout: str) -> Callable[[], Heard]:
        url = f"{self._shop.api_url}/{checkout}/void"
        asking = Asking("void", "POST", url, {}, who={"checkout": checkout})
        return lambda: self._shop.ask(asking)


def _part(amount: str, digits: str) -> str:
    """Return about two fifths of a sum, in minor units that end so; all of it if that is less."""
    _, _, fraction = amount.partition(".")
    minor = int(amount.replace(".", ""))
    places = len(fraction)
    hundreds = max(0, minor * 2 // 5 // 100)
    text = f"{hundreds or ''}{digits}".rjust(places + 1, "0")
    part = text if not places else f"{text[:-places]}.{text[-places:]}"
    return part if int(text) < minor else amount

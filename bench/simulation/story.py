"""A history as a digest, and as a story that can be read."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

from bench.simulation.world import BEGINNING

SENTENCES: Final = {
    "psp": "The PSP protects by {0}; its keys live {1} s. Late success: {2}.",
    "by_hand": "The shop captures by hand.",
    "checkout": "The shop begins checkout {0}: {1} {2}.",
    "registered": "PSP: registers {1} as {0}, {2} {3}.",
    "session": "Session {0} is {1}.",
    "tried_again": "Buy Now again: {0} is to be charged with key {1}.",
    "accepted": "Buy Now: purchase {0} on {1} is stored, key {2}.",
    "sent": "On the wire: {1} for {2} ({3}), key {0}, sum {4}.",
    "claimed": "A process claims the send of {0}.",
    "charged": "PSP: charge {0} on {1}: {2} {3} {4}",
    "reserved": "PSP: {1} is reserved on {0}.",
    "taken": "PSP: {0} takes {2} of {1}.",
    "let_go": "PSP: {0} lets {1} go.",
    "closed": "PSP: {0} is {1}.",
    "phase": "Purchase {0}: {1} -> {2}; captured {3} {4}.",
    "notified": "The shop is told that {0} is {1}.",
    "instructed": "{2} {0} of {1} is stored: {3}.",
    "instruction": "{0} is {1}.",
    "asked": "Refund {0} of {1} is stored: {2}, {3}.",
    "given": "PSP: refund {0} for {1} on {2}: {3}.",
    "came_back": "PSP: refund {0} ({1}) came back.",
    "refund": "Refund {0}: {1} -> {2}.",
    "case": "A case about {0}: {1}.",
    "stored": "Webhook {0} about {1} is stored.",
    "fault": "** {0}",
    "refused": "The database refuses: {0}.",
    "stuck": "Something goes on for ever.",
    "rest": "Nothing is left to happen.",
}


def digest(facts: list[tuple[Any, ...]]) -> int:
    """Return a number made of a whole history, times included."""
    text = "\n".join([f"{fact[0].isoformat()} {' '.join(fact[1:])}" for fact in facts])
    return int.from_bytes(blake2b(text.encode(), digest_size=16).digest())


def told(facts: list[tuple[Any, ...]]) -> str:
    """Return a history as lines, each with the time since the beginning."""
    return "\n".join(
        f"{at - BEGINNING!s:>22}  {SENTENCES[word].format(*words)}" for at, word, *words in facts
    )

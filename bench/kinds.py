"""Every kind of false webhook: its share, and what it may be answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from bench import forgeries, odd_http
from bench.raw_http import RawRequest
from bench.webhook_material import Material

OK: Final = frozenset({200})
UNPROVED: Final = frozenset({401})
TOO_LARGE: Final = frozenset({413})
NOT_FOUND: Final = frozenset({404})
NOT_POST: Final = frozenset({405})
MALFORMED: Final = frozenset({400, 401})

Make = Callable[[Random, Material], RawRequest]


@dataclass(frozen=True)
class Kind:
    """One kind: its share of all, the statuses that it may be answered, and how one is made."""

    name: str
    share: int
    allowed: frozenset[int]
    make: Make
    is_repeat: bool = False


KINDS: Final = (
    Kind("another secret", 12, UNPROVED, forgeries.other_secret),
    Kind("no signature, or nonsense", 8, UNPROVED, forgeries.unsigned),
    Kind("a header missing or spoilt", 6, UNPROVED, forgeries.lacking_a_header),
    Kind("signature of another webhook", 8, UNPROVED, forgeries.swapped_signature),
    Kind("one bit flipped", 10, UNPROVED, forgeries.bit_flipped),
    Kind("cut or lengthened", 8, UNPROVED, forgeries.cut_or_lengthened),
    Kind("serialised again", 6, UNPROVED, forgeries.serialised_again),
    Kind("says another thing", 8, UNPROVED, forgeries.says_another_thing),
    Kind("of another time", 8, UNPROVED, forgeries.of_another_time),
    Kind("replayed", 6, OK, forgeries.replayed, is_repeat=True),
    Kind("replayed, other content type", 2, OK, odd_http.replayed_oddly, is_repeat=True),
    Kind("about no session of ours", 1, OK, forgeries.of_no_session),
    Kind("signed, but no webhook", 3, UNPROVED, forgeries.signed_nonsense),
    Kind("deeply nested", 2, UNPROVED, forgeries.deep),
    Kind("large", 1, UNPROVED, forgeries.large),
    Kind("too large", 1, TOO_LARGE, forgeries.too_large),
    Kind("a header twice", 3, UNPROVED, odd_http.headers_twice),
    Kind("two lengths", 1, MALFORMED, odd_http.length_twice),
    Kind("to an unknown PSP", 2, NOT_FOUND, odd_http.unknown_psp),
    Kind("without the last slash", 1, UNPROVED, odd_http.without_a_slash),
    Kind("by another method", 2, NOT_POST, odd_http.other_method),
    Kind("in an odd encoding", 2, UNPROVED, odd_http.odd_encoding),
    Kind("odd headers", 2, MALFORMED, odd_http.odd_headers),
    Kind("in chunks", 1, UNPROVED, odd_http.chunked),
    Kind("without a body", 1, UNPROVED, odd_http.without_length),
)

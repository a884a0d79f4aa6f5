"""Webhooks that are false by what they say, by when, or by who signed it.

Some are signed with the PSP's own secret: what is old, repeated, or no webhook at all stays false
however well it is signed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from bench.raw_http import RawRequest
from bench.webhook_material import (
    SIGNATURE,
    Material,
    event_body,
    new_id,
    signed,
    with_header,
)

OTHER_SECRET: Final = "whsec_" + base64.b64encode(b"a secret that no PSP has told us").decode()
BEYOND_TOLERANCE_SECONDS: Final = (310, 86_400 * 365)
LARGEST_BODY_BYTES: Final = 256 * 1024


def other_secret(rng: Random, material: Material) -> RawRequest:
    """Forge: right in everything but the secret."""
    event_id = new_id(rng)
    return signed(event_id, event_body(rng, material, event_id), OTHER_SECRET)


def unsigned(rng: Random, material: Material) -> RawRequest:
    """Forge: nothing, or nonsense, where the signature belongs."""
    noise = base64.b64encode(rng.randbytes(32)).decode()
    nonsense = ("", "v1", "v1,", f"v1,{noise}", f"v2,{noise}", "v1," * 900, noise, "v1,\xe9", " ,")
    return with_header(other_secret(rng, material), SIGNATURE, rng.choice(nonsense))


def lacking_a_header(rng: Random, material: Material) -> RawRequest:
    """Leave out, or spoil, one of the three headers of a genuine one."""
    request = replayed(rng, material)
    name = rng.choice(("webhook-id", "webhook-timestamp", SIGNATURE))
    spoilt = rng.choice(("", "\xe9\xe8", "x" * 5000, "0", "-1", "1e9", "9" * 12, "nan"))
    return with_header(request, name, spoilt)


def swapped_signature(rng: Random, material: Material) -> RawRequest:
    """Take the signature of one genuine webhook for another, or under another id."""
    one, other = rng.choice(material.genuine), rng.choice(material.genuine)
    if one == other:
        request = signed(one.event_id, one.body, material.secret)
        return with_header(request, "webhook-id", new_id(rng))
    signature = dict(signed(other.event_id, other.body, material.secret).headers)[SIGNATURE]
    return with_header(signed(one.event_id, one.body, material.secret), SIGNATURE, signature)


def _mutated(rng: Random, material: Material, change: Callable[[bytes], bytes]) -> RawRequest:
    one = rng.choice(material.genuine)
    return signed(one.event_id, change(one.body), material.secret, signed_body=one.body)


def bit_flipped(rng: Random, material: Material) -> RawRequest:
    """Flip one bit of a genuine body."""

    def flip(body: bytes) -> bytes:
        changed = bytearray(body)
        changed[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        return bytes(changed)

    return _mutated(rng, material, flip)


def cut_or_lengthened(rng: Random, material: Material) -> RawRequest:
    """Cut a genuine body anywhere, or append to it."""
    tail = rng.choice((b" ", b"\n", b"\x00", b"}", b'{"id":"evt_2"}', b"\xef\xbb\xbf"))
    if rng.random() < 0.5:  # noqa: PLR2004 - as often as not
        return _mutated(rng, material, lambda body: body[: rng.randrange(len(body))])
    return _mutated(rng, material, lambda body: body + tail)


def serialised_again(rng: Random, material: Material) -> RawRequest:
    """Write the same JSON otherwise: to a parser it is the same, to a signature it isn't."""
    indent = rng.randint(1, 8)
    return _mutated(
        rng, material, lambda body: json.dumps(json.loads(body), indent=indent).encode()
    )


def says_another_thing(rng: Random, material: Material) -> RawRequest:
    """Change the amount, the status or the session that a genuine body speaks of."""

    def change(body: bytes) -> bytes:
        event: dict[str, Any] = json.loads(body)
        session = event["data"]["session"]
        token, reference = rng.choice(material.sessions)
        session.update(
            rng.choice(
                (
                    {"captured_amount": f"{rng.randrange(10_000)}.99"},
                    {"status": f"paid {rng.random()}"},
                    {"token": token, "reference": reference, "claims": rng.random()},
                )
            )
        )
        return json.dumps(event).encode()

    return _mutated(rng, material, change)


def of_another_time(rng: Random, material: Material) -> RawRequest:
    """Sign rightly, too long ago or too far ahead."""
    age = rng.randint(*BEYOND_TOLERANCE_SECONDS) * rng.choice((1, -1))
    one = rng.choice(material.genuine)
    return signed(one.event_id, one.body, material.secret, age=age)


def replayed(rng: Random, material: Material) -> RawRequest:
    """Send a genuine one again, signed anew as the PSP's own repeats are."""
    one = rng.choice(material.genuine)
    return signed(one.event_id, one.body, material.secret)


def of_no_session(rng: Random, material: Material) -> RawRequest:
    """Sign rightly, about a session that nobody knows."""
    event_id = new_id(rng)
    body = event_body(rng, material, event_id, known=False)
    return signed(event_id, body, material.secret)


def signed_nonsense(rng: Random, material: Material) -> RawRequest:
    """Sign rightly what is no webhook."""
    event_id = new_id(rng)
    nonsense = (
        "",
        "[]",
        "null",
        "NaN",
        "hello",
        "[" * 50_000,
        '{"a":' * 20_000,
        f'{{"id": "{event_id}", "type": 1, "data": {{}}}}',
        f'{{"id": "{event_id}", "id": "{event_id}"}}',
        '{"id": "evt_of_another"}',
    )
    return signed(event_id, rng.choice(nonsense).encode(), material.secret)


def deep(rng: Random, material: Material) -> RawRequest:
    """Forge: nested more deeply than a parser's stack."""
    opening = rng.choice((b"[", b'{"a":'))
    return signed(new_id(rng), opening * rng.randint(1_000, 20_000), OTHER_SECRET)


def large(rng: Random, material: Material) -> RawRequest:
    """Forge: as large as a webhook may be."""
    event_id = new_id(rng)
    body = event_body(rng, material, event_id).ljust(rng.randint(100_000, LARGEST_BODY_BYTES))
    return signed(event_id, body, OTHER_SECRET)


def too_large(rng: Random, material: Material) -> RawRequest:
    """Sign rightly, and be larger than a webhook may be."""
    event_id = new_id(rng)
    body = event_body(rng, material, event_id)
    return signed(event_id, body.ljust(LARGEST_BODY_BYTES + rng.randint(1, 9999)), material.secret)

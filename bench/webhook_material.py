"""What false webhooks are made of: the PSP's form and signature, and what it has sent before."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Final

from standardwebhooks import Webhook

from bench.raw_http import RawRequest

TYPES: Final = ("session.paid", "session.declined", "session.cancelled", "refund.successful")
JSON_TYPE: Final = ("Content-Type", "application/json")
SIGNATURE: Final = "webhook-signature"


@dataclass(frozen=True)
class Genuine:
    """A webhook that the PSP has sent before."""

    event_id: str
    body: bytes


@dataclass(frozen=True)
class Material:
    """What false webhooks are made of. `sessions` are tokens and references, of every phase."""

    secret: str
    genuine: tuple[Genuine, ...]
    sessions: tuple[tuple[str, str], ...]


def signed(
    event_id: str, body: bytes, secret: str, *, age: int = 0, signed_body: bytes | None = None
) -> RawRequest:
    """Return a webhook signed `age` seconds ago, over another body if one is given."""
    at = int(time.time()) - age
    text = (body if signed_body is None else signed_body).decode()
    signature = Webhook(secret).sign(event_id, datetime.fromtimestamp(at, UTC), text)
    return RawRequest(
        body=body,
        headers=(
            JSON_TYPE,
            ("webhook-id", event_id),
            ("webhook-timestamp", str(at)),
            (SIGNATURE, signature),
        ),
    )


def event_body(rng: Random, material: Material, event_id: str, *, known: bool = True) -> bytes:
    """Return the body of an event about one of our sessions, or about one that nobody knows."""
    token, reference = rng.choice(material.sessions)
    if not known:
        token, reference = f"tok_{rng.getrandbits(96):x}", f"{rng.getrandbits(128):032x}"
    kind = rng.choice(TYPES)
    status = kind.removeprefix("session.")
    session = {
        "token": token,
        "reference": reference,
        "status": status,
        "captured_amount": "20.00",
        "currency": "EUR",
    }
    made_at = datetime.now(UTC).isoformat()
    event = {"id": event_id, "type": kind, "created_at": made_at, "data": {"session": session}}
    return json.dumps(event).encode()


def new_id(rng: Random) -> str:
    """Return an event id that the PSP has not given."""
    return f"evt_{rng.getrandbits(96):024x}"


def with_header(request: RawRequest, name: str, value: str) -> RawRequest:
    """Return a request with this header instead of its own of that name."""
    kept = tuple(header for header in request.headers if header[0].lower() != name.lower())
    return replace(request, headers=(*kept, (name, value)))

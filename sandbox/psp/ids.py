"""Names for things: opaque, unguessable, with a prefix that tells a person what they name."""

import secrets

ID_BYTES = 16


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(ID_BYTES)}"


def new_token() -> str:
    """Name a session."""
    return _new_id("tok")


def new_charge_id() -> str:
    """Name a charge."""
    return _new_id("ch")


def new_refund_id() -> str:
    """Name a refund."""
    return _new_id("re")


def new_event_id() -> str:
    """Name an event."""
    return _new_id("evt")

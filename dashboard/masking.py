"""Turns stored bodies into text for staff: pretty where it is JSON, secrets masked, bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from psp_clients.evidence import fit_to_keep

SHOWN_CHARACTERS: Final = 8_000


def readable(stored: bytes | str | Mapping[str, Any] | list[Any]) -> str:
    """Return a body, headers or an answer as text that may be shown.

    What does not parse is shown as it came. Beyond the bound it only says how much is missing.
    """
    if isinstance(stored, bytes):
        stored = stored.decode("utf-8", errors="backslashreplace")
    try:
        value = json.loads(stored) if isinstance(stored, str) else stored
        text = _masked(value)
    except (ValueError, RecursionError):
        text = _masked(stored)
    return _bounded(text)


def readable_words(said: str) -> str:
    """Return a word or a sentence as text that may be shown: not read as JSON, "19.90" stays so."""
    return _bounded(_masked(said))


def _bounded(text: str) -> str:
    missing = len(text) - SHOWN_CHARACTERS
    return text if missing <= 0 else f"{text[:SHOWN_CHARACTERS]}\n… {missing} more characters"


def _masked(value: Any) -> str:
    kept = fit_to_keep({"value": value})["value"]
    return kept if isinstance(kept, str) else json.dumps(kept, indent=2, ensure_ascii=False)

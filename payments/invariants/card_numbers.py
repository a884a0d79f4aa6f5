"""Looks for card numbers in what is stored about sessions: they are refused or removed before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from payments.invariants.findings import Finding
from payments.invariants.reading import Reader
from psp_clients.evidence import holds_card_number

# Only rows with enough digits in a row come out of the database at all.
WITH_MANY_DIGITS: Final = """
    SELECT session_id, kind, id, stored FROM (
        SELECT session_id, 'purchase' AS kind, id, convert_to(purchase_info::text, 'UTF8') AS stored
          FROM payments_purchase WHERE session_id = ANY(%(sessions)s)
        UNION ALL
        SELECT session_id, 'event', id, convert_to(data::text, 'UTF8')
          FROM payments_event WHERE session_id = ANY(%(sessions)s)
        UNION ALL
        SELECT session_id, 'psp call', id,
               body || convert_to(concat_ws(' ', '', answer, error), 'UTF8')
          FROM payments_pspcall WHERE session_id = ANY(%(sessions)s)
        UNION ALL
        SELECT session_id, 'webhook', id,
               body || convert_to(concat_ws(' ', '', headers, note), 'UTF8')
          FROM payments_webhookreceipt WHERE session_id = ANY(%(sessions)s)
    ) AS rows
     WHERE encode(stored, 'escape') ~ '[0-9]([ -]?[0-9]){12}'
"""
_ESCAPED: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)")
_WORD: Final = re.compile(r"[\w-]+")
_LETTER: Final = re.compile(r"[^\W\d]")


def rows_with_card_numbers(reader: Reader, sessions: Sequence[UUID]) -> list[Finding]:
    """Return the rows in which a card number is stored. The number itself is not repeated."""
    rows = reader.rows(WITH_MANY_DIGITS, {"sessions": list(sessions)})
    return [
        Finding.about(session_id, kind, row_id, "holds what can be a card number")
        for session_id, kind, row_id, stored in rows
        if holds_card_number(_without_ids(bytes(stored).decode("utf-8", errors="replace")))
    ]


def _without_ids(text: str) -> str:
    """Drop words with letters in them: ids and hashes hold long runs of digits by chance."""
    unescaped = _ESCAPED.sub(" ", text)
    return _WORD.sub(lambda word: "" if _LETTER.search(word[0]) else word[0], unescaped)

"""Reads what the shopper's browser brought back from Adyen's page. It proves nothing by itself."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from psp_clients.contract import PspReference, Unsupported

LONGEST_QUERY: Final = 8192

_RESULT = re.compile(r"[\x21-\x7e]{1,4096}")


def session_result(ref: PspReference) -> str:
    """Return the result that Adyen shows a session's state for.

    Raises Unsupported where the query holds none, several, or that of another session.
    """
    if len(ref.return_query) > LONGEST_QUERY:
        raise Unsupported("what the shopper brought back is too long to be Adyen's")
    results = _values(ref.return_query, "sessionResult")
    sessions = _values(ref.return_query, "sessionId")
    if len(results) != 1 or not _RESULT.fullmatch(results[0]):
        raise Unsupported("Adyen shows a session only to whoever brings its result back")
    if sessions not in ([], [ref.psp_token]):
        raise Unsupported("what the shopper brought back is of another session")
    return results[0]


def _values(query: str, name: str) -> list[str]:
    """Return the values of a parameter. A plus is a plus: results are base64."""
    pairs = (pair.partition("=") for pair in query.removeprefix("?").split("&"))
    return [unquote(value) for key, _, value in pairs if unquote(key) == name]

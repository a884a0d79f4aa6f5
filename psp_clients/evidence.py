"""Makes what a PSP answered fit to be kept: secrets and card numbers are taken out.

It works by name and by look, so it errs on the side of removing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REMOVED = "[removed]"

_SECRET_NAME = re.compile(
    r"secret|passw|credential|authorization|signature|api[_-]?key|private|cvc|cvv|cvn"
    r"|card[_-]?number|(?:^|_)pan(?:_|$)|iban",
    re.IGNORECASE,
)
_SECRET_LOOK = re.compile(r"\b(?:whsec|sk|rk|pk)_|\b(?:bearer|basic) [\w.~+/-]{16,}", re.IGNORECASE)
# Cards begin with 22 to 27 or 3 to 6: PSPs' own numbers, which often begin otherwise, are kept.
_CARD_LOOK = re.compile(r"(?<![0-9])(?:2[2-7]|[3-6][0-9])(?:[ -]?[0-9]){11,17}(?![0-9])")


def fit_to_keep(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `answer` in which every value that looks secret reads "[removed]"."""
    return {
        name: REMOVED if value is not None and _SECRET_NAME.search(name) else _kept(value)
        for name, value in answer.items()
    }


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return fit_to_keep(value)
    if isinstance(value, list):
        return [_kept(item) for item in value]
    if isinstance(value, str) and (_SECRET_LOOK.search(value) or _holds_card_number(value)):
        return REMOVED
    return value


def _holds_card_number(text: str) -> bool:
    return any(_passes_luhn(match.group()) for match in _CARD_LOOK.finditer(text))


def _passes_luhn(text: str) -> bool:
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0

"""Makes what a PSP answered fit to be kept: secrets and card numbers are taken out.

It works by name and by look, so it errs on the side of removing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REMOVED = "[removed]"
LONGEST_CARD_NUMBER = 19

_SECRET_NAME = re.compile(
    r"secret|passw|credential|authorization|signature|api[_-]?key|private|cvc|cvv|cvn"
    r"|card[_-]?number|(?:^|_)pan(?:_|$)|iban",
    re.IGNORECASE,
)
_SECRET_LOOK = re.compile(r"\b(?:whsec|sk|rk|pk)_|\b(?:bearer|basic) [\w.~+/-]{16,}", re.IGNORECASE)
_OPAQUE_ID = re.compile(r"[a-z]{2,10}_[0-9A-Za-z]+")
# One UUID in eight hundred, say, has a run of digits that could be a card's. Ids are whole: nobody
# writes a card number amid 24 or more hexadecimal digits, some of them letters.
_LONG_HEX = re.compile(
    r"(?<![0-9A-F])"
    r"(?:[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}|(?=[0-9]*[A-F])[0-9A-F]{24,})"
    r"(?![0-9A-F])",
    re.IGNORECASE,
)
# Groups of digits, as card numbers are written, with blanks or dashes between them.
_DIGIT_GROUPS = re.compile(r"[0-9]+(?:[ -][0-9]+)*")
# Cards begin with 22 to 27 or 3 to 6: PSPs' own numbers, which often begin otherwise, are kept.
_CARD = re.compile(r"(?:2[2-7]|[3-6][0-9])[0-9]{11,17}")


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
    if isinstance(value, str) and _looks_secret(value):
        return REMOVED
    return value


def _looks_secret(text: str) -> bool:
    # Ids such as tok_41d… hold long runs of digits by chance.
    by_chance = _OPAQUE_ID.fullmatch(text)
    return bool(_SECRET_LOOK.search(text)) or (not by_chance and holds_card_number(text))


def holds_card_number(text: str) -> bool:
    """Tell whether a text holds what can be a card number: its length, beginning and Luhn sum."""
    for run in _DIGIT_GROUPS.findall(_LONG_HEX.sub("id", text)):
        groups = re.split("[ -]", run)
        for first in range(len(groups)):
            for last in range(first + 1, len(groups) + 1):
                digits = "".join(groups[first:last])
                if len(digits) > LONGEST_CARD_NUMBER:
                    break
                if _CARD.fullmatch(digits) and _passes_luhn(digits):
                    return True
    return False


def _passes_luhn(digits: str) -> bool:
    values = [int(digit) for digit in reversed(digits)]
    doubled = (sum(divmod(2 * value, 10)) for value in values[1::2])
    return (sum(values[0::2]) + sum(doubled)) % 10 == 0

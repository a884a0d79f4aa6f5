"""Makes what others wrote safe to look at: characters that hide or reorder text are spelled out.

Escaping HTML is the templates' business; this is about what is left after it.
"""

from __future__ import annotations

import unicodedata
from typing import Final

# Controls, formats (bidi and zero-width among them), surrogates, private use, unassigned, and the
# separators that break lines.
_HIDING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_WELCOME: Final = frozenset("\n\t")


def visible(text: str) -> str:
    """Return the text with every character that cannot be seen written as its code point."""
    if text.isprintable():  # most are, and a file of a million rows asks for each
        return text
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if character in _WELCOME or unicodedata.category(character) not in _HIDING:
        return character
    return f"⟨U+{ord(character):04X}⟩"

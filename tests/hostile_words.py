"""Words that try to be more than words, as a PSP, a shop or a shopper may send them."""

from __future__ import annotations

from typing import Final

# A formula to a spreadsheet, a script to a browser, turned round and hidden to the reader.
HOSTILE: Final = "=<script>alert(1)</script>\u202egnp\u200b🌷"
# How staff see what would hide or turn round, wherever they see it.
SPELLED_OUT: Final = "⟨U+202E⟩gnp⟨U+200B⟩🌷"
# What no page and no file may contain.
UNSEEN: Final = frozenset("\u202e\u200b\0")

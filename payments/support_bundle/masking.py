"""Makes what was stored fit to leave the house: no secret, no card data, nothing about a person.

It works by name and by look on top of `psp_clients.evidence`, so it errs on the side of removing;
and it removes every secret of the settings wherever somebody may have repeated it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings

from psp_clients.evidence import REMOVED, fit_to_keep, holds_card_number

LONGEST_TEXT: Final = 8_000
LONGEST_BODY_BYTES: Final = 64 * 1024
DEEPEST: Final = 40
MOST_FORM_FIELDS: Final = 500
SHORTEST_SECRET: Final = 6

# What PSP support does not need to find a payment: who bought, and what.
_PERSONAL: Final = re.compile(
    r"name$|e.?mail|phone|mobile|address|street|city|postal|zip|birth|gender|user.?agent|(?:^|_)ip$"
    r"|customer|shopper|buyer|payer|holder|recipient|purchase_?info|^items$|metadata|description",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"[^\s@\"'<>=&]{1,64}@[^\s@\"'<>=&]{1,255}")
_SECRET_SETTING: Final = re.compile(r"SECRET|PASSWORD|API_KEY|TOKEN")


def secrets_of_settings() -> set[str]:
    """Return every secret that the settings hold."""
    found: list[Any] = [settings.DATABASES["default"].get("PASSWORD")]
    found.append(urlsplit(settings.REDIS_URL).password)
    for name in filter(_SECRET_SETTING.search, dir(settings)):
        value = getattr(settings, name)
        found += value if isinstance(value, list | tuple) else [value]
    return {value for value in found if isinstance(value, str)}


class Masker:
    """Masks texts, JSON values and message bodies. `secrets` are removed wherever they stand."""

    def __init__(self, secrets: Iterable[str]) -> None:
        bare = {part for secret in secrets for part in (secret, secret.removeprefix("whsec_"))}
        long_enough = sorted((s for s in bare if len(s) >= SHORTEST_SECRET), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, long_enough)) or r"(?!)")

    def text(self, words: str) -> str:
        """Return a text without secrets, card numbers and addresses of e-mail, cut to a bound."""
        kept = _EMAIL.sub(REMOVED, self._secrets.sub(REMOVED, words))
        kept = str(fit_to_keep({"text": kept})["text"])
        missing = len(kept) - LONGEST_TEXT
        return kept if missing <= 0 else f"{kept[:LONGEST_TEXT]}… {missing} more characters"

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return a JSON value in which nothing is left that must not leave the house."""
        if depth > DEEPEST:
            return "[nested too deep]"
        if isinstance(value, Mapping):
            return {
                self.text(str(name)): self._member(str(name), member, depth)
                for name, member in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(item, depth + 1) for item in value]
        if isinstance(value, str):
            return self.text(value)
        is_card = isinstance(value, int | float) and holds_card_number(str(value))
        return REMOVED if is_card else value

    def _member(self, name: str, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if _PERSONAL.search(name):
            return REMOVED
        # Judged by its name alone, whatever it holds.
        return REMOVED if fit_to_keep({name: ""})[name] else self.value(value, depth + 1)

    def body(self, stored: bytes) -> dict[str, Any]:
        """Return a message's body as it may be read, with what identifies the true bytes."""
        return {
            "bytes": len(stored),
            "sha256": hashlib.sha256(stored).hexdigest(),
            "content": self._content(stored),
        }

    def _content(self, stored: bytes) -> Any:
        if len(stored) > LONGEST_BODY_BYTES:
            return "[left out: too long]"
        try:
            return self.value(json.loads(stored))
        except (ValueError, RecursionError):
            text = stored.decode("utf-8", errors="backslashreplace")
        try:
            form = parse_qsl(text, strict_parsing=True, max_num_fields=MOST_FORM_FIELDS)
        except ValueError:
            return self.text(text)
        return self.value(dict(form)) if form else text

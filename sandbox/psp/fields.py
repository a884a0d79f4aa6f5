"""Reads the fields of a JSON request. What is not exactly as API.md says is refused by name."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sandbox.psp.errors import invalid_request
from sandbox.psp.money import NotMoney, minor_units

MAX_TEXT = 255
MAX_URL = 2000
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one request's body. Each method returns a usable value, or raises Refused."""

    body: Mapping[str, Any]

    @classmethod
    def parse(cls, raw: bytes) -> "Fields":
        """Read a JSON object that the database can hold."""
        try:
            body = json.loads(raw)
            text = json.dumps(body, ensure_ascii=False, allow_nan=False)
            text.encode()
        except (ValueError, RecursionError) as error:
            raise invalid_request("The body is not JSON in UTF-8.") from error
        if not isinstance(body, dict):
            raise invalid_request("The body is not a JSON object.")
        if "\\u0000" in text:  # PostgreSQL stores everything but this
            raise invalid_request("The body holds a NUL character.")
        return cls(body)

    def text(self, name: str, *, default: str | None = None, longest: int = MAX_TEXT) -> str:
        """Return a string that is not empty. With a default it may be absent or null."""
        value = self.body.get(name)
        if default is not None and value in {None, default}:
            return default
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise invalid_request(f"Must be a string of 1 to {longest} characters.", field=name)
        return value

    def one_of(self, name: str, words: Collection[str], *, default: str) -> str:
        """Return one of these words."""
        word = self.text(name, default=default)
        if word not in words:
            raise invalid_request(f"Must be one of {', '.join(words)}.", field=name)
        return word

    def money(self) -> tuple[int, str]:
        """Return `amount` in minor units, and `currency`."""
        currency = self.text("currency")
        try:
            return minor_units(self.text("amount"), currency), currency
        except NotMoney as error:
            raise invalid_request(str(error), field=error.field) from error

    def url(self, name: str, *, default: str | None = None) -> str:
        """Return an absolute http or https URL."""
        value = self.text(name, default=default, longest=MAX_URL)
        if value != default and not _is_http_url(value):
            raise invalid_request("Must be an absolute http or https URL.", field=name)
        return value

    def instant(self, name: str) -> datetime:
        """Return an RFC 3339 time."""
        return parse_instant(self.text(name), field=name)

    def json_object(self, name: str) -> dict[str, Any]:
        """Return a JSON object, an empty one when it is absent."""
        value = self.body.get(name) or {}
        if not isinstance(value, dict):
            raise invalid_request("Must be a JSON object.", field=name)
        return value


def parse_instant(value: str, *, field: str) -> datetime:
    """Read an RFC 3339 time, or raise Refused."""
    try:
        if RFC_3339.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise invalid_request("Must be an RFC 3339 time with an offset.", field=field)


def _is_http_url(value: str) -> bool:
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False

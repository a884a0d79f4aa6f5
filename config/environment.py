"""Reads settings from environment variables, collects every fault, and refuses them all at once.

It gives no meaning to a value: what a setting is for stands in `config.settings`. Faults never
repeat the value they are about, since it may be a password.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from config.broker import fault_in
from psp_clients.settings import Setting

MISSING = "is missing"
ON_WORDS = frozenset({"on", "true", "yes", "1"})
OFF_WORDS = frozenset({"off", "false", "no", "0"})

Parsed = TypeVar("Parsed")


class Environment:
    """One reading of the environment.

    Each method returns a usable value even when the variable is missing or wrong, so that reading
    can go on to the next one; `refuse_faults` then raises with everything that was found. A
    variable without a default must be set and not empty.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.faults: dict[str, str] = {}
        self._env = Env()

    def text(self, name: str, default: str | None = None) -> str:
        """Return the variable as it stands."""
        return self._read(name, default, str, "")

    def words(self, name: str, default: str | None = None) -> list[str]:
        """Return the entries of a comma-separated list, without blanks around them."""
        return self._read(name, default, _words, [])

    def flag(self, name: str, *, default: bool) -> bool:
        """Return whether the variable says on or off."""
        return self._read(name, "on" if default else "off", _flag, default)

    def whole(self, name: str, default: int) -> int:
        """Return a whole number, 0 or more."""
        return self._read(name, str(default), _whole, default)

    def positive(self, name: str, default: float) -> float:
        """Return a finite, positive number."""
        return self._read(name, str(default), _positive, default)

    def origin(self, name: str) -> str:
        """Return `scheme://host[:port]`, with nothing behind it."""
        return self._read(name, None, _origin, "")

    def http_url(self, name: str, default: str | None = None) -> str:
        """Return an absolute http or https URL without a slash at its end."""
        return self._read(name, default, _http_url, "")

    def redis_url(self, name: str) -> str:
        """Return a `redis://`, `rediss://` or `unix://` URL."""
        return self._read(name, None, _redis_url, "redis://")

    def database(self, name: str) -> dict[str, Any]:
        """Return Django's description of the PostgreSQL database that a URL names."""
        return self._read(name, None, _postgres, {"ENGINE": "", "OPTIONS": {}})

    def psp_setting(self, name: str, setting: Setting, psp: str) -> str:
        """Return what a PSP's client has to be told; blank where it need not be."""

        def parse(raw: str) -> str:
            fault = setting.fault_in(raw) if raw else ""
            return _checked(raw, not fault, fault)

        value = self._read(name, setting.default, parse, "")
        if self.faults.get(name) == MISSING:
            self.faults[name] = f"{MISSING}, and BPS_PSPS names {psp}: {setting.means}"
        return value

    def require(self, name: str, holds: object, fault: str) -> None:
        """Record `fault` unless the rule holds; an earlier fault of the same variable stays."""
        if not holds:
            self.faults.setdefault(name, fault)

    def refuse_faults(self) -> None:
        """Raise `ImproperlyConfigured` naming every missing or wrong variable, if there is any."""
        if not self.faults:
            return
        lines = "\n".join(f"  {name} {fault}" for name, fault in self.faults.items())
        message = "BPS can't start with this environment (.env.example explains each variable):"
        raise ImproperlyConfigured(f"{message}\n{lines}")

    def _read(
        self, name: str, default: str | None, parse: Callable[[str], Parsed], fallback: Parsed
    ) -> Parsed:
        self.names.append(name)
        raw = self._env.str(name, default="").strip() or default
        if raw is None:
            self.faults[name] = MISSING
            return fallback
        try:
            return parse(raw)
        except ValueError as error:
            self.faults[name] = str(error)
            return fallback


def _checked(value: Parsed, holds: object, fault: str) -> Parsed:
    if not holds:
        raise ValueError(fault)
    return value


def _words(raw: str) -> list[str]:
    words = [word.strip() for word in raw.split(",") if word.strip()]
    return _checked(words, words or not raw, "must name at least one")


def _flag(raw: str) -> bool:
    _checked(raw, raw.lower() in ON_WORDS | OFF_WORDS, "must be on or off")
    return raw.lower() in ON_WORDS


def _whole(raw: str) -> int:
    ascii_digits = raw.isascii() and raw.isdigit()
    return int(_checked(raw, ascii_digits, "must be a whole number, 0 or more"))


def _positive(raw: str) -> float:
    try:
        number = float(raw)
    except ValueError:
        number = math.nan
    return _checked(number, math.isfinite(number) and number > 0, "must be a positive number")


def _origin(raw: str) -> str:
    url = _http_url(raw)
    return _checked(url, not urlsplit(url).path, "must be scheme://host[:port] and nothing more")


def _http_url(raw: str) -> str:
    if not raw:
        return raw
    parts = urlsplit(raw)
    absolute = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    _checked(raw, absolute, "must be an absolute http or https URL")
    _checked(raw, not (parts.query or parts.fragment), "must have no query and no fragment")
    return raw.rstrip("/")


def _redis_url(raw: str) -> str:
    fault = fault_in(raw)
    return _checked(raw, not fault, fault)


def _postgres(raw: str) -> dict[str, Any]:
    known = urlsplit(raw).scheme in {"postgres", "postgresql"}
    _checked(raw, known, "must be a postgres:// URL: BPS runs on PostgreSQL alone")
    return {"OPTIONS": {}, **Env.db_url_config(raw)}

"""Looks whether this installation can do its work, and says of each thing what is to be done.

It changes nothing, anywhere. PSPs are asked only on demand, and only for the time of day.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import WARNING, run_checks
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from payments.broker import broker
from payments.models import Shop
from payments.psp import psp_client, psp_mode, psp_transport
from psp_clients.contract import Operation, PspError
from psp_clients.registry import PSPS
from psp_clients.settings import Mode

OLDEST_POSTGRESQL: Final = 15
# Signed webhooks are refused beyond 300 seconds; at a tenth of it somebody should know.
SKEW_TO_KNOW_SECONDS: Final = 30.0
SKEW_AT_MOST_SECONDS: Final = 240.0
# What nobody outside can reach, whatever its address says.
PRIVATE_ENDINGS: Final = ("localhost", ".localhost", ".local", ".internal", ".test", ".example")


class Verdict(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARN = "warn"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at: how it is, and what to do where it is not well."""

    verdict: Verdict
    what: str
    found: str
    to_do: str = ""


def diagnose(*, ask_psps: bool, now: datetime) -> Iterator[Diagnosis]:
    """Look at everything, one thing after another. `now` is this machine's clock, read just now."""
    yield from _environment()
    for psp in settings.BPS_PSPS:
        yield from _account(psp)
    yield from _mixed_modes()
    for psp in settings.BPS_PSPS:
        yield _webhook(psp)
    yield from _database(now)
    yield _broker()
    for psp in settings.BPS_PSPS if ask_psps else ():
        if psp in PSPS:
            yield _reach(psp)


def _environment() -> Iterator[Diagnosis]:
    """Run Django's checks and our own; those for deployments too where this is one."""
    found = run_checks(include_deployment_checks=not settings.DEBUG)
    if not found:
        yield Diagnosis(Verdict.OK, "environment", "every variable is there and can be right")
    for message in found:
        verdict = Verdict.FAULT if message.level > WARNING else Verdict.WARN
        yield Diagnosis(verdict, "environment", message.msg, message.hint or "")
    if settings.DEBUG:
        yield Diagnosis(
            Verdict.WARN,
            "environment",
            "DEBUG is on: pages tell everything, and plain http is taken",
            "Set DEBUG=off wherever anybody else can reach it.",
        )


def _account(psp: str) -> Iterator[Diagnosis]:
    """Look at what we show a PSP: can it be a key at all, and does it move real money."""
    if psp not in PSPS:
        return  # the system check has told of it
    try:
        client, mode = psp_client(psp), psp_mode(psp)
    except ValueError as wrong:
        yield Diagnosis(Verdict.FAULT, f"{psp}: account", str(wrong), "Mend its variables.")
        return
    can = client.capabilities
    money = "moves real money" if mode is Mode.LIVE else "is for tests: no real money is moved"
    charges = "its page charges" if can.confirm_mode == "reads" else "Buy Now makes it charge"
    yield Diagnosis(Verdict.OK, f"{psp}: account", f"{money}; {charges}")


def _mixed_modes() -> Iterator[Diagnosis]:
    """Compare test and live accounts with each other, and with where we run."""
    known = [psp for psp in settings.BPS_PSPS if psp in PSPS]
    live = [psp for psp in known if psp_mode(psp) is Mode.LIVE]
    tests = [psp for psp in known if psp not in live]
    if live and tests:
        yield Diagnosis(
            Verdict.FAULT,
            "test and live",
            f"live: {', '.join(live)}; for tests: {', '.join(tests)}",
            "A shopper could get goods without paying. Use either kind, not both.",
        )
    elif tests and not settings.DEBUG:
        yield Diagnosis(
            Verdict.WARN,
            "test and live",
            "DEBUG is off, and no account moves real money",
            "Right for a rehearsal. To sell, put the live keys of each PSP in its variables.",
        )
    else:
        yield Diagnosis(Verdict.OK, "test and live", "nothing is mixed up")
    routed = {name for shop in _routings() for names in shop.values() for name in names}
    if strange := sorted(routed - set(settings.BPS_PSPS)):
        yield Diagnosis(
            Verdict.WARN,
            "routing",
            f"shops are routed to PSPs that are not in use: {', '.join(strange)}",
            "Add them to BPS_PSPS, or change the shops' routing in /admin/.",
        )


def _routings() -> list[dict[str, list[str]]]:
    try:
        return list(Shop.objects.values_list("routing", flat=True))
    except (DatabaseError, InterfaceError):
        return []  # told below


def _webhook(psp: str) -> Diagnosis:
    """Look whether a PSP can reach us, as far as an address tells."""
    url = settings.BPS_PUBLIC_URL + reverse("webhook", args=[psp])
    what, parts = f"{psp}: webhooks", urlsplit(settings.BPS_PUBLIC_URL)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return Diagnosis(
            Verdict.WARN if settings.DEBUG else Verdict.FAULT,
            what,
            f"{url} is not https: real PSPs do not send there",
            "Set BPS_PUBLIC_URL to the https address that the world reaches us at.",
        )
    if not _is_public(host):
        return Diagnosis(
            Verdict.FAULT,
            what,
            f"{url} cannot be reached from outside",
            "Set BPS_PUBLIC_URL to a public host name.",
        )
    if host not in settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS:
        return Diagnosis(
            Verdict.FAULT,
            what,
            f"ALLOWED_HOSTS does not name {host}, so that every webhook is refused",
            f"Add {host} to ALLOWED_HOSTS.",
        )
    if parts.port not in {None, 443}:
        return Diagnosis(
            Verdict.WARN, what, f"{url}: some PSPs send to port 443 alone", "Use port 443."
        )
    return Diagnosis(Verdict.OK, what, f"{url}: enter it at the PSP, exactly so")


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(PRIVATE_ENDINGS)


def _database(now: datetime) -> Iterator[Diagnosis]:
    """Look whether PostgreSQL is there, new enough, migrated, and of our time."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int, clock_timestamp()")
            [(version, its_clock)] = cursor.fetchall()
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError) as away:
        why = str(away).splitlines()[0] if str(away) else type(away).__name__
        to_do = "Start PostgreSQL, or mend DATABASE_URL. Without it nothing can be sold."
        yield Diagnosis(Verdict.FAULT, "database", f"cannot be reached ({why})", to_do)
        return
    if version // 10_000 < OLDEST_POSTGRESQL:
        found = f"PostgreSQL {version // 10_000} is too old"
        yield Diagnosis(Verdict.FAULT, "database", found, f"Use {OLDEST_POSTGRESQL} or newer.")
    if missing:
        found = f"{len(missing)} migrations are missing"
        yield Diagnosis(Verdict.FAULT, "database", found, "Run: python manage.py migrate")
    if not missing and version // 10_000 >= OLDEST_POSTGRESQL:
        found = f"PostgreSQL {version // 10_000}, migrated"
        yield Diagnosis(Verdict.OK, "database", found)
    yield _clock("clock, against PostgreSQL's", its_clock, now)


def _clock(what: str, its_clock: datetime, now: datetime) -> Diagnosis:
    skew = (its_clock - now).total_seconds()
    found = f"{abs(skew):.0f} s {'behind' if skew > 0 else 'ahead'}"
    to_do = "Have this machine's clock set by NTP: webhooks are refused by their age."
    if abs(skew) > SKEW_AT_MOST_SECONDS:
        return Diagnosis(Verdict.FAULT, what, found, to_do)
    if abs(skew) > SKEW_TO_KNOW_SECONDS:
        return Diagnosis(Verdict.WARN, what, found, to_do)
    return Diagnosis(Verdict.OK, what, "the same")


def _broker() -> Diagnosis:
    if broker().ask("PING"):
        return Diagnosis(Verdict.OK, "broker", "Valkey or Redis answers")
    return Diagnosis(
        Verdict.WARN,
        "broker",
        "Valkey or Redis does not answer: background work is late, and circuits stay closed",
        "Start it, or mend REDIS_URL. Nothing is lost meanwhile.",
    )


def _reach(psp: str) -> Diagnosis:
    """Ask a PSP's address for anything at all, without our key, and read its clock."""
    what = f"{psp}: reached"
    try:
        answer = psp_transport(psp).send(
            "GET", "/", headers={}, body=b"", operation=Operation.FETCH
        )
        its_clock = parsedate_to_datetime(answer.headers.get("Date", ""))
    except PspError as away:
        to_do = "Look at the PSP's status page, at DNS, and at the firewall."
        return Diagnosis(Verdict.FAULT, what, str(away), to_do)
    except ValueError:
        return Diagnosis(Verdict.OK, what, "answers, without telling its time")
    clock = _clock(what, its_clock, datetime.now(UTC))
    if clock.verdict is Verdict.OK:
        return Diagnosis(Verdict.OK, what, "answers, and has the same time")
    return clock

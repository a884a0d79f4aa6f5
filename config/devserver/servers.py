"""Starts the private servers for whoever asks first, and stops them with the last who leaves."""

import atexit
import fcntl
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from config.devserver.faults import NoServers
from config.devserver.postgres import PrivatePostgres
from config.devserver.valkey import PrivateValkey

Profile = Literal["demo", "check", "test"]

DEV_FOLDER = Path(__file__).resolve().parents[2] / ".dev"


class NotPrivate(NoServers):
    """A server that we did not start was to be stopped, started or given a database."""


class Servers:
    """The servers of one profile: URLs for everyone, controls where the servers are private.

    Any number of processes may hold them at once; a lock that the kernel drops with its process
    counts the holders, so that after `kill -9` the next holder finds what runs and stops it.
    """

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._folder = folder
        self._database_url = os.environ.get("DATABASE_URL")
        self._redis_url = os.environ.get("REDIS_URL")
        self._postgres = None if self._database_url else PrivatePostgres.at(folder, durable=durable)
        self._valkey = None if self._redis_url else PrivateValkey.at(folder)
        self._holder_pid = 0
        self._hold: BinaryIO | None = None
        self._databases: list[BinaryIO] = []

    @property
    def database_url(self) -> str:
        """The URL of the database of BPS, made if it was missing."""
        return self._database_url or self.create_database("bps")

    @property
    def redis_url(self) -> str:
        """The URL of the Valkey that Celery and the circuit breakers use."""
        return self._redis_url or self._private_valkey().url

    def start(self) -> None:
        """Hold the servers, starting those that don't run."""
        atexit.register(self.stop)  # first: where one fails to start, the other has to end
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._one_at_a_time():
            self._hold = (self._folder / "holders.lock").open("wb")
            fcntl.flock(self._hold, fcntl.LOCK_SH)
            self._holder_pid = os.getpid()
            self._start_private()

    def stop(self) -> None:
        """Let go of the servers; the last holder stops the private ones. Harmless when repeated."""
        # A forked child inherits this object, but not the right to end what its parent uses.
        if self._hold is None or self._holder_pid != os.getpid():
            return
        with self._one_at_a_time(), self._hold:
            if _locked(self._hold):
                self._stop_private()
        for claim in self._databases:
            claim.close()
        self._hold = None
        atexit.unregister(self.stop)

    def create_database(self, name: str) -> str:
        """Return the URL of another database on the private PostgreSQL, made empty if missing."""
        self._private_postgres().ensure_database(name)
        return self._private_postgres().url(name)

    def own_database_url(self) -> str:
        """Return the URL of a database that no other process uses before this one ends."""
        if self._database_url:
            return self._database_url
        for number in itertools.count(1):
            claim = (self._folder / f"bps_{number}.lock").open("wb")
            if _locked(claim):
                self._databases.append(claim)
                break
            claim.close()
        return self.create_database(f"bps_{number}")

    def restart_postgres(self, *, immediate: bool) -> None:
        """Stop and start PostgreSQL; `immediate` leaves it no time to finish anything."""
        self.stop_postgres(immediate=immediate)
        self.start_postgres()

    def stop_postgres(self, *, immediate: bool) -> None:
        """Stop PostgreSQL, which keeps what was committed."""
        self._private_postgres().stop(immediate=immediate)

    def start_postgres(self) -> None:
        """Start PostgreSQL with what it kept."""
        self._private_postgres().ensure_running()

    def stop_valkey(self) -> None:
        """Stop Valkey, which forgets everything it held."""
        self._private_valkey().stop()

    def start_valkey(self) -> None:
        """Start Valkey, empty."""
        self._private_valkey().ensure_running()

    def _start_private(self) -> None:
        if self._postgres:
            self._postgres.ensure_running()
        if self._valkey:
            self._valkey.ensure_running()

    def _stop_private(self) -> None:
        if self._valkey:
            self._valkey.stop()
        if self._postgres:
            self._postgres.stop()

    def _private_postgres(self) -> PrivatePostgres:
        if self._postgres is None:
            raise NotPrivate("DATABASE_URL names a PostgreSQL that is not ours to control.")
        return self._postgres

    def _private_valkey(self) -> PrivateValkey:
        if self._valkey is None:
            raise NotPrivate("REDIS_URL names a server that is not ours to control.")
        return self._valkey

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        with (self._folder / "start.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def ensure_servers(profile: Profile, *, dev_folder: Path = DEV_FOLDER) -> Servers:
    """Return running servers; they stop when this process, as their last holder, ends."""
    servers = Servers(dev_folder / profile, durable=profile != "test")
    servers.start()
    return servers

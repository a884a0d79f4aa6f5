"""A private PostgreSQL: its data folder, its socket, and the commands that start and stop it."""

import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.pq import PGconn, Ping

from config.devserver.binaries import Binary, find_postgres
from config.devserver.process import ServerFailed, launch, stop, wait_until
from config.devserver.sockets import forget_socket_folder, socket_folder
from config.devserver.unprivileged import unprivileged_prefix

PORT = 5432  # names the socket; no TCP port is opened
# Tests may lose their data with the machine, so they don't wait for the disk.
UNDURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class PrivatePostgres:
    """The server of one data folder. Every method may be called by several processes in turn."""

    home: Path
    binary: Binary
    durable: bool

    @classmethod
    def at(cls, root: Path, *, durable: bool) -> "PrivatePostgres":
        """Return the server below `root` that belongs to the PostgreSQL version found here."""
        binary = find_postgres()
        return cls(root / f"{binary.name}-{binary.major}", binary, durable)

    @property
    def socket(self) -> Path:
        """The folder that the unix socket lies in."""
        return socket_folder(self.home, f".s.PGSQL.{PORT}")

    def url(self, database: str) -> str:
        """Return the `postgres://` URL of one of its databases."""
        return f"postgres://postgres@:{PORT}/{database}?host={quote(str(self.socket), safe='/')}"

    def ensure_running(self) -> None:
        """Create the data folder if there is none, and start the server unless it runs."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._ping() == Ping.REJECT:  # it is starting, or recovering from a crash
            wait_until(self._answers, log=self._log)
        elif not self._answers():
            if not self._data.exists():
                self._initdb()
            launch(self._command(), log=self._log, answers=self._answers)

    def ensure_database(self, name: str) -> None:
        """Create an empty database of that name unless it exists."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if known.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def stop(self, *, immediate: bool = False) -> None:
        """Stop the server if it runs; `immediate` is the power cut that recovery must survive."""
        if self._ping() != Ping.NO_RESPONSE:
            pid = int((self._data / "postmaster.pid").read_text().split()[0])
            stop(pid, signal.SIGQUIT if immediate else signal.SIGINT)
        forget_socket_folder(self.home)

    def _ping(self) -> Ping:
        # Unlike a connection, a ping succeeds when every connection is taken.
        return Ping(PGconn.ping(self.url("postgres").encode()))

    def _answers(self) -> bool:
        return self._ping() == Ping.OK

    @property
    def _data(self) -> Path:
        return self.home / "data"

    @property
    def _log(self) -> Path:
        return self.home / "log"

    def _initdb(self) -> None:
        # Renamed when complete: a folder that a kill left half made is never taken for data.
        with tempfile.TemporaryDirectory(dir=self.home, prefix="initdb-") as unfinished:
            data = Path(unfinished, "data")
            command = [self.binary.path.with_name("initdb"), "-D", data, "-U", "postgres"]
            options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
            made = subprocess.run(
                [*unprivileged_prefix(), *map(str, command), *options],
                capture_output=True,
                text=True,
                check=False,
            )
            if made.returncode != 0:
                raise ServerFailed(f"initdb: {made.stderr}")
            data.rename(self._data)

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "port": str(PORT),
            "max_connections": "200",
            "timezone": "UTC",
            **({} if self.durable else UNDURABLE),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        program = [str(self.binary.path), "-D", str(self._data)]
        return [*unprivileged_prefix(), *program, *options]

"""A private Valkey (or Redis). It keeps nothing on disk: what it carries are hints."""

import signal
from dataclasses import dataclass
from pathlib import Path

from redis import Redis, RedisError

from config.devserver.binaries import Binary, find_valkey
from config.devserver.process import launch, stop
from config.devserver.sockets import forget_socket_folder, socket_folder

SOCKET_NAME = "valkey.sock"
DATABASES = 1024  # one for each process of every test run, however many run side by side


@dataclass(frozen=True)
class PrivateValkey:
    """The server of one folder. Every method may be called by several processes in turn."""

    home: Path
    binary: Binary

    @classmethod
    def at(cls, root: Path) -> "PrivateValkey":
        """Return the server below `root` that belongs to the program found here."""
        binary = find_valkey()
        return cls(root / f"{binary.name}-{binary.major}", binary)

    @property
    def socket(self) -> Path:
        """The unix socket."""
        return socket_folder(self.home, SOCKET_NAME) / SOCKET_NAME

    @property
    def url(self) -> str:
        """Its `unix://` URL."""
        return f"unix://{self.socket}"

    def ensure_running(self) -> None:
        """Start the server unless it runs."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._answers():
            launch(self._command(), log=self.home / "log", answers=self._answers)

    def stop(self) -> None:
        """Stop the server if it runs."""
        if self._answers():
            with Redis.from_url(self.url) as client:
                pid = client.info("server")["process_id"]
            stop(pid, signal.SIGTERM)
        forget_socket_folder(self.home)

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _command(self) -> list[str]:
        program = [str(self.binary.path), "--port", "0", "--unixsocket", str(self.socket)]
        options = ["--unixsocketperm", "700", "--save", "", "--appendonly", "no"]
        return [*program, *options, "--databases", str(DATABASES)]

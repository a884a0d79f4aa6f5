"""Chooses where a server's socket lies: in its own folder, or in /tmp if that path won't do."""

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from config.devserver.faults import NoServers

LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 bytes on Linux and 103 on macOS
# Characters that URLs of Redis sockets carry unchanged in every client.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


class ForeignFolder(NoServers):
    """Somebody else owns the folder that our socket would lie in."""


def socket_folder(home: Path, socket_name: str) -> Path:
    """Return an existing folder, closed to other users, that is the same for the same `home`."""
    path = str(home / socket_name)
    if len(path.encode()) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(path):
        return _closed(home)
    return _closed(_in_tmp(home))


def forget_socket_folder(home: Path) -> None:
    """Remove the folder in /tmp, if there is one and the server has left it empty."""
    with suppress(OSError):
        _in_tmp(home).rmdir()


def _in_tmp(home: Path) -> Path:
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"bps-{os.geteuid()}-{digest}"


def _closed(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise ForeignFolder(f"{folder} must belong to you alone (mode 700); remove it.")
    return folder

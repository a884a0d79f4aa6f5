"""What the demo remembers between two starts: its secrets, and what it told the user."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Secrets:
    """Made at the first start and kept, so that what was stored under them stays valid."""

    secret_key: str
    sandbox_secret_key: str
    psp_api_key: str
    psp_webhook_secret: str
    notification_secret: str

    @classmethod
    def make(cls) -> "Secrets":
        """Return new random secrets."""
        return cls(
            secret_key=secrets.token_urlsafe(50),
            sandbox_secret_key=secrets.token_urlsafe(50),
            psp_api_key=secrets.token_urlsafe(24),
            psp_webhook_secret=_webhook_secret(),
            notification_secret=_webhook_secret(),
        )

    @classmethod
    def kept_in(cls, path: Path) -> "Secrets":
        """Return the secrets of an earlier start, or keep new ones."""
        if not path.exists():
            write_private(path, asdict(cls.make()))
        return cls(**read_private(path))


def read_private(path: Path) -> dict[str, str]:
    """Return what was written; nothing if it never was."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def write_private(path: Path, values: dict[str, str]) -> None:
    """Write JSON that only its owner can read, all of it or nothing."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_EXCL, mode=0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(values, file, indent=2)
        file.write("\n")
    unfinished.rename(path)


def _webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()

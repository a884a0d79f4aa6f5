"""Environments to start BPS with, and what a start with them says."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEBHOOK_SECRET = "whsec_dGVzdHMtc2lnbi13aXRoLXRoaXMtc2VjcmV0LW9ubHk="
# Nobody listens at these addresses: a start only reads them.
PRODUCTION = {
    "SECRET_KEY": "k7!vQ2@mX9#pL4$wZ8%rT1^bN6&cJ3*hG5(dF0)sA-yU_eI+oE=",
    "ALLOWED_HOSTS": "pay.example.com",
    "DATABASE_URL": "postgres://bps:pass-word@127.0.0.1:9/bps",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "BPS_PUBLIC_URL": "https://pay.example.com",
    "BPS_PSPS": "sandbox",
    "SANDBOX_PSP_ALLOWED": "on",
    "SANDBOX_PSP_URL": "https://psp.example.com/psp",
    "SANDBOX_PSP_API_KEY": "psp-key",
    "SANDBOX_PSP_WEBHOOK_SECRETS": WEBHOOK_SECRET,
}
NAMES = re.compile(r"^#?([A-Z_]+)=(.*)$", re.MULTILINE)


def shown_in_example() -> dict[str, str]:
    """Return the variables of .env.example with the values shown there."""
    return dict(NAMES.findall((ROOT / ".env.example").read_text()))


def manage(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run manage.py with these variables and no others of ours."""
    foreign = {name: value for name, value in os.environ.items() if name not in shown_in_example()}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**foreign, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def faults_of(environment: Mapping[str, str]) -> list[str]:
    """Return the faults that a start with these variables names, in its order."""
    start = manage("check", environment=environment)
    _, said, faults = start.stderr.partition("BPS can't start with this environment")
    assert said, start.stderr
    return [line.strip() for line in faults.splitlines()[1:]]

"""Environments to start BPS with, and what a start with them says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from runpy import run_path
from typing import Any
from unittest.mock import patch

import pytest
import structlog
from django.core.exceptions import ImproperlyConfigured

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
REFUSED = "BPS can't start with this environment (.env.example explains each variable):"


def shown_in_example() -> dict[str, str]:
    """Return the variables of .env.example with the values shown there."""
    return dict(NAMES.findall((ROOT / ".env.example").read_text()))


def manage(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run manage.py with these variables and no others of ours."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**_foreign(), "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def settings_with(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that a start with these variables, and no others of ours, reads."""
    with patch.dict(os.environ, {**_foreign(), **environment}, clear=True), _logging_as_it_is():
        read = run_path(str(ROOT / "config/settings.py"))
    return {name: value for name, value in read.items() if name.isupper()}


def faults_of(environment: Mapping[str, str]) -> list[str]:
    """Return the faults that a start with these variables names, in its order."""
    with pytest.raises(ImproperlyConfigured) as refused:
        settings_with(environment)
    return faults_in(str(refused.value))


def faults_in(said: str) -> list[str]:
    """Return the faults that a start named in what it said at last."""
    _, refused, faults = said.partition(REFUSED)
    assert refused, said
    return [line.strip() for line in faults.splitlines()[1:]]


def _foreign() -> dict[str, str]:
    shown = shown_in_example()
    return {name: value for name, value in os.environ.items() if name not in shown}


@contextmanager
def _logging_as_it_is() -> Iterator[None]:
    """Undo that settings, as they are read, say how this process logs."""
    before = structlog.get_config()
    try:
        yield
    finally:
        structlog.configure(**before)

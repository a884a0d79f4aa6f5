"""Which processes the demo consists of, and the environment that each of them gets."""

import os
import sys
from collections.abc import Mapping

from config.demo.keepsake import Secrets
from config.demo.ports import HOST

PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")
PREPARE = (PYTHON, "-m", "config.demo.prepare")
MANAGE_SANDBOX = (PYTHON, "-m", "sandbox.manage")


def commands(port: int, sandbox_port: int, beat_schedule: str) -> dict[str, tuple[str, ...]]:
    """Return each process's name and command, in the order of their start."""
    gunicorn = (PYTHON, "-m", "gunicorn")
    celery = (PYTHON, "-m", "celery", "--quiet", "--app", "config")
    sandbox = ("--config", "sandbox/gunicorn.conf.py", "--bind", f"{HOST}:{sandbox_port}")
    bps = ("--config", "config/gunicorn.py", "--bind", f"{HOST}:{port}")
    return {
        "sandbox": (*gunicorn, *sandbox, "sandbox.wsgi"),
        "clock": (*MANAGE_SANDBOX, "run_clock"),
        "web": (*gunicorn, *bps, "config.wsgi"),
        "worker": (*celery, "worker", "--concurrency=4", "--without-gossip", "--without-mingle"),
        "beat": (*celery, "beat", "--schedule", beat_schedule, "--pidfile="),
    }


def bps_environment(
    secrets: Secrets, *, bps_url: str, sandbox_url: str, database_url: str, redis_url: str
) -> dict[str, str]:
    """Return the environment of BPS's processes; variables of the caller's shell don't leak in."""
    return {
        **_inherited(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "on",
        "SECRET_KEY": secrets.secret_key,
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "BPS_PUBLIC_URL": bps_url,
        "BPS_PSPS": "sandbox",
        "BPS_NOTIFY_PRIVATE_ADDRESSES": "on",
        "BPS_MONEY_NEEDS_SECOND_FACTOR": "off",  # whoever tries the demo has none
        "SANDBOX_PSP_URL": f"{sandbox_url}/psp",
        "SANDBOX_PSP_API_KEY": secrets.psp_api_key,
        "SANDBOX_PSP_WEBHOOK_SECRETS": secrets.psp_webhook_secret,
        # A demo in a container runs as root; Celery's advice against it is for production.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }


def sandbox_environment(
    secrets: Secrets, *, bps_url: str, sandbox_url: str, database_url: str, api_key: str
) -> dict[str, str]:
    """Return the environment of the sandbox's processes: shop, PSP and issuer bank."""
    return {
        **_inherited(),
        "SANDBOX_SECRET_KEY": secrets.sandbox_secret_key,
        "SANDBOX_DATABASE_URL": database_url,
        "SANDBOX_PUBLIC_URL": sandbox_url,
        "SANDBOX_PSP_API_KEY": secrets.psp_api_key,
        "SANDBOX_PSP_WEBHOOK_SECRET": secrets.psp_webhook_secret,
        "SANDBOX_SHOP_BPS_URL": bps_url,
        "SANDBOX_SHOP_BPS_API_KEY": api_key,
        "SANDBOX_SHOP_NOTIFICATION_SECRET": secrets.notification_secret,
    }


def _inherited() -> Mapping[str, str]:
    ours = ("BPS_", "SANDBOX_", "DJANGO_", "GUNICORN_", "CELERY_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONUNBUFFERED": "1"}

"""The settings of the tests: those of production, read from an environment made for tests.

It starts private servers where none are given. A variable that is set already wins, so that a
process started by a test can be given others than the test has.
"""

import os
import re
from urllib.parse import parse_qsl, urlencode

from redis import Redis

from config.broker import broker_url
from config.devserver import ensure_servers

servers = ensure_servers("test")
TEST_ENVIRONMENT = {
    "DEBUG": "on",
    "SECRET_KEY": "a-key-for-tests-alone",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "DATABASE_URL": servers.own_database_url(),
    "REDIS_URL": servers.redis_url,
    "BPS_PUBLIC_URL": "http://bps.test",
    "BPS_PSPS": "sandbox",
    "SANDBOX_PSP_URL": "http://127.0.0.1:9/psp",  # nobody answers there: tests bring their own PSP
    "SANDBOX_PSP_API_KEY": "sandbox-key-for-tests",
    "SANDBOX_PSP_WEBHOOK_SECRETS": "whsec_dGVzdHMtc2lnbi13aXRoLXRoaXMtc2VjcmV0LW9ubHk=",
    "BPS_NOTIFY_PRIVATE_ADDRESSES": "on",
}
for name, value in TEST_ENVIRONMENT.items():
    os.environ.setdefault(name, value)

from config.settings import *  # noqa: E402, F403 - read only after the environment is made

# What a PSP's client lists, no type checker sees.
SANDBOX_PSP_URL = os.environ["SANDBOX_PSP_URL"]
SANDBOX_PSP_API_KEY = os.environ["SANDBOX_PSP_API_KEY"]
SANDBOX_PSP_WEBHOOK_SECRETS = os.environ["SANDBOX_PSP_WEBHOOK_SECRETS"]

# Serve static files from where they lie: nothing is collected for tests.
WHITENOISE_AUTOREFRESH = True

# An authenticator app shows one code for ever: no test trips over the next half minute.
MFA_TOTP_PERIOD = 1_000_000_000

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Test processes share a Valkey and not its databases, or hints and circuits would mix. Ours has one
# for each; a server that was given may have fewer.
_run = int((re.findall(r"/bps_(\d+)", os.environ["DATABASE_URL"]) or ["0"])[0])
_process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
with Redis.from_url(os.environ["REDIS_URL"]) as _valkey:
    _databases = int(_valkey.config_get("databases")["databases"])
_database = (8 * _run + _process) % _databases
_address, _, _options = os.environ["REDIS_URL"].partition("?")
REDIS_URL = f"{_address}?{urlencode({**dict(parse_qsl(_options)), 'db': _database})}"
CELERY_BROKER_URL = broker_url(REDIS_URL)

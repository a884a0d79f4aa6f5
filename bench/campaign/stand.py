"""The test stand: private servers, the sandbox, BPS, and the proxy between them, as processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import psycopg
import redis
from psycopg import sql

from bench.campaign.processes import Process, Supervisor
from bench.campaign.proxy import HOST, Link, Proxy
from bench.campaign.setup import HASTE, Setup
from config.demo.keepsake import Secrets
from config.demo.ports import free_port
from config.demo.processes import MANAGE_SANDBOX, PREPARE, bps_environment, sandbox_environment
from config.devserver.postgres import PrivatePostgres
from config.devserver.valkey import PrivateValkey

WORKERS: Final = ("worker-1", "worker-2")
READY_SECONDS: Final = 60.0
LOOK_AGAIN_SECONDS: Final = 0.1
HTTP_SECONDS: Final = 30.0
# How gunicorn and Celery say that a child of theirs was killed.
CHILD_KILLED: Final = re.compile(r"was sent SIGKILL|exited with 'signal 9 \(SIGKILL\)'")


class StandFailed(Exception):
    """Something could not be prepared or did not get ready; the message says what to look at."""


class Stand:
    """Everything that runs, in a folder of its own.

    BPS and the sandbox have a PostgreSQL each, so that a fault of BPS's database is not one of
    the PSP's. Addresses are known once `start` has returned; `stop` leaves no process behind.
    """

    def __init__(self, setup: Setup, folder: Path) -> None:
        self.setup = setup
        self.folder = folder
        self.postgres = PrivatePostgres.at(folder / "bps", durable=True)
        self.valkey = PrivateValkey.at(folder / "bps")
        self.api_key = ""
        self.bps_url = f"http://{HOST}:{free_port()}"
        self.sandbox_url = f"http://{HOST}:{free_port()}"
        self._psp_postgres = PrivatePostgres.at(folder / "psp", durable=False)
        self.proxy = Proxy(
            Link("psp", _address(self.sandbox_url)),
            Link("shop", _address(self.sandbox_url)),
            Link("webhook", _address(self.bps_url)),
            Link("valkey", self.valkey.socket),
        )
        self._supervisor: Supervisor | None = None

    @property
    def processes(self) -> Mapping[str, Process]:
        """The processes that are kept running, by name."""
        return self._supervised().processes

    @property
    def database_url(self) -> str:
        """BPS's database, past the proxy."""
        return self.postgres.url("bps")

    @property
    def sandbox_database_url(self) -> str:
        """The sandbox's database."""
        return self._psp_postgres.url("sandbox")

    @property
    def public_url(self) -> str:
        """BPS as PSP and shoppers reach it: through the proxy."""
        return self._through("webhook")

    def start(self) -> None:
        """Prepare and start everything. Raises StandFailed; `stop` is due in any case."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for log in self.logs.iterdir():
            log.unlink()
        self.proxy.start()
        bps, sandbox = self._prepare()
        self._supervisor = Supervisor(self._commands(bps, sandbox))
        self._supervisor.start()
        for url in (self.sandbox_url, self.bps_url):
            self._wait_until_healthy(url)
        self.control(
            "policy",
            {
                "single_success": self.setup.single_success,
                "key_window_seconds": self.setup.key_window_seconds,
            },
        )

    def stop(self) -> None:
        """Stop everything; harmless when repeated."""
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None
            self.proxy.stop()
        for server in (self.valkey, self.postgres, self._psp_postgres):
            server.stop()

    def restart(self, name: str, extra: Mapping[str, str]) -> None:
        """Kill a process of BPS and start it with further environment variables."""
        self._supervised().restart(name, extra)

    def children_killed(self, name: str) -> int:
        """Count the children of a process that were killed, by what it says of them."""
        log = self.logs / f"{name}.log"
        return len(CHILD_KILLED.findall(log.read_text(errors="replace")))

    def restart_postgres(self) -> None:
        """Stop BPS's PostgreSQL as a power cut would, and start it."""
        self.postgres.stop(immediate=True)
        self.postgres.ensure_running()

    def cut_connections(self) -> None:
        """Terminate every connection of BPS to its database."""
        others = "datname = 'bps' AND pid <> pg_backend_pid()"
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"  # noqa: S608
            )

    def flush_valkey(self) -> None:
        """Make Valkey forget everything."""
        redis.Redis.from_url(self.valkey.url).flushall()

    def control(self, path: str, body: Mapping[str, Any]) -> None:
        """Tell the sandbox what shall happen."""
        request = urllib.request.Request(  # noqa: S310 - our own sandbox
            f"{self.sandbox_url}/psp/control/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with _opener().open(request, timeout=HTTP_SECONDS):
            pass

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self.folder / "logs"

    def _prepare(self) -> tuple[dict[str, str], dict[str, str]]:
        """Make fresh databases and their rows; return the environments of BPS and sandbox."""
        secrets = Secrets.kept_in(self.folder / "secrets.json")
        bps = {
            **bps_environment(
                secrets,
                bps_url=self.public_url,
                sandbox_url=self._through("psp"),
                database_url=self.database_url,
                redis_url=f"redis://{HOST}:{self.proxy.links['valkey'].port}/0",
            ),
            **HASTE,
            "SANDBOX_PSP_KEY_WINDOW_SECONDS": str(self.setup.key_window_seconds),
            **self.setup.environment,
        }
        sandbox = sandbox_environment(
            secrets,
            bps_url=self.bps_url,
            sandbox_url=self.sandbox_url,
            database_url=self.sandbox_database_url,
            api_key="the sandbox's own shop is not used",
        )
        with ThreadPoolExecutor(1) as beside:
            other = beside.submit(self._prepare_sandbox, sandbox)
            self._prepare_bps(bps, secrets)
            other.result()
        return {**bps, "DJANGO_SETTINGS_MODULE": "bench.campaign.settings"}, sandbox

    def _prepare_sandbox(self, sandbox: dict[str, str]) -> None:
        self._psp_postgres.ensure_running()
        _make_afresh(self._psp_postgres, "sandbox")
        _run((*MANAGE_SANDBOX, "migrate", "--verbosity=0"), sandbox)

    def _prepare_bps(self, bps: dict[str, str], secrets: Secrets) -> None:
        self.postgres.ensure_running()
        self.valkey.ensure_running()
        _make_afresh(self.postgres, "bps")
        self.flush_valkey()
        seed = (
            f"--notification-url={self._through('shop')}/shop/notifications/",
            f"--notification-secret={secrets.notification_secret}",
            f"--origin={self.sandbox_url}",
        )
        self.api_key = json.loads(_run((*PREPARE, "--json", *seed), bps))["api_key"]
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            for statement in self.setup.sql:
                connection.execute(statement.encode())

    def _commands(self, bps: dict[str, str], sandbox: dict[str, str]) -> list[Process]:
        gunicorn = (sys.executable, "-m", "gunicorn")
        celery = (sys.executable, "-m", "celery", "--quiet", "--app", "config")
        worker = (*celery, "worker", "--concurrency=2", "--without-gossip", "--without-mingle")
        schedule = str(self.folder / "celerybeat-schedule")
        Path(schedule).unlink(missing_ok=True)
        bind = {url: url.removeprefix("http://") for url in (self.bps_url, self.sandbox_url)}
        own = ("--config", "sandbox/gunicorn.conf.py", "--bind", bind[self.sandbox_url])
        web = ("--config", "config/gunicorn.py", "--bind", bind[self.bps_url])
        commands = {
            "sandbox": ((*gunicorn, *own, "sandbox.wsgi"), sandbox),
            "clock": ((*MANAGE_SANDBOX, "run_clock"), sandbox),
            "web": ((*gunicorn, *web, "config.wsgi"), bps),
            **{name: ((*worker, "--hostname", f"{name}@%h"), bps) for name in WORKERS},
            "beat": ((*celery, "beat", "--schedule", schedule, "--pidfile="), bps),
        }
        return [
            Process(name, command, environment, self.logs / f"{name}.log")
            for name, (command, environment) in commands.items()
        ]

    def _wait_until_healthy(self, url: str) -> None:
        until = time.monotonic() + READY_SECONDS
        while not _is_healthy(url):
            if time.monotonic() > until:
                raise StandFailed(f"{url} doesn't answer; the logs in {self.logs} may say why.")
            time.sleep(LOOK_AGAIN_SECONDS)

    def _through(self, link: str) -> str:
        return f"http://{HOST}:{self.proxy.links[link].port}"

    def _supervised(self) -> Supervisor:
        if self._supervisor is None:
            raise StandFailed("nothing runs")
        return self._supervisor


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


def _make_afresh(server: PrivatePostgres, name: str) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        connection.execute(drop)
    server.ensure_database(name)


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StandFailed(f"{' '.join(command[1:4])} failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _is_healthy(url: str) -> bool:
    try:
        with _opener().open(f"{url}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's word for fine
    except OSError:  # urllib's own errors are among them
        return False

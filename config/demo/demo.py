"""Prepares the demo and runs it: servers, databases, sample data, then every process."""

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from config.demo.faults import DemoFailed
from config.demo.keepsake import Secrets, read_private, write_private
from config.demo.ports import HOST, refuse_taken_ports
from config.demo.processes import (
    MANAGE_SANDBOX,
    PREPARE,
    bps_environment,
    commands,
    sandbox_environment,
)
from config.demo.supervision import Report, SupervisedProcess
from config.devserver import Profile, Servers, ensure_servers
from config.devserver.servers import DEV_FOLDER
from config.stopping import Stopped

READY_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.1
OF_SANDBOX = ("sandbox", "clock")
HEALTHY = 200
TOLD = ("api_key", "staff_user", "staff_password", "approver_user", "approver_password")


class Demo:
    """The demo, from the first server to the last process.

    `start` prepares and starts everything and returns when both sites answer; `stop` leaves no
    process behind. Between the two, `servers` and the processes may be broken on purpose. Each
    profile has servers, data and secrets of its own.
    """

    servers: Servers

    def __init__(
        self,
        profile: Profile,
        *,
        port: int,
        sandbox_port: int,
        report: Report,
        stopping: threading.Event,
        bps_variables: Mapping[str, str] | None = None,
        dev_folder: Path = DEV_FOLDER,
    ) -> None:
        self.bps_url = f"http://{HOST}:{port}"
        self.sandbox_url = f"http://{HOST}:{sandbox_port}"
        self.keepsake = dev_folder / f"{profile}.json"
        self._profile = profile
        self._dev_folder = dev_folder
        self._ports = (port, sandbox_port)
        self._report = report
        self._stopping = stopping
        self._bps_variables = dict(bps_variables or {})
        self._environments: dict[str, dict[str, str]] = {}
        self._processes: dict[str, SupervisedProcess] = {}

    def start(self) -> dict[str, str]:
        """Start everything, and return what `keepsake` then holds: URLs, API key, logins.

        Raises `PortTaken` before anything was started, `DemoFailed` when a part failed, `Stopped`
        when the event `stopping` was set meanwhile; `stop` is due in any case.
        """
        refuse_taken_ports(*self._ports)
        self._next("starting PostgreSQL and Valkey")
        self.servers = ensure_servers(self._profile, dev_folder=self._dev_folder)
        known = self._prepare()
        for name in self._commands:
            self._next(f"starting {name}")
            self.start_process(name)
        self._wait_until_ready()
        return known

    def stop(self) -> None:
        """Stop every process and let go of the servers. Harmless when repeated."""
        for process in self._processes.values():
            process.ask_to_stop()
        for name in list(self._processes):
            self.stop_process(name)
        if hasattr(self, "servers"):
            self.servers.stop()

    def start_process(self, name: str, extra_env: Mapping[str, str] | None = None) -> None:
        """Start a process that doesn't run, with further environment variables if given."""
        environment = self._environments["sandbox" if name in OF_SANDBOX else "bps"]
        self._processes[name] = SupervisedProcess(
            name, self._commands[name], {**environment, **(extra_env or {})}, self._report
        )

    def start_web_beside(self, name: str, *, port: int, extra_env: Mapping[str, str]) -> str:
        """Start further web processes of BPS under a name and port of their own; return the URL."""
        self._processes[name] = SupervisedProcess(
            name,
            commands(port, port, "")["web"],
            {**self._environments["bps"], **extra_env},
            self._report,
        )
        return f"http://{HOST}:{port}"

    def stop_process(self, name: str) -> None:
        """Let a process end by itself, and not start again."""
        self._processes.pop(name).stop()

    def kill(self, name: str) -> None:
        """Kill a process and its children with SIGKILL. It starts again after a second."""
        self._processes[name].kill()

    def pid(self, name: str) -> int:
        """Return the id of a process that runs."""
        return self._processes[name].pid

    @property
    def _commands(self) -> dict[str, tuple[str, ...]]:
        return commands(*self._ports, str(self._dev_folder / self._profile / "celerybeat-schedule"))

    def _prepare(self) -> dict[str, str]:
        """Bring databases and sample data to what the processes expect."""
        secrets = Secrets.kept_in(self._dev_folder / self._profile / "secrets.json")
        urls = {"bps_url": self.bps_url, "sandbox_url": self.sandbox_url}
        bps = bps_environment(
            secrets,
            **urls,
            database_url=self.servers.database_url,
            redis_url=self.servers.redis_url,
        )
        self._environments["bps"] = {**bps, **self._bps_variables}
        self._next("bringing the database of BPS up to date")
        known = {**urls, **self._migrate_and_seed(secrets)}
        write_private(self.keepsake, known)
        self._environments["sandbox"] = sandbox_environment(
            secrets,
            **urls,
            database_url=self.servers.create_database("sandbox"),
            api_key=known["api_key"],
        )
        self._next("bringing the database of the sandbox up to date")
        self._run((*MANAGE_SANDBOX, "migrate", "--verbosity=0"), "sandbox")
        return known

    def _migrate_and_seed(self, secrets: Secrets) -> dict[str, str]:
        earlier = read_private(self.keepsake)
        seeded = self._run(
            (
                *PREPARE,
                "--json",
                f"--api-key={earlier.get('api_key', '')}",
                f"--staff-password={earlier.get('staff_password', '')}",
                f"--approver-password={earlier.get('approver_password', '')}",
                f"--notification-url={self.sandbox_url}/shop/notifications/",
                f"--notification-secret={secrets.notification_secret}",
                f"--origin={self.sandbox_url}",
            ),
            "bps",
        )
        made = json.loads(seeded)
        return {name: made[name] for name in TOLD}

    def _run(self, command: tuple[str, ...], whose: str) -> str:
        """Return what the command printed; its complaints become our failure."""
        done = subprocess.run(
            command,
            env=self._environments[whose],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C lets it finish; we stop behind it
            check=False,
        )
        if done.returncode != 0:
            raise DemoFailed(f"{' '.join(command[1:4])} failed:\n{done.stderr.strip()}")
        return done.stdout

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        for url in (self.sandbox_url, self.bps_url):
            while not _answers(f"{url}/healthz"):
                if time.monotonic() > deadline:
                    raise DemoFailed(f"{url} doesn't answer; the lines above may say why.")
                if self._stopping.wait(LOOK_AGAIN_SECONDS):
                    raise Stopped

    def _next(self, step: str) -> None:
        if self._stopping.is_set():
            raise Stopped
        self._report("demo", step)


def _answers(url: str) -> bool:
    # No proxy of the user's stands between us and this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == HEALTHY)
    except OSError:  # urllib's own errors are among them
        return False

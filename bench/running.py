"""A demo of a benchmark's own: fresh databases, real processes, and its secrets at hand."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from bench.api import Api
from config.demo import Demo
from config.demo.check.stage import Stage
from config.demo.keepsake import read_private
from config.devserver.servers import DEV_FOLDER

PROFILE: Final = "check"  # durable, as in production


@dataclass(frozen=True)
class Running:
    """What runs, and what only its owner knows of it."""

    demo: Demo
    stage: Stage
    api_key: str
    webhook_secret: str
    psp_api_key: str
    log: Path

    def start_web_beside(self, name: str, *, port: int, variables: Mapping[str, str]) -> Api:
        """Start further web processes, with further environment variables; return once ready."""
        url = self.demo.start_web_beside(name, port=port, extra_env=variables)
        self.stage.until(lambda: _is_serving(url), name)
        return Api(url, self.api_key)


@contextmanager
def running_demo(
    name: str, *, port: int, sandbox_port: int, variables: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run a demo with empty databases until the block ends.

    `variables` win over the environment that BPS has in a demo. What the processes print is kept
    in `Running.log` until the next run of the same name.
    """
    folder = DEV_FOLDER / f"bench-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = folder / "log"
    with log.open("w", buffering=1) as lines:
        demo = Demo(
            PROFILE,
            port=port,
            sandbox_port=sandbox_port,
            report=lambda process, line: print(process, line, sep=" | ", file=lines),
            stopping=threading.Event(),
            bps_variables=variables,
            dev_folder=folder,
        )
        try:
            api_key = demo.start()["api_key"]
            secrets = read_private(folder / PROFILE / "secrets.json")
            yield Running(
                demo=demo,
                stage=Stage(demo, api_key),
                api_key=api_key,
                webhook_secret=secrets["psp_webhook_secret"],
                psp_api_key=secrets["psp_api_key"],
                log=log,
            )
        finally:
            demo.stop()
            shutil.rmtree(folder / PROFILE, ignore_errors=True)


def _is_serving(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False

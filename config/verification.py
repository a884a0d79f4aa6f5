"""What bin/test runs when it is given no arguments: every check of this repository, in order.

All of them run even when one fails, so that one run names everything there is to mend.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from config.chromium import provide_chromium
from config.devserver import NoServers, ensure_servers
from config.stopping import Stopped, stop_requests

DJANGO = (sys.executable, "manage.py")
CHECKS = {
    "style": ("ruff", "check"),
    "format": ("ruff", "format", "--check"),
    "types": ("mypy",),
    "types of the sandbox": (
        "mypy",
        "--config-file=sandbox/mypy.ini",
        "--cache-dir=.mypy_cache/sandbox",  # the other settings would empty the first cache
    ),
    "imports": ("lint-imports",),
    "migrations": (*DJANGO, "makemigrations", "--check", "--dry-run"),
    "API description": (*DJANGO, "spectacular", "--validate", "--fail-on-warn", "--file=/dev/null"),
    "tests": (sys.executable, "-m", "pytest", "--cov"),
}
STOP_SECONDS = 20
LOOK_AGAIN_SECONDS = 0.05


def main() -> int:
    """Run every check and return 0 if all of them passed, else 1."""
    stopping = stop_requests()
    try:
        servers = ensure_servers("test")  # held here, so that the checks share one start of them
    except NoServers as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    try:
        provide_chromium()
        failed = [name for name in CHECKS if not _passes(name, stopping)]
    except Stopped:
        failed = ["stopped"]
    finally:
        servers.stop()
    sys.stdout.write(f"\nFailed: {', '.join(failed)}\n" if failed else "\nEverything passed.\n")
    return 1 if failed else 0


def _passes(name: str, stopping: threading.Event) -> bool:
    command = CHECKS[name]
    sys.stdout.write(f"\n== {name}: {' '.join(command).replace(sys.executable, 'python')}\n")
    sys.stdout.flush()
    started = time.monotonic()
    passed = _run(command, stopping) == 0
    seconds = time.monotonic() - started
    sys.stdout.write(f"-- {name} {'passed' if passed else 'FAILED'} after {seconds:.0f} s\n")
    return passed


def _run(command: tuple[str, ...], stopping: threading.Event) -> int:
    """Return the command's status; raise `Stopped` after stopping it if we are asked to."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    process = subprocess.Popen(command, env=environment, process_group=0)
    while process.poll() is None:
        if stopping.wait(LOOK_AGAIN_SECONDS):
            _interrupt(process)
            raise Stopped
    return process.returncode


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    # Unlike a termination, an interrupt lets pytest stop the processes that its tests started.
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())

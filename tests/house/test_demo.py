"""The demo starts everything, tells how to get in, and leaves nothing behind."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.demo import Demo
from config.demo.keepsake import Secrets
from config.demo.ports import PortTaken, free_port, refuse_taken_ports
from config.stopping import Stopped
from tests import direct

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def demo_in(
    folder: Path, stopping: threading.Event, *, stops_at: str = ""
) -> tuple[Demo, list[str]]:
    """Return a demo, and the lines that it reports. It is asked to stop at the step `stops_at`."""
    lines: list[str] = []

    def report(name: str, line: str) -> None:
        lines.append(f"{name}: {line}")
        if line == stops_at:
            stopping.set()

    demo = Demo(
        "demo",
        port=free_port(),
        sandbox_port=free_port(),
        report=report,
        stopping=stopping,
        dev_folder=folder,
    )
    return demo, lines


@pytest.fixture(autouse=True)
def _no_servers_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


def status_of_api(known: dict[str, str]) -> int:
    answer = direct.get(
        f"{known['bps_url']}/api/v1/payment-sessions",
        headers={"Authorization": f"Api-Key {known['api_key']}"},
        timeout=10,
    )
    return answer.status_code


def processes_of(folder: Path) -> list[str]:
    """Return the commands of all processes that name the folder in command or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command + environment:
            found.append(command.replace(b"\0", b" ").decode())
    return found


def told_in(folder: Path) -> dict[str, str]:
    """Return what a demo told of itself."""
    told: dict[str, str] = json.loads((folder / "demo.json").read_text())
    return told


def test_starts_leaves_nothing_behind_and_starts_again_with_the_same_key(tmp_path: Path):
    demo, lines = demo_in(tmp_path, threading.Event())
    try:
        first = demo.start()
        assert status_of_api(first) == 200, lines
    finally:
        demo.stop()
    assert processes_of(tmp_path) == []
    assert told_in(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600

    preparing = "bringing the database of the sandbox up to date"
    demo, _ = demo_in(tmp_path, threading.Event(), stops_at=preparing)
    with pytest.raises(Stopped):
        demo.start()
    demo.stop()
    assert processes_of(tmp_path) == []
    second = told_in(tmp_path)
    secret = ("api_key", "staff_user", "staff_password", "approver_user", "approver_password")
    assert sorted(second) == sorted(["bps_url", "sandbox_url", *secret])
    assert [first[name] for name in secret] == [second[name] for name in secret]
    assert first["bps_url"] != second["bps_url"]


def test_starts_nothing_when_it_is_asked_to_stop_at_once(tmp_path: Path):
    stopping = threading.Event()
    stopping.set()
    demo, lines = demo_in(tmp_path, stopping)

    with pytest.raises(Stopped):
        demo.start()
    demo.stop()

    assert lines == []
    assert processes_of(tmp_path) == []


def test_names_a_taken_port_and_the_option_that_helps():
    other = free_port()
    with listening() as taken:
        with pytest.raises(PortTaken) as bps:
            refuse_taken_ports(taken, other)
        with pytest.raises(PortTaken) as sandbox:
            refuse_taken_ports(other, taken)

    said = f"Port {taken} is taken by another program. Stop it, or choose another port: bin/demo"
    assert str(bps.value) == f"{said} --port {taken + 10}"
    assert str(sandbox.value) == f"{said} --sandbox-port {taken + 10}"


def test_needs_two_ports():
    with pytest.raises(PortTaken, match=r"^BPS and the sandbox can't share port 8000\."):
        refuse_taken_ports(8000, 8000)


def test_reports_a_taken_port_before_anything_is_started():
    with listening() as taken:
        demo = subprocess.run(
            [sys.executable, "-m", "config.demo", "--port", str(taken)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": "", "REDIS_URL": ""},
            capture_output=True,
            text=True,
            check=False,
        )

    assert (demo.returncode, demo.stdout) == (1, "")
    assert demo.stderr.startswith(f"Port {taken} is taken by another program.")
    assert len(demo.stderr.splitlines()) == 1


def test_keeps_its_secrets_for_the_next_start_and_to_itself(tmp_path: Path):
    path = tmp_path / "secrets.json"

    first, second = Secrets.kept_in(path), Secrets.kept_in(path)

    assert first == second
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

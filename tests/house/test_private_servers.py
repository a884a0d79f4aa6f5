"""The private servers of demo and tests: started when needed, shared, stopped by the last."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis, RedisError

from config.devserver import Profile, Servers, binaries, ensure_servers
from config.devserver.process import is_running, launch, stop
from config.devserver.servers import NotPrivate
from config.devserver.unprivileged import NOBODY
from config.devserver.valkey import PrivateValkey

ROOT = Path(__file__).resolve().parents[2]
HOLD_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from config.devserver import ensure_servers
servers = ensure_servers("test", dev_folder=Path(sys.argv[1]))
print("holding", flush=True)
time.sleep(600)
"""
START_AND_FORGET = """
import subprocess, time
print(subprocess.Popen(["sleep", "600"]).pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module", autouse=True)
def _no_servers_given() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.delenv("REDIS_URL", raising=False)
        yield


@pytest.fixture(scope="module")
def dev_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose servers have run: to make their data takes longer than all else."""
    folder = tmp_path_factory.mktemp("dev")
    ensure_servers("test", dev_folder=folder).stop()
    return folder


@pytest.fixture
def servers(dev_folder: Path) -> Iterator[Servers]:
    servers = ensure_servers("test", dev_folder=dev_folder)
    yield servers
    servers.stop()


def copy_servers(of: Path, to: Path) -> None:
    """Copy what the servers keep, with its owner: run by root, PostgreSQL's data is nobody's."""
    to.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["/bin/cp", "-a", of, to], check=True)


def started_at(servers: Servers) -> object:
    """Tell one run of PostgreSQL from another."""
    with psycopg.connect(servers.database_url) as connection:
        return connection.execute("SELECT pg_postmaster_start_time()").fetchone()


def answer(servers: Servers) -> tuple[bool, bool]:
    """Say whether PostgreSQL and Valkey answer."""
    try:
        psycopg.connect(servers.database_url).close()
        postgres = True
    except psycopg.OperationalError:
        postgres = False
    try:
        with Redis.from_url(servers.redis_url) as client:
            return postgres, bool(client.ping())
    except RedisError:
        return postgres, False


def test_answer_until_they_are_stopped(dev_folder: Path):
    servers = ensure_servers("test", dev_folder=dev_folder)
    assert answer(servers) == (True, True)
    url = servers.database_url

    servers.stop()

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_run_on_for_other_holders_when_one_leaves(dev_folder: Path, servers: Servers):
    second = ensure_servers("test", dev_folder=dev_folder)
    assert started_at(second) == started_at(servers)

    second.stop()

    assert answer(servers) == (True, True)


def test_are_found_again_after_their_holder_was_killed(dev_folder: Path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_UNTIL_KILLED, dev_folder],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "holding\n"
    folder = next((dev_folder / "test").glob("postgres-*"))
    pid = int((folder / "data/postmaster.pid").read_text().split()[0])
    holder.send_signal(signal.SIGKILL)
    holder.communicate()

    servers = ensure_servers("test", dev_folder=dev_folder)
    found = int((folder / "data/postmaster.pid").read_text().split()[0])
    servers.stop()

    assert found == pid
    assert not is_running(pid)


def test_are_gone_where_one_of_them_cannot_start(dev_folder: Path):
    log = PrivateValkey.at(dev_folder / "test").home / "log"
    log.unlink()
    log.mkdir()
    command = [sys.executable, "-c", HOLD_UNTIL_KILLED, str(dev_folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    log.rmdir()

    assert (done.returncode, done.stdout) == (1, "")
    assert "Is a directory" in done.stderr
    assert list(dev_folder.glob("test/*/data/PG_VERSION"))
    assert not list(dev_folder.glob("test/*/data/postmaster.pid"))


def test_are_gone_where_whoever_waits_for_them_is_interrupted(tmp_path: Path):
    noted = tmp_path / "pid"

    def interrupted_once_it_runs() -> bool:
        if noted.exists() and noted.read_text().endswith("\n"):
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        launch(
            ["sh", "-c", f"echo $$ >{noted}; exec sleep 600"],
            log=tmp_path / "log",
            answers=interrupted_once_it_runs,
        )

    assert not is_running(int(noted.read_text()))


def test_are_gone_though_whoever_started_them_takes_no_note():
    careless = subprocess.Popen(
        [sys.executable, "-c", START_AND_FORGET], stdout=subprocess.PIPE, text=True
    )
    assert careless.stdout
    pid = int(careless.stdout.readline())

    stop(pid, signal.SIGTERM)

    assert not is_running(pid)
    careless.kill()
    careless.communicate()


def test_keep_what_was_committed_through_a_power_cut(dev_folder: Path, tmp_path: Path):
    copy_servers(dev_folder / "test", tmp_path / "check")
    servers = ensure_servers("check", dev_folder=tmp_path)
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

    servers.restart_postgres(immediate=True)

    with psycopg.connect(servers.database_url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    servers.stop()


def test_forget_what_valkey_held_when_it_is_stopped(servers: Servers):
    with Redis.from_url(servers.redis_url) as client:
        client.set("hint", "due")

    servers.stop_valkey()
    assert answer(servers) == (True, False)
    servers.start_valkey()

    with Redis.from_url(servers.redis_url) as client:
        assert client.get("hint") is None


def test_give_each_test_run_a_database_of_its_own(dev_folder: Path, servers: Servers):
    second = ensure_servers("test", dev_folder=dev_folder)

    urls = [servers.own_database_url(), second.own_database_url()]

    second.stop()
    assert [url.partition("?")[0].rpartition("/")[2] for url in urls] == ["bps_1", "bps_2"]


def test_have_their_sockets_elsewhere_when_the_path_is_too_long(dev_folder: Path, tmp_path: Path):
    deep = tmp_path / ("deep/" * 20)
    copy_servers(dev_folder / "test", deep / "test")
    servers = ensure_servers("test", dev_folder=deep)
    answered, url = answer(servers), servers.redis_url

    servers.stop()

    assert answered == (True, True)
    assert not Path(url.removeprefix("unix://").partition("?")[0]).parent.exists()


@pytest.mark.parametrize("profile", ["demo", "test"])
def test_are_not_started_where_others_are_given(
    profile: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", "postgres://bps@db.example/bps")
    monkeypatch.setenv("REDIS_URL", "redis://valkey.example")

    servers = ensure_servers(profile, dev_folder=tmp_path)

    assert servers.database_url == "postgres://bps@db.example/bps"
    assert servers.redis_url == "redis://valkey.example"
    with pytest.raises(NotPrivate):
        servers.stop_valkey()
    with pytest.raises(NotPrivate):
        servers.restart_postgres(immediate=True)
    servers.stop()
    assert list(tmp_path.rglob("postgres-*")) == []


def test_come_from_the_wheels_where_the_machine_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(binaries, "DEBIAN_POSTGRES", tmp_path / "none")
    monkeypatch.setenv("PATH", str(programs(tmp_path, "unshare", "setpriv", "true")))

    servers = ensure_servers("test", dev_folder=tmp_path)
    answered = answer(servers)
    servers.stop()

    assert answered == (True, True)
    assert sorted(path.name for path in (tmp_path / "test").glob("*-*")) == [
        "postgres-18",
        "valkey-9",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to yield")
def test_run_as_nobody_where_root_has_no_namespaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(programs(tmp_path, "setpriv", "true")))

    servers = ensure_servers("test", dev_folder=tmp_path)
    answered = answer(servers)
    pid_file = next((tmp_path / "test").glob("postgres-*/data/postmaster.pid"))
    owner = pid_file.stat().st_uid
    servers.stop()

    assert (answered, owner) == ((True, True), NOBODY)


def programs(folder: Path, *names: str) -> Path:
    """Return a folder that holds these programs of the machine alone."""
    only = folder / "bin"
    only.mkdir()
    for name in names:
        if path := shutil.which(name):
            (only / name).symlink_to(path)
    return only

"""The settings hold together where no single variable could be wrong."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from config.environment import Environment

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==", re.MULTILINE)
NAMED = re.compile(
    r"^([a-z0-9-]+)(?:\[[a-z,]+\])?(?:[~=>]=[^;\s]+)?(?:; [^#]*\S)?  # \S", re.MULTILINE
)


def test_a_task_ends_before_the_broker_gives_it_to_another_worker():
    visible_again = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]

    assert visible_again > settings.CELERY_TASK_TIME_LIMIT * 2


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("postgres://u:p%40ss@db.example:5433/bps", ("db.example", 5433, "bps", "u", "p@ss", {})),
        (
            "postgresql://u@db.example/bps?sslmode=verify-full",
            ("db.example", "", "bps", "u", "", {"sslmode": "verify-full"}),
        ),
        (
            "postgres://postgres@:5432/bps?host=/run/postgresql",
            ("", 5432, "bps", "postgres", "", {"host": "/run/postgresql"}),
        ),
    ],
)
def test_a_database_url_is_read(
    raw: str, read: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", raw)

    database = Environment().database("DATABASE_URL")

    names = ("HOST", "PORT", "NAME", "USER", "PASSWORD", "OPTIONS")
    assert tuple(database[name] for name in names) == read


@pytest.mark.parametrize("raw", ["on", "ON", "true", "yes", "1"])
def test_a_switch_is_on(raw: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SWITCH", raw)

    assert Environment().flag("SWITCH", default=False) is True


@pytest.mark.parametrize(
    ("wanted", "pinned"),
    [
        ("requirements.in", "requirements.txt"),
        ("requirements-dev.in", "requirements-dev.txt"),
        ("requirements.in", "requirements-dev.txt"),
    ],
)
def test_every_requirement_has_a_reason_and_is_pinned(wanted: str, pinned: str):
    lines = (ROOT / wanted).read_text().splitlines()
    direct = [line for line in lines if line and not line.startswith(("#", "-r"))]
    named = NAMED.findall("\n".join(direct))

    assert len(named) == len(direct)
    assert set(named) - set(PINNED.findall((ROOT / pinned).read_text())) == set()


@pytest.mark.parametrize("pinned", ["requirements.txt", "requirements-dev.txt"])
def test_pinned_requirements_name_no_index(pinned: str):
    options = [line for line in (ROOT / pinned).read_text().splitlines() if line.startswith("--")]

    assert options == []

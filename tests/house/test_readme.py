"""The README says what is true: its calls work as pasted, its files hold what it says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from config.demo.check.journeys import JOURNEYS
from payments.domain.notifications import NotificationType
from tests.scenarios.conftest import bps_url, world
from tests.scenarios.world import World

__all__ = ["bps_url", "world"]

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="the calls are made with curl, which is not here"
)
def test_its_three_calls_work_as_pasted(world: World, tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    [calls] = [block for block in blocks if "KEY=" in block]
    (tmp_path / ".dev").mkdir()
    key = world.headers["Authorization"].removeprefix("Api-Key ")
    (tmp_path / ".dev/demo.json").write_text(json.dumps({"api_key": key}))
    here = calls.replace("http://127.0.0.1:8000", world.bps_url)
    here = here.replace("http://127.0.0.1:8001", "https://shop.test")

    done = subprocess.run(
        ["/bin/sh", "-euc", here], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    bought, read = (json.loads(answer) for answer in done.stdout.replace("}{", "}\n{").splitlines())
    assert bought["purchase"]["status"] == "successful"
    assert (read["status"], read["amount"]) == ("completed", "19.99")


def test_the_five_files_hold_what_it_says() -> None:
    steps = re.findall(
        r"^\d\. \[`([^`]+)`\]\(\1\): (.*?)(?=^\d\.|^\[)", README, re.DOTALL | re.MULTILINE
    )
    assert len(steps) == 5
    for path, words in steps:
        source = (ROOT / path).read_text()
        for name in re.findall(r"`(\w+)`", words):
            assert re.search(rf"^(def|class) {name}\b", source, re.MULTILINE), (path, name)


def test_it_counts_the_journeys_of_the_check() -> None:
    assert len(JOURNEYS) == 17
    assert "plays seventeen journeys" in README


def test_it_names_all_that_shops_are_told_of() -> None:
    [table] = re.findall(r"^\| `type` \|.*?\n\n", README, re.DOTALL | re.MULTILINE)
    assert re.findall(r"`(\w+\.\w+)`", table) == list(NotificationType)


@pytest.mark.parametrize(
    "document", ["README.md", "docs/architecture.md", "docs/glossary.md", "docs/runbook.md"]
)
def test_its_links_lead_somewhere(document: str) -> None:
    here = (ROOT / document).parent
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", (ROOT / document).read_text())
    missing = [link for link in links if not (here / link).exists()]
    assert missing == []

"""Which PSPs there are journeys through."""

from __future__ import annotations

from pathlib import Path

from psp_clients.registry import PSPS


def test_each_but_the_sandbox_has_a_file_of_journeys():
    files = {path.stem for path in Path(__file__).parent.glob("test_*.py")}

    assert files - {Path(__file__).stem} == {f"test_{psp}" for psp in PSPS if psp != "sandbox"}

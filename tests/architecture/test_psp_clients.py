"""Each PSP's package stands alone: what one may import is the same for all, present and to come."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from psp_clients.registry import PSPS

CLIENTS = Path(__file__).resolve().parents[2] / "psp_clients"
SOCKETS = {"requests", "urllib3", "socket", "http.client", "urllib.request", "asyncio"}
SHARED = {
    f"psp_clients.{path.stem}" for path in CLIENTS.glob("*.py") if path.stem != "registry"
} - {"psp_clients.__init__", "psp_clients.connection"}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "psp_clients":
            found |= {f"psp_clients.{name.name}" for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("psp", PSPS)
class TestThePackageOfAPsp:
    def imports(self, psp: str) -> set[str]:
        return set().union(*(imported(path) for path in (CLIENTS / psp).rglob("*.py")))

    def test_opens_no_connection_itself(self, psp: str):
        assert self.imports(psp) & SOCKETS == set()

    def test_knows_no_other_psp(self, psp: str):
        own = f"psp_clients.{psp}"
        foreign = {
            name
            for name in self.imports(psp)
            if name.startswith("psp_clients")
            and name not in SHARED
            and name != own
            and not name.startswith(f"{own}.")
        }
        assert foreign == set()


def test_every_package_is_in_the_registry():
    assert {path.parent.name for path in CLIENTS.glob("*/__init__.py")} == set(PSPS)

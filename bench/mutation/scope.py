"""What is mutated, and by which tests each part must be caught, the most telling first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
RULES: Final = "tests/rules"
SERVICES: Final = "tests/services"
# Imported once, before any child: what the tests need, and nothing that may be mutated.
WARM: Final = (
    "babel",
    "config",
    "django.db",
    "hypothesis.internal.conjecture.engine",
    "hypothesis.strategies",
    "iso4217",
    "playwright.sync_api",
    "psp_clients.contract",
    "psp_clients.http",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One module, and the runs of tests it is tried by, one after the other.

    Where they need a database it is one run: Django can be set up for tests once in a process.
    """

    path: str
    tests: tuple[str, ...]
    needs_database: bool = False
    warm: tuple[str, ...] = WARM

    @property
    def module(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").replace("/", ".")

    @property
    def source(self) -> str:
        """Its source as shipped."""
        return (ROOT / self.path).read_text(encoding="utf-8")


def _rule(path: Path) -> Part:
    own = f"{RULES}/test_{path.stem}.py"
    tests = (own, RULES) if (ROOT / own).exists() else (RULES,)
    return Part(str(path.relative_to(ROOT)), tests)


def _client(path: Path) -> Part:
    """Return a module of a PSP's client: its own tests, those of webhooks, then of the client."""
    psp = path.parent.name
    names = (f"{psp}_{path.stem}", f"{psp}_webhooks", f"{psp}_client")
    found = (f"tests/contract/test_{name}.py" for name in names)
    return Part(str(path.relative_to(ROOT)), tuple(one for one in found if (ROOT / one).exists()))


def _gate(name: str) -> Part:
    return Part(
        f"payments/services/{name}.py",
        (SERVICES,),
        needs_database=True,
        warm=(*WARM, "payments.services.stage_refund", "tests.builders"),
    )


PARTS: Final = (
    _gate("settle"),
    _gate("act_on_success"),
    _gate("settle_refund"),
    _gate("settle_instruction"),
    *(
        _rule(path)
        for path in sorted((ROOT / "payments/domain").glob("*.py"))
        if path.stem != "__init__"
    ),
    *(
        _client(path)
        for name in ("money", "signature")
        for path in sorted((ROOT / "psp_clients").glob(f"*/{name}.py"))
    ),
    _client(ROOT / "psp_clients/sandbox/mapping.py"),
)

"""What is mutated, and by which tests each part must be caught, the most telling first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
RULES: Final = "tests/rules"
CLIENT: Final = "tests/contract/test_sandbox_client.py"
# Where the tests of a module are not those of its name.
TESTED_IN: Final = {"matching": "reconciliation"}


@dataclass(frozen=True, slots=True)
class Part:
    """One module. `needs_database` tells that its tests do."""

    path: str
    tests: tuple[str, ...]
    needs_database: bool = False

    @property
    def module(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").replace("/", ".")

    @property
    def source(self) -> str:
        """Its source as shipped."""
        return (ROOT / self.path).read_text(encoding="utf-8")


def _rule(path: Path) -> Part:
    own = f"{RULES}/test_{TESTED_IN.get(path.stem, path.stem)}.py"
    return Part(str(path.relative_to(ROOT)), (own, RULES))


PARTS: Final = (
    *(
        _rule(path)
        for path in sorted((ROOT / "payments/domain").glob("*.py"))
        if path.stem != "__init__"
    ),
    Part("psp_clients/sandbox/mapping.py", (CLIENT,)),
    Part("psp_clients/sandbox/signature.py", (CLIENT,)),
    Part("payments/services/settle.py", ("tests/services/test_settle.py",), needs_database=True),
    Part(
        "payments/services/settle_refund.py",
        ("tests/services/test_settle_refund.py",),
        needs_database=True,
    ),
)

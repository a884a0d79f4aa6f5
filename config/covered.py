"""python -m config.covered: whether tests took the branches that they are to take."""

import json
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

MEASURED: Final = ".coverage.json"  # as slipcover writes it
WHOLE: Final = (
    "payments/domain/*.py",
    "payments/services/settle.py",
    "payments/services/settle_refund.py",
)
ALL: Final = 100.0  # per cent
OF_BRANCHES: Final = 92.0  # per cent of all that was measured, lines not counted


def main() -> int:
    """Print what was not taken as it should be, or is not there; return 1 if there is anything."""
    measured = json.loads(Path(MEASURED).read_text(encoding="utf-8"))
    files, summary = measured["files"], measured["summary"]
    taken, missed = summary["covered_branches"], summary["missing_branches"]
    branches = 100 * taken / (taken + missed)
    faults = [] if branches >= OF_BRANCHES else [f"of all branches: {branches:.1f} %"]
    for pattern in WHOLE:
        names = [name for name in files if fnmatch(name, pattern)]
        shares = {name: files[name]["summary"]["percent_covered"] for name in names}
        faults += [f"{name}: {share:.1f} %" for name, share in shares.items() if share < ALL]
        if not names:
            faults.append(f"{pattern}: no such file was measured")
    passed = f"Everything of what money rests on; of all branches: {branches:.1f} %"
    sys.stdout.write("\n".join([*faults, ""] if faults else [passed, ""]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

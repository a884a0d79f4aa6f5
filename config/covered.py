"""python -m config.covered: whether tests took every branch of what money rests on."""

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


def main() -> int:
    """Print the files that were not taken whole, or are not there; return 1 if there are any."""
    files = json.loads(Path(MEASURED).read_text(encoding="utf-8"))["files"]
    faults = []
    for pattern in WHOLE:
        names = [name for name in files if fnmatch(name, pattern)]
        shares = {name: files[name]["summary"]["percent_covered"] for name in names}
        faults += [f"{name}: {share:.1f} %" for name, share in shares.items() if share < ALL]
        if not names:
            faults.append(f"{pattern}: no such file was measured")
    sys.stdout.write("\n".join([*faults, ""]) if faults else "Every line and branch.\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

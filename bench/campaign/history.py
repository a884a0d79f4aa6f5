"""What the shop asked and was told, as JSON lines: the load's own memory, which the oracle reads.

Each line is one asking: `at` (epoch seconds), `took` (seconds), `act`, `checkout`, `order`, and
`status` (null when no answer came) with `said`, the answer's body.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class History:
    """Lines that any thread may add to. They are on disk when the run ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def note(self, **line: Any) -> None:
        """Add one line."""
        text = json.dumps(line, ensure_ascii=False)
        with self._lock:
            self._file.write(text + "\n")

    def close(self) -> None:
        """Add no more."""
        self._file.close()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines in the order in which the answers came."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)

"""Prints what the PSP clients send in their contract tests and journeys, for a checker to read.

One JSON object a line: psp, method, path without its query, body. A checker with the PSPs' own
descriptions of their APIs can then judge each. Nothing is invented: the tests run, and the requests
that leave are written down.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.psp_recorder import OPTION

TESTS: Final = ("tests/contract", "tests/journeys")
# Of APIs beside those that move money: logging in, verifying webhooks, lists for reconciliation.
OTHER_APIS: Final = re.compile(r"/v1/(?:oauth2|notifications|reporting)/")

# What differs from run to run, and says nothing: ports, times, and whatever looks like an id.
_BY_CHANCE = re.compile(
    r":\d{4,5}\b|\d{4}-\d\d-\d\dT[\d:]+|(?=[\w-]*\d[\w-]*\d)[\w-]{10,}", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One request."""

    psp: str
    method: str
    path: str
    body: str

    @property
    def is_of_another_api(self) -> bool:
        """Whether it is about none of a payment's steps."""
        return OTHER_APIS.match(self.path) is not None

    @property
    def kind(self) -> str:
        """What it is but for ids, times and ports."""
        return _BY_CHANCE.sub("#", f"{self.psp} {self.method} {self.path} {self.body}")


def main() -> int:
    """Run the tests, print each distinct request once, and count on standard error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all-apis", action="store_true", help="also logins, lists and the like")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requests.jsonl"
        outcome = _run_tests(file)
        sent = list(_read(file)) if file.exists() else []
    wanted = [one for one in sent if one.psp and (options.all_apis or not one.is_of_another_api)]
    distinct = list(dict.fromkeys(wanted))
    for one in distinct:
        print(json.dumps(asdict(one), ensure_ascii=False))
    _count(sent, distinct)
    return outcome


def _run_tests(file: Path) -> int:
    """Run the tests in a process of their own, which writes to `file`; return its status."""
    command = [sys.executable, "-m", "pytest", "-p", "bench.psp_recorder", f"{OPTION}={file}"]
    return subprocess.run(
        [*command, "--numprocesses=0", "--quiet", "--show-capture=no", *TESTS],
        stdout=sys.stderr,
        check=False,
    ).returncode


def _read(file: Path) -> Iterator[Sent]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            seen = json.loads(line)
            yield Sent(**{**seen, "path": seen["path"].partition("?")[0]})


def _count(sent: Iterable[Sent], distinct: Iterable[Sent]) -> None:
    every = Counter(one.psp for one in sent if one.psp)
    told_apart = Counter(one.psp for one in distinct)
    kinds = Counter(psp for psp, _ in {(one.psp, one.kind) for one in distinct})
    for psp in sorted(every):
        print(
            f"{psp:<8} {every[psp]:>5} sent, {told_apart[psp]:>5} distinct,"
            f" {kinds[psp]:>4} that differ in more than ids, times and ports",
            file=sys.stderr,
        )


if __name__ == "__main__":
    sys.exit(main())

"""Looks for broken invariants in the whole database, newest sessions first."""

from __future__ import annotations

import json
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from payments.invariants.board import look_at_everything
from payments.invariants.catalogue import BY_ID
from payments.invariants.findings import Board, Result, Verdict
from payments.invariants.reading import Reader, snapshot

VIOLATED: Final = 1
NOT_ALL_CHECKED: Final = 2


class Command(BaseCommand):
    """manage.py check_invariants."""

    help = (
        "Look for rows that break an invariant; change nothing. Exit code 0: all held, "
        "1: violated, 2: not all could be checked in the time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say how long it may take, and for whom it writes."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument(
            "--seconds", type=float, default=30, help="how long it may take; 30 unless given"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, print, and tell by the exit code."""
        if options["seconds"] <= 0:
            raise CommandError("--seconds must be more than zero", returncode=NOT_ALL_CHECKED)
        with snapshot():
            board = look_at_everything(
                reader=Reader(seconds=options["seconds"]), now=timezone.now()
            )
        self.stdout.write(_as_json(board) if options["json"] else _as_text(board))
        if board.having(Verdict.VIOLATED):
            raise SystemExit(VIOLATED)
        if board.having(Verdict.UNKNOWN):
            raise SystemExit(NOT_ALL_CHECKED)


def _as_json(board: Board) -> str:
    document = {
        "checked_at": board.checked_at.isoformat(),
        "duration_ms": board.duration_ms,
        "sessions": board.sessions,
        "complete": board.complete,
        "invariants": [
            {
                **result.as_json(),
                "sentence": BY_ID[result.id].sentence,
                "how": BY_ID[result.id].how,
                "proved_in": list(BY_ID[result.id].proved_in),
            }
            for result in board.results
        ],
    }
    return json.dumps(document, indent=2)


def _as_text(board: Board) -> str:
    lines = [line for result in board.results for line in _lines(result)]
    extent = "all" if board.complete else "the newest"
    seconds = board.duration_ms / 1000
    return "\n".join([*lines, f"{extent} {board.sessions} sessions looked at in {seconds:.1f} s"])


def _lines(result: Result) -> list[str]:
    invariant = BY_ID[result.id]
    lines = [f"{result.id:<4}{result.verdict:<10}{invariant.sentence}"]
    if result.verdict is Verdict.ELSEWHERE:
        lines.append(f"    proved in {', '.join(invariant.proved_in)}")
    if result.unknown_because:
        lines.append(f"    not all was checked: {result.unknown_because}")
    lines += [
        f"    session {finding.session_id or '-'}, {finding.kind} {finding.id}: {finding.why}"
        for finding in result.findings
    ]
    if result.cut_off:
        lines.append("    and more")
    return lines

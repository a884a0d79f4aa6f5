"""Keeps the board of invariants: looks, stores what was found, and asks people about it, once."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from payments import selectors
from payments.invariants.board import look_at_changes
from payments.invariants.catalogue import BY_ID
from payments.invariants.findings import Board, Verdict
from payments.invariants.reading import Reader, snapshot
from payments.models import Case, CaseKind, InvariantCheck, PaymentSession

log = structlog.get_logger()

# Before the first board, who knows; older sessions come in turn anyway.
FIRST_LOOK_BACK: Final = timedelta(days=1)
# An outage may overtake thousands of rows at once. A person needs to be told, not flooded: the
# board lists the rest.
CASES_AT_MOST: Final = 20


def check_invariants(*, now: datetime, seconds: float, actor: str = "") -> InvariantCheck:
    """Look at the invariants for at most `seconds`, keep the board, and open cases.

    Sessions that changed since the last complete board are looked at, those that offended on the
    last one, and some older ones in turn.
    """
    last = selectors.last_invariant_check()
    since = now - FIRST_LOOK_BACK if last is None else _look_back_to(last)
    with snapshot():
        board = look_at_changes(
            reader=Reader(seconds=seconds),
            now=now,
            since=since,
            again=_offended(last),
            walk_from=last.walked_to if last else None,
        )
    kept = InvariantCheck.objects.create(
        checked_at=board.checked_at,
        changed_since=since,
        duration_ms=board.duration_ms,
        sessions=board.sessions,
        complete=board.complete,
        walked_to=board.walked_to,
        actor=actor,
        results=[result.as_json() for result in board.results],
    )
    _ask_people(board)
    return kept


def _look_back_to(last: InvariantCheck) -> datetime:
    return last.checked_at if last.complete else last.changed_since


def _offended(last: InvariantCheck | None) -> list[UUID]:
    """Return the sessions that must be looked at again: what they broke may still be broken."""
    results = last.results if last else []
    named = {finding["session"] for result in results for finding in result["findings"]}
    return [UUID(session) for session in named if session]


def _ask_people(board: Board) -> None:
    """Open a case for every session that offends, naming every invariant that it breaks."""
    broken: dict[UUID, dict[str, str]] = defaultdict(dict)
    for result in board.having(Verdict.VIOLATED):
        log.error("invariant_violated", invariant=result.id, rows=len(result.findings))
        about_sessions = sorted(f for f in result.findings if f.session_id is not None)
        for finding in about_sessions[:CASES_AT_MOST]:
            if finding.session_id is not None:
                sentence = BY_ID[result.id].sentence
                line = f"{result.id}: {sentence} But {finding.kind} {finding.id}: {finding.why}."
                broken[finding.session_id].setdefault(result.id, line)
    for session_id, lines in broken.items():
        _ask_about(session_id, lines)


def _ask_about(session_id: UUID, lines: dict[str, str]) -> None:
    """Tell of what no case of the session has told of yet, whether it is open or resolved."""
    with transaction.atomic(durable=True):
        session = PaymentSession.objects.select_for_update(no_key=True).get(pk=session_id)
        cases = list(Case.objects.filter(session=session, kind=CaseKind.INVARIANT))
        told = "\n".join(case.detail for case in cases)
        news = [line for invariant_id, line in lines.items() if f"{invariant_id}: " not in told]
        if not news:
            return
        still_open = next((case for case in cases if case.resolved_at is None), None)
        if still_open is None:
            Case.objects.create(session=session, kind=CaseKind.INVARIANT, detail="\n".join(news))
        else:
            still_open.detail = "\n".join([still_open.detail, *news])
            still_open.save(update_fields=["detail", "updated_at"])

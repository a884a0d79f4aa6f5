"""Lifecycle: what may follow what, and what every report means for every phase."""

from __future__ import annotations

from io import StringIO
from itertools import product
from pathlib import Path

from django.core.management import call_command

from payments.domain.lifecycle import (
    FAILED_PHASES,
    PHASE_GRAPH,
    PHASE_REPORTED,
    SESSION_GRAPH,
    STARTED_PHASES,
    STATUS_OF,
    Phase,
    PurchaseStatus,
    SessionStatus,
    Verdict,
    judge,
)
from psp_clients.contract import ReportedState

PAGE = Path(__file__).resolve().parents[2] / "docs/lifecycle.md"

# One row for what we hold, one column for what is reported, both in the order of PHASES.
# A: advance, s: stale, C: conflict.
PHASES = tuple(Phase)
VERDICTS = {
    #                  sub dou pen aut cap dec can exp err
    Phase.SUBMITTING: "s   A   A   A   A   A   A   A   A",
    Phase.IN_DOUBT: "  s   s   A   A   A   A   A   A   A",
    Phase.PENDING: "   s   s   s   A   A   A   A   A   A",
    Phase.AUTHORIZED: "s   s   s   s   A   A   A   A   A",
    Phase.CAPTURED: "  s   s   s   s   s   s   s   s   s",
    Phase.DECLINED: "  s   s   s   s   A   s   C   C   C",
    Phase.CANCELLED: " s   s   s   s   A   C   s   C   C",
    Phase.EXPIRED: "   s   s   s   s   A   C   C   s   C",
    Phase.ERRORED: "   s   s   s   s   A   C   C   C   s",
}
LETTERS = {"A": Verdict.ADVANCE, "s": Verdict.STALE, "C": Verdict.CONFLICT}
TABLE = {
    (held, reported): LETTERS[letter]
    for held, row in VERDICTS.items()
    for reported, letter in zip(PHASES, row.split(), strict=True)
}


def reachable(start: Phase) -> set[Phase]:
    found: set[Phase] = set()
    waiting = [start]
    while waiting:
        for following in PHASE_GRAPH[waiting.pop()] - found:
            found.add(following)
            waiting.append(following)
    return found


class TestAReport:
    def test_is_judged_as_the_table_says(self) -> None:
        judged = {pair: judge(*pair) for pair in product(Phase, repeat=2)}

        assert judged == TABLE

    def test_of_failure_never_undoes_a_success(self) -> None:
        assert {judge(Phase.CAPTURED, failed) for failed in FAILED_PHASES} == {Verdict.STALE}

    def test_that_the_psp_has_not_acted_says_nothing_about_the_phase(self) -> None:
        assert PHASE_REPORTED == {
            ReportedState.OPEN: None,
            ReportedState.PENDING: Phase.PENDING,
            ReportedState.AUTHORIZED: Phase.AUTHORIZED,
            ReportedState.CAPTURED: Phase.CAPTURED,
            ReportedState.DECLINED: Phase.DECLINED,
            ReportedState.CANCELLED: Phase.CANCELLED,
            ReportedState.EXPIRED: Phase.EXPIRED,
        }

    def test_of_every_state_is_understood(self) -> None:
        assert set(PHASE_REPORTED) == set(ReportedState)


class TestThePhases:
    def test_lead_nowhere_twice(self) -> None:
        assert [phase for phase in Phase if phase in reachable(phase)] == []

    def test_end_at_captured(self) -> None:
        assert PHASE_GRAPH[Phase.CAPTURED] == frozenset()

    def test_that_failed_can_only_be_overtaken_by_success(self) -> None:
        following = {failed: PHASE_GRAPH[failed] for failed in FAILED_PHASES}

        assert following == dict.fromkeys(FAILED_PHASES, frozenset({Phase.CAPTURED}))

    def test_that_have_not_succeeded_can_still(self) -> None:
        can = [phase for phase in Phase if Phase.CAPTURED in PHASE_GRAPH[phase]]

        assert can == [phase for phase in Phase if phase is not Phase.CAPTURED]

    def test_hold_every_skip_as_a_move_of_its_own(self) -> None:
        assert {phase: set(PHASE_GRAPH[phase]) for phase in Phase} == {
            phase: reachable(phase) for phase in Phase
        }

    def test_of_a_started_purchase_go_forward_only(self) -> None:
        assert STARTED_PHASES == (
            Phase.SUBMITTING,
            Phase.IN_DOUBT,
            Phase.PENDING,
            Phase.AUTHORIZED,
        )
        for place, phase in enumerate(STARTED_PHASES):
            assert PHASE_GRAPH[phase] & set(STARTED_PHASES) == set(STARTED_PHASES[place + 1 :])

    def test_have_one_status_each(self) -> None:
        assert STATUS_OF == {
            Phase.SUBMITTING: PurchaseStatus.STARTED,
            Phase.IN_DOUBT: PurchaseStatus.STARTED,
            Phase.PENDING: PurchaseStatus.STARTED,
            Phase.AUTHORIZED: PurchaseStatus.STARTED,
            Phase.CAPTURED: PurchaseStatus.SUCCESSFUL,
            Phase.DECLINED: PurchaseStatus.FAILED,
            Phase.CANCELLED: PurchaseStatus.FAILED,
            Phase.EXPIRED: PurchaseStatus.FAILED,
            Phase.ERRORED: PurchaseStatus.FAILED,
        }


class TestASession:
    def test_moves_only_along_its_graph(self) -> None:
        assert {
            SessionStatus.CREATED: {SessionStatus.REGISTERED, SessionStatus.FAILED},
            SessionStatus.REGISTERED: {
                SessionStatus.COMPLETED,
                SessionStatus.EXPIRED,
                SessionStatus.CANCELLED,
            },
            SessionStatus.COMPLETED: frozenset(),
            SessionStatus.EXPIRED: frozenset(),
            SessionStatus.CANCELLED: frozenset(),
            SessionStatus.FAILED: frozenset(),
        } == SESSION_GRAPH

    def test_has_a_place_in_the_graph_for_every_status(self) -> None:
        assert set(SESSION_GRAPH) == set(SessionStatus)


def test_the_page_about_them_is_the_one_that_the_graphs_make() -> None:
    made = StringIO()

    call_command("lifecycle_doc", stdout=made)

    assert PAGE.read_text(encoding="utf-8") == made.getvalue()

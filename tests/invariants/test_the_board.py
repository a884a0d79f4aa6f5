"""The board of invariants..."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.utils import InternalError
from django.utils import timezone

from payments.domain.lifecycle import Phase
from payments.invariants import board as board_module
from payments.invariants import scope
from payments.invariants.board import FINDINGS_AT_MOST, look_at_changes
from payments.invariants.card_numbers import WITH_MANY_DIGITS
from payments.invariants.catalogue import INVARIANTS, Invariant
from payments.invariants.findings import Board, Verdict
from payments.invariants.guards import guards_in_force, missing
from payments.invariants.reading import OutOfTime, Reader, snapshot
from payments.management.commands.invariants_doc import page
from payments.models import PaymentSession
from tests.builders import make_receipt
from tests.invariants.planting import board, honest_purchase, honest_session

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS: dict[str, Any] = {
    "sessions": [UUID(int=1), UUID(int=2)],
    "limit": 101,
    "now": timezone.now(),
    "overdue": timezone.now(),
    "psps": ["sandbox"],
    "half_windows": [43200.0],
    "from": UUID(int=1),
    "below": UUID(int=1),
}


def verdicts(looked: Board) -> set[Verdict]:
    """Return the verdicts on all that a database can show."""
    return {result.verdict for result in looked.results} - {Verdict.ELSEWHERE}


def look_at(*sessions: UUID, reader: Reader | None = None, walk_from: UUID | None = None) -> Board:
    """Look at these sessions as if no other had changed."""
    now = timezone.now()
    return look_at_changes(
        reader=reader or Reader(seconds=30),
        now=now,
        since=now + timedelta(hours=1),
        again=sessions,
        walk_from=walk_from,
    )


class TestItsCatalogue:
    def test_has_every_invariant_once_and_in_order(self) -> None:
        assert [invariant.id for invariant in INVARIANTS] == [f"I{n}" for n in range(1, 22)]

    def test_checks_each_or_names_where_it_is_proved(self) -> None:
        for invariant in INVARIANTS:
            checks = (*invariant.about_sessions, *invariant.about_all, invariant.search)
            assert any(checks) is invariant.is_visible, invariant.id
            for path in invariant.proved_in:
                assert (ROOT / path).exists(), path

    def test_is_what_the_page_shows(self) -> None:
        assert (ROOT / "docs/invariants.md").read_text() == "\n".join(page()) + "\n"

    @pytest.mark.django_db
    def test_names_guards_that_are_in_force(self) -> None:
        in_force = guards_in_force(Reader(seconds=30))

        assert [missing(invariant.guards, in_force) for invariant in INVARIANTS] == [[]] * 21

    def test_names_no_guard_that_no_model_has(self) -> None:
        with pytest.raises(KeyError):
            missing(["purchase.wishful_thinking"], set())


STATEMENTS = [
    *(sql for i in INVARIANTS for sql in (*i.about_sessions, *i.about_all)),
    scope.CHANGED,
    scope.OLDER,
]


@pytest.mark.django_db
def test_enters_every_table_by_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for statement in STATEMENTS:
            cursor.execute(f"EXPLAIN {statement}", PARAMETERS)
            plan = "\n".join(line for (line,) in cursor.fetchall())

            assert re.search(r"Index (Only )?Scan", plan), statement
            assert re.findall(r"Seq Scan on (?!payments_shop\b)\w+", plan) == [], statement


@pytest.mark.django_db
class TestALook:
    def test_finds_all_held_where_nothing_is_stored(self) -> None:
        looked = board()

        assert verdicts(looked) == {Verdict.HELD}
        assert (looked.sessions, looked.complete, looked.walked_to) == (0, True, None)

    def test_says_of_six_that_they_are_proved_elsewhere(self) -> None:
        elsewhere = [result.id for result in board().having(Verdict.ELSEWHERE)]

        assert elsewhere == ["I3", "I6", "I14", "I17", "I18", "I19"]

    def test_lists_at_most_a_hundred_findings_and_says_that_there_are_more(self) -> None:
        for _ in range(FINDINGS_AT_MOST + 1):
            make_receipt(None, state="waiting")

        [result] = board().having(Verdict.VIOLATED)

        assert (result.id, len(result.findings), result.cut_off) == ("I5", 100, True)

    def test_without_time_knows_nothing(self) -> None:
        honest_session()

        looked = board(seconds=0)

        assert verdicts(looked) == {Verdict.UNKNOWN}
        assert not looked.complete
        assert all(result.unknown_because for result in looked.having(Verdict.UNKNOWN))

    def test_does_not_know_what_a_statement_did_not_say_in_its_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest_session()
        slow = "SELECT NULL::uuid, '', NULL::uuid, '' FROM pg_sleep(30)"
        monkeypatch.setattr(
            board_module,
            "INVARIANTS",
            tuple(i if i.id != "I8" else _with_statement(i, slow) for i in INVARIANTS),
        )

        looked = board(statement_seconds=0.2)

        [result] = looked.having(Verdict.UNKNOWN)
        assert (result.id, result.unknown_because) == (
            "I8",
            "a statement took longer than 0.2 s",
        )
        assert not looked.complete
        assert len(looked.having(Verdict.HELD)) == 14

    def test_that_ran_out_of_time_holds_nothing_for_held_and_keeps_what_it_found(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(board_module, "BATCH", 1)
        unseen, seen = (honest_purchase(captured_amount=10) for _ in range(2))

        looked = look_at(seen.session_id, unseen.session_id, reader=OneBatch(seconds=30))

        assert (looked.sessions, looked.complete) == (1, False)
        [broken] = looked.having(Verdict.VIOLATED)
        assert [finding.session_id for finding in broken.findings] == [seen.session_id]
        assert broken.unknown_because == "time sufficed for 1 session(s) only"
        # What is looked for in all rows was looked for; all else is not known.
        assert [result.id for result in looked.having(Verdict.HELD)] == ["I5"]

    def test_samples_card_numbers_in_the_newest_sessions_only(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(board_module, "BATCH", 1)
        monkeypatch.setattr(board_module, "SAMPLED_SESSIONS", 1)
        info = {"items": ["4111 1111 1111 1111"]}
        older, newer = (honest_purchase(Phase.PENDING, purchase_info=info) for _ in range(2))

        looked = look_at(newer.session_id, older.session_id)

        [broken] = looked.having(Verdict.VIOLATED)
        assert [finding.id for finding in broken.findings] == [newer.public_id]
        assert looked.sessions == 2

    def test_at_what_changed_takes_those_that_offended_before_and_some_others_in_turn(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(board_module, "WALK_AT_MOST", 2)
        monkeypatch.setattr(scope, "BATCH", 1)
        oldest, old, newer, newest = (honest_session().pk for _ in range(4))

        first = look_at(newest)
        then = look_at(walk_from=first.walked_to)
        finally_ = look_at(walk_from=then.walked_to)

        assert (first.sessions, first.walked_to) == (2, newer)
        assert (then.sessions, then.walked_to) == (2, oldest)
        assert (finally_.sessions, finally_.walked_to) == (0, None)
        assert all(looked.complete for looked in (first, then, finally_))
        assert old != oldest

    def test_at_older_ones_may_end_with_the_time_and_goes_on_there_another_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scope, "BATCH", 1)
        older, newer = (honest_session().pk for _ in range(2))

        looked = look_at(reader=OneBatch(seconds=30))

        assert (looked.sessions, looked.complete, looked.walked_to) == (1, True, None)
        assert verdicts(looked) == {Verdict.HELD}
        assert look_at(walk_from=newer).sessions == 1
        assert older < newer


@pytest.mark.django_db
class TestTheSessionsThatChanged:
    def test_are_those_with_events_since_then_and_a_little_before(self) -> None:
        older, newer = honest_session(), honest_session()
        reader, now = Reader(seconds=30), timezone.now()

        named = scope.sessions_changed_since(reader, now + scope.MARGIN - timedelta(minutes=1))
        too_late = scope.sessions_changed_since(reader, now + scope.MARGIN + timedelta(minutes=1))

        assert named == ([newer.pk, older.pk], True)
        assert too_late == ([], True)

    def test_are_cut_off_and_it_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scope, "CHANGED_AT_MOST", 1)
        _, newer = honest_session(), honest_session()

        named = scope.sessions_changed_since(Reader(seconds=30), timezone.now())

        assert named == ([newer.pk], False)


@pytest.mark.django_db(transaction=True)
class TestASnapshot:
    def test_writes_nothing(self) -> None:
        session = honest_session()

        with pytest.raises(InternalError, match="read-only transaction"), snapshot():
            PaymentSession.objects.filter(pk=session.pk).update(locale="de")

        session.refresh_from_db()
        assert session.locale == "en"

    def test_does_not_see_what_others_commit_meanwhile(self) -> None:
        with snapshot():
            before = PaymentSession.objects.count()
            with ThreadPoolExecutor(max_workers=1) as others:
                others.submit(_make_a_session).result()
            assert PaymentSession.objects.count() == before

        assert PaymentSession.objects.count() == before + 1

    def test_goes_on_after_a_statement_that_took_too_long(self) -> None:
        reader = Reader(seconds=30, statement_seconds=0.1)

        with snapshot():
            with pytest.raises(OutOfTime, match=r"longer than 0\.1 s"):
                reader.rows("SELECT pg_sleep(30)", {})
            assert reader.rows("SELECT 1", {}) == [(1,)]


class OneBatch(Reader):
    """A reader whose time is over after one batch of sessions."""

    is_over = False

    def rows(self, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Read, and see time end with the last statement of a batch."""
        found = super().rows(statement, parameters)
        self.is_over = self.is_over or statement == WITH_MANY_DIGITS
        return found

    @property
    def seconds_left(self) -> float:
        """Return that there is time, or none."""
        return 0 if self.is_over else 30


def _make_a_session() -> None:
    honest_session()
    connection.close()


def _with_statement(invariant: Invariant, statement: str) -> Invariant:
    return replace(invariant, about_sessions=(statement,))

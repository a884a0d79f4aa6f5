"""Reconciliation: what the database itself refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from tests.builders import make_discrepancy, make_run, make_session, make_statement_format
from tests.database.sql import delete, insert_like, refused, update

pytestmark = pytest.mark.django_db

RUNS, FOUND = "payments_reconciliationrun", "payments_discrepancy"


class TestTheDatabaseRefuses:
    def test_to_delete_what_was_found_and_when(self) -> None:
        row = make_discrepancy(None)

        assert "Cannot delete" in refused(delete(FOUND, row.pk))
        assert "Cannot delete" in refused(delete(RUNS, row.run_id))
        saved = make_statement_format()
        assert "Cannot delete" in refused(delete("payments_statementformat", saved.pk))

    @pytest.mark.parametrize(
        ("column", "value"),
        [("psp", "other"), ("kind", "fee"), ("subject", "charge:other"), ("session_id", None)],
    )
    def test_to_change_what_was_found(self, column: str, value: Any) -> None:
        row = make_discrepancy(make_session())

        assert "Cannot update" in refused(update(FOUND, row.pk, **{column: value}))

    @pytest.mark.parametrize(
        ("column", "value"),
        [("psp", "other"), ("is_dry", True), ("asked_by", "eve"), ("since", timezone.now())],
    )
    def test_to_change_what_was_asked(self, column: str, value: Any) -> None:
        run = make_run()

        assert "Cannot update" in refused(update(RUNS, run.pk, **{column: value}))

    def test_a_second_open_row_about_the_same(self) -> None:
        row = make_discrepancy(None)

        assert "one_open_discrepancy_per_subject" in refused(insert_like(FOUND, row.pk))

    @pytest.mark.parametrize(
        ("changes", "constraint"),
        [
            ({"kind": "mood"}, "discrepancy_kind_is_known"),
            ({"resolution": "forgotten"}, "discrepancy_resolution_is_known"),
            ({"resolution": "healed"}, "only_an_open_discrepancy_has_no_end"),
            ({"resolved_at": timezone.now()}, "only_an_open_discrepancy_has_no_end"),
            ({"resolution": "resolved", "resolved_at": timezone.now()}, "who_resolves_says_why"),
        ],
    )
    def test_a_discrepancy_that_makes_no_sense(
        self, changes: dict[str, Any], constraint: str
    ) -> None:
        row = make_discrepancy(None)

        assert constraint in refused(insert_like(FOUND, row.pk, subject="x", **changes))

    @pytest.mark.parametrize(
        ("changes", "constraint"),
        [
            ({"state": "asleep"}, "run_state_is_known"),
            ({"step": "dance"}, "run_step_is_known"),
            ({"state": "running"}, "only_a_running_run_is_due"),
            ({"due_at": timezone.now()}, "only_a_running_run_is_due"),
            ({"finished_at": None}, "only_a_running_run_is_due"),
            ({"until": timezone.now().replace(year=2000)}, "run_period_has_time"),
        ],
    )
    def test_a_run_that_makes_no_sense(self, changes: dict[str, Any], constraint: str) -> None:
        run = make_run()

        assert constraint in refused(insert_like(RUNS, run.pk, **changes))

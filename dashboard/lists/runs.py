"""Runs of the reconciliation."""

from __future__ import annotations

from typing import Final

from django.db.models import Q
from django.urls import reverse

from dashboard.badges import Badge
from dashboard.lists import cells, fields
from dashboard.lists.declared import Column, List, Tab
from payments import selectors
from payments.models import ReconciliationRun, RunState

BADGES: Final[dict[str, Badge]] = {
    RunState.RUNNING: Badge("running", "started", "clock"),
    RunState.FINISHED: Badge("finished", "successful", "check"),
    RunState.FAILED: Badge("not finished", "failed", "cross"),
}


def _period(run: ReconciliationRun) -> cells.Cell:
    words = f"{run.since:%Y-%m-%d %H:%M} to {run.until:%Y-%m-%d %H:%M}"
    return cells.link(words, reverse("mid-office:reconciliation", args=[run.pk]))


def _from(run: ReconciliationRun) -> str:
    source = run.statement_name or "the PSP's list"
    return f"{source}, dry run" if run.is_dry else source


def _asked_by(run: ReconciliationRun) -> str:
    return "nightly" if run.is_nightly else run.asked_by


RUNS: Final = List(
    name="reconciliations",
    title="Reconciliation",
    nothing="No run fits.",
    rows=selectors.reconciliation_runs,
    columns=(
        Column("Status", lambda run: cells.status(BADGES[run.state])),
        Column("Age", lambda run: cells.age(run.created_at)),
        Column("PSP", lambda run: cells.words(run.psp)),
        Column("Period (UTC)", _period),
        Column("From", lambda run: cells.words(_from(run))),
        Column("Lines", lambda run: cells.number(run.lines)),
        Column("Differences", lambda run: cells.number(run.differences)),
        Column("Healed", lambda run: cells.number(run.healed)),
        Column("Asked by", lambda run: cells.words(_asked_by(run))),
    ),
    exported={
        "Status": lambda run: run.state,
        "PSP": lambda run: run.psp,
        "Since (UTC)": lambda run: run.since,
        "Until (UTC)": lambda run: run.until,
        "From": _from,
        "Lines": lambda run: run.lines,
        "Differences": lambda run: run.differences,
        "Known before": lambda run: run.already_known,
        "Healed": lambda run: run.healed,
        "Asked by": _asked_by,
        "Run": lambda run: run.pk,
        "Begun (UTC)": lambda run: run.created_at,
        "Ended (UTC)": lambda run: run.finished_at,
    },
    tabs={
        "": Tab("All"),
        **{state.value: Tab(state.value.capitalize(), also=Q(state=state)) for state in RunState},
    },
    filters={"psp": fields.psp()},
)

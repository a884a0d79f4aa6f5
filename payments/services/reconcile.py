"""Compares a PSP's list with our rows, records every difference, and heals what the gate can.

A run is a row that is due: it goes from batch to batch, and each batch commits its findings
together with the place where the next one begins. Whoever claims the row goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from payments.crash_points import CrashPoint, passing
from payments.domain.answers import REFUSED
from payments.domain.schedule import RECEIPT_RETRIES, retry_delay
from payments.models import ReconciliationRun, RunState, RunStep
from payments.services import due
from payments.services.discrepancies import ask_for_people, close_healed, record
from payments.services.run_steps import STEPS, Batch, PspAway
from payments.services.statements import stage
from psp_clients.contract import AuthFailed, Transaction

# A worker gives way to other work this often; between two batches, never within one.
SLICE_SECONDS: Final = 5
# The retries' last wait is an hour: a PSP that cannot be asked for a day is left to a person.
TRIES: Final = 30
# A dry run stores no discrepancies; this many are kept for whoever asked.
PREVIEWED: Final = 500
# Nightly runs wait until PSPs have closed their day, and make good what was missed meanwhile.
BOOKS_CLOSED_AT: Final = timedelta(hours=2)
NIGHTS_MADE_GOOD: Final = 3
DAY: Final = timedelta(days=1)


class LostRun(Exception):
    """Another worker went on with the run, because this one's lease had lapsed."""


def start_run(
    *,
    psp: str,
    since: datetime,
    until: datetime,
    asked_by: str,
    is_dry: bool = False,
    now: datetime,
    statement: Iterable[Transaction] | None = None,
    statement_name: str = "",
    carried_by_caller: bool = False,
) -> ReconciliationRun:
    """Store a run, due at once; with a statement, its lines as well, all or none.

    Raises what reading the statement raises. `carried_by_caller` leaves the run to the caller for
    one lease, after which any worker goes on.
    """
    with transaction.atomic(durable=True):
        run = ReconciliationRun.objects.create(
            psp=psp,
            since=since,
            until=until,
            asked_by=asked_by,
            is_dry=is_dry,
            statement_name=statement_name[:255],
            step=RunStep.READ if statement is None else RunStep.PAIR,
            due_at=now,
            leased_until=due.lease_end(now) if carried_by_caller else None,
        )
        if statement is not None:
            run.lines = stage(run, statement)
            run.save(update_fields=["lines", "updated_at"])
        if not carried_by_caller:
            due.hint()
    return run


def plan_nightly_runs(psps: Iterable[str], *, now: datetime) -> int:
    """Store a run of each of the last days, in UTC, that a PSP in use has none of; count them."""
    today = (
        (now - BOOKS_CLOSED_AT).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    planned = 0
    for psp in psps:
        for nights in range(1, NIGHTS_MADE_GOOD + 1):
            since = today - nights * DAY
            _, is_new = ReconciliationRun.objects.get_or_create(
                psp=psp,
                since=since,
                is_nightly=True,
                defaults={"until": since + DAY, "due_at": now},
            )
            planned += is_new
    if planned:
        due.hint()
    return planned


def carry_run(run_id: UUID, *, now: datetime) -> None:
    """Carry a claimed run on for a while, then give way to other work."""
    run = ReconciliationRun.objects.get(pk=run_id)
    until = time.monotonic() + SLICE_SECONDS
    try:
        while run.is_running and time.monotonic() < until:
            run = take_batch(run)
    except LostRun:
        return
    except PspAway as away:
        wait_for_psp(run, away, now=timezone.now())
        return
    if run.is_running:
        due.release("reconciliation", run.pk, due_at=timezone.now())
        due.hint()


def take_batch(run: ReconciliationRun) -> ReconciliationRun:
    """Do one batch of a run and return the run as it then stands.

    Raises PspAway, which changes nothing, and LostRun.
    """
    batch = STEPS[RunStep(run.step)](run)
    passing(CrashPoint.BEFORE_BATCH_COMMIT)
    now = timezone.now()
    with transaction.atomic(durable=True):
        moved = _moved(run, batch, now)
        if not run.is_dry:
            new = record(run, batch.differences)
            moved.already_known += len(batch.differences) - new
            moved.healed += close_healed(batch.agreed, run, now=now)
            ask_for_people(batch.for_people)
        _save(run, moved)
    return moved


def _moved(run: ReconciliationRun, batch: Batch, now: datetime) -> ReconciliationRun:
    """Return the run as it stands after a batch."""
    moved = ReconciliationRun.objects.get(pk=run.pk)
    moved.lines += batch.lines
    moved.compared += batch.compared
    moved.attempts = 0
    moved.leased_until = due.lease_end(now)
    for found in batch.differences:
        moved.found[found.kind] = moved.found.get(found.kind, 0) + 1
    if run.is_dry:
        room = PREVIEWED - len(moved.preview)
        moved.preview += [_shown(found) for found in batch.differences[:room]]
    if batch.cursor:
        moved.cursor = batch.cursor
    else:
        moved.cursor = ""
        _go_on(moved, now)
    return moved


def _shown(found: object) -> dict[str, str]:
    return {
        name: str(getattr(found, name))
        for name in ("kind", "ours", "theirs", "psp_reference", "reference", "at")
    }


def _go_on(run: ReconciliationRun, now: datetime) -> None:
    """Turn to the next step, or finish. A dry run heals nothing."""
    steps = [step for step in RunStep if step is not RunStep.OPEN or not run.is_dry]
    following = steps[steps.index(RunStep(run.step)) + 1 :]
    if following:
        run.step = following[0]
    else:
        run.state, run.finished_at = RunState.FINISHED, now
        run.due_at = run.leased_until = None


def _save(before: ReconciliationRun, after: ReconciliationRun) -> None:
    """Write the run as it now stands, unless another worker has moved it meanwhile."""
    fields = (
        "lines",
        "compared",
        "found",
        "already_known",
        "healed",
        "preview",
        "cursor",
        "step",
        "state",
        "finished_at",
        "due_at",
        "leased_until",
        "attempts",
    )
    written = ReconciliationRun.objects.filter(
        pk=before.pk, state=RunState.RUNNING, step=before.step, cursor=before.cursor
    ).update(updated_at=timezone.now(), **{name: getattr(after, name) for name in fields})
    if not written:
        raise LostRun


def wait_for_psp(run: ReconciliationRun, away: PspAway, *, now: datetime) -> ReconciliationRun:
    """Leave the run due again later, or end it where asking again would not help."""
    hopeless = away.outcome in REFUSED or isinstance(away.error, AuthFailed)
    run = ReconciliationRun.objects.get(pk=run.pk)
    run.error = str(away)[:500]
    run.leased_until = None
    if hopeless or run.attempts >= TRIES:
        run.state, run.finished_at, run.due_at = RunState.FAILED, now, None
    else:
        wait = retry_delay(RECEIPT_RETRIES, run.attempts)
        run.due_at = due.sooner(now + wait, now)
    run.save(
        update_fields=["error", "leased_until", "state", "finished_at", "due_at", "updated_at"]
    )
    return run

"""Compares a PSP's list, or its statement as CSV, with our rows, and says what differs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from payments.domain.days import PeriodRefused, whole_days
from payments.domain.statement import Layout, StatementRefused, read_statement
from payments.models import Discrepancy, ReconciliationRun, Resolution, StatementFormat
from payments.services.reconcile import LostRun, start_run, take_batch, wait_for_psp
from payments.services.run_steps import PspAway
from psp_clients.contract import Transaction

DIFFERENT: Final = 1
BAD_INPUT: Final = 2
UNFINISHED: Final = 3


class Command(BaseCommand):
    """manage.py reconcile."""

    help = (
        "Compare a PSP's list with our rows. Exit codes: 0 nothing is open; 1 differences are open "
        "(a dry run: were found); 2 bad input, nothing was done; 3 the PSP could not be asked: "
        "workers go on with the run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a PSP, a period of whole days in UTC, and where its side comes from."""
        parser.add_argument("--psp", required=True, help="one of BPS_PSPS")
        parser.add_argument("--from", dest="first", help="first day, YYYY-MM-DD (yesterday)")
        parser.add_argument("--to", dest="last", help="last day, included (the first day)")
        parser.add_argument("--csv", help="the PSP's statement, instead of asking the PSP")
        parser.add_argument("--mapping", help="a saved column mapping of the PSP, for --csv")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what differs, change nothing"
        )
        parser.add_argument("--json", action="store_true", help="print JSON on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the run, carry it to its end, print what it found."""
        run = self._start(options)
        try:
            while run.is_running:
                run = take_batch(run)
                self._show_progress(run)
        except LostRun:
            raise CommandError("A worker goes on with the run.", returncode=UNFINISHED) from None
        except PspAway as away:
            run = wait_for_psp(run, away, now=timezone.now())
            later = "Workers ask again." if run.is_running else "The run has ended."
            raise CommandError(
                f"{run.psp} could not be asked: {run.error}. {later}", returncode=UNFINISHED
            ) from away
        found = _preview(run) if run.is_dry else list(_open(run))
        self._print(run, found, as_json=options["json"])
        if found:
            sys.exit(DIFFERENT)

    def _start(self, options: dict[str, Any]) -> ReconciliationRun:
        psp = options["psp"]
        if psp not in settings.BPS_PSPS:
            known = ", ".join(settings.BPS_PSPS)
            raise CommandError(
                f"--psp: {psp!r} is not in use; in use: {known}", returncode=BAD_INPUT
            )
        since, until = _period(options["first"], options["last"])
        if options["mapping"] and not options["csv"]:
            raise CommandError("--mapping is for --csv", returncode=BAD_INPUT)
        fields: dict[str, Any] = {
            "psp": psp,
            "since": since,
            "until": until,
            "asked_by": "manage.py",
            "is_dry": options["dry_run"],
            "carried_by_caller": True,
            "now": timezone.now(),
        }
        if not options["csv"]:
            return start_run(**fields)
        path = Path(options["csv"])
        with _statement(path, _layout(psp, options["mapping"])) as statement:
            return start_run(**fields, statement=statement, statement_name=path.name)

    def _show_progress(self, run: ReconciliationRun) -> None:
        at = f" {run.cursor}" if run.cursor else ""
        self.stderr.write(
            f"{run.get_step_display()}{at}: {run.lines} lines, {run.compared} compared, "
            f"{run.differences} differences"
        )

    def _print(self, run: ReconciliationRun, found: list[dict[str, Any]], *, as_json: bool) -> None:
        summary = {
            "run": str(run.pk),
            "psp": run.psp,
            "from": run.since.isoformat(),
            "until": run.until.isoformat(),
            "dry_run": run.is_dry,
            "lines": run.lines,
            "compared": run.compared,
            "found": run.found,
            "already_known": run.already_known,
            "healed": run.healed,
        }
        if as_json:
            self.stdout.write(json.dumps({**summary, "differences": found}, indent=2))
            return
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(run.found.items()))
        self.stdout.write(
            f"{run}: {run.lines} lines, {run.compared} payments compared, "
            f"{run.differences} differences ({kinds or 'none'}), "
            f"{run.already_known} known before, {run.healed} healed."
        )
        for one in found:
            self.stdout.write(
                f"  {one['kind']}: ours {one['ours']}; theirs {one['theirs']} "
                f"[{one['psp_reference'] or one['reference']}]"
            )


def _period(first: str | None, last: str | None) -> tuple[datetime, datetime]:
    begin = _day("--from", first) if first else timezone.now().astimezone(UTC).date() - timedelta(1)
    try:
        return whole_days(begin, _day("--to", last) if last else begin)
    except PeriodRefused as refused:
        raise CommandError(f"--from, --to: {refused}", returncode=BAD_INPUT) from refused


def _day(option: str, text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, in UTC
    except ValueError as error:
        raise CommandError(
            f"{option}: {text!r} is no day of the form YYYY-MM-DD", returncode=BAD_INPUT
        ) from error


def _layout(psp: str, name: str | None) -> Layout:
    if not name:
        return Layout()
    formats = StatementFormat.objects.filter(psp=psp)
    found = formats.filter(name=name).first()
    if found is None:
        known = ", ".join(formats.values_list("name", flat=True)) or "none"
        raise CommandError(
            f"--mapping: {psp} has no mapping {name!r}; saved are: {known}", returncode=BAD_INPUT
        )
    return found.layout


@contextmanager
def _statement(path: Path, layout: Layout) -> Iterator[Iterator[Transaction]]:
    """Read a file as it is consumed; every fault of it is bad input."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield read_statement(text, layout)
    except (OSError, StatementRefused) as fault:
        raise CommandError(f"--csv: {path}: {fault}", returncode=BAD_INPUT) from fault


def _open(run: ReconciliationRun) -> Iterator[dict[str, Any]]:
    rows = Discrepancy.objects.filter(last_run=run, resolution=Resolution.OPEN).order_by("pk")
    for row in rows.iterator():
        yield {
            "id": str(row.pk),
            "kind": row.kind,
            "ours": row.ours,
            "theirs": row.theirs,
            "psp_reference": row.psp_reference,
            "reference": row.session_id.hex if row.session_id else "",
            "at": row.happened_at.isoformat(),
            "first_seen": row.created_at.isoformat(),
        }


def _preview(run: ReconciliationRun) -> list[dict[str, Any]]:
    return list(run.preview)

"""What looking for broken invariants found: one row a board."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from payments.models.record import Record


class InvariantCheck(Record):
    """One board: every invariant, and whether it held. Kept for 30 days (payments.services.prune).

    `results` is a list of what `payments.invariants.findings.Result.as_json` returns.
    """

    checked_at = models.DateTimeField()
    changed_since = models.DateTimeField(
        help_text="Sessions that changed since then had to be looked at."
    )
    duration_ms = models.PositiveIntegerField()
    sessions = models.PositiveIntegerField(help_text="How many sessions were looked at.")
    complete = models.BooleanField(help_text="Whether every changed session was looked at.")
    walked_to = models.UUIDField(
        null=True,
        blank=True,
        help_text="The older session at which the next board goes on; empty once all were seen.",
    )
    actor = models.CharField(
        max_length=150, blank=True, help_text="Who asked for it; empty where the clock did."
    )
    results = models.JSONField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["created_at"], name="invariant_check_by_age")]

    def __str__(self) -> str:
        return f"board of {self.checked_at:%Y-%m-%d %H:%M:%S}"

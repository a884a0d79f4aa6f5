"""What members of staff did that is about no one session: keys, secrets, rights, settings."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models

from payments.models.record import Record, newest_first
from payments.models.shop import Shop


class StaffEvent(Record):
    """One act of staff, or one that was refused. Append-only; in no session's hash chain.

    `data` has the reason of an act, and `before` and `after` of a change. No secret is ever in it.
    """

    name = models.CharField(max_length=40)
    actor = models.CharField(max_length=150)
    shop = models.ForeignKey(
        Shop, on_delete=models.PROTECT, null=True, blank=True, related_name="staff_events"
    )
    subject = models.CharField(
        max_length=200, blank=True, help_text="What it was done to, in words: a key, a user."
    )
    cause_id = models.CharField(
        max_length=64,
        blank=True,
        help_text="The row that it came from: an approval, a discrepancy.",
    )
    data = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [newest_first("staff_event_newest_first")]
        triggers: ClassVar = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.name} by {self.actor}"

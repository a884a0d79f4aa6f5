"""The conditions everything runs under: the PSP's clock, outage, faults, policy. One row."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from sandbox.clocks import Now, wall_now


def no_rates() -> dict[str, Any]:
    """Return the rates of a PSP without random faults."""
    return {}


class Conditions(models.Model):
    """The one row that the server and the clock process share. Read it once per request.

    The PSP's time is `psp_anchor` plus the wall's seconds since `wall_anchor` times `speed`.
    """

    class Outage(models.TextChoices):
        """How calls end while the PSP is away."""

        ERROR = "503"
        NOTHING_HAPPENED = "503_nothing"
        DROP = "drop"

    speed = models.FloatField(default=1)
    wall_anchor = models.DateTimeField(default=timezone.now)
    psp_anchor = models.DateTimeField(default=timezone.now)
    outage_mode = models.CharField(max_length=12, choices=Outage, blank=True)
    outage_until_wall_at = models.DateTimeField(null=True)
    fault_rates = models.JSONField(default=no_rates)
    fault_seed = models.BigIntegerField(default=0)
    single_success = models.BooleanField(default=True)
    key_window_seconds = models.PositiveIntegerField(default=86_400)

    def __str__(self) -> str:
        return "the sandbox's conditions"

    @classmethod
    def current(cls) -> "Conditions":
        """Return the row."""
        return cls.objects.get(pk=1)

    @classmethod
    def locked(cls) -> "Conditions":
        """Return the row, for this transaction to change."""
        return cls.objects.select_for_update().get(pk=1)

    def now(self) -> Now:
        """Read both clocks."""
        return self.at(wall_now())

    def at(self, wall: datetime) -> Now:
        """Return what the PSP's clock shows when the wall's shows `wall`."""
        return Now(wall=wall, psp=self.psp_anchor + (wall - self.wall_anchor) * self.speed)

    @property
    def key_window(self) -> timedelta:
        """How long an idempotency key is remembered, on the PSP's clock."""
        return timedelta(seconds=self.key_window_seconds)

    def outage(self, now: Now) -> str:
        """Return the mode of the outage that is on, or nothing."""
        over = self.outage_until_wall_at is None or self.outage_until_wall_at <= now.wall
        return "" if over else self.outage_mode

"""What was counted of each hour and day that is over, so that no page counts it again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from payments.models.record import Record


class Measure(models.TextChoices):
    """What is counted. A word tells the counts of one measure apart where it says so."""

    HOUR = "hour", "the hour itself: that it was counted"
    REGISTERED = "registered", "sessions that a PSP registered"
    BOUGHT = "bought", "purchases that were begun"
    SUCCESSFUL = "successful", "purchases whose money was taken"
    FAILED = "failed", "purchases that failed, by reason"
    KNOWN = "known", "ends that became known, by what told of them"
    LATENCY = "latency", "calls to PSPs, by how long they took"


class Tally(Record):
    """One count of one hour or day (UTC). Counted once, after it is over, and never changed.

    Whatever happened is counted in the hour in which it happened: a purchase that failed and was
    found to be successful later counts as both, each in its hour.
    """

    hour = models.DateTimeField(help_text="When it begins; a day begins with its first hour.")
    hours = models.PositiveSmallIntegerField(default=1, help_text="1, or 24 for a whole day.")
    measure = models.CharField(max_length=10, choices=Measure.choices)
    psp = models.CharField(max_length=20, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    word = models.CharField(max_length=64, blank=True)
    count = models.PositiveBigIntegerField()
    amount = models.DecimalField(
        max_digits=24, decimal_places=4, default=0, help_text="In the currency, where there is one."
    )

    class Meta:
        verbose_name_plural = "tallies"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hours", "hour", "measure", "psp", "currency", "word"],
                name="one_tally_per_hour_and_measure",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["-hour"],
                condition=models.Q(measure=Measure.HOUR, hours=1),
                name="hours_tallied",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.hour:%Y-%m-%d %H:00}"

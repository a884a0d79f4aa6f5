"""Reconciliation: runs, the lines that PSPs listed, and what they and we disagree about."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from payments.domain.reconciliation import DifferenceKind
from payments.domain.statement import Layout
from payments.models.purchase import Purchase
from payments.models.record import (
    DueWork,
    Record,
    due_index,
    known,
    never_deleted,
    newest_first,
    unchangeable,
    words,
)
from payments.models.refund import Refund
from payments.models.session import PaymentSession
from psp_clients.contract import Money, Transaction


class RunState(models.TextChoices):
    """How far a run has come."""

    RUNNING = "running", "running"
    FINISHED = "finished", "finished"
    FAILED = "failed", "could not be finished"


class RunStep(models.TextChoices):
    """What a run does now. In their order."""

    READ = "read", "reading the PSP's list"
    PAIR = "pair", "pairing lines that name nothing of ours by amount and day"
    LISTED = "listed", "comparing what the PSP lists"
    STRANGERS = "strangers", "judging lines about nothing of ours"
    PAYMENTS = "payments", "looking for successful purchases that are not listed"
    REFUNDS = "refunds", "looking for successful refunds that are not listed"
    OPEN = "open", "looking again at what is open, and healing"


class ReconciliationRun(Record, DueWork):
    """One comparison of a period, resumed from its cursor by whoever claims it next."""

    psp = models.CharField("PSP", max_length=20)
    since = models.DateTimeField()
    until = models.DateTimeField()
    statement_name = models.CharField(
        max_length=255, blank=True, help_text="The file's name; empty where the PSP was asked."
    )
    is_dry = models.BooleanField(default=False)
    is_nightly = models.BooleanField(default=False)
    asked_by = models.CharField(max_length=150, blank=True)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    step = models.CharField(max_length=10, choices=RunStep.choices, default=RunStep.READ)
    cursor = models.CharField(max_length=300, blank=True)
    lines = models.PositiveIntegerField(default=0)
    compared = models.PositiveIntegerField(default=0)
    found = models.JSONField(default=dict, help_text="How many differences of each kind.")
    already_known = models.PositiveIntegerField(default=0)
    healed = models.PositiveIntegerField(default=0)
    preview = models.JSONField(default=list, help_text="The first differences of a dry run.")
    error = models.CharField(max_length=500, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(since__lt=F("until")), name="run_period_has_time"),
            known("state", RunState, "run_state_is_known"),
            known("step", RunStep, "run_step_is_known"),
            models.CheckConstraint(
                condition=Q(state="running", finished_at__isnull=True)
                | Q(~Q(state="running"), finished_at__isnull=False, due_at__isnull=True),
                name="only_a_running_run_is_due",
            ),
            models.UniqueConstraint(
                fields=["psp", "since"],
                condition=Q(is_nightly=True),
                name="one_nightly_run_per_psp_and_day",
            ),
        ]
        indexes: ClassVar = [due_index("run_due"), newest_first("run_newest_first")]
        triggers: ClassVar = [
            never_deleted,
            unchangeable(
                "what_was_asked_stays",
                "psp",
                "since",
                "until",
                "statement_name",
                "is_dry",
                "is_nightly",
                "asked_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.psp}, {self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M}"

    @property
    def differences(self) -> int:
        """How many differences were found, of all kinds."""
        return sum(self.found.values())

    @property
    def is_running(self) -> bool:
        """Whether it has yet to end."""
        return self.state == RunState.RUNNING


class StatementLine(Record):
    """One line that a PSP listed, as read by one run: its working material, kept for 90 days."""

    # Both are found by the indexes below; a line is written once and must cost little.
    run = models.ForeignKey(
        ReconciliationRun, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    session = models.ForeignKey(
        PaymentSession,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    kind = models.CharField(max_length=6)
    psp_reference = models.CharField(max_length=255)
    reference = models.CharField(max_length=255, blank=True)
    psp_token = models.CharField(max_length=255, blank=True)
    amount = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20)
    booked_at = models.DateTimeField()
    fee_amount = models.CharField(max_length=20, blank=True)
    fee_currency = models.CharField(max_length=3, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "kind", "psp_reference"], name="one_line_per_psp_reference"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["run", "session"], name="line_by_session")]

    def __str__(self) -> str:
        return f"{self.kind} {self.psp_reference}"

    @property
    def transaction(self) -> Transaction:
        """The line as the PSP's client gave it, under the name of the session it was found for."""
        return Transaction(
            kind=self.kind,
            psp_reference=self.psp_reference,
            reference=self.session_id.hex if self.session_id else self.reference,
            psp_token=self.psp_token,
            money=Money(self.amount, self.currency),
            status=self.status,
            booked_at=self.booked_at,
            fee=Money(self.fee_amount, self.fee_currency) if self.fee_currency else None,
        )


class Resolution(models.TextChoices):
    """What became of a discrepancy."""

    OPEN = "open", "open"
    HEALED = "healed", "healed: the two sides agree now"
    RESOLVED = "resolved", "resolved by a person"


class Discrepancy(Record):
    """One thing in which a PSP and we differ. Found again, it is the same row while it is open."""

    run = models.ForeignKey(
        ReconciliationRun, on_delete=models.PROTECT, related_name="discrepancies"
    )
    last_run = models.ForeignKey(ReconciliationRun, on_delete=models.PROTECT, related_name="+")
    psp = models.CharField("PSP", max_length=20)
    kind = models.CharField(max_length=24, choices=words(DifferenceKind))
    subject = models.CharField(max_length=300, help_text="What it is about: stays the same.")
    session = models.ForeignKey(
        PaymentSession,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="discrepancies",
    )
    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ours = models.CharField(max_length=200)
    theirs = models.CharField(max_length=200)
    psp_reference = models.CharField("PSP reference", max_length=255, blank=True)
    happened_at = models.DateTimeField()
    resolution = models.CharField(
        max_length=10, choices=Resolution.choices, default=Resolution.OPEN
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "discrepancies"
        constraints: ClassVar = [
            known("kind", DifferenceKind, "discrepancy_kind_is_known"),
            known("resolution", Resolution, "discrepancy_resolution_is_known"),
            models.UniqueConstraint(
                fields=["psp", "kind", "subject"],
                condition=Q(resolution="open"),
                name="one_open_discrepancy_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(resolution="open", resolved_at__isnull=True)
                | Q(~Q(resolution="open"), resolved_at__isnull=False),
                name="only_an_open_discrepancy_has_no_end",
            ),
            models.CheckConstraint(
                condition=~Q(resolution="resolved") | Q(~Q(note=""), resolved_by__isnull=False),
                name="who_resolves_says_why",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["psp", "id"], condition=Q(resolution="open"), name="open_discrepancies"
            ),
            models.Index(fields=["psp", "kind", "subject"], name="discrepancy_by_subject"),
        ]
        triggers: ClassVar = [
            never_deleted,
            unchangeable(
                "what_was_found_stays",
                "run",
                "psp",
                "kind",
                "subject",
                "session",
                "purchase",
                "refund",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"

    @property
    def is_open(self) -> bool:
        """Whether the two sides differ still, as far as is known."""
        return self.resolution == Resolution.OPEN


def our_words() -> dict[str, str]:
    """Return the columns of a statement that uses our own words."""
    return dict(Layout().columns)


class StatementFormat(Record):
    """Where a PSP's CSV statements have what: a column mapping that is saved under a name."""

    psp = models.CharField("PSP", max_length=20)
    name = models.CharField(max_length=60)
    columns = models.JSONField(
        default=our_words, help_text="Our word for each field, to the statement's column."
    )
    kind_words = models.JSONField(
        default=dict, blank=True, help_text='Its words to ours: {"Payment": "charge"}.'
    )
    status_words = models.JSONField(
        default=dict, blank=True, help_text='Its words to ours: {"Settled": "successful"}.'
    )
    delimiter = models.CharField(max_length=1, default=",")
    decimal_mark = models.CharField(
        max_length=1, default=".", choices=[(".", "point"), (",", "comma")]
    )
    date_format = models.CharField(
        max_length=40, blank=True, help_text="As strptime has it (%d.%m.%Y); empty for ISO 8601."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["psp", "name"], name="one_format_per_psp_and_name"),
            models.CheckConstraint(
                condition=Q(decimal_mark__in=[".", ","]), name="decimal_mark_is_known"
            ),
        ]
        triggers: ClassVar = [never_deleted]
        ordering = ("psp", "name")

    def __str__(self) -> str:
        return f"{self.name} ({self.psp})"

    @property
    def layout(self) -> Layout:
        """The mapping as the reader takes it."""
        return Layout(
            columns=self.columns,
            kind_words=self.kind_words,
            status_words=self.status_words,
            delimiter=self.delimiter,
            decimal_mark=self.decimal_mark,
            date_format=self.date_format,
        )

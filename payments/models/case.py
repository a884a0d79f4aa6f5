"""Cases: what a person in the mid-office must look at."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from payments.models.purchase import Purchase
from payments.models.record import Record, never_deleted, newest_first
from payments.models.session import PaymentSession


class CaseKind(models.TextChoices):
    """Why a person must look."""

    AMOUNT_MISMATCH = "amount_mismatch", "the PSP names another amount or currency"
    CONFLICTING_REPORT = "conflicting_report", "the PSP contradicts what it said before"
    LATE_SUCCESS = "late_success", "charged after the purchase had failed"
    SURPLUS = "surplus", "a second charge for a paid order"
    UNKNOWN_WORD = "unknown_word", "the PSP used a word that no table lists"
    UNANSWERED = "unanswered", "no answer for a week"
    REFUND_FAILED = "refund_failed", "a refund did not reach the shopper"
    REFUSED_BY_PSP = "refused_by_psp", "the PSP refuses our request or our credentials"
    NOT_AS_ASKED = "not_as_asked", "a capture or a void did not come about as asked"
    PSP_NEWS = "psp_news", "the PSP tells of a dispute, or of other news for a person"
    DISCREPANCY = "discrepancy", "the PSP's books and ours differ"
    INVARIANT = "invariant", "our own records break an invariant"


class Case(Record):
    """One question for a person. At most one of a kind is open per session."""

    session = models.ForeignKey(PaymentSession, on_delete=models.PROTECT, related_name="cases")
    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, null=True, blank=True, related_name="cases"
    )
    kind = models.CharField(max_length=20, choices=CaseKind.choices)
    detail = models.TextField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="cases",
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["session", "kind"],
                condition=models.Q(resolved_at__isnull=True),
                name="one_open_case_per_kind",
            ),
        ]
        permissions: ClassVar = [("work_on_case", "Can take, annotate and resolve cases")]
        indexes: ClassVar = [
            newest_first("case_newest_first"),
            newest_first("case_open", condition=models.Q(resolved_at__isnull=True)),
        ]
        triggers: ClassVar = [never_deleted]
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.get_kind_display()

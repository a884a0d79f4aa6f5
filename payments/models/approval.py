"""Approvals: what one person asks to do, and a second one must agree to first."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from payments.domain.approvals import APPROVAL_GRAPH, ApprovalState, ApprovedAct
from payments.models.record import Record, known, never_deleted, unchangeable, words
from payments.models.session import PaymentSession


class Approval(Record):
    """One request, bound to the hash of its exact arguments. Decided once, by somebody else."""

    act = models.CharField(max_length=16, choices=words(ApprovedAct))
    session = models.ForeignKey(
        PaymentSession,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="approvals",
    )
    arguments = models.JSONField()
    arguments_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    request_key = models.CharField(max_length=64, unique=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=words(ApprovalState), default=ApprovalState.WAITING.value
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            known("act", ApprovedAct, "approved_act_is_known"),
            known("state", ApprovalState, "approval_state_is_known"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="nobody_approves_themselves",
            ),
            models.CheckConstraint(
                condition=Q(state=ApprovalState.WAITING.value)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="decided_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["expires_at"],
                condition=Q(state=ApprovalState.WAITING.value),
                name="approval_waiting",
            ),
        ]
        triggers: ClassVar = [
            never_deleted,
            unchangeable(
                "what_was_asked_stays",
                "act",
                "session",
                "arguments",
                "arguments_hash",
                "reason",
                "request_key",
                "requested_by",
                "expires_at",
            ),
            pgtrigger.FSM(
                name="legal_approval_state",
                field="state",
                transitions=[
                    (str(a), str(b))
                    for a, following in APPROVAL_GRAPH.items()
                    for b in sorted(following)
                ],
            ),
            pgtrigger.Protect(
                name="decision_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__decided_by__isnull=False)
                & pgtrigger.Q(old__decided_by__df=pgtrigger.F("new__decided_by")),
            ),
        ]
        permissions: ClassVar = [("give_approval", "Can agree to what others ask to do")]

    def __str__(self) -> str:
        return f"{self.get_act_display()} asked for by {self.requested_by}"

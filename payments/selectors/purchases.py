"""What was asked of a purchase: refunds, captures and voids."""

from __future__ import annotations

from django.db.models import QuerySet

from payments.domain.instructions import InstructionKind, InstructionState
from payments.models import Instruction, Purchase, Refund


def refunds_of(purchase: Purchase) -> QuerySet[Refund]:
    """Return a purchase's refunds, oldest first."""
    return purchase.refunds.order_by("pk")


def all_refunds() -> QuerySet[Refund]:
    """Return every refund with its session."""
    return Refund.objects.select_related("session")


def instructions_of(purchase: Purchase) -> QuerySet[Instruction]:
    """Return every capture and void that was asked of a purchase, oldest first."""
    return purchase.instructions.order_by("pk")


def pending_instruction(purchase: Purchase) -> Instruction | None:
    """Return what was asked of a purchase and has not ended."""
    return purchase.instructions.filter(state=InstructionState.PENDING).first()


def captures_of(purchase: Purchase) -> QuerySet[Instruction]:
    """Return what was asked to be captured of a purchase, oldest first."""
    return purchase.instructions.filter(kind=InstructionKind.CAPTURE).order_by("pk")

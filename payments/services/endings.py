"""Records the end of a session on which nobody has bought."""

from __future__ import annotations

from payments.domain.lifecycle import SessionStatus
from payments.models import PaymentSession
from payments.services.inserts import insert_together
from payments.services.timeline import Cause, event


def record_end(session: PaymentSession, status: SessionStatus, cause: Cause, *, why: str) -> None:
    """Record that a registered session ended. The caller holds its row, and saw no purchase."""
    session.status = status
    session.due_at = session.leased_until = None
    session.save(update_fields=["status", "due_at", "leased_until", "updated_at"])
    insert_together(event(session, f"session.{status}", cause, why=why))

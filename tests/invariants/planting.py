"""Plants rows that break an invariant, as only the owner of the tables can, and looks for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from psycopg.sql import SQL, Identifier

from payments.domain.lifecycle import STARTED_PHASES, Phase, SessionStatus
from payments.invariants.board import look_at_everything
from payments.invariants.findings import Board, Verdict
from payments.invariants.reading import Reader
from payments.models import CauseKind, PaymentSession, Purchase
from tests.builders import make_event, make_psp_call, make_purchase, make_session
from tests.database.sql import Statement, insert_like, update


def honest_session(**fields: Any) -> PaymentSession:
    """Return a session with the history that it would have, and its next work due."""
    status = fields.get("status", SessionStatus.REGISTERED)
    waits = status in (SessionStatus.CREATED, SessionStatus.REGISTERED)
    due_at = timezone.now() + timedelta(hours=1) if waits else None
    session = make_session(**{"due_at": due_at, **fields})
    make_event(session, "session.created", data={"psp": session.psp})
    if status != SessionStatus.CREATED:
        make_event(session, "session.registered", data={"psp": session.psp})
    return session


def honest_purchase(phase: Phase = Phase.CAPTURED, **fields: Any) -> Purchase:
    """Return a purchase with the history and the call that it would have.

    `session` are fields of its session; all others are the purchase's.
    """
    started = phase in STARTED_PHASES
    status = SessionStatus.REGISTERED if started else SessionStatus.COMPLETED
    session = honest_session(**{"status": status, **fields.pop("session", {})})
    purchase = make_purchase(session, phase=phase, **fields)
    make_psp_call(session, purchase=purchase)
    make_event(session, "purchase.started", purchase=purchase, phase_after=Phase.SUBMITTING)
    if phase is not Phase.SUBMITTING:
        move(purchase, Phase.SUBMITTING, phase)
    return purchase


def move(purchase: Purchase, before: Phase, after: Phase, **fields: Any) -> Any:
    """Return the event of a move, as the gate would write it."""
    captured = Decimal(purchase.captured_amount)
    defaults = {
        "purchase": purchase,
        "phase_before": before,
        "phase_after": after,
        "cause_kind": CauseKind.PSP_CALL,
        "data": {"captured_amount": f"{captured:.2f}"},
    }
    return make_event(purchase.session, f"purchase.{after}", **defaults | fields)


@contextmanager
def guards_off() -> Iterator[None]:
    """Switch triggers and foreign keys off, as a superuser at a prompt can."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


def tamper(statement: Statement) -> None:
    """Run a statement while nothing guards the tables."""
    with guards_off(), connection.cursor() as cursor:
        cursor.execute(*statement)


def set_columns(table: str, row_id: UUID, **columns: Any) -> None:
    """Change columns of a row, legal or not."""
    tamper(update(f"payments_{table}", row_id, **columns))


def twin(table: str, row_id: UUID, **changes: Any) -> UUID:
    """Add a row that is like another but for its id and some columns; return its id."""
    before = ids(table)
    tamper(insert_like(f"payments_{table}", row_id, **changes))
    [made] = ids(table) - before
    return made


def ids(table: str) -> set[UUID]:
    """Return the keys of a table."""
    with connection.cursor() as cursor:
        cursor.execute(SQL("SELECT id FROM {}").format(Identifier(f"payments_{table}")))
        return {row_id for (row_id,) in cursor.fetchall()}


def drop_constraint(table: str, name: str) -> None:
    """Drop a constraint, and what stands behind it."""
    _alter(SQL("ALTER TABLE {} DROP CONSTRAINT {}"), Identifier(f"payments_{table}"), name)


def drop_unique(table: str, column: str) -> None:
    """Drop the unique constraint that Django named for a column."""
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, f"payments_{table}")
    [name] = [n for n, c in constraints.items() if c["unique"] and c["columns"] == [column]]
    drop_constraint(table, name)


def drop_index(name: str) -> None:
    """Drop a unique index that has a condition."""
    _alter(SQL("DROP INDEX {}{}"), SQL(""), name)


def _alter(statement: SQL, table: Any, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement.format(table, Identifier(name)))


def board(**limits: float) -> Board:
    """Look at everything, in the transaction of the test."""
    return look_at_everything(reader=Reader(**{"seconds": 30, **limits}), now=timezone.now())


def found() -> dict[str, set[str]]:
    """Return the ids of what offends, by invariant; nothing may be unknown."""
    looked = board()
    assert looked.having(Verdict.UNKNOWN) == []
    return {
        result.id: {finding.id for finding in result.findings}
        for result in looked.having(Verdict.VIOLATED)
    }

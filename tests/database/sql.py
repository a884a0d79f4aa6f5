"""Statements as somebody with a database prompt would type them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from psycopg.sql import SQL, Composed, Identifier, Placeholder
from uuid_utils.compat import uuid7

from tests.database.tables import snapshot


class Statement(NamedTuple):
    """SQL and what fills its placeholders."""

    sql: Composed
    parameters: list[Any]


def update(table: str, row_id: UUID, **columns: Any) -> Statement:
    """Return the UPDATE of some columns of a row."""
    assignments = [SQL("{} = %s").format(Identifier(name)) for name in columns]
    statement = SQL("UPDATE {} SET {} WHERE id = %s")
    return Statement(
        statement.format(Identifier(table), SQL(", ").join(assignments)),
        [*columns.values(), row_id],
    )


def delete(table: str, row_id: UUID) -> Statement:
    """Return the DELETE of a row."""
    return Statement(SQL("DELETE FROM {} WHERE id = %s").format(Identifier(table)), [row_id])


def insert(table: str, **columns: Any) -> Statement:
    """Return the INSERT of a row."""
    names = SQL(", ").join(map(Identifier, columns))
    values = SQL(", ").join([Placeholder()] * len(columns))
    statement = SQL("INSERT INTO {} ({}) VALUES ({})")
    return Statement(statement.format(Identifier(table), names, values), [*columns.values()])


def insert_like(table: str, row_id: UUID, **changes: Any) -> Statement:
    """Return the INSERT of a row that is like another but for its id and some columns."""
    changed = {"id": uuid7(), **changes}
    columns = _writable_columns(table)
    values = [Placeholder() if name in changed else Identifier(name) for name in columns]
    statement = SQL("INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE id = %s")
    return Statement(
        statement.format(
            table=Identifier(table),
            names=SQL(", ").join(map(Identifier, columns)),
            values=SQL(", ").join(values),
        ),
        [*(changed[name] for name in columns if name in changed), row_id],
    )


def run(statement: Statement) -> None:
    """Run a statement in a savepoint of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(*statement)


def refused(statement: Statement) -> str:
    """Expect the database to refuse a statement and to be left as it was; return its reason."""
    [reason] = each_refused([statement])
    return reason


def each_refused(statements: Iterable[Statement]) -> list[str]:
    """Expect the database to refuse each, and to be left as it was by all; return its reasons."""
    before = snapshot()
    reasons = [_refusal(statement) for statement in statements]
    assert snapshot() == before
    return reasons


def _refusal(statement: Statement) -> str:
    try:
        run(statement)
    except DatabaseError as error:
        return str(error)
    pytest.fail(f"taken: {statement.sql.as_string(None)} with {statement.parameters}")


@cache
def _writable_columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND is_generated = 'NEVER'",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]

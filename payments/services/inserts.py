"""Inserts of several rows, of any models, in one statement and one turn to the database."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Model
from django.db.models.sql import InsertQuery


def insert_statement(row: Model) -> tuple[str, list[Any]]:
    """Return the INSERT of one row, as the ORM would write it, with its parameters."""
    columns = row._meta.local_concrete_fields  # noqa: SLF001 - Django documents _meta as public
    fields = [field for field in columns if not field.generated]
    query = InsertQuery(type(row))
    query.insert_values(fields, [row])
    [(statement, parameters)] = query.get_compiler(connection=connection).as_sql()
    return statement, list(parameters)


def insert_together(*rows: Model) -> None:
    """Insert rows: all or none. Foreign keys among them are checked at commit."""
    statements, parameters = [], []
    for row in rows:
        statement, values = insert_statement(row)
        statements.append(statement)
        parameters.extend(values)
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - as save() does
    *first, last = statements
    together = ", ".join(f"row_{place} AS ({statement})" for place, statement in enumerate(first))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {together} {last}" if first else last, parameters)

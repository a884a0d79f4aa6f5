"""The database's own guards: are the constraints and triggers there, valid and switched on.

A guard is named as models name it: "purchase.legal_phase", or "pspcall.idempotency_key" for the
unique index of one column.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.apps import apps
from pgtrigger import Trigger

from payments.invariants.findings import Finding
from payments.invariants.reading import Reader

IN_FORCE: Final = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint
     WHERE convalidated AND connamespace = current_schema()::regnamespace
    UNION
    SELECT indrelid::regclass::text, indexrelid::regclass::text FROM pg_index
     WHERE indisunique AND indisvalid
    UNION
    SELECT indrelid::regclass::text, attname FROM pg_index
      JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
     WHERE indisunique AND indisvalid AND indnatts = 1 AND indpred IS NULL
    UNION
    SELECT tgrelid::regclass::text, tgname FROM pg_trigger
     WHERE tgenabled IN ('O', 'A') AND NOT tgisinternal
"""


def guards_in_force(reader: Reader) -> set[tuple[str, str]]:
    """Return every guard of the database that works, by table and name. Raises OutOfTime."""
    return {(table, name) for table, name in reader.rows(IN_FORCE, {})}


def missing(guards: Iterable[str], in_force: set[tuple[str, str]]) -> list[Finding]:
    """Return the guards that are not in force."""
    return [
        Finding(None, "guard", guard, "the database's own guard is missing, invalid or off")
        for guard in guards
        if _in_database(guard) not in in_force
    ]


def _in_database(guard: str) -> tuple[str, str]:
    """Return the table and the name that a guard has in the database. Raises LookupError."""
    model_name, _, name = guard.partition(".")
    model: Any = apps.get_model("payments", model_name)
    options = model._meta  # noqa: SLF001 - Django documents _meta as public
    triggers: list[Trigger] = getattr(options, "triggers", [])
    names = {trigger.name: trigger.get_pgid(model) for trigger in triggers}
    names |= {constraint.name: constraint.name for constraint in options.constraints}
    names |= {field.name: field.column for field in options.local_concrete_fields if field.unique}
    return options.db_table, names[name]

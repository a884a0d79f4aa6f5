"""Digests of the tables, by which a test shows that a refusal changed nothing."""

from __future__ import annotations

from django.apps import apps
from django.db import connection
from psycopg.sql import SQL, Identifier, Literal

DIGEST = SQL(
    "SELECT {name}, count(*) || ' rows, digest ' ||"
    " md5(coalesce(string_agg(r::text, '|' ORDER BY r::text), '')) FROM {table} r"
)


def snapshot() -> dict[str, str]:
    """Return, for every table of BPS, how many rows it has and a digest of all of them."""
    models = apps.get_app_config("payments").get_models()
    tables = sorted(model._meta.db_table for model in models)  # noqa: SLF001 - documented as public
    digests = [DIGEST.format(name=Literal(table), table=Identifier(table)) for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(SQL(" UNION ALL ").join(digests))
        return dict(cursor.fetchall())


def changed_since(before: dict[str, str]) -> set[str]:
    """Return the tables that differ from what a snapshot saw."""
    after = snapshot()
    return {table for table in after if after[table] != before[table]}

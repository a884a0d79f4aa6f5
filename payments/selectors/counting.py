"""Counts several selections of rows at once."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet


def count_fitting(selections: dict[str, QuerySet[Any, Any]]) -> dict[str, tuple[int, int]]:
    """Count several selections in one statement: all rows of each, and those of them that fit.

    Each has one column that says whether a row fits, and is bounded by whoever made it.
    """
    compiled = [rows.query.sql_with_params() for rows in selections.values()]
    # What is put together here was compiled by the ORM; values stay parameters.
    columns = ", ".join(
        f"(SELECT ARRAY[count(*), count(*) FILTER (WHERE fits)] FROM ({sql}) AS counted (fits))"  # noqa: S608
        for sql, _ in compiled
    )
    parameters = [value for _, values in compiled for value in values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", parameters)
        row = cursor.fetchone()
    return {name: (total, fitting) for name, (total, fitting) in zip(selections, row, strict=True)}

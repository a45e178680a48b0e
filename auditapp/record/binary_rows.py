"""Rows in PostgreSQL's binary format, which Django's own cursor does not speak: events are mostly bytes, and need no unescaping so."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


def binary_rows(query: str, takes: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of a query on Django's connection and in its transaction; a bytea comes as bytes."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(query, takes, binary=True).fetchall()

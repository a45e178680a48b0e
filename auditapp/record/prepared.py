"""A cursor for the few statements that are carried out all day: PostgreSQL reads and plans each once a connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection


@contextmanager
def prepared_cursor() -> Iterator["psycopg.Cursor[Any]"]:
    """A cursor on Django's connection and in its transaction; its errors are Django's.

    Django's own cursors write the values into the text of the statement, which is another one each time.
    """
    connection.ensure_connection()
    own = connection.connection
    before, own.prepare_threshold = own.prepare_threshold, 0 if _prepares() else None
    try:
        with connection.wrap_database_errors, psycopg.Cursor(own) as cursor:
            yield cursor
    finally:
        own.prepare_threshold = before


def _prepares() -> bool:
    # A Django project that installs this app may leave the setting out.
    return getattr(settings, "DATABASE_PREPARED_STATEMENTS", True)

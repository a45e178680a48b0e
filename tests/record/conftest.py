"""A workspace without people: events alone."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from auditapp.record.acting import acting
from auditapp.record.drafts import Actor
from auditapp.record.workspace_scope import in_workspace

OLGA = Actor("user", "usr_olga", "Olga Owner", "olga@example.com")
MILO = Actor("user", "usr_milo", "Milo Member", "milo@example.com")


@pytest.fixture
def in_ws() -> Callable[[int], object]:
    return in_workspace


@pytest.fixture
def as_olga(db: None) -> Iterator[None]:
    """In workspace 1, Olga acting from an office address."""
    with in_workspace(1), acting(1, OLGA, ip="203.0.113.7", request_id="req_1", session_id="ses_1"):
        yield


@pytest.fixture
def rows() -> Callable[[str], list[tuple[object, ...]]]:
    def fetch(sql: str) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    return fetch

"""A log of its own for each test: events are recorded as the web does and sealed as the worker does."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction

from auditapp.sealing.services import seal_batch
from settings.embedded import SUPERUSER
from tests.conftest import _connected_to, cloned_database
from tests.sealing.events import write
from tests.sealing.tampering import SIGNED_AT, SIZE, SealedLog

AsRole = Callable[[str], object]


@pytest.fixture(autouse=True)
def seal_key_file(tmp_path: Path) -> Iterator[Path]:
    """Each database has a key of its own, as each installation has."""
    before = settings.SEAL_KEY_FILE
    settings.SEAL_KEY_FILE = tmp_path / "keys" / "seal.key"
    yield settings.SEAL_KEY_FILE
    settings.SEAL_KEY_FILE = before


@pytest.fixture
def log(own_database: str, as_role: AsRole) -> Callable[..., list[object]]:
    """`log(3)` records three events, seals them and gives their ids in leaf order; Django stays the web's role."""

    def fill(count: int, *, workspace_id: int = 1, **values: object) -> list[object]:
        ids = write(count, workspace_id=workspace_id, **values)
        with as_role("worker"):
            while seal_batch(limit=1_000):
                pass
        return ids

    return fill


@pytest.fixture
def connect(own_database: str, url_of: Callable[..., str]) -> Callable[..., "psycopg.Connection[tuple[object, ...]]"]:
    """A raw connection to the test's database: `connect("worker")`, or `connect("postgres")` as the superuser."""

    def opened(role: str, **options: object) -> "psycopg.Connection[tuple[object, ...]]":
        if role == "postgres":
            return psycopg.connect(url_of(own_database, user="postgres"), autocommit=True)
        if role == "owner":
            return psycopg.connect(
                url_of(own_database, user="postgres"), options="-c role=audit_owner", autocommit=True
            )
        return psycopg.connect(url_of(own_database), options=f"-c role=audit_{role}", autocommit=True)

    return opened


@pytest.fixture(scope="module")
def sealed_log(server, django_db_blocker, tmp_path_factory) -> Iterator[SealedLog]:
    """310 sealed events under checkpoints at 300 and 310, seen by the owner of the tables."""
    before, settings.SEAL_KEY_FILE = settings.SEAL_KEY_FILE, tmp_path_factory.mktemp("key") / "seal.key"
    with django_db_blocker.unblock(), cloned_database(server) as name:
        ids: list[UUID] = []
        for count in (SIGNED_AT, SIZE - SIGNED_AT):
            ids += write(count)
            with _connected_to(server, name, "worker"):
                seal_batch()
        with _connected_to(server, name, "owner", SUPERUSER):
            yield SealedLog(ids)
    settings.SEAL_KEY_FILE = before


@pytest.fixture
def tamper(sealed_log: SealedLog) -> Iterator[Callable[..., None]]:
    """`tamper(statement, parameters)`: as somebody who owns the tables would; undone after the test."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            for table in ("event", "leaf", "node", "checkpoint", "seal_key"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")

        def run(statement: str, parameters: object = None) -> int:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.rowcount

        yield run
        transaction.set_rollback(True)

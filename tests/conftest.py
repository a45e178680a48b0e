"""The test run's own PostgreSQL: migrated once into a template, from which each database is cloned in 20 ms.

Tests work as `audit_app`, as the web does; DATABASE_URL is never touched.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from django.test import Client

from settings.embedded import DATABASE, LOGIN, SUPERUSER, EmbeddedServer, throwaway_server

os.environ.pop("DATABASE_URL", None)
TEMPLATE = "template_audit"
_names = count(1)


@pytest.fixture(scope="session")
def server(django_db_blocker: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    """A PostgreSQL of our own with the migrated template."""
    with throwaway_server() as running:
        with django_db_blocker.unblock(), _connected_to(running, DATABASE, "owner", SUPERUSER):  # type: ignore[attr-defined]
            from django.core.management import call_command

            call_command("migrate", verbosity=0, skip_checks=True)
        with _administering(running) as admin:
            admin.execute(f"ALTER DATABASE {DATABASE} RENAME TO {TEMPLATE}")
        yield running


@contextmanager
def _administering(server: EmbeddedServer) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(server.url(user=SUPERUSER, name="postgres"), autocommit=True) as admin:
        yield admin


@contextmanager
def _connected_to(server: EmbeddedServer, name: str, role: str, login: str = LOGIN) -> Iterator[None]:
    """Django's connection, for a while, to this database under this role."""
    connection = connections["default"]
    connection.close()
    before = dict(connection.settings_dict)
    connection.settings_dict |= {
        "NAME": name,
        "USER": login,
        "PASSWORD": server.password,
        "HOST": str(server.sockets),
        "OPTIONS": {"options": f"-c role=audit_{role} -c timezone=UTC"},
    }
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(before)


@contextmanager
def cloned_database(server: EmbeddedServer, *, role: str = "app") -> Iterator[str]:
    """A migrated database that is dropped at the end, with Django connected to it; gives its name."""
    name = f"clone_{os.getpid()}_{next(_names)}"
    with _administering(server) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        try:
            with _connected_to(server, name, role):
                yield name
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def django_db_setup(server: EmbeddedServer, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """In place of pytest-django's: one clone for all tests that roll back."""
    with django_db_blocker.unblock(), cloned_database(server):  # type: ignore[attr-defined]
        yield


@pytest.fixture
def own_database(
    request: pytest.FixtureRequest, server: EmbeddedServer, django_db_blocker: pytest.FixtureRequest
) -> Iterator[str]:
    """A database for a test that commits; Django is connected to it as audit_app. Gives its name."""
    with django_db_blocker.unblock(), cloned_database(server) as name:  # type: ignore[attr-defined]
        yield name


@pytest.fixture
def url_of(server: EmbeddedServer) -> Callable[..., str]:
    """A libpq URL of a cloned database: `url_of(name)`, as the superuser with `url_of(name, user="postgres")`."""

    def url(name: str, *, user: str = LOGIN) -> str:
        return server.url(user=user, name=name)

    return url


@pytest.fixture
def as_role(server: EmbeddedServer, own_database: str) -> Callable[[str], object]:
    """`with as_role("worker"):` Django works in `own_database` under another role."""

    def switch(role: str) -> object:
        return _connected_to(server, own_database, role, SUPERUSER if role == "owner" else LOGIN)

    return switch


@pytest.fixture(scope="session", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys and outbox of the tests are the tests' own."""
    from django.conf import settings

    folder = tmp_path_factory.mktemp("data")
    settings.SEAL_KEY_FILE = folder / "keys" / "seal.key"
    settings.DATA_DIR = folder
    return folder


@pytest.fixture
def client() -> Client:
    return Client()

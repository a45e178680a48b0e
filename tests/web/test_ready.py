"""/readyz: each part is asked, and the one that is wrong is named with what to do."""

from collections import namedtuple

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from auditapp.web import health


@pytest.fixture
def with_worker(db):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")


def _parts(client, status):
    response = client.get("/readyz")
    assert response.status_code == status
    assert response.json()["ready"] is (status == 200)
    return response.json()["parts"]


def test_it_is_ready_with_database_tables_worker_and_room(client, with_worker):
    assert _parts(client, 200) == {"database": "ok", "migrations": "ok", "worker": "ok", "disk": "ok"}


@pytest.mark.django_db
def test_without_a_worker_it_says_how_to_start_one(client):
    parts = _parts(client, 503)
    assert "manage.py worker" in parts["worker"]
    assert parts["database"] == parts["migrations"] == "ok"


def test_a_worker_that_went_silent_is_named(client, with_worker):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'")
    assert _parts(client, 503)["worker"].startswith("no worker has been heard of for 3")


def test_a_migration_that_is_not_applied_is_named(client, with_worker, monkeypatch):
    applied = MigrationRecorder.applied_migrations
    left_out = ("auditapp", "0006_figures")
    monkeypatch.setattr(health, "_newest_migrations", lambda: frozenset({left_out}))
    monkeypatch.setattr(
        MigrationRecorder,
        "applied_migrations",
        lambda self: {key: value for key, value in applied(self).items() if key != left_out},
    )
    assert _parts(client, 503)["migrations"] == "not applied: auditapp.0006_figures; run manage.py migrate"


def test_a_full_disk_is_named(client, with_worker, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(health.shutil, "disk_usage", lambda folder: usage(0, 0, 100 * 1024**2))
    assert _parts(client, 503)["disk"] == "100 MiB free, less than 512"


def test_without_the_database_nothing_is_claimed(client, monkeypatch):
    def away(*_):
        raise OperationalError("connection refused on 10.1.2.3")

    monkeypatch.setattr("auditapp.web.health.connection.cursor", away)
    parts = _parts(client, 503)
    assert parts["database"] == "does not answer"
    assert parts["migrations"] == parts["worker"] == "not known without the database"

"""/metrics: figures of every workspace together, for this machine or with the token."""

import math
import re

import pytest
from django.db import DatabaseError, connection

from auditapp.forwarding.models import Forwarding
from auditapp.jobs.schedule import enqueue
from auditapp.lib import clock
from auditapp.pipeline.delivery.models import DeadLetter, Delivery
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.readers import move_reader
from auditapp.sealing.services import seal_batch
from auditapp.sealing.verification import verify_workspace
from auditapp.sources.inbox import Incoming, append
from tests.factories import make_destination, make_source, make_workspace

LINE = re.compile(r'^([a-z_]+)(?:\{([a-z]+)="((?:[^"\\\n]|\\.)*)"\})? (-?[0-9.e+-]+|\+Inf)$')


def _read(client, **extra):
    """Values by metric, or by metric and label."""
    response = client.get("/metrics", **extra)
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {}
    for line in response.content.decode().splitlines():
        if not line.startswith("#"):
            name, _, label, value = LINE.fullmatch(line).groups()
            found[f"{name}:{label}" if label else name] = float(value)
    return found


def _two_events(slug):
    workspace = make_workspace(slug=slug)
    with in_workspace(workspace.id), acting(workspace.id, SYSTEM):
        for _ in range(2):
            record("workspace.settings_modified", target=workspace)
    return workspace


def test_it_tells_what_waits_what_is_sealed_and_who_lags(client, own_database, as_role):
    workspaces = [_two_events("one"), _two_events("two")]
    before = _read(client)
    assert (before["audit_workspaces"], before["audit_events_total"], before["audit_events_waiting"]) == (2, 4, 4)
    assert 0 < before["audit_seal_lag_seconds"] < 60
    with as_role("worker"):
        seal_batch()
        with in_workspace(workspaces[0].id):
            move_reader(workspaces[0].id, "archive", start=0, end=1)
    sealed = _read(client)
    assert (sealed["audit_events_total"], sealed["audit_events_waiting"], sealed["audit_seal_lag_seconds"]) == (4, 0, 0)
    assert sealed["audit_reader_lag_events:archive"] == 1
    assert sealed["audit_reader_lag_events:alerts"] == 0
    assert sealed["audit_reader_lag_events:forwarding"] == 0
    assert sealed["audit_workspaces_unverified"] == 2
    with as_role("worker"):
        for workspace in workspaces:
            verify_workspace(workspace.id)
    verified = _read(client)
    assert (verified["audit_workspaces_unverified"], verified["audit_workspaces_broken"]) == (0, 0)
    assert 0 <= verified["audit_verification_age_seconds"] < 60


def test_forwarding_lags_while_it_is_on_and_an_older_reader_of_it_does_not(client, own_database, as_role):
    workspace = _two_events("one")
    with as_role("worker"):
        seal_batch()
        with in_workspace(workspace.id):
            move_reader(workspace.id, "forwarding-1", start=0, end=1)
    with in_workspace(workspace.id):
        forwarding = Forwarding.objects.create(workspace_id=workspace.id, is_on=True, generation=2, start_index=1)
    lags = {name: value for name, value in _read(client).items() if name.startswith("audit_reader_lag_events")}
    assert lags == {"audit_reader_lag_events:forwarding": 1, "audit_reader_lag_events:alerts": 0}
    with in_workspace(workspace.id):
        forwarding.is_on = False
        forwarding.save()
    assert _read(client)["audit_reader_lag_events:forwarding"] == 0


def test_a_destination_is_told_by_how_far_it_is_behind_how_often_it_failed_and_what_it_refused(client, own_database):
    workspace = make_workspace(slug="one")
    source = make_source(workspace=workspace)
    on, off = make_destination(source=source), make_destination(source=source, name="Off", is_enabled=False)
    with in_workspace(workspace.id):
        append(workspace.id, source.id, [Incoming(name, "track", name, b"{}") for name in "AB"])
        Delivery.objects.filter(destination_id=on.id).update(failures=3)
        letter = {"destination_id": off.id, "received_at": clock.now(), "payload": b"", "tries": 20}
        for index, at in enumerate((None, None, clock.now())):
            DeadLetter.objects.create(workspace_id=workspace.id, index=index, replayed_at=at, **letter)
    found = _read(client)
    told = ("delivery_lag_events", "delivery_failures", "dead_letters")
    assert [found[f"audit_{name}:{on.id}"] for name in told] == [2, 3, 0]
    assert 0 < found[f"audit_delivery_lag_seconds:{on.id}"] < 60
    assert found[f"audit_dead_letters:{off.id}"] == 2
    assert f"audit_delivery_lag_events:{off.id}" not in found


def test_forwarding_lags_by_the_age_of_the_new_event_that_waits(client, own_database, as_role):
    workspace = _two_events("one")
    assert _read(client)["audit_reader_lag_seconds:forwarding"] == 0
    with as_role("worker"):
        seal_batch()
    with in_workspace(workspace.id):
        Forwarding.objects.create(workspace_id=workspace.id, is_on=True, generation=1)
    assert 0 < _read(client)["audit_reader_lag_seconds:forwarding"] < 60
    with in_workspace(workspace.id):
        Forwarding.objects.update(backfill_end=2)
    assert _read(client)["audit_reader_lag_seconds:forwarding"] == 0


def test_what_there_is_nothing_of_yet_has_a_row_for_alerts(client, own_database, as_role):
    empty = _read(client)
    assert empty["audit_worker_heartbeat_age_seconds"] == math.inf
    assert empty["audit_verification_age_seconds"] == 0
    assert {name: value for name, value in empty.items() if name.startswith("audit_jobs")} == {
        "audit_jobs:todo": 0,
        "audit_jobs:doing": 0,
        "audit_jobs:failed": 0,
        "audit_jobs:aborted": 0,
    }
    with as_role("worker"):
        enqueue("sealing.verify_all")
    assert _read(client)["audit_jobs:todo"] == 1


def test_a_workspace_whose_seal_is_broken_is_counted(client, own_database, as_role):
    workspace = _two_events("one")
    with as_role("worker"), in_workspace(workspace.id), connection.cursor() as cursor:
        cursor.execute("INSERT INTO tree_head (workspace_id, size, peaks) VALUES (%s, 1, '{}')", [workspace.id])
        cursor.execute(
            "INSERT INTO verification (workspace_id, finished_at, events, problems) VALUES (%s, %s, 1, '[{}]')",
            [workspace.id, clock.now()],
        )
    assert _read(client)["audit_workspaces_broken"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("203.0.113.7", {}),
        ("203.0.113.7", {"Authorization": "Bearer wrong"}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("", {}),
    ],
)
def test_others_are_refused(client, settings, address, headers):
    settings.METRICS_TOKEN = "right-and-long-enough"
    response = client.get("/metrics", REMOTE_ADDR=address, headers=headers)
    assert response.status_code == 403
    assert b"METRICS_TOKEN" in response.content
    assert b"audit_up" not in response.content


@pytest.mark.django_db
def test_the_token_opens_it_from_elsewhere(client, settings):
    settings.METRICS_TOKEN = "right-and-long-enough"
    headers = {"Authorization": "Bearer right-and-long-enough"}
    assert _read(client, REMOTE_ADDR="203.0.113.7", headers=headers)["audit_up"] == 1


@pytest.mark.django_db
def test_without_a_token_set_none_opens_it(client, settings):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7", headers={"Authorization": "Bearer "}).status_code == 403


def test_without_the_database_it_says_down(client, monkeypatch):
    def away(*_):
        raise DatabaseError("connection refused")

    monkeypatch.setattr("auditapp.web.metrics.connection.cursor", away)
    found = _read(client)
    assert found["audit_up"] == 0
    assert set(found) == {"audit_up", "audit_disk_free_bytes"}

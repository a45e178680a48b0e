"""Exports in the background: whole, resumed where a worker stopped, never wider than the role of who asked."""

import csv
import hashlib
import io
import json
from datetime import timedelta

import pytest
from django.core import mail
from django.db.models import F
from django.http import QueryDict
from procrastinate.contrib.django.models import ProcrastinateJob

from auditapp.access.models import Grant
from auditapp.access.permissions import permissions_for
from auditapp.lib import clock
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks import run, running
from auditapp.tasks.models import Task, TaskStep
from auditapp.tasks.running import OURS
from auditapp.trail.address import read_address
from auditapp.trail.exports import writing
from auditapp.trail.exports.jobs import expire_exports, tell_ended
from auditapp.trail.exports.models import Export, ExportChunk
from auditapp.trail.exports.queries import exports_shown, file_chunks
from auditapp.trail.exports.services import cancel_export, request_export
from auditapp.trail.filters import read_query
from auditapp.trail.moments import zone_named
from tests.factories import acting_as, as_operator, make_grant
from tests.trail.exports.conftest import EVENTS, reread
from tests.trail.history import NOON, tell_sample


def ask(cast, who=None, query="", *, form="csv", zone="Europe/Oslo"):
    found = read_query(read_address("", QueryDict(query)), zone=zone_named(zone))
    with clock.at(NOON), acting_as(who or cast.olga, cast.workspace):
        return request_export(workspace=cast.workspace, query=found, format_key=form)


def csv_rows(export):
    text = b"".join(file_chunks(export)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def told(cast, key):
    viewer = Viewer(cast.workspace.id, sees_all=True, sees_personal=True)
    with in_workspace(cast.workspace.id):
        return [row.event for row in visible_events(viewer).page(EventFilter(types=Choice((key,)))).rows]


def mailed():
    """The one mail that the waiting jobs send."""
    jobs = ProcrastinateJob.objects.filter(task_name=writing.MAIL_JOB, status="todo")
    for job in jobs:
        tell_ended(**job.args)
    (sent,) = mail.outbox
    return sent


def chunks_of(export):
    with in_workspace(export.workspace_id):
        return ExportChunk.objects.filter(export_id=export.id).count()


@pytest.mark.usefixtures("small_chunks")
def test_file_holds_every_event_once_in_order(cast, fourteen, turn):
    done = turn(ask(cast))
    assert done.state == "done", done.reason
    rows = csv_rows(done)
    assert [row["event_id"] for row in rows] == fourteen
    assert (done.rows, done.expected) == (EVENTS, EVENTS)
    assert rows[0]["time"].endswith("+01:00")
    assert [row["leaf_index"] for row in rows[-2:]] == ["1", "0"]
    whole = b"".join(file_chunks(done))
    assert (len(whole), hashlib.sha256(whole).hexdigest()) == (done.file_bytes, done.sha256)
    assert done.filename == f"audit-trail_demo_begin_2026-11-24_Europe-Oslo_{EVENTS}-events.csv"
    assert chunks_of(done) == 4


@pytest.mark.usefixtures("small_chunks")
def test_json_lines_and_csv_hold_the_same_events(cast, fourteen, turn):
    done = turn(ask(cast, form="jsonl"))
    assert [json.loads(line)["id"] for line in b"".join(file_chunks(done)).splitlines()] == fourteen


@pytest.mark.usefixtures("small_chunks")
def test_parquet_holds_the_columns_and_says_what_it_is(cast, fourteen, turn):
    from arro3.io import read_parquet

    done = turn(ask(cast, form="parquet"))
    table = read_parquet(io.BytesIO(b"".join(file_chunks(done)))).read_all()
    assert table["event_id"].to_pylist() == fourteen
    assert table["leaf_index"].to_pylist()[-2:] == [1, 0]
    metadata = {key.decode(): json.loads(value) for key, value in table.schema.metadata.items()}
    assert metadata["events"] == EVENTS
    assert metadata["timeZone"] == "Europe/Oslo"
    assert metadata["window"]["until"] == "2026-11-24T12:00:00.000000Z"


def test_filters_and_window_are_those_of_the_moment_of_asking(cast, fourteen, turn):
    export = ask(cast, query="event=warehouse.disabled&to=2026-11-24")
    with clock.at(NOON + timedelta(minutes=1)):
        tell_sample(cast.workspace, cast.milo, "warehouse.disabled", at=NOON + timedelta(minutes=1))
    # Received later, but told of as if it had happened long before.
    with clock.at(NOON + timedelta(minutes=2)), acting_as(cast.milo, cast.workspace):
        from auditapp.record.drafts import Target
        from auditapp.record.services import record

        record("warehouse.disabled", target=Target("warehouse", "w"), occurred_at=NOON - timedelta(days=3))
    assert [row["event_id"] for row in csv_rows(turn(export))] == fourteen


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_turns_that_end_early_or_break_lose_and_double_nothing(cast, fourteen, turn, monkeypatch, form):
    whole = b"".join(file_chunks(turn(ask(cast, form=form))))
    export = ask(cast, form=form)
    monkeypatch.setattr(run, "TURN_S", -1)
    assert (turn(export).rows, told(cast, "audit_trail.export_failed")) == (4, [])
    breaks = iter([True, False, True] + [False] * 20)
    real = writing.places_told

    def breaking(*asked):
        if next(breaks):
            raise ZeroDivisionError
        return real(*asked)

    monkeypatch.setattr(writing, "places_told", breaking)
    turns = 0
    while (now := reread(export)).state in ("queued", "running"):
        turn(export)
        turns += 1
    assert turns > 3
    assert now.state == "done", now.reason
    assert now.rows == EVENTS
    if form != "parquet":  # which holds the moment of asking
        assert b"".join(file_chunks(now)) == whole
    failed, (recovered,) = told(cast, "audit_trail.export_failed"), told(cast, "audit_trail.export_recovered")
    assert sorted(one.meta["attempt"] for one in failed) == [1, 2]
    assert recovered.meta["attempt"] == 3
    assert {one.meta["task"] for one in failed} == {recovered.meta["task"]}


@pytest.mark.usefixtures("fourteen")
def test_place_where_every_attempt_breaks_ends_the_export_with_a_reason(cast, turn, monkeypatch):
    export = ask(cast, query="event=warehouse.disabled")

    def breaking(*asked):
        raise ZeroDivisionError

    monkeypatch.setattr(writing, "places_told", breaking)
    for _ in range(5):
        assert turn(export).state == "running"
    failed = turn(export)
    assert (failed.state, chunks_of(export)) == ("failed", 0)
    assert failed.reason == OURS
    *before, last = sorted(told(cast, "audit_trail.export_failed"), key=lambda one: one.meta["attempt"])
    assert [one.meta["final"] for one in (*before, last)] == [*[False] * 5, True]
    assert (last.outcome, last.meta["attempt"], last.meta["of"]) == ("failure", 6, 6)
    assert (last.meta["format"], last.meta["filters"]) == ("CSV", "event=warehouse.disabled")
    assert [one.id for one in last.targets] == [f"ws_{cast.workspace.id}", export.id]
    assert "has stopped" in mailed().subject


@pytest.mark.usefixtures("small_chunks", "fourteen")
def test_file_that_is_whole_is_not_finished_twice(cast, turn, monkeypatch):
    before = turn(ask(cast, form="parquet"))
    with in_workspace(cast.workspace.id):  # as a worker leaves it that is killed before the step is told to be done
        TaskStep.objects.filter(name="finish").update(completed_at=None)
        Task.objects.update(state="waiting")
        Export.objects.update(state="running")
    monkeypatch.setattr(writing, "write_parquet", lambda *asked: 1 / 0)
    done = turn(before)
    assert (done.state, done.sha256, done.file_bytes) == ("done", before.sha256, before.file_bytes)
    assert hashlib.sha256(b"".join(file_chunks(done))).hexdigest() == done.sha256


@pytest.mark.usefixtures("small_chunks", "fourteen")
def test_export_stops_when_the_role_is_taken_away(cast, turn):
    export = ask(cast, cast.rita)
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.rita.id).delete()
    stopped = turn(export)
    assert stopped.state == "failed"
    assert "taken away" in stopped.reason
    assert chunks_of(export) == 0


@pytest.mark.usefixtures("small_chunks", "fourteen")
def test_export_stops_when_the_role_is_narrowed(cast, turn):
    export = ask(cast, cast.rita)
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.rita.id).delete()
    make_grant(workspace=cast.workspace, user=cast.rita, role="minimal_workspace_access")
    assert "narrowed" in turn(export).reason


@pytest.mark.usefixtures("fourteen")
def test_member_gets_what_they_see_without_addresses_of_others(cast, turn):
    tell_sample(cast.workspace, cast.olga, "source.created", at=NOON - timedelta(hours=1), scope_id=cast.shop.id)
    tell_sample(cast.workspace, cast.olga, "source.created", at=NOON - timedelta(hours=1), scope_id=cast.kiosk.id)
    rows = csv_rows(turn(ask(cast, cast.milo)))
    of_olga = [row for row in rows if row["actor_id"] == cast.olga.id]
    assert [(row["scope_id"], row["ip"], row["actor_email"]) for row in of_olga] == [(cast.shop.id, "", "")]
    assert {row["actor_email"] for row in rows if row["actor_id"] == cast.milo.id} == {"milo@demo.example"}


@pytest.mark.usefixtures("small_chunks", "fourteen")
def test_cancelled_export_is_left_before_its_next_chunk(cast, turn, monkeypatch):
    export = ask(cast)
    real = writing._read

    def cancel_while_reading(one):
        found = real(one)
        if one.rows:
            with acting_as(cast.olga, cast.workspace):
                cancel_export(workspace=cast.workspace, export_id=export.id)
        return found

    monkeypatch.setattr(writing, "_read", cancel_while_reading)
    cancelled = turn(export)
    assert (cancelled.state, cancelled.rows) == ("cancelled", 4)
    with as_operator():
        expire_exports()
    assert chunks_of(export) == 0
    (event,) = told(cast, "audit_trail.export_cancelled")
    assert event.meta == {"format": "CSV", "rows": 4}


@pytest.mark.usefixtures("fourteen")
def test_asking_and_finishing_are_events_and_a_mail(cast, turn):
    turn(ask(cast, query="event=warehouse.disabled"))
    (asked,), (done,) = told(cast, "audit_trail.export_requested"), told(cast, "audit_trail.exported")
    assert asked.actor.id == done.actor.id == cast.olga.id
    assert asked.meta == {"format": "CSV", "filters": "event=warehouse.disabled"}
    assert done.meta == {"format": "CSV", "filters": "event=warehouse.disabled", "rows": EVENTS}
    sent = mailed()
    assert sent.to == ["olga@demo.example"]
    assert "/demo/settings/admin/audit-trail/exports/" in sent.body


@pytest.mark.usefixtures("fourteen")
def test_expired_file_is_deleted_and_the_export_says_so(cast, turn):
    done = turn(ask(cast))
    with as_operator(), clock.at(done.expires_at - timedelta(seconds=1)):
        assert expire_exports() == 0
    with as_operator(), clock.at(done.expires_at):
        assert expire_exports() == 1
    assert (reread(done).state, chunks_of(done)) == ("expired", 0)


@pytest.mark.usefixtures("small_chunks", "fourteen")
def test_worker_that_was_overtaken_adds_nothing(cast, turn, monkeypatch):
    export = ask(cast)
    real = writing._read

    def overtaken(one):
        with in_workspace(cast.workspace.id):
            Task.objects.update(fence=F("fence") + 1, state="waiting", lease_until=None)
        monkeypatch.setattr(writing, "_read", real)
        return real(one)

    monkeypatch.setattr(writing, "_read", overtaken)
    assert turn(export).rows == 0
    assert turn(export).rows == EVENTS


def test_page_says_which_attempt_it_is(cast, turn, monkeypatch):
    export = ask(cast)
    access = permissions_for(cast.workspace.id, cast.olga.id)
    monkeypatch.setattr(writing, "places_told", lambda *asked: 1 / 0)
    with clock.at(NOON), as_operator():
        running.run_due_task()
    with clock.at(NOON), in_workspace(cast.workspace.id):
        (shown,) = exports_shown(access)
        assert shown.attempt.startswith(f"Attempt 1 of 6 failed: {OURS} The next one begins in ")
        Task.objects.filter(key=export.id).update(next_at=NOON)
        (due,) = exports_shown(access)
        Task.objects.filter(key=export.id).update(attempt=2, state="running")
        (shown,) = exports_shown(access)
    assert due.attempt.endswith("The next one begins at once.")
    assert shown.attempt == "Attempt 2 of 6."

"""Exports in the background: whole, resumed where a worker stopped, never wider than the role of who asked."""

import csv
import hashlib
import io
import json
from datetime import timedelta

import pytest
from django.core import mail
from django.http import QueryDict

from auditapp.access.models import Grant
from auditapp.lib import clock
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.address import read_address
from auditapp.trail.exports import writing
from auditapp.trail.exports.jobs import expire_exports, resume_exports, write_export
from auditapp.trail.exports.models import ExportChunk
from auditapp.trail.exports.queries import file_chunks
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
    monkeypatch.setattr(writing, "TURN_S", -1)
    assert turn(export).rows == 0
    breaks = iter([True, False, False] * 20)
    real = writing.seal_marks

    def breaking(*asked):
        if next(breaks):
            raise ZeroDivisionError
        return real(*asked)

    monkeypatch.setattr(writing, "TURN_S", 60)
    monkeypatch.setattr(writing, "seal_marks", breaking)
    turns = 0
    while (now := reread(export)).state in ("queued", "running"):
        with as_operator():
            write_export(workspace_id=cast.workspace.id, export_id=export.id)
        turns += 1
    assert turns > 3
    assert now.state == "done", now.reason
    assert now.rows == EVENTS
    if form != "parquet":  # which holds the moment of asking
        assert b"".join(file_chunks(now)) == whole


@pytest.mark.usefixtures("fourteen")
def test_place_where_every_turn_breaks_ends_the_export_with_a_reason(cast, turn, monkeypatch):
    export = ask(cast)

    def breaking(*asked):
        raise ZeroDivisionError

    monkeypatch.setattr(writing, "seal_marks", breaking)
    for _ in range(writing.MAX_ATTEMPTS):
        with as_operator():
            write_export(workspace_id=cast.workspace.id, export_id=export.id)
        assert reread(export).state == "running"
    failed = turn(export)
    assert (failed.state, chunks_of(export)) == ("failed", 0)
    assert "5 times at the same place" in failed.reason
    (event,) = told(cast, "audit_trail.export_failed")
    assert (event.outcome, event.meta["attempt"]) == ("failure", 5)
    assert "has stopped" in mail.outbox[0].subject


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
    (sent,) = mail.outbox
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


def test_what_a_killed_worker_left_is_taken_up_again(cast):
    export = ask(cast)
    with as_operator(), clock.at(NOON + timedelta(minutes=1)):
        assert resume_exports() == 0
    with as_operator(), clock.at(NOON + timedelta(minutes=3)):
        assert resume_exports() == 1
    assert export.state == "queued"


@pytest.mark.usefixtures("fourteen")
def test_another_worker_that_was_faster_is_left_alone(cast, turn):
    export = ask(cast)
    with as_operator():
        stale = writing._take_up(cast.workspace.id, export.id)
        assert writing._write_chunk(stale) is not None
        assert writing._write_chunk(stale) is None
    assert turn(export).rows == EVENTS

"""Exports: exactly what is filtered, for whom it is, recorded, and refused where it would have to be cut."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.urls import reverse

from auditapp.access.members import remove_member
from auditapp.access.models import Grant
from auditapp.access.roles import revoke_role
from auditapp.lib.clock import parse_utc
from auditapp.record.drafts import Change
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.exports import services
from auditapp.trail.exports.errors import ExportHeld
from tests.factories import acting_as, as_operator, make_grant
from tests.trail.history import NOON, seal_all, tell, tell_sample


def export_url(suffix, slug="demo"):
    return reverse("trail:event_export", args=[slug, suffix])


def csv_of(answer):
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode(), newline="")))


def recorded(cast):
    """The exports that the trail tells of."""
    with in_workspace(cast.workspace.id):
        viewer = Viewer(cast.workspace.id, sees_all=True, sees_personal=True)
        page = visible_events(viewer).page(EventFilter(types=Choice(("audit_trail.exported",))))
        return [row.event for row in page.rows]


@pytest.fixture
def three_events(cast):
    tell_sample(cast.workspace, cast.olga, "source.created", at=NOON - timedelta(days=2))
    tell_sample(cast.workspace, cast.milo, "warehouse.disabled", at=NOON - timedelta(days=1))
    seal_all()
    changes = [Change("name", "Web", "Web shop"), Change("labels", ["a"], ["a", "b"])]
    tell(cast.workspace, cast.olga, "source.modified", cast.shop.audit_target, changes=changes, meta={"why": "=1+1"})
    return cast


def test_each_attempt_at_a_task_is_a_line_whatever_the_page_folds(cast, browser_of):
    for number in (1, 2):
        meta = {"task": "tsk_1", "attempt": number, "of": 6}
        tell(cast.workspace, cast.olga, "warehouse.run_failed", at=NOON + timedelta(minutes=number), meta=meta)
    client = browser_of(cast.olga)
    assert [json.loads(row["meta"])["attempt"] for row in csv_of(client.get(export_url("csv")))] == [2, 1]
    lines = client.get(export_url("jsonl"), {"event": "warehouse.run_failed"}).getvalue().splitlines()
    assert [json.loads(line)["meta"]["attempt"] for line in lines] == [2, 1]


def test_csv_says_everything_of_the_filtered_events_newest_first(three_events, browser_of):
    rows = csv_of(browser_of(three_events.olga).get(export_url("csv"), {"area": ["sources"]}))
    assert [row["type"] for row in rows] == ["source.modified", "source.created"]
    newest = rows[0]
    assert newest["time"] == "2026-11-24T12:00:00.000+00:00"
    assert parse_utc(newest["time_utc"]) == NOON
    assert newest["sentence"] == "Olga of demo changed source Web shop"
    assert newest["actor_email"] == "olga@demo.example"
    assert newest["ip"] == "203.0.113.24"
    assert json.loads(newest["changes"])[1] == {"path": "labels", "old": ["a"], "new": ["a", "b"]}
    assert json.loads(newest["meta"]) == {"why": "=1+1"}
    assert (newest["leaf_index"], rows[1]["leaf_index"]) == ("", "0")


def test_json_lines_keep_the_shape_of_values(three_events, browser_of):
    lines = browser_of(three_events.olga).get(export_url("jsonl")).getvalue().splitlines()
    values = [json.loads(line) for line in lines]
    assert [value["type"] for value in values] == ["source.modified", "warehouse.disabled", "source.created"]
    assert values[0]["changes"][0] == {"path": "name", "old": "Web", "new": "Web shop"}
    assert values[0]["actor"] == {
        "kind": "user",
        "id": three_events.olga.id,
        "name": "Olga of demo",
        "email": "olga@demo.example",
    }
    assert values[1]["leafIndex"] == 1
    assert values[0]["leafIndex"] is None
    assert len(bytes.fromhex(values[0]["leafHash"])) == 32


def test_file_name_says_workspace_range_zone_and_number(three_events, browser_of):
    with as_operator():
        three_events.workspace.time_zone = "Europe/Oslo"
        three_events.workspace.save()
    query = {"from": "2026-11-23", "to": "2026-11-23"}
    answer = browser_of(three_events.olga).get(export_url("csv"), query)
    assert 'filename="audit-trail_demo_2026-11-23_2026-11-23_Europe-Oslo_1-events.csv"' in answer["Content-Disposition"]
    assert csv_of(answer)[0]["time"] == "2026-11-23T13:00:00.000+01:00"


def test_export_is_an_event_that_says_rows_format_and_filters(three_events, browser_of):
    browser_of(three_events.olga).get(export_url("csv"), {"area": "sources"}).getvalue()
    (event,) = recorded(three_events)
    assert event.actor.id == three_events.olga.id
    assert event.meta == {"rows": 2, "format": "CSV", "filters": "area=sources"}
    assert event.targets[0].name == three_events.workspace.name


def test_export_does_not_hold_the_event_of_itself(three_events, browser_of):
    answer = browser_of(three_events.olga).get(export_url("csv"), {"reads": "1"})
    assert "audit_trail.exported" not in {row["type"] for row in csv_of(answer)}


def test_member_exports_what_they_see_and_no_more(cast, browser_of):
    for source in (cast.shop, cast.kiosk):
        tell(cast.workspace, cast.rita, "source.modified", source.audit_target, scope_id=source.id)
    rows = csv_of(browser_of(cast.milo).get(export_url("csv")))
    assert [row["resource_name"] for row in rows] == ["Web shop"]
    assert (rows[0]["actor_email"], rows[0]["ip"]) == ("", "")


def test_stranger_exports_nothing(cast, browser_of):
    assert browser_of(cast.zoe).get(export_url("csv")).status_code == 404
    assert recorded(cast) == []


def test_more_than_is_sent_at_once_leads_to_the_background(three_events, browser_of, monkeypatch):
    monkeypatch.setattr(services, "MAX_STREAMED", 2)
    answer = browser_of(three_events.olga).get(export_url("csv"), {"from": "2026-11-01"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "narrow it by date, event or actor." in html
    assert "exports/request/?from=2026-11-01" in html
    assert 'name="format" value="csv"' in html
    assert recorded(three_events) == []


def test_export_of_a_filter_that_is_wrong_is_refused(cast, browser_of):
    answer = browser_of(cast.olga).get(export_url("csv"), {"ip": "203.0.113.0/40"})
    assert answer.status_code == 422
    assert "A range ends in /0 to /32" in answer.content.decode()


def test_export_takes_the_line_of_the_search_box_and_refuses_what_it_cannot_read(three_events, browser_of):
    olga = browser_of(three_events.olga)
    every = olga.get(export_url("csv")).getvalue().count(b"\n")
    wrong = olga.get(export_url("csv"), {"query": "foo:bar"})
    failures = olga.get(export_url("csv"), {"query": "outcome:failure"})
    assert wrong.status_code == 422
    assert failures.status_code == 200
    assert failures.getvalue().count(b"\n") < every


def test_beside_a_line_that_was_not_understood_nothing_is_offered_for_export(three_events, browser_of):
    page = browser_of(three_events.olga).get(export_url("csv").removesuffix("export.csv"), {"query": "foo:bar"})
    assert page.status_code == 422
    assert b"export.csv" not in page.content


@pytest.mark.parametrize("page", ["", "exports/"])
def test_parquet_is_named_with_what_to_install_where_the_extra_is_missing(three_events, browser_of, monkeypatch, page):
    url = export_url("csv").removesuffix("export.csv") + page
    there = browser_of(three_events.olga).get(url).content.decode()
    assert 'name="format" value="parquet"' in there
    assert "Not installed here" not in there
    monkeypatch.setattr("auditapp.trail.exports.menu.has_parquet", lambda: False)
    html = browser_of(three_events.olga).get(url).content.decode()
    assert 'name="format" value="parquet"' not in html
    assert "Not installed here: pip install &#x27;audit-trail[parquet]&#x27;" in html


def test_there_is_no_other_format(cast, browser_of):
    assert browser_of(cast.olga).get(export_url("xlsx")).status_code == 404


def test_export_streams_in_many_looks_and_loses_none(cast, browser_of, monkeypatch):
    monkeypatch.setattr("auditapp.trail.exports.streaming.ROWS_A_PAGE", 4)
    keys = [
        tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(minutes=minute)).key
        for minute in range(14)
    ]
    assert [row["event_id"] for row in csv_of(browser_of(cast.olga).get(export_url("csv")))] == keys


@pytest.mark.parametrize("what_happens", ["role taken", "role narrowed", "removed"])
def test_export_that_is_being_sent_breaks_off_when_its_role_changes(cast, browser_of, monkeypatch, what_happens):
    monkeypatch.setattr("auditapp.trail.exports.streaming.ROWS_A_PAGE", 4)
    monkeypatch.setattr("auditapp.web.streaming.CHUNK_BYTES", 1)
    for minute in range(14):
        tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(minutes=minute))
    lines = iter(browser_of(cast.rita).get(export_url("jsonl")).streaming_content)
    assert next(lines).count(b"\n") == 4
    with acting_as(cast.olga, cast.workspace):
        if what_happens == "removed":
            remove_member(user_id=cast.rita.id)
        else:
            revoke_role(grant_id=Grant.objects.get(subject_id=cast.rita.id).id)
    if what_happens == "role narrowed":
        make_grant(workspace=cast.workspace, user=cast.rita, role="minimal_workspace_access")
    with pytest.raises(ExportHeld):
        next(lines)

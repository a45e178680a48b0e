"""What exports write: the same as pages show, whole, and harmless in a spreadsheet."""

import csv
import io
import json
from zoneinfo import ZoneInfo

import pytest

from auditapp.catalogue import registry
from auditapp.lib import clock
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.export_page import export_page
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.dressing import plain_text
from auditapp.trail.event_json import event_as_json
from auditapp.trail.exports.formats import COLUMNS, FORMATS
from tests.factories import make_token
from tests.trail.history import tell, tell_everything
from tests.trail.payloads import PAYLOADS

OSLO = ZoneInfo("Europe/Oslo")


def exported(viewer, form):
    with in_workspace(viewer.workspace_id):
        page = export_page(viewer, EventFilter(with_reads=True), start=None, received_until=clock.now(), size=1_000)
    return FORMATS[form].lines(page.events, {}, OSLO).decode()


def shown(viewer):
    with in_workspace(viewer.workspace_id):
        return list(visible_events(viewer).exported(EventFilter(with_reads=True)))


@pytest.fixture
def told_all(cast):
    token, _ = make_token(workspace=cast.workspace)
    tell_everything(cast.workspace, [cast.olga, token, cast.milo])
    return cast


@pytest.fixture(params=["whole", "masked"])
def viewer(request, told_all):
    personal = request.param == "whole"
    return Viewer(told_all.workspace.id, sees_all=True, sees_personal=personal, own_actor_ids=(told_all.olga.id,))


def test_csv_says_of_each_type_what_its_page_says(viewer):
    rows = csv.DictReader(io.StringIO(exported(viewer, "csv"), newline=""), COLUMNS)
    for row, event in zip(rows, shown(viewer), strict=True):
        value = event_as_json(event)
        assert row["sentence"].removeprefix("'") == plain_text(event)
        assert (row["event_id"], row["type"], row["outcome"]) == (event.key, event.event.type, event.event.outcome)
        assert (row["actor_id"], row["actor_email"]) == (event.event.actor.id, event.event.actor.email or "")
        assert row["ip"] == event.event.context.get("ip", "")
        assert json.loads(row["changes"] or "[]") == value["changes"]
        assert json.loads(row["meta"] or "{}") == value["meta"]
        assert row["leaf_hash"] == event.leaf_hash.hex()


def test_json_lines_are_the_json_of_the_page(viewer):
    lines = exported(viewer, "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == [event_as_json(event) for event in shown(viewer)]


def test_every_type_is_among_them(viewer):
    assert len(exported(viewer, "jsonl").splitlines()) == len(registry.EVENT_TYPES)


def test_csv_defuses_formulas_and_keeps_breaks_and_quotes(cast):
    from auditapp.record.drafts import Target

    for payload in (*PAYLOADS, "=1+1", "+1", "-1", "@sum", "\t=1", 'say "hi",\r\nthen go'):
        tell(cast.workspace, cast.olga, "source.modified", Target("source", "s", payload))
    rows = list(
        csv.DictReader(
            io.StringIO(exported(Viewer(cast.workspace.id, sees_all=True, sees_personal=True), "csv"), newline=""),
            COLUMNS,
        )
    )
    names = {row["resource_name"] for row in rows}
    assert {"'=1+1", "'+1", "'-1", "'@sum", "'\t=1", 'say "hi",\r\nthen go'} <= names
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@\t\r\n" and cell]

"""The debugger and the schema of a source: what came in, to whom it is shown, and what is done about it."""

import re

import pytest

from auditapp.lib.errors import NotFound
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import SeenEvent
from auditapp.sources.schema_services import AlreadySo, allow_event, archive_event, block_event
from tests.factories import acting_as, events_of, last_event, make_cast

XSS = "<script>alert(1)</script>\u202e"


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def as_olga(client, cast):
    client.force_login(cast.olga)
    return client


def send(cast, *names, source=None, **values):
    source = source or cast.shop
    with in_workspace(cast.workspace.id):
        take_in(
            source,
            [
                {"type": "track", "event": name, "userId": "u-1", "messageId": f"{name}-1", "properties": {"total": 9}}
                | values
                for name in names
            ],
        )


def path(cast, rest=""):
    return f"/demo/connections/sources/{cast.shop.id}/{rest}"


def test_the_debugger_shows_the_newest_first(as_olga, cast):
    send(cast, "First", "Second")
    page = as_olga.get(path(cast, "debugger/")).content.decode()
    assert page.index("Second") < page.index("First")
    assert "u-1" in page


def test_the_debugger_is_searched_and_narrowed(as_olga, cast):
    send(cast, "First", "Second")
    with acting_as(cast.olga, cast.workspace):
        block_event(source_id=cast.shop.id, type="track", name="First")
    send(cast, "First", messageId="again")
    found = as_olga.get(path(cast, "debugger/"), {"q": "second"}).content.decode()
    assert "Second</bdi>" in found
    assert "First</bdi>" not in found
    stopped = as_olga.get(path(cast, "debugger/"), {"only": "blocked"}).content.decode()
    assert "First</bdi>" in stopped
    assert "event_setting" in stopped
    assert "Second</bdi>" not in stopped


def test_pausing_stops_what_comes_by_itself(as_olga, cast):
    send(cast, "First")
    assert 'hx-trigger="every 3s"' in as_olga.get(path(cast, "debugger/")).content.decode()
    assert 'hx-trigger="every 3s"' not in as_olga.get(path(cast, "debugger/?paused=1")).content.decode()
    part = as_olga.get(
        path(cast, "debugger/"), HTTP_HX_REQUEST="true", HTTP_HX_TARGET="debugger-events"
    ).content.decode()
    assert part.startswith('<div id="debugger-events"')


def test_looking_at_an_event_is_an_event(as_olga, cast):
    send(cast, "First")
    page = as_olga.get(path(cast, "debugger/0/")).content.decode()
    assert "&quot;total&quot;: 9" in page
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.meta, row.event.actor.id) == (
        "source.debugger_viewed",
        {"event": "First"},
        cast.olga.id,
    )
    for nothing in ("99", "9" * 18, "9" * 30, "-1", "x", "٣"):
        assert as_olga.get(path(cast, f"debugger/{nothing}/")).status_code == 404


def test_json_of_an_event_keeps_its_lines_and_shows_what_hides(as_olga, cast):
    send(cast, "A", properties={"a": "x\u202ey"})
    page = as_olga.get(f"/demo/connections/sources/{cast.shop.id}/debugger/0/").content.decode()
    assert "{\n  &quot;type&quot;" in page
    assert "U+000A" not in page
    assert '<span class="control-char">U+202E</span>' in page


def test_hostile_names_are_shown_as_they_are(as_olga, cast):
    send(cast, XSS)
    for rest in ("debugger/", "debugger/0/", "schema/"):
        page = as_olga.get(path(cast, rest)).content.decode()
        assert "<script>alert" not in page
        # A hidden field holds a name as it is, to be sent back.
        assert "\u202e" not in re.sub(r'value="[^"]*"', "", page)


def test_the_schema_lists_names_with_counts_and_properties(as_olga, cast):
    send(cast, "First", "Second")
    page = as_olga.get(path(cast, "schema/")).content.decode()
    assert "First" in page
    assert "total" in page
    assert "Nothing of this kind" in as_olga.get(path(cast, "schema/?tab=identify")).content.decode()


def test_an_event_is_blocked_and_let_through_again(as_olga, cast):
    send(cast, "First")
    event = {"type": "track", "name": "First"}
    assert "is stopped at the source" in as_olga.post(path(cast, "schema/block/"), event, follow=True).content.decode()
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.meta["event"]) == ("source_schema.event_blocked", "First")
    assert as_olga.post(path(cast, "schema/block/"), event).status_code == 409
    as_olga.post(path(cast, "schema/allow/"), event)
    assert last_event(cast.workspace).event.type == "source_schema.event_allowed"


def test_an_archived_event_is_off_the_page(as_olga, cast):
    send(cast, "First")
    as_olga.post(path(cast, "schema/archive/"), {"type": "track", "name": "First"})
    assert "First</bdi>" not in as_olga.get(path(cast, "schema/")).content.decode()
    assert last_event(cast.workspace).event.type == "source_schema.event_archived"


@pytest.mark.parametrize("event", [{"type": "track", "name": "Never"}, {"type": "identify", "name": ""}])
def test_what_was_never_seen_is_not_found(cast, event):
    with acting_as(cast.olga, cast.workspace):
        for change in (allow_event, block_event, archive_event):
            with pytest.raises(NotFound):
                change(source_id=cast.shop.id, **event)


def test_what_is_so_already_is_told(cast):
    send(cast, "First")
    with acting_as(cast.olga, cast.workspace), pytest.raises(AlreadySo):
        allow_event(source_id=cast.shop.id, type="track", name="First")


def test_a_reader_changes_no_schema(client, cast):
    send(cast, "First")
    client.force_login(cast.rita)
    assert "Block<" not in client.get(path(cast, "schema/")).content.decode()
    assert client.post(path(cast, "schema/block/"), {"type": "track", "name": "First"}).status_code == 403
    with in_workspace(cast.workspace.id):
        assert SeenEvent.objects.get(source_id=cast.shop.id).is_allowed
    assert "source_schema.event_blocked" not in {row.event.type for row in events_of(cast.workspace)}


def test_the_overview_says_how_to_send_the_first_event_and_then_how_many_came(as_olga, cast):
    assert "curl http://testserver/v1/track -u" in as_olga.get(path(cast)).content.decode()
    send(cast, "First", "Second")
    page = as_olga.get(path(cast)).content.decode()
    assert '<span class="figure__value">2</span>' in page
    assert "curl http" not in page

"""What is done to Audit Forwarding, and the event of each."""

import pytest

from auditapp.access.errors import Denied
from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.services import NoSource, save_forwarding, send_test_event
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import delete_source, disable_source
from tests.factories import acting_as, events_of, make_workspace


def kinds(cast):
    return [row.event.type for row in events_of(cast.workspace)]


def save(cast, *, who=None, **values):
    asked = {"source_id": cast.kiosk.id, "is_on": True} | values
    with acting_as(who or cast.olga, cast.workspace):
        return save_forwarding(**asked)


def test_turning_on_and_off_is_recorded(cast):
    save(cast)
    save(cast, is_on=False)
    assert kinds(cast) == ["audit_forwarding.disabled", "audit_forwarding.modified", "audit_forwarding.enabled"]
    row = events_of(cast.workspace)[-1]
    assert [(c.path, c.old, c.new) for c in row.event.changes] == [("enabled", False, True)]
    assert [target.type for target in row.event.targets] == ["audit_forwarding", "source"]


def test_saving_what_is_so_records_nothing(cast):
    save(cast)
    before = kinds(cast)
    save(cast)
    assert kinds(cast) == before


def test_another_query_is_recorded_with_both(cast):
    save(cast)
    save(cast, query="risk:risky", has_one_name=True)
    row = events_of(cast.workspace)[0]
    assert row.event.type == "audit_forwarding.modified"
    assert {c.path: (c.old, c.new) for c in row.event.changes} == {
        "query": ("", "risk:risky"),
        "one_name": (False, True),
    }


def test_a_backfill_tells_how_many_events_and_since_when(cast, work):
    with acting_as(cast.olga, cast.workspace):
        disable_source(source_id=cast.shop.id)
    work()
    start = clock.now().replace(year=2020)
    save(cast, start=start)
    row = next(row for row in events_of(cast.workspace) if row.event.type == "audit_forwarding.backfill_started")
    assert row.event.meta == {"events": 1, "from": clock.utc_text(start)}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"source_id": ""}, "source_id"),
        ({"source_id": "src_nobody"}, "source_id"),
        ({"query": "colour:red"}, "query"),
        ({"query": "word " * 500}, "query"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(cast, values, field):
    with pytest.raises(Invalid) as refused:
        save(cast, **values)
    assert refused.value.field == field
    assert kinds(cast) == []


def test_a_source_that_is_off_is_refused_while_turning_on(cast):
    with acting_as(cast.olga, cast.workspace):
        disable_source(source_id=cast.kiosk.id)
    with pytest.raises(Invalid, match="turned off"):
        save(cast)
    assert save(cast, is_on=False).source_id == cast.kiosk.id


def test_who_may_not_manage_the_workspace_changes_nothing(cast):
    for who in (cast.milo, cast.rita, cast.mina):
        with pytest.raises(Denied):
            save(cast, who=who)
        with acting_as(who, cast.workspace), pytest.raises(Denied):
            send_test_event()
    with in_workspace(cast.workspace.id):
        assert not Forwarding.objects.exists()


def test_a_test_event_is_in_the_source_and_not_in_the_trail(cast, inbox, work):
    save(cast)
    with acting_as(cast.olga, cast.workspace):
        message_id = send_test_event()
    [call] = inbox(cast.kiosk)
    assert (call["event"], call["messageId"], call["properties"]["actor"]["name"]) == (
        "Audit Test",
        message_id,
        cast.olga.name,
    )
    assert kinds(cast)[:2] == ["audit_forwarding.test_sent", "source.new_event_allowed"]


def test_without_a_source_no_test_is_sent(cast):
    with acting_as(cast.olga, cast.workspace), pytest.raises(NoSource):
        send_test_event()
    save(cast)
    with acting_as(cast.olga, cast.workspace):
        delete_source(source_id=cast.kiosk.id)
        with pytest.raises(NoSource):
            send_test_event()


def test_another_workspace_has_its_own(cast):
    save(cast)
    other = make_workspace(slug="other")
    with in_workspace(other.id):
        assert not Forwarding.objects.exists()

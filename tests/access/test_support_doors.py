"""What is done as support: every event has both names, whatever the door; what only reads opens none; and who did what is found."""

from dataclasses import replace

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from auditapp.access import support_reach
from auditapp.access.support import revoke_support
from auditapp.access.support_models import SupportAccess
from auditapp.record.drafts import Actor
from auditapp.record.erasure import erase_person
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.event_matches import matches
from auditapp.record.event_query import visible_events
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.models import Task, TaskState
from auditapp.trail.address import Address
from auditapp.trail.exports.errors import ExportStopped
from auditapp.trail.exports.models import Export
from auditapp.trail.exports.writing import export_ended, refuse_lost_rights
from auditapp.trail.query_box import read_box
from tests.access.support_moves import make_sam, supporting
from tests.access.test_matrix import MATRIX, world_of
from tests.conftest import cloned_database
from tests.factories import acting_as, as_operator, events_of, last_event, make_token

TRAIL = "/demo/settings/admin/audit-trail/"


@pytest.fixture(scope="module")
def world(server, django_db_blocker):
    """A workspace with everything in it, made once; each test rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        yield world_of("demo")


@pytest.fixture
def cast(world):
    with transaction.atomic():
        yield world[0]
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Nothing here is ever committed: mail goes out where it would be."""
    monkeypatch.setattr(transaction, "on_commit", lambda send, **_: send())


def both(cast, sam):
    return replace(cast.olga.audit_actor, real=sam.audit_actor)


def test_a_file_that_is_being_written_stops_and_a_whole_one_names_both(cast):
    sam = make_sam()
    given, client = supporting(cast, sam)
    for _ in range(2):
        assert client.post(f"{TRAIL}exports/request/", {"format": "csv"}).status_code == 302
    asked = last_event(cast.workspace)
    assert (asked.event.type, asked.event.actor) == ("audit_trail.export_requested", both(cast, sam))
    with in_workspace(cast.workspace.id):
        first, second = Export.objects.filter(requested_by=sam.id).order_by("requested_at")
        refuse_lost_rights(first)
        export_ended(Task(workspace_id=cast.workspace.id, key=first.id, state=TaskState.DONE))
    assert (last_event(cast.workspace).event.type, last_event(cast.workspace).event.actor) == (
        "audit_trail.exported",
        both(cast, sam),
    )
    with acting_as(cast.olga, cast.workspace):
        revoke_support(support_id=given.id)
    with in_workspace(cast.workspace.id), pytest.raises(ExportStopped):
        refuse_lost_rights(second)


def test_the_api_finds_what_support_did_and_leaves_it_out(cast):
    sam, cleo = make_sam(), make_sam()
    _, client = supporting(cast, sam)
    supporting(cast, cleo)
    client.post(reverse("sources:source_disable", args=["demo", cast.shop.id]))
    secret = make_token(workspace=cast.workspace, created_by=cast.olga.id)[1]

    def found(*asked):
        query = {"support": list(asked), "type": ["source.disabled", "support_access.used"]}
        answer = Client().get("/api/audit-events", query, headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 200, answer.content
        return [(one["eventType"], one["realActor"]["id"]) for one in answer.json()["data"]["events"]]

    by_sam = [("source.disabled", sam.id), ("support_access.used", sam.id)]
    by_cleo = [("support_access.used", cleo.id)]
    for asked, wanted in (
        ((sam.id,), by_sam),
        (("*",), by_sam + by_cleo),
        (("*", f"!{cleo.id}"), by_sam),
        (("!*",), []),
        (("usr_nobody",), []),
    ):
        assert sorted(found(*asked)) == sorted(wanted)


def test_who_acted_in_whose_name_is_found_by_either_and_counts_as_neither_s_own(cast):
    sam, cleo = make_sam(), make_sam()
    _, client = supporting(cast, sam)
    supporting(cast, cleo)
    client.post(reverse("sources:source_disable", args=["demo", cast.shop.id]))
    event = last_event(cast.workspace).event
    everything = Viewer(cast.workspace.id, sees_all=True, sees_personal=True)

    def found(**wanted):
        asked = EventFilter(with_reads=True, **wanted)
        with in_workspace(cast.workspace.id):
            rows = {row.id for row in visible_events(everything).page(asked, size=200).rows}
        assert (event.id in rows) is matches(asked, event, everything)
        return event.id in rows

    assert found(behind=Choice((sam.id,)))
    assert found(behind=Choice(("*",)))
    assert found(actors=Choice((cast.olga.id,)))
    assert found(words=(Word(sam.id),))
    assert found(words=(Word("Okoro"),))
    assert found(words=(Word(sam.email, is_exact=True),))
    assert found(not_of=cast.olga.id)
    assert not found(not_of=sam.id)
    assert not found(behind=Choice((cleo.id,)))
    assert not found(behind=Choice(exclude=("*",)))
    # The address in it is of who sat there, and shown to nobody else without the right to see addresses.
    for own, sees in (((cast.olga.id,), False), ((sam.id, cast.olga.id), True)):
        seen = Viewer(cast.workspace.id, sees_all=True, own_actor_ids=own)
        with in_workspace(cast.workspace.id):
            row = visible_events(seen).get(event.id)
            exported = visible_events(seen).exported(EventFilter(with_reads=True))
            kept = next(one for one in exported if one.id == event.id)
        assert ("ip" in row.event.context, "ip" in kept.event.context) == (sees, sees)
    page = client.get(f"{TRAIL}?support={sam.id}").content.decode()
    assert "Sam Okoro as Olga of demo" in page
    assert f'name="support" value="{sam.id}" checked' in page
    with in_workspace(cast.workspace.id):
        typed = read_box(f"support:{sam.email} support:okoro -support:*", Address(TRAIL), everything)
    assert typed.address.values("support") == [sam.id, "!*"]
    assert [problem.written for problem in typed.problems] == ["support:okoro"]  # both are called so
    with as_operator(), acting_as(cast.olga, cast.workspace):
        erase_person(workspace_id=cast.workspace.id, person_id=sam.id, ground="Art. 17")
    with in_workspace(cast.workspace.id):
        assert visible_events(everything).get(event.id).event.actor == Actor("user", cast.olga.id)
        asked = EventFilter(behind=Choice((sam.id,)), with_reads=True)
        assert visible_events(everything).page(asked, size=5).rows == []


POSTS = [row for row in MATRIX if row.data is not None and row.statuses.split()[0] in {"200", "302"}]
# Of all that belongs to access, what changes nobody's.
OPEN = ("access:workspace_settings", "access:token_find", "access:label_")
# A member's own.
OWN = {"alerts:preferences", "alerts:rule_create", "alerts:ready_rule_create"} | {
    f"trail:view_{what}" for what in ("create", "edit", "update", "delete", "default", "default_clear")
}


def posted(client, row, ids):
    path = reverse(row.name, args=["demo", *(ids[name] for name in row.ids)])
    return client.post(path, {key: ids.get(one, one) if isinstance(one, str) else one for key, one in row.data.items()})


@pytest.fixture(scope="module")
def sams(world):
    """Two people with browsers in the workspace: one may all that olga may, one may read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "on_commit", lambda send, **_: send())
        people = {is_read_only: make_sam() for is_read_only in (False, True)}
        return {only: (one, supporting(world[0], one, hours=168, is_read_only=only)[1]) for only, one in people.items()}


def told_by(world, client, row):
    """The answer to a POST, and who did what it left in the trail."""
    cast, ids = world
    with transaction.atomic():
        before = {one.id for one in events_of(cast.workspace)}
        status = posted(client, row, ids).status_code
        told = [(one.event.type, one.event.actor) for one in events_of(cast.workspace) if one.id not in before]
        transaction.set_rollback(True)
    return status, told


@pytest.mark.parametrize("row", POSTS, ids=lambda row: f"{row.name}-{'-'.join(row.ids)}")
def test_every_event_of_every_door_has_both_names_and_reading_alone_opens_none(world, sams, row):
    (sam, client), (reader, reading) = sams[False], sams[True]
    status, told = told_by(world, client, row)
    assert {actor for _, actor in told} <= {both(world[0], sam), Actor("system", "system", "Audit Trail")}
    may = status in {200, 302} and "user.access_denied" not in dict(told)
    is_shared = "shared_view" in row.ids and row.name != "trail:view_default"  # it is the workspace's
    assert may is not (
        (row.name in OWN and not is_shared) or (row.name.startswith("access:") and not row.name.startswith(OPEN))
    )
    status, told = told_by(world, reading, row)
    assert (status, told) == (403, [("user.access_denied", both(world[0], reader))])


def test_a_twin_that_forgets_whose_turn_it_is_would_be_seen(world, sams, monkeypatch):
    """The walk above finds a door that names one person, and rights that do not end."""
    cast, row = world[0], next(one for one in POSTS if one.name == "sources:source_disable")
    monkeypatch.setattr(SupportAccess, "audit_actor", property(lambda self: self.granted_by.audit_actor))
    _, told = told_by(world, sams[False][1], row)
    assert {actor for _, actor in told} == {cast.olga.audit_actor}
    monkeypatch.undo()
    monkeypatch.setattr(support_reach, "NOT_FOR_SUPPORT", frozenset())
    status, _ = told_by(world, sams[False][1], next(one for one in POSTS if one.name == "access:group_create"))
    assert status == 302

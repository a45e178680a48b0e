"""What a member may do and why: now, and at every moment of the past as it was then."""

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from auditapp.access import past
from auditapp.access.effective import effective_access
from auditapp.access.groups import add_group_member, create_group, rename_group
from auditapp.access.members import accept_invitation, invite_member, remove_member
from auditapp.access.models import Grant
from auditapp.access.own_roles import change_role, create_role, delete_role
from auditapp.access.permissions import Permission
from auditapp.access.roles import grant_role, revoke_role
from auditapp.ingest.services import accept_events
from auditapp.lib import clock
from auditapp.lib.errors import NotFound
from auditapp.record.viewer import Viewer
from auditapp.sources.services import change_source
from tests.access.past_moves import Played
from tests.factories import acting_as, events_of, last_event, make_cast, make_grant, make_user

RARELY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture
def cast(db):
    return make_cast()


def viewer_of(cast):
    return Viewer(cast.workspace.id, sees_all=True, sees_personal=True, own_actor_ids=(cast.olga.id,))


def effective(cast, person, on=None):
    with acting_as(cast.olga, cast.workspace):
        return effective_access(viewer_of(cast), person.id, on=on)


def total(access):
    """What an access amounts to, grant by grant."""
    return sorted(
        (sorted(one.permissions), one.resource_type, one.scope, sorted(one.resource_ids)) for one in access.grants
    )


def page(client, cast, person, on="", who=None):
    client.force_login(who or cast.olga)
    return client.get(reverse("access:member", args=["demo", person.id]), {"on": on} if on else {})


@settings(max_examples=10, deadline=None, suppress_health_check=RARELY)
@given(seed=some.integers(0, 2**32))
def test_at_every_moment_it_is_what_it_was_then(cast, seed):
    with transaction.atomic():
        played = Played(cast, seed)
        played.play(20)
        for number, (moment, then) in enumerate(played.seen):
            person = played.people[number % len(played.people)]
            shown = effective(cast, person, moment)
            assert total(shown.access) == total(then[person.id])
            assert shown.are_labels_known
            # Who is removed without a role leaves an event that could as well be one of an older version.
            assert all("tells of no role" in one.text for one in shown.doubts)
        for person in played.people:
            assert total(effective(cast, person).access) == total(played.seen[-1][1][person.id])
        transaction.set_rollback(True)


def test_an_event_that_is_not_undone_is_caught(cast, monkeypatch):
    monkeypatch.setattr(past, "_of_group", lambda event, what: ())
    played = Played(cast, 1)
    played.play(25)
    assert any(
        total(effective(cast, person, moment).access) != total(then[person.id])
        for moment, then in played.seen
        for person in played.people
    )


def test_each_right_names_who_gave_it_and_the_group_that_it_comes_through(cast):
    with acting_as(cast.olga, cast.workspace):
        given_at = grant_role(
            role_key="source_admin", scope="listed", user_id=cast.mina.id, resource_ids=[cast.shop.id]
        )
        given_event = last_event(cast.workspace)
        group = create_group(name="Readers")
        grant_role(role_key="source_read_only", scope="all", group_id=group.id)
        group_event = last_event(cast.workspace)
        add_group_member(group_id=group.id, user_id=cast.mina.id)
        joined_event = last_event(cast.workspace)
        rename_group(group_id=group.id, name="All readers")
    assert given_at.role_id == "source_admin"
    rights = {permission: right for right in effective(cast, cast.mina).rights for permission in right.permissions}
    write, read = rights[Permission.SOURCE_WRITE], rights[Permission.SOURCE_READ]
    assert (write.is_everywhere, write.names) == (False, ["Web shop"])
    assert [one.given.row.id for one in write.reasons] == [given_event.id]
    assert read.is_everywhere
    assert [(one.role, one.wins) for one in read.reasons] == [("Source Admin", False), ("Source Read-only", True)]
    through = read.reasons[1]
    assert through.group.name == "All readers"
    assert (through.given.row.id, through.joined.row.id) == (group_event.id, joined_event.id)


def test_a_role_of_the_workspaces_own_is_what_it_was_then(cast):
    """Its name and its permissions by the events of the role; who gave it by the event of its holder."""
    moments, then = [], clock.now() - timedelta(days=1)

    def did(number, act, **values):
        moments.append(then + timedelta(hours=number))
        with clock.at(moments[-1]), acting_as(cast.olga, cast.workspace):
            return act(**values)

    role = did(0, create_role, name="Reader", over="source", permissions=["source.read"])
    grant = did(1, grant_role, role_key=role.key, scope="listed", user_id=cast.mina.id, resource_ids=[cast.shop.id])
    given = last_event(cast.workspace)
    did(2, change_role, role_key=role.key, name="Writer", permissions=["source.write"])
    did(3, revoke_role, grant_id=grant.id)
    did(4, delete_role, role_key=role.key)
    told = []
    for moment in moments:
        shown = effective(cast, cast.mina, moment)
        assert shown.doubts == []
        assert shown.unknown_roles == []
        reasons = {
            (str(permission), why.role, why.given.row.id)
            for right in shown.rights
            for permission in right.permissions
            for why in right.reasons
            if permission.startswith("source.")
        }
        told.append(reasons)
    assert told == [set(), {("source.read", "Reader", given.id)}, {("source.write", "Writer", given.id)}, set(), set()]


def test_an_invitation_is_the_reason_of_the_role_that_it_brought(client, cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), acting_as(cast.olga, cast.workspace):
        invite_member(email="zoe@demo.example", role_key="auditor", scope="workspace")
    secret = re.search(r"([0-9A-Za-z]{43})", mail.outbox[-1].body)[1]
    accept_invitation(secret=secret, user=cast.zoe, context={})
    shown = effective(cast, cast.zoe)
    assert shown.joined.row.event.type == "user.invite_accepted"
    assert {one.given.row.event.type for right in shown.rights for one in right.reasons} == {"user.invite_accepted"}
    assert shown.joined.invited.event.actor.id == cast.olga.id
    assert b"Invited by Olga of demo, accepted on" in page(client, cast, cast.zoe).content


def test_a_role_that_was_given_again_names_the_last_time(cast):
    with acting_as(cast.olga, cast.workspace):
        for _ in range(2):
            grant = grant_role(role_key="source_admin", scope="all", user_id=cast.mina.id)
            first = last_event(cast.workspace)
            revoke_role(grant_id=grant.id)
        grant_role(role_key="source_admin", scope="all", user_id=cast.mina.id)
    write = next(right for right in effective(cast, cast.mina).rights if Permission.SOURCE_WRITE in right.permissions)
    assert write.reasons[0].given.row.id == last_event(cast.workspace).id != first.id


def test_a_label_reaches_what_carried_it_then(cast):
    with acting_as(cast.olga, cast.workspace):
        change_source(source_id=cast.shop.id, name="Web shop", labels=["environment:prod"])
        grant_role(role_key="source_read_only", scope="labelled", user_id=cast.mina.id, labels=["environment:prod"])
        before = clock.now()
        change_source(source_id=cast.shop.id, name="Shop of old", labels=["environment:dev"])
    then, now = effective(cast, cast.mina, before), effective(cast, cast.mina)
    reads = [next(right for right in one.rights if Permission.SOURCE_READ in right.permissions) for one in (then, now)]
    assert [one.names for one in reads] == [["Web shop"], []]
    assert reads[0].reasons[0].reach == "sources labelled environment:prod"


def test_what_other_systems_report_gives_nothing(cast):
    before = clock.now() - timedelta(seconds=5)
    event = {
        "type": "user.role_granted",
        "actor": {"id": "usr_1"},
        "target": {"type": "member", "id": cast.mina.id, "name": "Mina"},
        "meta": {"role": "Workspace Owner"},
    }
    with acting_as(cast.olga, cast.workspace):
        accept_events([event])
    assert last_event(cast.workspace).event.type == "user.role_granted"
    shown = effective(cast, cast.mina, before)
    assert (shown.doubts, total(shown.access)) == ([], total(effective(cast, cast.mina).access))


def test_a_change_past_the_trail_is_told_of(cast):
    before = clock.now()
    with acting_as(cast.olga, cast.workspace):
        grant_role(role_key="source_admin", scope="all", user_id=cast.mina.id)
        Grant.objects.filter(subject_id=cast.mina.id, role_id="source_admin").delete()
    assert ["does not fit" in one.text for one in effective(cast, cast.mina, before).doubts] == [True]
    assert effective(cast, cast.milo, before).doubts == []


def test_somebody_who_was_removed_is_shown_as_they_were(client, cast):
    before = clock.now()
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=cast.milo.id)
    now, then = page(client, cast, cast.milo), page(client, cast, cast.milo, clock.utc_text(before))
    assert now.status_code == then.status_code == 200
    assert b"Is no member any more" in now.content
    assert b"Change sources" in then.content
    assert b"iOS app" in then.content
    assert b"Take back" not in then.content


def test_who_never_was_a_member_is_not_there(client, cast):
    other = make_cast(slug="other")
    assert page(client, cast, other.milo).status_code == 404
    assert page(client, cast, make_user(name="Nobody")).status_code == 404
    with pytest.raises(NotFound):
        effective(cast, other.milo, clock.now() - timedelta(days=1))


def test_the_day_before_somebody_joined_they_could_see_nothing(client, cast):
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=cast.mina.id)
    shown = page(client, cast, cast.mina, clock.utc_text(clock.now()))
    assert b"Was no member then" in shown.content


@pytest.mark.parametrize(
    ("on", "says"),
    [("yesterday", "Write a day as"), ("2026-02-30", "Write a day as"), ("2999-01-01", "has not come yet"),
     ("2026-03-01T10:00", "Write times as"), ("9999-12-31", "Write a day as")],
)  # fmt: skip
def test_a_day_that_is_none_is_said_and_now_is_shown(client, cast, on, says):
    answer = page(client, cast, cast.milo, on)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert b"Change sources" in answer.content


def test_today_is_now_and_a_plus_may_come_as_a_space(client, cast):
    today = clock.now().date().isoformat()
    assert b"As it was on" not in page(client, cast, cast.milo, today).content
    client.force_login(cast.olga)
    answer = client.get(reverse("access:member", args=["demo", cast.milo.id]) + "?on=2026-11-01T10:00:00+02:00")
    assert b"As it was on" in answer.content


def test_an_auditor_may_look_and_changes_nothing(client, cast):
    answer = page(client, cast, cast.milo, who=cast.rita)
    assert answer.status_code == 200
    assert b"Change sources" in answer.content
    assert b'<form method="post" action="/demo/settings/access' not in answer.content


def test_how_much_of_the_trail_they_see_is_counted_as_they_see_it(client, cast):
    with acting_as(cast.milo, cast.workspace):
        change_source(source_id=cast.shop.id, name="Shop", labels=[])
    with acting_as(cast.olga, cast.workspace):
        change_source(source_id=cast.app.id, name="App", labels=[])
        change_source(source_id=cast.kiosk.id, name="Stand", labels=[])
    assert effective(cast, cast.milo).sees.events == 2
    assert b"2 events, views included, which the trail hides unless they are asked for" in (
        page(client, cast, cast.milo).content
    )
    # Opening the trail is an event of theirs, which is counted here and not listed there.
    client.force_login(cast.milo)
    trail = reverse("trail:event_list", args=["demo"])
    listed = [b"opened the audit trail" in client.get(trail + more).content for more in ("", "?reads=1")]
    assert listed == [False, True]
    assert effective(cast, cast.milo).sees.events == 3
    assert b"3 events, views included" in page(client, cast, cast.milo).content


def test_the_past_of_a_long_history_takes_few_queries(cast, django_assert_max_num_queries):
    before = clock.now()
    with acting_as(cast.olga, cast.workspace):
        for _ in range(20):
            revoke_role(grant_id=grant_role(role_key="auditor", scope="workspace", user_id=cast.mina.id).id)
        with django_assert_max_num_queries(40):
            effective_access(viewer_of(cast), cast.mina.id, on=before)


def test_the_list_of_members_is_exported_by_who_sees_it_and_recorded(client, cast):
    cast.mina.name = "=1+1"
    cast.mina.save()
    client.force_login(cast.olga)
    answer = client.get(reverse("access:members_export", args=["demo"]))
    rows = list(csv.DictReader(StringIO(answer.content.decode())))
    assert {row["email"]: row["role"] for row in rows} == {
        "olga@demo.example": "Workspace Owner",
        "milo@demo.example": "Source Admin",
        "rita@demo.example": "Auditor",
        "mina@demo.example": "Minimal Workspace Access",
    }
    assert [row["reach"] for row in rows if row["role"] == "Source Admin"] == ["2 sources: Web shop, iOS app"]
    assert "'=1+1" in {row["name"] for row in rows}
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.meta) == ("user.list_exported", {"members": 4})
    client.force_login(cast.rita)
    assert reverse("access:members_export", args=["demo"]) in client.get("/demo/settings/access/").content.decode()
    again = client.get(reverse("access:members_export", args=["demo"])).content.decode()
    assert [row["role"] for row in csv.DictReader(StringIO(again))] == [row["role"] for row in rows]
    assert last_event(cast.workspace).event.actor.id == cast.rita.id
    client.force_login(cast.milo)
    assert client.get(reverse("access:members_export", args=["demo"])).status_code == 403
    assert events_of(cast.workspace)[0].event.type == "user.access_denied"


def test_how_far_the_trail_is_open_is_what_the_roles_open_of_it(cast):
    make_grant(workspace=cast.workspace, user=cast.mina, role="warehouse_destination_read_only", scope="all")
    make_grant(
        workspace=cast.workspace, user=cast.mina, role="source_read_only", scope="listed", resource_ids=[cast.shop.id]
    )
    rights = {permission: right for right in effective(cast, cast.mina).rights for permission in right.permissions}
    opened = rights[Permission.AUDIT_READ]
    assert not opened.is_everywhere
    assert opened.names == ["Web shop", "All warehouses", "What they did themselves"]
    assert {one.role: one.wins for one in opened.reasons} == {
        "Source Read-only": True,
        "Warehouse Destination Read-only": True,
        "Minimal Workspace Access": False,
    }
    whole = {permission: right for right in effective(cast, cast.rita).rights for permission in right.permissions}
    assert whole[Permission.AUDIT_READ].is_everywhere

"""The demo's history: of real services, in order, with people whose roles hold."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.core.management.base import CommandError
from django.db import connection

from auditapp.access.asked import waiting_requests
from auditapp.access.effective import effective_access
from auditapp.access.inviting import expired_invitations
from auditapp.access.models import AccessRequest, ApiToken, Grant, Group, GroupMember, Member, Role, User, Workspace
from auditapp.access.permissions import permissions_for, viewer_for
from auditapp.access.role_queries import open_invitations_of
from auditapp.access.support_models import SupportAccess
from auditapp.access.support_queries import support_shown
from auditapp.alerts.models import AlertFiring, AlertMessage, AlertRule
from auditapp.forwarding.backfill import start_due_backfills
from auditapp.forwarding.models import Forwarding
from auditapp.lib import clock
from auditapp.management.commands import demo as command
from auditapp.management.demo import history
from auditapp.management.demo.access_story import access_steps
from auditapp.management.demo.days import Calendar
from auditapp.management.demo.elsewhere import posted_event
from auditapp.management.demo.history import DAYS_OF_STORY, fill_demo
from auditapp.management.demo.machines import token_steps
from auditapp.management.demo.people import SIGN_INS, SPACES
from auditapp.management.demo.support_story import support_steps
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.flow.figures import applied_in, intake_of
from auditapp.pipeline.plans.models import ViolationCount
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.record.attempts import attempt_of
from auditapp.record.drafts import EventDraft
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import read_inbox
from auditapp.sources.models import Source
from auditapp.spaces.models import Space
from auditapp.tasks.running import run_due_task
from tests.conftest import cloned_database

A_MOMENT = timedelta(seconds=1)
PASSWORD = "demo-password-1"


@pytest.fixture(scope="module")
def demo(server, django_db_blocker):
    """As short as one can be that has the whole story in it, with less work a day."""
    with django_db_blocker.unblock(), cloned_database(server, role="worker"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "EVENTS_A_WORKDAY", (18, 26))
        patch.setattr(history, "EVENTS_A_WEEKEND", (3, 8))
        yield fill_demo(password=PASSWORD, days=DAYS_OF_STORY)


def _viewer(workspace: Workspace, email: str):
    user = User.objects.get(email=email)
    assert user.check_password(PASSWORD)
    with in_workspace(workspace.id):
        return viewer_for(permissions_for(workspace.id, user.id))


def test_three_people_can_sign_in_and_see_what_their_roles_say(demo):
    owner = _viewer(demo, "owner@example.com")
    member = _viewer(demo, "member@example.com")
    auditor = _viewer(demo, "auditor@example.com")
    assert owner.sees_all
    assert auditor.sees_all
    assert not member.sees_all
    assert len(member.scope_ids) == 2


def test_the_history_has_days_areas_and_diffs(demo):
    with in_workspace(demo.id):
        rows = visible_events(_viewer(demo, "owner@example.com")).page(EventFilter(with_reads=True), size=1_000).rows
    assert len(rows) > 80  # a weekend among the four days is quiet
    assert len({row.event.occurred_at.date() for row in rows}) >= 4
    assert len({row.event.area for row in rows}) >= 12
    assert any(row.event.changes for row in rows if row.event.area == "sources")
    assert all(row.type.is_declared for row in rows)


def test_a_source_follows_a_plan_and_some_of_what_it_sent_is_not_as_planned(demo):
    with in_workspace(demo.id):
        counts = ViolationCount.objects.all()
        assert {row.name for row in counts} == {"Order Completed", "Cart Viewed"}
        source = Source.objects.get(id=counts[0].source_id)
        verdicts = {one.verdict for one in read_inbox(demo.id, source.id, 0)}
        assert (source.slug, verdicts) == ("web-shop", {"accepted", "unplanned"})


def test_its_rules_fired_when_things_happened(demo):
    with in_workspace(demo.id):
        assert AlertRule.objects.count() == 3
        firings = AlertFiring.objects.values_list("fired_at", "occurred_at")
        assert all(abs(fired - occurred) < timedelta(days=2) for fired, occurred in firings)
        assert not AlertMessage.objects.filter(state="waiting").exists()


def test_tasks_that_failed_are_told_of_attempt_by_attempt(demo):
    with in_workspace(demo.id):
        rows = visible_events(_viewer(demo, "owner@example.com")).page(EventFilter(), size=1_000).rows
    tasks = {}
    for row in rows:
        if attempt := attempt_of(row.event):
            tasks.setdefault(attempt.task, []).append((attempt.number, row.event.outcome))
    newest_first = [list(range(len(told), 0, -1)) for told in tasks.values()]
    assert [[number for number, _ in told] for told in tasks.values()] == newest_first
    assert [outcome for _, outcome in tasks["tsk_aud_lapsed_hikers_today"]] == ["success", "failure", "failure"]
    assert [outcome for _, outcome in tasks["tsk_trt_lifetime_value_today"]] == ["failure"] * 6


def test_no_event_lies_ahead(demo):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM event WHERE occurred_at > now()")
        assert cursor.fetchone() == (0,)


def test_what_other_systems_post_is_the_same_for_the_same_chance():
    from random import Random

    people = [{"id": "usr_1", "name": "A", "email": "a@example.com", "ip": "192.0.2.1"}]
    at = datetime(2026, 11, 24, tzinfo=UTC)
    assert posted_event(Random(1), at, people) == posted_event(Random(1), at, people)


def test_its_trail_is_forwarded_to_destinations_that_need_no_network(demo):
    with in_workspace(demo.id):
        forwarding = Forwarding.objects.get()
        destinations = {one.name: one for one in Destination.objects.all()}
    assert forwarding.is_on
    assert forwarding.backfill_end > forwarding.start_index
    assert {name: (one.kind, one.is_enabled) for name, one in destinations.items()} == {
        "Security team": ("email", True),
        "Audit mailbox": ("email", True),
        "SIEM": ("webhook", False),
    }
    start_due_backfills()
    while run_due_task():
        pass
    with in_workspace(demo.id):
        source = Source.objects.get(id=forwarding.source_id)
        came = intake_of(source, clock.now() - timedelta(hours=1))
        assert came.accepted == came.received > 0
        assert sum(applied_in(source, clock.now() - timedelta(hours=1))) > 0
        rows = visible_events(_viewer(demo, "owner@example.com")).page(EventFilter(with_reads=True), size=1_000).rows
    novelties = [
        row for row in rows if "new_event" in row.type.key and source.id in {one.id for one in row.event.targets}
    ]
    assert novelties == []


def _user(name: str) -> User:
    return User.objects.get(name=name)


def _groups_hold(name: str) -> tuple[set[str], set[tuple[str, str]]]:
    """Who is in a group, and which roles it gives how far."""
    group = Group.objects.get(name=name)
    inside = set(GroupMember.objects.filter(group_id=group.id).values_list("user__name", flat=True))
    return inside, set(Grant.objects.filter(subject_id=group.id).values_list("role__name", "scope"))


def test_everybody_who_is_named_at_the_start_can_sign_in_by_the_same_password(demo):
    for person, _ in SIGN_INS:
        assert User.objects.get(email=person.email).check_password(PASSWORD)


def test_two_groups_share_roles_one_of_them_over_a_label(demo):
    with in_workspace(demo.id):
        assert Group.objects.count() == 2
        assert _groups_hold("Platform on-call") == ({"Tomás Echeverría", "Yuki Tanabe"}, {("Source Admin", "labelled")})
        inside, gives = _groups_hold("Data analysts")
        assert inside == {"Grace Mbeki", "Ingrid Solheim"}
        assert gives == {("Warehouse Destination Read-only", "all"), ("Tracking Plan Read-only", "workspace")}
        reach = permissions_for(demo.id, _user("Yuki Tanabe").id).reach("source.write").ids
        prod = Source.objects.filter(labels__contains=["environment:prod"]).values_list("id", flat=True)
        assert set(reach) == set(prod) != set()


def test_roles_of_the_workspace_are_given_and_one_was_changed(demo):
    with in_workspace(demo.id):
        own = {role.name: role for role in Role.objects.filter(workspace_id=demo.id)}
        assert set(own) == {"Release manager", "Warehouse operator"}
        grant = Grant.objects.get(role=own["Release manager"])
        assert (grant.subject_id, grant.labels) == (_user("Lucía Ferrer").id, ["environment:prod", "team:mobile"])
        lars = permissions_for(demo.id, _user("Lars Henriksen").id)
        assert {
            lars.reach("warehouse.write").ids == {one.id} for one in Warehouse.objects.filter(name="Warehouse EU")
        } == {True}
        history = _events(demo, types=("role.updated",))
    assert [change.path for change in history[0].changes] == ["permissions.audit.export"]


def test_a_role_over_one_space_opens_what_happened_in_it(demo):
    with in_workspace(demo.id):
        spaces = {one.name: one for one in Space.objects.all()}
        assert {name: (one.labels != [], one.deleted_at) for name, one in spaces.items()} == dict.fromkeys(
            SPACES, (True, None)
        )
        viewer = _viewer(demo, "amara.diallo@example.com")
        assert viewer.scope_ids == (spaces["Production"].id,)
        seen = visible_events(viewer).page(EventFilter(), size=1_000).rows
    foreign = {row.event.scope_id for row in seen if row.event.actor.id not in viewer.own_actor_ids}
    assert foreign == {spaces["Production"].id}
    assert {row.event.area for row in seen} >= {"audiences", "journeys", "spaces"}


def test_the_trail_of_who_has_two_sources_is_smaller_and_without_addresses(demo):
    with in_workspace(demo.id):
        whole, part = (
            visible_events(_viewer(demo, email)).page(EventFilter(), size=1_000).rows
            for email in ("owner@example.com", "member@example.com")
        )
    assert 5 < len(part) < len(whole) / 2
    others = [row.event for row in part if row.event.actor.name != "Ravi Menon"]
    assert others
    assert not any({"ip", "user_agent"} & event.context.keys() for event in others)
    assert all("ip" in row.event.context for row in whole if row.event.id in {event.id for event in others})


def test_of_two_with_the_same_role_one_sees_personal_data(demo):
    with in_workspace(demo.id):
        grace, ingrid = (permissions_for(demo.id, _user(name).id) for name in ("Grace Mbeki", "Ingrid Solheim"))
    assert grace.reach("source.read").ids == ingrid.reach("source.read").ids
    assert (grace.can("audit.read_personal"), ingrid.can("audit.read_personal")) == (True, False)


def test_requests_wait_and_were_answered(demo):
    with in_workspace(demo.id):
        asked = AccessRequest.objects.order_by("created_at").values_list(
            "user__name", "permission", "state", "role_name"
        )
        assert list(asked) == [
            ("Yuki Tanabe", "warehouse.read", "approved", "Warehouse Destination Read-only"),
            ("Ravi Menon", "audit.read_all", "declined", ""),
            ("Amara Diallo", "audit.read_personal", "waiting", ""),
            ("Ravi Menon", "source.create", "waiting", ""),
        ]
        assert [
            shown.user.name for shown in waiting_requests(permissions_for(demo.id, _user("Maya Lindqvist").id))
        ] == [
            "Amara Diallo",
            "Ravi Menon",
        ]


def test_one_invitation_is_open_and_one_ran_out(demo):
    with in_workspace(demo.id):
        assert [one.email for one in open_invitations_of(demo.id)] == ["sofia.marchetti@example.com"]
        assert [one.email for one in expired_invitations(demo.id)] == ["daniel.osei@agency.example"]


def test_support_reads_now_and_changed_things_in_the_owners_name(demo):
    with in_workspace(demo.id):
        now, before = support_shown(demo.id)
        assert (now.is_open, now.support.is_read_only) == (True, True)
        assert (before.is_open, before.support.is_read_only) == (False, False)
        assert now.support.expires_at - clock.now() > timedelta(days=2)
        told = _events(demo, behind=(_user("Sam Okoro").id,), with_reads=True)
    assert {(event.actor.name, event.actor.real.name) for event in told} == {("Zoë Okafor-Brandt", "Sam Okoro")}
    assert {event.type for event in told} >= {
        "support_access.used",
        "warehouse.modified",
        "warehouse.disabled",
        "audit_trail.viewed",
    }


def test_tokens_tell_what_they_did(demo):
    with in_workspace(demo.id):
        tokens = {one.name: one for one in ApiToken.objects.all()}
        assert set(tokens) == {"Product systems", "Terraform", "Weekly report", "CI deploy"}
        did = {name: {one.type for one in _events(demo, tokens=(token.id,))} for name, token in tokens.items()}
    assert all(token.last_used_at for token in tokens.values())
    assert timedelta(0) < tokens["Terraform"].expires_at - clock.now() < timedelta(days=7)
    assert tokens["CI deploy"].revoked_at > tokens["CI deploy"].last_used_at
    assert did["Terraform"] == {"source.modified"}
    assert did["CI deploy"] == {"source.write_key_rotated", "user.access_denied"}
    assert len(did["Product systems"]) > 20


@pytest.mark.parametrize(
    ("name", "permission", "given"),
    [
        ("Grace Mbeki", "audit.read_personal", "user.role_granted"),
        ("Tomás Echeverría", "source.write", "user_group.member_added"),
        ("Lars Henriksen", "warehouse.write", "user.invite_accepted"),
    ],
)
def test_what_somebody_could_do_follows_the_day(demo, name, permission, given):
    owner, user = _viewer(demo, "owner@example.com"), _user(name)
    with in_workspace(demo.id):
        about = (event for event in _events(demo, types=(given,)) if user.id in _people_of(event))
        at = min(event.occurred_at for event in about)
        assert at < clock.now() - timedelta(weeks=1)
        before, after = (effective_access(owner, user.id, on=at + step) for step in (-A_MOMENT, A_MOMENT))
    assert (before.access.can(permission), after.access.can(permission)) == (False, True)
    assert [*before.doubts, *after.doubts] == []


def test_who_left_is_no_member_and_their_day_is_still_told(demo):
    with in_workspace(demo.id):
        jonas = _user("Jonas Weber")
        assert not Member.objects.filter(user=jonas).exists()
        (removed,) = _events(demo, types=("user.removed",))
        then = effective_access(_viewer(demo, "owner@example.com"), jonas.id, on=removed.occurred_at - A_MOMENT)
    assert then.is_member
    assert then.access.can("source.write")


def test_nobody_is_mailed_of_what_was_long_ago(demo):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE 'access.mail%%' AND status = 'todo'"
        )
        assert cursor.fetchone() == (0,)


def test_setting_up_forwarding_took_its_time(demo):
    with in_workspace(demo.id):
        types = ("destination.created", "destination_filter.created", "audit_forwarding.enabled")
        # What other systems report of destinations of theirs came by the API.
        last = sorted(event.occurred_at for event in _events(demo, types=types) if event.origin == "app")
    assert len(last) == 5
    assert all(timedelta(seconds=20) < later - earlier < timedelta(minutes=15) for earlier, later in pairwise(last))
    assert last[-1].weekday() < 5


@pytest.mark.parametrize("weekday", ["saturday", "sunday", "monday"])
def test_the_story_fits_together_on_whatever_day_it_is_told(server, django_db_blocker, monkeypatch, weekday):
    """Weekends move what happens, and nothing may come before what it needs."""
    for name in ("EVENTS_A_WORKDAY", "EVENTS_A_WEEKEND"):
        monkeypatch.setattr(history, name, (0, 0))
    for name in ("ring", "seal_history", "set_up_forwarding"):
        monkeypatch.setattr(history, name, lambda *_: None)
    monkeypatch.setattr(history.plans, "send_events", lambda _: None)
    now = clock.now()
    back = (now.weekday() - ["monday", "saturday", "sunday"].index(weekday) * 5 % 9) % 7
    with (
        django_db_blocker.unblock(),
        cloned_database(server, role="worker"),
        clock.at(now - timedelta(days=back)),
    ):
        workspace = fill_demo(password=PASSWORD, days=DAYS_OF_STORY)
        with in_workspace(workspace.id):
            assert SupportAccess.objects.count() == 2
            assert AccessRequest.objects.count() == 4


@pytest.mark.parametrize("first", range(7))
def test_nothing_of_the_story_happens_at_a_weekend(first):
    start = datetime(2026, 11, 23 + first, 7, tzinfo=UTC)
    days = Calendar(start, start + timedelta(days=DAYS_OF_STORY, hours=4))
    steps = [*access_steps(days), *token_steps(days), *support_steps(days, PASSWORD)]
    assert {step.at.weekday() for step in steps} <= {0, 1, 2, 3, 4}
    assert len({step.at for step in steps}) == len(steps)
    assert all(start < step.at <= days.now for step in steps)


def _events(workspace: Workspace, *, types: tuple[str, ...] = (), with_reads: bool = False, **wanted: tuple[str, ...]):
    chosen = {name: Choice(ids) for name, ids in wanted.items()} | {"types": Choice(types)}
    found = visible_events(_viewer(workspace, "owner@example.com"))
    rows = found.page(EventFilter(with_reads=with_reads, **chosen), size=1_000).rows
    return [row.event for row in rows]


def _people_of(event: EventDraft) -> set[str]:
    return {event.actor.id, *(target.id for target in event.targets)}


def test_a_fill_that_was_cut_off_is_not_taken_for_a_demo(demo, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "FILLING_FILE", tmp_path / "demo-filling")
    command.refuse_half()
    command.FILLING_FILE.touch()
    with pytest.raises(CommandError, match=r"cut off.*Remove .* then start again"):
        command.refuse_half()

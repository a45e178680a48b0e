"""The demo's history: of real services, in order, with people whose roles hold."""

from datetime import timedelta

import pytest
from django.db import connection

from auditapp.access.models import User, Workspace
from auditapp.access.permissions import permissions_for, viewer_for
from auditapp.alerts.models import AlertFiring, AlertMessage, AlertRule
from auditapp.forwarding.backfill import start_due_backfills
from auditapp.forwarding.models import Forwarding
from auditapp.lib import clock
from auditapp.management.demo.elsewhere import posted_event
from auditapp.management.demo.history import fill_demo
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.flow.figures import applied_in, intake_of
from auditapp.pipeline.plans.models import ViolationCount
from auditapp.record.attempts import attempt_of
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import read_inbox
from auditapp.sources.models import Source
from auditapp.tasks.running import run_due_task


@pytest.fixture
def demo(own_database, as_role):
    with as_role("worker"):
        yield fill_demo(password="demo-password-1", days=4)


def _viewer(workspace: Workspace, email: str):
    user = User.objects.get(email=email)
    assert user.check_password("demo-password-1")
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
    from datetime import UTC, datetime
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

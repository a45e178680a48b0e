"""What a member chooses to be told of by area: exactly that, only what they may see, never their own doing, until they stop it."""

import re
from datetime import time, timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client

from auditapp.access.models import Grant
from auditapp.alerts.bell import unread_count
from auditapp.alerts.firings import firings_page
from auditapp.alerts.hold_setting import notify_after_last_retry
from auditapp.alerts.models import AlertFiring, AlertNotice, AlertRule
from auditapp.alerts.own_events import failed_in_a_row
from auditapp.alerts.preferences import Preferences, change_preferences, preferences_of
from auditapp.alerts.queries import viewer_of
from auditapp.alerts.services import RuleInput, create_alert_rule
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotAllowed
from auditapp.pipeline.warehouses.models import WarehouseSync
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, last_event, make_cast, make_token

PAGE = "/demo/settings/admin/alerts/bell/settings/"


@pytest.fixture
def choose(cast):
    def to(who, **areas):
        with acting_as(who, cast.workspace):
            return change_preferences(Preferences(**areas))

    return to


@pytest.fixture
def outbox(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    return mail.outbox


def happen(cast, times=1, *, who=None, source=None):
    for _ in range(times):
        with acting_as(who or cast.olga, cast.workspace):
            record("source.disabled", target=source or cast.shop)


def unread(cast, who):
    with in_workspace(cast.workspace.id):
        return unread_count(viewer_of(cast.workspace.id, who.id), who.id)


def told(cast, own="", *, recovered=False):
    """How many events, or recoveries, notices tell of."""
    with in_workspace(cast.workspace.id):
        rules = AlertRule.objects.filter(own__startswith=own).values_list("id", flat=True)
        notices = AlertNotice.objects.filter(rule_id__in=list(rules))
        return sum(one.recovered if recovered else one.firings for one in notices)


def test_nobody_is_told_of_what_they_did_not_choose(cast, choose, look):
    happen(cast)
    assert look() == 0
    choose(cast.milo, bell=["warehouses"])
    happen(cast, 2)
    look()
    assert (unread(cast, cast.milo), told(cast)) == (0, 0)


def test_an_area_is_told_in_the_product_of_what_others_do(cast, choose, look, outbox, send):
    happen(cast)
    look()
    choose(cast.milo, bell=["sources"])
    happen(cast, who=cast.milo)
    happen(cast, source=cast.app)
    look()
    send()
    assert (unread(cast, cast.milo), told(cast)) == (1, 1)
    assert unread(cast, cast.olga) == 0
    assert outbox == []
    page = browser(cast.milo).get("/demo/settings/admin/alerts/bell/").content.decode()
    assert f"Olga of demo disabled source {cast.app.name}" in page
    assert "Your notifications" in page


def test_a_right_that_was_taken_away_holds_at_once(cast, choose, look, send, outbox):
    choose(cast.milo, email=["sources"])
    happen(cast, source=cast.kiosk)  # he does not reach it
    happen(cast, source=cast.shop)
    look()
    assert told(cast) == 1
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.milo.id).delete()
    send()  # what it tells of is asked again when it is sent
    assert all("Web shop" not in one.body + one.subject for one in outbox)
    happen(cast, source=cast.app)
    look()
    assert told(cast) == 1


def test_what_was_only_read_is_not_told(cast, choose, look):
    choose(cast.olga, bell=["sources"])
    with acting_as(cast.milo, cast.workspace):
        record("source.debugger_viewed", target=cast.shop, meta={"event": "All"})
    look()
    assert told(cast) == 0


def test_mail_is_one_in_five_minutes_with_a_way_to_stop_it(cast, choose, look, send, outbox):
    choose(cast.olga, email=["sources"])
    happen(cast, who=cast.milo)
    look()
    send()
    happen(cast, 7, who=cast.milo, source=cast.app)
    look()
    send()
    assert [one.subject for one in outbox] == ["[Halden Outdoor] Milo of demo disabled source Web shop"]
    with time_machine.travel(clock.now() + timedelta(minutes=6), tick=True):
        send()
    first, second = outbox
    assert second.subject.startswith("[Halden Outdoor] 7 events, Milo of demo disabled source")
    assert "and 2 more." in second.body
    assert second.to == [cast.olga.email]
    link = re.fullmatch(r"<(http.*/accounts/unsubscribe/[^/>]+/)>", first.extra_headers["List-Unsubscribe"])[1]
    assert first.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in first.body
    assert PAGE in first.body


def test_no_mail_in_quiet_hours(cast, choose, look, send, outbox):
    now = clock.now()
    hours = {"quiet_from": time((now.hour - 1) % 24), "quiet_to": time((now.hour + 1) % 24)}
    choose(cast.olga, email=["sources"], bell=["sources"], **hours)
    happen(cast, who=cast.milo)
    look()
    send()
    assert outbox == []
    assert unread(cast, cast.olga) == 1
    with pytest.raises(Invalid):
        choose(cast.olga, quiet_from=time(22))


@pytest.mark.parametrize("by_click", [True, False], ids=["one-click", "asked-back"])
def test_the_link_of_a_mail_stops_mail_alone_and_needs_no_session(cast, choose, look, send, outbox, by_click):
    choose(cast.milo, email=["sources", "users"], bell=["sources"])
    happen(cast)
    look()
    send()
    path = re.search(r"/accounts/unsubscribe/[^/]+/", outbox[0].body)[0]
    stranger = Client(enforce_csrf_checks=True)
    asked = stranger.get(path).content.decode()
    assert "get mail about Sources, Users." in asked
    with in_workspace(cast.workspace.id):
        assert preferences_of(cast.workspace.id, cast.milo.id).email == ("sources", "users")
    sent = {"List-Unsubscribe": "One-Click"} if by_click else {}
    assert b"No more notifications by mail" in stranger.post(path, sent).content
    with in_workspace(cast.workspace.id):
        chosen = preferences_of(cast.workspace.id, cast.milo.id)
    assert (chosen.email, chosen.bell) == ((), ("sources",))
    row = last_event(cast.workspace)
    assert (row.type.key, row.event.actor.id) == ("user.notification_preferences_modified", cast.milo.id)
    assert path not in str(row.event.context)
    assert stranger.get(path[:-3] + "xx/").status_code == 404
    happen(cast, source=cast.app)
    look()
    send()
    assert len(outbox) == 1


def test_each_change_is_an_event_and_the_same_again_is_none(cast, choose):
    choose(cast.rita, email=["workspace", "sources"], bell=["users"])
    row = last_event(cast.workspace)
    assert row.type.key == "user.notification_preferences_modified"
    assert {one.path: one.new for one in row.event.changes} == {"email": ["sources", "workspace"], "bell": ["users"]}
    with acting_as(cast.rita, cast.workspace):
        assert preferences_of(cast.workspace.id, cast.rita.id).email == ("sources", "workspace")
    choose(cast.rita, email=["sources", "workspace"], bell=["users"])
    assert last_event(cast.workspace).id == row.id
    with pytest.raises(Invalid):
        choose(cast.rita, email=["nothing"])


def test_nobody_else_sees_what_somebody_chose(cast, choose, look):
    choose(cast.milo, bell=["sources"])
    happen(cast)
    look()
    with in_workspace(cast.workspace.id):
        rule = AlertRule.objects.get()
        assert firings_page(Viewer(cast.workspace.id, sees_all=True)).rows == []
    for who in (cast.olga, cast.milo):
        client = browser(who)
        assert client.get(f"/demo/settings/admin/alerts/{rule.id}/").status_code == 404
        assert client.post(f"/demo/settings/admin/alerts/{rule.id}/delete/").status_code == 404
        assert b"Your notifications" not in client.get("/demo/settings/admin/alerts/").content
    with acting_as(cast.milo, cast.workspace):  # its name is no rule's
        create_alert_rule(RuleInput(name=rule.name, told_ids=[cast.milo.id], by_bell=True))


def test_a_token_has_no_notifications(cast):
    token, _ = make_token(workspace=cast.workspace)
    with in_workspace(cast.workspace.id), acting(cast.workspace.id, token.audit_actor), pytest.raises(NotAllowed):
        change_preferences(Preferences(bell=["sources"]))


def test_workspaces_do_not_share_preferences(cast, choose, look):
    other = make_cast(slug="other")
    choose(cast.olga, bell=["sources"])
    happen(other, who=other.milo)
    look()
    assert told(other) == told(cast) == 0


def fail_sync(cast, number, *, state="failure", attempts=2, task=None):
    """A sync of the warehouse that ended so; a failed one with an event for each attempt."""
    task = task or f"tsk_{number}"
    with in_workspace(cast.workspace.id), acting(cast.workspace.id, SYSTEM):
        WarehouseSync.objects.create(
            workspace_id=cast.workspace.id,
            id=f"syn_{number}",
            warehouse_id=cast.warehouse.id,
            task_id=task,
            schedule="hourly",
            state=state,
            started_at=clock.now() + timedelta(seconds=number),
        )
        for attempt in range(1, attempts + 1) if state == "failure" else ():
            meta = {"attempt": attempt, "of": attempts, "task": task, "final": attempt == attempts, "reason": "No."}
            record("warehouse.run_failed", target=cast.warehouse, meta=meta, outcome="failure")


def test_failed_syncs_are_told_in_the_product_at_the_5th_and_20th_in_a_row(cast, choose, look):
    choose(cast.olga, bell=["warehouses"])
    counts = []
    for number in range(1, 22):
        fail_sync(cast, number)
        if number in (4, 5, 19, 20, 21):
            look()
            counts.append(told(cast))
    assert counts == [0, 1, 1, 2, 2]
    fail_sync(cast, 22, state="success")
    for number in range(23, 28):
        fail_sync(cast, number)
    look()
    assert told(cast) == 3


def test_a_late_reader_counts_as_it_was_then(cast, choose, look):
    choose(cast.olga, bell=["warehouses"])
    for number in range(1, 5):
        fail_sync(cast, number)
    fail_sync(cast, 5, state="cancelled")
    fail_sync(cast, 6)
    fail_sync(cast, 7, state="success")
    look()
    assert told(cast) == 1


def test_a_sync_that_others_report_is_told_when_it_failed_for_good(cast, choose, look):
    choose(cast.olga, bell=["warehouses"], email=["warehouses"])
    with in_workspace(cast.workspace.id), acting(cast.workspace.id, SYSTEM):
        for attempt in (1, 2):
            meta = {"attempt": attempt, "of": 2, "task": "theirs", "final": attempt == 2}
            record("warehouse.run_failed", target=cast.warehouse, meta=meta, outcome="failure")
        event = last_event(cast.workspace).event
        assert failed_in_a_row(cast.workspace.id, event) is None
    look()
    assert (told(cast, "email"), told(cast, "bell")) == (2, 1)


def attempt(cast, number, kind="run_failed"):
    meta = {"attempt": number, "of": 6, "task": "tsk_1"}
    with in_workspace(cast.workspace.id), acting(cast.workspace.id, SYSTEM):
        record(
            f"warehouse.{kind}",
            target=cast.warehouse,
            meta=meta,
            outcome="failure" if kind == "run_failed" else "success",
        )


def test_who_was_told_of_a_failure_is_told_that_it_recovered_once(cast, choose, look):
    choose(cast.olga, email=["warehouses"], bell=["warehouses"])
    attempt(cast, 1)
    look()
    attempt(cast, 2, "run_recovered")
    look()
    assert (told(cast, "email"), told(cast, "email", recovered=True)) == (1, 1)
    assert (told(cast, "bell"), told(cast, "bell", recovered=True)) == (0, 0)


def test_only_after_the_last_retry_holds_for_what_members_chose_too(cast, choose, look):
    choose(cast.olga, email=["warehouses"])
    with acting_as(cast.olga, cast.workspace):
        notify_after_last_retry(is_on=True)
    attempt(cast, 1)
    attempt(cast, 2)
    attempt(cast, 3, "run_recovered")
    look()
    assert (told(cast), told(cast, recovered=True)) == (0, 0)
    attempt(cast, 6)
    look()
    assert told(cast) == 1


def test_a_firing_is_written_down_for_rules_alone(cast, choose, look, rule):
    choose(cast.rita, email=["sources"], bell=["sources"])
    choose(cast.milo, bell=["sources"])
    one = rule()
    happen(cast, 2, who=cast.milo)
    look()
    with in_workspace(cast.workspace.id):
        assert {row.rule_id for row in AlertFiring.objects.all()} == {one.id}
    assert (told(cast, "email"), told(cast, "bell")) == (2, 2)


def browser(who):
    client = Client()
    client.force_login(who)
    return client


def test_the_page_keeps_what_was_chosen(cast):
    milo = browser(cast.milo)
    assert milo.get(PAGE).content.count(b" checked") == 0
    chosen = {"email": ["sources"], "bell": ["sources", "users"], "quiet_from": "22:00", "quiet_to": "07:00"}
    assert milo.post(PAGE, chosen).status_code == 302
    page = milo.get(PAGE).content.decode()
    assert page.count(" checked") == 3
    assert 'value="22:00"' in page
    refused = milo.post(PAGE, chosen | {"quiet_to": ""})
    assert refused.status_code == 422
    assert "Quiet hours have a beginning and an end." in refused.content.decode()
    assert milo.post(PAGE, {"bell": ["nothing"]}).status_code == 422
    assert "Notification settings" in milo.get("/demo/settings/admin/alerts/").content.decode()

"""Failed attempts of tasks: each told and a recovery too, or held until the last one; exact over restarts."""

from datetime import timedelta

import orjson
import pytest
import time_machine
from django.core import mail
from django.test import Client

from auditapp.alerts import reader
from auditapp.alerts.hold_setting import notifies_after_last_retry, notify_after_last_retry
from auditapp.alerts.models import AlertFiring, AlertNotice, AlertReading, Hold
from auditapp.alerts.overdue import overdue_workspaces, tell_overdue
from auditapp.alerts.reader import evaluate_batch
from auditapp.alerts.services import RuleInput, change_alert_rule, disable_alert_rule
from auditapp.lib import clock
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import NotAllowed
from auditapp.record.drafts import Target
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.services import seal_batch
from tests.alerts.tasks_told import failed, fails_for_good, recovered
from tests.factories import acting_as, events_of
from tests.pipeline.kinds.setups import receiving

FAILED = "event:warehouse.run_failed"


@pytest.fixture
def held(cast):
    with acting_as(cast.olga, cast.workspace):
        assert notify_after_last_retry(is_on=True)
    return cast


@pytest.fixture
def sync_rule(rule):
    return lambda query=FAILED, **values: rule(query, **{"by_email": True, "name": "Sync failed", **values})


def later(minutes):
    return time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True)


def holds(cast):
    with in_workspace(cast.workspace.id):
        found = AlertFiring.objects.filter(workspace_id=cast.workspace.id).order_by("index")
        return [one.hold for one in found]


def test_a_switch_is_one_event_and_only_a_manager_turns_it(cast):
    with acting_as(cast.olga, cast.workspace):
        assert notify_after_last_retry(is_on=True)
        assert not notify_after_last_retry(is_on=True)
        assert notifies_after_last_retry(cast.workspace.id)
    (row,) = [one for one in events_of(cast.workspace) if one.event.type == "workspace.settings_modified"]
    assert [(one.path, one.old, one.new) for one in row.event.changes] == [
        ("settings.notify_after_last_retry", False, True)
    ]
    with acting_as(cast.milo, cast.workspace), pytest.raises(NotAllowed):
        notify_after_last_retry(is_on=False)


def test_without_it_each_failure_is_told_and_its_recovery_closes_it(cast, sync_rule, look, send):
    sync_rule()
    failed(cast)
    look()
    assert send() == 1
    with later(6):
        failed(cast, number=2)
        look()
        assert send() == 1
    with later(12):
        recovered(cast, number=3)
        look()
        assert send() == 1
        recovered(cast, number=3)  # said twice
        look()
        assert send() == 0
    assert [one.to for one in mail.outbox] == [[cast.olga.email]] * 3
    assert "It recovered since you were told of a failure" in mail.outbox[2].body
    assert "recovered sync of" in mail.outbox[2].subject
    assert "on attempt 3" in mail.outbox[2].subject


def test_only_who_was_told_of_the_failure_is_told_of_the_recovery(cast, sync_rule, look, send):
    one = sync_rule()
    failed(cast)
    look()
    send()
    with acting_as(cast.olga, cast.workspace):
        given = RuleInput(name="Sync failed", query=FAILED, told_ids=[cast.rita.id], by_email=True)
        change_alert_rule(given, rule_id=one.id)
    with later(6):
        recovered(cast)
        failed(cast, "tsk_2")
        look()
        assert send() == 2
    said = {sent.to[0]: sent.body for sent in mail.outbox[1:]}
    assert "failed to sync" in said[cast.rita.email]
    assert "recovered sync" in said[cast.olga.email]
    assert "failed to sync" not in said[cast.olga.email]


def test_what_recovers_before_anybody_was_told_is_one_message_that_says_both(cast, sync_rule, look, send):
    sync_rule()
    failed(cast)
    recovered(cast)
    look()
    assert send() == 1
    assert "failed to sync" in mail.outbox[0].body
    assert "recovered sync" in mail.outbox[0].body


def test_with_it_a_task_that_recovers_is_quiet_and_its_firings_are_there(held, sync_rule, look, send):
    sync_rule()
    failed(held)
    failed(held, number=2)
    look()
    assert (send(), holds(held)) == (0, [Hold.HELD, Hold.HELD])
    recovered(held, number=3)
    look()
    assert (send(), holds(held)) == (0, [Hold.RECOVERED, Hold.RECOVERED])
    with in_workspace(held.workspace.id):
        assert not AlertNotice.objects.exists()


@pytest.mark.parametrize("limit", [1, 4, 500])
def test_one_that_fails_for_good_is_one_message_with_all_its_attempts(held, sync_rule, look, send, limit):
    sync_rule()
    fails_for_good(held)
    failed(held, "tsk_other")
    look(limit=limit)
    assert send() == 1
    (sent,) = mail.outbox
    assert "(2×)" not in sent.subject
    assert "failed for good after 6 attempts" in sent.subject
    assert [line.split(",")[0].strip() for line in sent.body.splitlines() if "  Attempt" in line] == [
        f"Attempt {number}" for number in range(1, 7)
    ]
    assert sent.body.count("Connection refused") == 6
    assert holds(held) == [Hold.FAILED] * 5 + [Hold.NONE, Hold.HELD]
    with in_workspace(held.workspace.id):
        assert AlertNotice.objects.get().firings == 1


def test_a_last_attempt_that_the_rule_does_not_look_for_lets_go_all_the_same(held, sync_rule, look, send):
    sync_rule()
    failed(held)
    failed(held, number=6, kind="storage_bucket.write_failed")
    look()
    assert send() == 1
    assert "failed for good after 6 attempts" in mail.outbox[0].subject


def test_what_lies_before_the_switch_is_told_as_it_was_then(cast, sync_rule, look, as_role):
    sync_rule()
    failed(cast, "tsk_1")
    with as_role("worker"):
        while seal_batch():
            pass
    with acting_as(cast.olga, cast.workspace):
        notify_after_last_retry(is_on=True)
    failed(cast, "tsk_2")
    look()
    assert holds(cast) == [Hold.NONE, Hold.HELD]
    with acting_as(cast.olga, cast.workspace):
        notify_after_last_retry(is_on=False)
    failed(cast, "tsk_3")
    look(limit=1)
    assert holds(cast) == [Hold.NONE, Hold.HELD, Hold.NONE]


def test_the_same_word_of_another_resource_is_another_task(held, sync_rule, look):
    other = Target("warehouse", "whs_other", "Other")
    sync_rule()
    failed(held, "nightly")
    failed(held, "nightly", warehouse=other)
    recovered(held, "nightly", warehouse=other)
    look()
    assert holds(held) == [Hold.HELD, Hold.RECOVERED]


def test_a_task_that_goes_silent_is_told_of_after_24_hours_and_no_sooner(held, sync_rule, look, send, as_role):
    sync_rule()
    failed(held)
    failed(held, number=2)
    look()
    with later(24 * 60 - 2), as_role("worker"):
        assert overdue_workspaces() == []
    with later(24 * 60 + 1):
        with as_role("worker"):
            assert [tell_overdue(one) for one in overdue_workspaces()] == [1]
            assert overdue_workspaces() == []
        assert send() == 1
        assert "nothing was heard of it, for 24 hours" in mail.outbox[0].body
        assert holds(held) == [Hold.SILENT, Hold.SILENT]
    with later(24 * 60 + 10):
        recovered(held)
        look()
        assert send() == 1
    assert "It recovered" in mail.outbox[1].body


def test_nothing_is_given_up_while_what_ends_it_is_not_seen_yet(held, sync_rule, look, as_role):
    sync_rule()
    failed(held)
    look()
    with later(60):
        recovered(held)
    with later(24 * 60 + 1), as_role("worker"):
        assert overdue_workspaces() == [held.workspace.id]
        assert tell_overdue(held.workspace.id) == 0
        while seal_batch():
            pass
        assert tell_overdue(held.workspace.id) == 0
        evaluate_batch(held.workspace.id)
        assert tell_overdue(held.workspace.id) == 0
    assert holds(held) == [Hold.RECOVERED]


def test_a_threshold_counts_what_failed_for_good_alone(held, sync_rule, look):
    sync_rule(trigger="threshold", threshold=2, window_s=3_600)
    for task in ("tsk_1", "tsk_2"):
        failed(held, task, 1)
        failed(held, task, 2)
    look()
    assert holds(held) == []
    for task in ("tsk_1", "tsk_2"):
        failed(held, task, 6)
    look()
    assert holds(held) == [Hold.NONE]


def test_a_rule_that_is_turned_off_lets_nothing_go_later(held, sync_rule, look, send):
    one = sync_rule()
    failed(held)
    look()
    with acting_as(held.olga, held.workspace):
        disable_alert_rule(rule_id=one.id)
    assert holds(held) == [Hold.DROPPED]
    with later(24 * 60 + 1):
        look()
        assert send() == 0


def forgetful(found, stored):
    """As settle, but for the firings from before."""
    return real_settle(found, ())


real_settle = reader.store_firings.__globals__["settle"]


@pytest.mark.parametrize(
    ("settle", "ends"),
    [(real_settle, [Hold.RECOVERED] * 2), (forgetful, [Hold.HELD] * 2)],
    ids=["ours", "broken-twin"],
)
def test_a_worker_that_dies_between_keeps_what_is_held(held, sync_rule, look, as_role, monkeypatch, settle, ends):
    sync_rule()
    failed(held)
    failed(held, number=2)
    look(limit=1)
    recovered(held)
    monkeypatch.setitem(reader.store_firings.__globals__, "settle", settle)
    with as_role("worker"):
        while seal_batch():
            pass
        with monkeypatch.context() as broken:
            broken.setattr(reader, "move_reader", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                evaluate_batch(held.workspace.id)
        while evaluate_batch(held.workspace.id):
            pass
    assert holds(held) == ends


def test_the_webhook_says_what_recovered_and_which_attempts_there_were(cast, rule, look, send, serving):
    with receiving(serving, lambda request: (200, {}, b"")) as receiver:
        rule(FAILED, webhook_url=f"{receiver.url}/in")
        failed(cast)
        look()
        send()
        with later(6):
            recovered(cast)
            look()
            send()
        with acting_as(cast.olga, cast.workspace):
            notify_after_last_retry(is_on=True)
        with later(12):
            fails_for_good(cast, "tsk_2", of=3)
            look()
            send()
    fired, closed, final = (orjson.loads(one.body) for one in receiver.requests)
    assert (fired["type"], closed["type"], final["type"]) == ("alert.fired", "alert.recovered", "alert.fired")
    assert closed["data"]["recoveries"][0]["type"] == "warehouse.run_recovered"
    assert (closed["data"]["firings"], closed["data"]["events"]) == (0, [])
    (event,) = final["data"]["events"]
    assert [line.partition(",")[0] for line in event["attemptsBefore"]] == ["Attempt 1", "Attempt 2"]


def test_flips_that_were_passed_are_forgotten(cast, sync_rule, look):
    sync_rule()
    for is_on in (True, False, True):
        failed(cast)
        look()
        with acting_as(cast.olga, cast.workspace):
            notify_after_last_retry(is_on=is_on)
    with in_workspace(cast.workspace.id):
        assert len(AlertReading.objects.get().flips) == 1


def test_slack_lists_the_last_attempt_too(held, sync_rule, look, send, serving):
    with receiving(serving, lambda request: (200, {}, b"ok")) as receiver:
        sync_rule(by_email=False, slack_url=f"{receiver.url}/services/T0/B0/x")
        fails_for_good(held, of=3)
        look()
        send()
    lines = orjson.loads(receiver.requests[0].body)["blocks"][2]["text"]["text"].splitlines()
    assert [line.split(",")[0] for line in lines] == ["Attempt 1", "Attempt 2", "Attempt 3"]
    assert lines[2].endswith("Connection refused")


def test_what_waits_for_its_five_minutes_says_when_it_goes(held, sync_rule, look, send):
    client = Client()
    client.force_login(held.olga)
    sync_rule()
    fails_for_good(held)
    look()
    send()
    fails_for_good(held, "tsk_2")
    look()
    page = client.get("/demo/settings/admin/alerts/").content.decode()
    with in_workspace(held.workspace.id):
        due = utc_text(AlertNotice.objects.get(fixed_at=None).due_at)
    assert "Failed for good, the message goes out at <time" in page
    assert page.count("Failed for good, told") == 1
    assert "Goes out at <time" in page
    assert due[:16] in page

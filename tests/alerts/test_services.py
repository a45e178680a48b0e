"""What is done to alert rules, the event of each, and what is refused."""

from datetime import time

import pytest

from auditapp.access.errors import Denied
from auditapp.access.permissions import permissions_for, viewer_for
from auditapp.alerts import services
from auditapp.alerts.bell import mark_bell_read, rung_for, unread_count
from auditapp.alerts.errors import NotSigned, TooManyRules
from auditapp.alerts.messages import secrets_of
from auditapp.alerts.models import AlertFiring, AlertReading, AlertRule, AlertWindow
from auditapp.alerts.queries import viewer_of
from auditapp.alerts.ready import READY_RULES
from auditapp.alerts.services import (
    RuleInput,
    change_alert_rule,
    create_alert_rule,
    delete_alert_rule,
    disable_alert_rule,
    enable_alert_rule,
    rotate_alert_secret,
)
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import disable_source
from tests.factories import acting_as, events_of, last_event, make_cast

SLACK = "https://hooks.slack.com/services/T0/B0/s3cret"


def kinds(cast):
    return [row.event.type for row in events_of(cast.workspace) if row.event.type.startswith("alert_rule.")]


def create(cast, who=None, **values):
    owner = who or cast.olga
    given = {"name": "Off", "query": "event:source.disabled", "told_ids": [owner.id], "by_bell": True} | values
    with acting_as(owner, cast.workspace):
        return create_alert_rule(RuleInput(**given))


def test_making_a_rule_is_recorded_without_what_is_secret(cast):
    rule, secret = create(cast, slack_url=SLACK, webhook_url="https://hooks.example.com/in?token=hush")
    row = last_event(cast.workspace)
    assert row.event.type == "alert_rule.created"
    told = {change.path: change.new for change in row.event.changes}
    assert (told["query"], told["slack"], told["webhook_host"]) == ("event:source.disabled", True, "hooks.example.com")
    assert not any(word in str(row.event) for word in ("s3cret", "hush", secret, cast.olga.email.upper()))
    assert secret.startswith("whsec_")
    assert secrets_of(rule) == {"slack_url": SLACK, "signing": secret}
    assert b"s3cret" not in bytes(rule.secrets)


def test_a_change_tells_what_differs_and_nothing_where_nothing_does(cast):
    rule, _ = create(cast)
    given = {"name": "Off", "query": "event:source.disabled", "told_ids": [cast.olga.id], "by_bell": True}
    with acting_as(cast.olga, cast.workspace):
        change_alert_rule(RuleInput(**given), rule_id=rule.id)
        assert kinds(cast) == ["alert_rule.created"]
        change_alert_rule(
            RuleInput(**given | {"trigger": "threshold", "threshold": 5, "window_s": 600}), rule_id=rule.id
        )
    changes = {change.path: (change.old, change.new) for change in last_event(cast.workspace).event.changes}
    assert changes == {"trigger": ("each", "threshold"), "threshold": (1, 5), "window_s": (0, 600)}


def test_another_address_in_slack_is_a_change_whose_values_are_withheld(cast):
    rule, _ = create(cast, slack_url=SLACK)
    given = {"name": "Off", "query": "event:source.disabled", "told_ids": [cast.olga.id], "by_bell": True}
    with acting_as(cast.olga, cast.workspace):
        changed, _ = change_alert_rule(RuleInput(**given, slack_url=f"{SLACK}2"), rule_id=rule.id)
        assert [change.path for change in last_event(cast.workspace).event.changes] == ["slack_url"]
        assert "s3cret" not in str(last_event(cast.workspace).event)
        kept, _ = change_alert_rule(RuleInput(**given), rule_id=rule.id)
        assert kept.has_slack
        taken, _ = change_alert_rule(RuleInput(**given, slack_url=""), rule_id=rule.id)
    assert (changed.has_slack, taken.has_slack, taken.secrets) == (True, False, None)


def test_off_on_and_deleted_are_recorded_once_each(cast):
    rule, _ = create(cast)
    with acting_as(cast.olga, cast.workspace):
        for _ in range(2):
            disable_alert_rule(rule_id=rule.id)
        for _ in range(2):
            enable_alert_rule(rule_id=rule.id)
        delete_alert_rule(rule_id=rule.id)
        with pytest.raises(NotFound):
            delete_alert_rule(rule_id=rule.id)
    assert kinds(cast)[::-1] == [f"alert_rule.{end}" for end in ("created", "disabled", "enabled", "deleted")]


def test_deleting_takes_all_that_hangs_on_a_rule(cast, look):
    rule, _ = create(cast, trigger="threshold", threshold=2, window_s=600)
    with acting_as(cast.milo, cast.workspace):
        disable_source(source_id=cast.shop.id)
    look()
    with acting_as(cast.olga, cast.workspace):
        assert AlertWindow.objects.count() == 1
        delete_alert_rule(rule_id=rule.id)
        assert (AlertWindow.objects.count(), AlertFiring.objects.count(), AlertRule.objects.count()) == (0, 0, 0)


def test_a_signing_secret_is_replaced(cast):
    rule, first = create(cast, webhook_url="https://hooks.example.com/in")
    plain, _ = create(cast, name="Plain")
    with acting_as(cast.olga, cast.workspace):
        changed, second = rotate_alert_secret(rule_id=rule.id)
        with pytest.raises(NotSigned):
            rotate_alert_secret(rule_id=plain.id)
    assert first != second == secrets_of(changed)["signing"]
    assert kinds(cast)[0] == "alert_rule.secret_rotated"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "OFF"}, "name"),
        ({"query": "event:nothing"}, "query"),
        ({"query": "from:2026-11-01"}, "query"),
        ({"query": "x" * 2_001}, "query"),
        ({"trigger": "never"}, "trigger"),
        ({"trigger": "threshold", "threshold": 1, "window_s": 600}, "threshold"),
        ({"trigger": "threshold", "threshold": 5, "window_s": 5}, "window"),
        ({"trigger": "threshold", "threshold": 5, "window_s": 600, "by": "moon"}, "by"),
        ({"trigger": "silence", "window_s": 31 * 86_400}, "window"),
        ({"told_ids": []}, "told_ids"),
        ({"told_ids": ["usr_nobody"]}, "told_ids"),
        ({"by_bell": False}, "by_bell"),
        ({"slack_url": "hooks"}, "slack_url"),
        ({"webhook_url": "javascript:x"}, "webhook_url"),
        ({"quiet_from": time(22)}, "quiet_to"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_is_refused_at_its_field(cast, wrong, field):
    create(cast)
    with pytest.raises(Invalid) as refused:
        create(cast, **{"name": "Other"} | wrong)
    assert refused.value.field == field
    assert kinds(cast) == ["alert_rule.created"]


def test_who_may_not_open_the_trail_makes_no_rule(cast):
    with pytest.raises(Denied):
        create(cast, who=cast.zoe)


def test_only_owners_choose_others_to_be_told(cast):
    with pytest.raises(Invalid) as refused:
        create(cast, who=cast.milo, told_ids=[cast.olga.id])
    assert refused.value.field == "told_ids"
    rule, _ = create(cast, who=cast.milo)
    with acting_as(cast.olga, cast.workspace):
        given = RuleInput(name="Off", told_ids=[cast.milo.id, cast.rita.id], by_bell=True)
        change_alert_rule(given, rule_id=rule.id)
    with acting_as(cast.milo, cast.workspace):  # who was chosen by an owner may stay
        change_alert_rule(RuleInput(name="Mine", told_ids=given.told_ids, by_bell=True), rule_id=rule.id)


def test_others_change_their_own_rules_alone(cast):
    rule, _ = create(cast)
    with acting_as(cast.milo, cast.workspace), pytest.raises(Denied):
        disable_alert_rule(rule_id=rule.id)


def test_a_rule_of_another_workspace_is_not_there(cast):
    rule, _ = create(cast)
    other = make_cast(slug="other")
    with acting_as(other.olga, other.workspace), pytest.raises(NotFound):
        delete_alert_rule(rule_id=rule.id)


def test_there_is_a_most_of_rules(cast, monkeypatch):
    monkeypatch.setattr(services, "MAX_RULES", 1)
    create(cast)
    with pytest.raises(TooManyRules):
        create(cast, name="Other")


def test_the_first_rule_that_is_on_begins_another_reader_at_the_end_of_the_log(cast, look):
    rule, _ = create(cast)
    look()
    with acting_as(cast.olga, cast.workspace):
        disable_alert_rule(rule_id=rule.id)
    look()
    with acting_as(cast.olga, cast.workspace):
        enable_alert_rule(rule_id=rule.id)
        reading = AlertReading.objects.get()
    assert (reading.generation, reading.start_index) == (2, 2)


@pytest.mark.parametrize("ready", READY_RULES, ids=lambda ready: ready.key)
def test_each_ready_rule_can_be_made(cast, ready):
    names = ("name", "query", "trigger", "threshold", "window_s", "by")
    rule, _ = create(cast, **{name: getattr(ready, name) for name in names})
    assert rule.is_enabled


def test_the_bell_tells_what_is_new_until_it_is_read(cast, rule, look):
    rule()
    rule("event:source.disabled", who=cast.rita, name="Of rita")
    with acting_as(cast.milo, cast.workspace):
        disable_source(source_id=cast.shop.id)
    look()

    def rung():
        with in_workspace(cast.workspace.id):
            access = permissions_for(cast.workspace.id, cast.olga.id)
            return rung_for(access, viewer_for(access), cast.workspace)

    with acting_as(cast.olga, cast.workspace):
        assert unread_count(viewer_of(cast.workspace.id, cast.olga.id), cast.olga.id) == 1
        assert [one.is_unread for one in rung()] == [True]
        mark_bell_read(up_to=rung()[0].notice.last_at)
        assert unread_count(viewer_of(cast.workspace.id, cast.olga.id), cast.olga.id) == 0
        assert unread_count(viewer_of(cast.workspace.id, cast.rita.id), cast.rita.id) == 1
        mark_bell_read(up_to=clock.now().replace(year=2020))
        assert unread_count(viewer_of(cast.workspace.id, cast.olga.id), cast.olga.id) == 0
    assert [one.is_unread for one in rung()] == [False]
    assert "disabled source Web shop" in rung()[0].told.headline

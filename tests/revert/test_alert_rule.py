"""Alert rules are set back and brought back; addresses, which no event holds, are asked for."""

import pytest

from auditapp.access.members import remove_member
from auditapp.alerts.messages import secrets_of
from auditapp.alerts.models import AlertRule
from auditapp.alerts.restoring import OwnerGone
from auditapp.alerts.services import (
    RuleInput,
    change_alert_rule,
    create_alert_rule,
    delete_alert_rule,
    disable_alert_rule,
    rotate_alert_secret,
)
from auditapp.lib.errors import Invalid
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.kinds.alert_rule import PeopleGone
from auditapp.revert.preview import can_undo
from tests.factories import events_of, last_event, make_cast
from tests.revert.looking import latest, one_request, preview_of, standings, undo

SLACK = "https://hooks.slack.com/services/T0/B0/s3cret"
HOOK = "https://hooks.example.com/in?token=hush"


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def given(cast):
    return {"name": "Off", "query": "event:source.disabled", "told_ids": [cast.olga.id], "by_bell": True}


@pytest.fixture
def rule(cast, given):
    return made(cast, given)


def made(cast, given, **more):
    with one_request(cast):
        return create_alert_rule(RuleInput(**given | more))[0]


def changed(cast, rule, given, **more):
    with one_request(cast):
        change_alert_rule(RuleInput(**given | more), rule_id=rule.id)
    return last_event(cast.workspace)


def stored(cast, rule):
    with in_workspace(cast.workspace.id):
        return AlertRule.objects.filter(id=rule.id).first()


def test_what_it_looks_for_and_whom_it_tells_is_set_back(cast, rule, given):
    row = changed(
        cast,
        rule,
        given,
        trigger="threshold",
        threshold=5,
        window_s=600,
        told_ids=[cast.olga.id, cast.rita.id],
        by_email=True,
        quiet_from=None,
    )
    (part,) = preview_of(cast, row).parts
    assert part.effects == ["It counts anew, from now on.", "Told no more: Rita of demo."]
    assert part.label("told") == "Whom it tells"
    assert part.is_risky
    undo(cast, row)
    after = stored(cast, rule)
    assert (after.trigger, after.threshold, after.window_s, after.told_ids) == ("each", 1, 0, [cast.olga.id])
    back = last_event(cast.workspace)
    with one_request(cast):
        remove_member(user_id=cast.rita.id)
    with pytest.raises(PeopleGone):
        undo(cast, back)


def test_a_rule_that_was_switched_off_looks_again_and_a_new_secret_has_no_way_back(cast, given):
    rule = made(cast, given, webhook_url=HOOK)
    with one_request(cast):
        disable_alert_rule(rule_id=rule.id)
    row = last_event(cast.workspace)
    assert "Change the workspace" in preview_of(cast, row, who=cast.rita).parts[0].refusal
    undo(cast, row)
    assert stored(cast, rule).is_enabled
    with one_request(cast):
        rotate_alert_secret(rule_id=rule.id)
    assert not can_undo(last_event(cast.workspace))


def test_an_address_comes_back_where_it_is_entered_and_only_at_the_host_that_it_had(cast, given):
    rule = made(cast, given, webhook_url=HOOK, slack_url=SLACK)
    row = changed(cast, rule, given, webhook_url="https://evil.example.net/", slack_url="")
    (part,) = preview_of(cast, row).parts
    assert part.is_risky
    assert part.asks["webhook_url"] == "Address of its webhook at hooks.example.com"
    entered = {part.key_of("webhook_url"): "https://evil.example.net/", part.key_of("slack_url"): SLACK}
    with pytest.raises(Invalid, match=r"at hooks\.example\.com"):
        undo(cast, row, secrets=entered)
    with pytest.raises(Invalid, match="no event holds it"):
        undo(cast, row)
    undo(cast, row, secrets=entered | {part.key_of("webhook_url"): HOOK})
    after = stored(cast, rule)
    assert (after.webhook_url, secrets_of(after)["slack_url"]) == (HOOK, SLACK)
    assert not any(word in repr(events_of(cast.workspace)) for word in ("s3cret", "hush"))


def test_another_address_at_the_same_host_is_kept_and_told_without_it(cast, given):
    rule = made(cast, given, webhook_url=HOOK)
    row = changed(cast, rule, given, webhook_url=f"{HOOK}2")
    assert stored(cast, rule).webhook_url == f"{HOOK}2"
    assert standings(preview_of(cast, row)) == {"webhook_url": "withheld"}


def test_a_deleted_rule_comes_back_with_the_addresses_that_were_entered(cast, given):
    rule = made(cast, given, webhook_url=HOOK, slack_url=SLACK, trigger="silence", window_s=600)
    with one_request(cast):
        delete_alert_rule(rule_id=rule.id)
    row = last_event(cast.workspace)
    (part,) = preview_of(cast, row).parts
    undo(cast, row, secrets={part.key_of("webhook_url"): HOOK})
    after = stored(cast, rule)
    assert (after.webhook_url, after.has_slack, after.is_enabled) == (HOOK, False, True)
    assert (after.owner_id, after.window_s, after.told_ids) == (cast.olga.id, 600, [cast.olga.id])
    assert last_event(cast.workspace).event.type == "alert_rule.restored"
    undo(cast, last_event(cast.workspace))
    assert stored(cast, rule) is None


def test_one_that_would_tell_nobody_or_whose_owner_left_does_not_come_back(cast, given):
    rule = made(cast, given, told_ids=[], webhook_url=HOOK)
    with one_request(cast):
        delete_alert_rule(rule_id=rule.id)
    with pytest.raises(Invalid, match="Enter the address that it told"):
        undo(cast, last_event(cast.workspace))
    with one_request(cast, cast.rita):
        ritas, _ = create_alert_rule(RuleInput(**given | {"told_ids": [cast.rita.id]}))
    with one_request(cast):
        delete_alert_rule(rule_id=ritas.id)
    with one_request(cast):
        remove_member(user_id=cast.rita.id)
    with pytest.raises(OwnerGone):
        undo(cast, latest(cast, "alert_rule.deleted"))

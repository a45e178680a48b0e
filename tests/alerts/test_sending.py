"""What is sent about firings: to whom, how often, in which words, and again where it did not arrive."""

from datetime import timedelta

import orjson
import pytest
import time_machine
from django.core import mail

from auditapp.access.models import Grant, Member
from auditapp.alerts import sending
from auditapp.alerts.models import AlertMessage, AlertNotice, AlertRule, State
from auditapp.alerts.services import (
    RuleInput,
    change_alert_rule,
    create_alert_rule,
    delete_alert_rule,
    disable_alert_rule,
)
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.webhook_signature import verify
from auditapp.record.acting import acting
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import change_source, disable_source, enable_source
from tests.factories import acting_as
from tests.pipeline.kinds.setups import receiving

HOSTILE = "<!channel> *Shop*\r\nBcc: all@example.com <https://evil.example|here> \u202egpj"


def toggle(cast, times=1, *, who=None):
    for _ in range(times):
        for change in (disable_source, enable_source):
            with acting_as(who or cast.milo, cast.workspace):
                change(source_id=cast.shop.id)


def messages(cast):
    with in_workspace(cast.workspace.id):
        return list(AlertMessage.objects.filter(workspace_id=cast.workspace.id).order_by("channel", "recipient_id"))


def later(minutes):
    return time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True)


def test_a_mail_says_who_did_what_and_where_to_read_more(cast, rule, look, send, settings):
    settings.PUBLIC_URL = "https://trail.example"
    rule(by_email=True, name="Source off")
    toggle(cast)
    look()
    assert send() == 1
    (sent,) = mail.outbox
    assert sent.to == [cast.olga.email]
    assert sent.subject == f"[Halden Outdoor] Source off: {cast.milo} disabled source Web shop"
    assert "https://trail.example/demo/settings/admin/audit-trail/evt_" in sent.body
    assert "https://trail.example/demo/settings/admin/alerts/alr_" in sent.body
    (message,) = messages(cast)
    assert sent.extra_headers["Message-ID"] == f"<{message.id}@trail.example>"
    assert (message.state, message.attempts) == (State.DELIVERED, 1)


def test_a_storm_is_one_message_in_five_minutes_with_the_count(cast, rule, look, send):
    rule(by_email=True)
    toggle(cast)
    look()
    send()
    with later(1):
        toggle(cast, 30)
        look(limit=7)
        assert send() == 0
    with later(6):
        assert send() == 1
        assert send() == 0
    assert "(30×)" in mail.outbox[1].subject
    assert "and 25 more" in mail.outbox[1].body
    assert len(mail.outbox) == 2


def test_in_quiet_hours_a_message_waits(cast, rule, look, send):
    now = clock.now()
    rule(by_email=True, quiet_from=(now - timedelta(hours=1)).time(), quiet_to=(now + timedelta(hours=1)).time())
    toggle(cast)
    look()
    assert send() == 0
    with later(61):
        assert send() == 1


def test_nobody_is_told_of_what_they_did_themselves_unless_the_rule_says_so(cast, rule, look, send):
    rule(by_email=True, told_ids=[cast.olga.id, cast.milo.id])
    toggle(cast, who=cast.milo)
    look()
    send()
    assert [one.to for one in mail.outbox] == [[cast.olga.email]]
    rule(name="With own", by_email=True, told_ids=[cast.milo.id], with_own=True)
    toggle(cast, who=cast.milo)
    look()
    send()
    assert mail.outbox[-1].to == [cast.milo.email]


def test_each_is_told_what_they_may_see(cast, rule, look, send):
    rule("event:source.modified", name="Changed", by_email=True, told_ids=[cast.milo.id, cast.rita.id], with_own=True)
    with acting_as(cast.olga, cast.workspace):
        change_source(source_id=cast.kiosk.id, name="Secret kiosk", labels=[])
    look()
    send()
    said = {one.to[0]: one.subject + one.body for one in mail.outbox}
    assert "Secret kiosk" in said[cast.rita.email]
    assert cast.milo.email not in said
    of_milo = next(one for one in messages(cast) if one.recipient_id == cast.milo.id)
    assert (of_milo.state, of_milo.said) == (State.FAILED, "Their roles show nothing of it.")
    # Of a storm each is told what they see, although the message names others first, and no more.
    with acting_as(cast.olga, cast.workspace):
        for number in range(6):
            change_source(source_id=cast.kiosk.id, name=f"Kiosk {number}", labels=[])
        change_source(source_id=cast.shop.id, name="Open shop", labels=[])
    look()
    with later(6):
        send()
    (told,) = [one.subject + one.body for one in mail.outbox if one.to == [cast.milo.email]]
    assert "Open shop" in told
    assert "Kiosk" not in told
    assert "more" not in told


def test_who_left_the_workspace_is_told_nothing_more(cast, rule, look, send):
    rule(by_email=True, told_ids=[cast.rita.id])
    toggle(cast)
    look()
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.rita.id).delete()
        Member.objects.filter(user_id=cast.rita.id).delete()
    send()
    assert mail.outbox == []
    assert messages(cast)[0].state == State.FAILED


def test_hostile_text_stays_text_in_slack_and_in_mail(cast, rule, look, send, serving):
    def slack(request):
        return 200, {}, b"ok"

    with receiving(serving, slack) as receiver:
        url = f"{receiver.url}/services/T0/B0/s3cret"
        rule("event:source.modified", name="<!here> & co", by_email=True, slack_url=url)
        with acting_as(cast.milo, cast.workspace):
            change_source(source_id=cast.shop.id, name=HOSTILE[:100], labels=[])
        look()
        assert send() == 2
    said = orjson.loads(receiver.requests[0].body)
    texts = [block["text"]["text"] for block in said["blocks"]]
    assert not any("<!" in text or "<https://evil" in text for text in [*texts, said["text"]])
    assert "&lt;!here&gt; &amp; co" in texts[0]
    assert all(block["text"]["verbatim"] for block in said["blocks"])
    (sent,) = mail.outbox
    message = sent.message()
    assert message["Bcc"] is None
    assert "\n" not in sent.subject
    assert "\u202e" not in sent.body
    assert "U+202E" in sent.body


def test_a_webhook_is_signed_and_keeps_its_id_when_it_is_tried_again(cast, as_role, look, send, serving):
    answers = [(503, {}, b""), (200, {}, b"")]
    with receiving(serving, lambda request: answers.pop(0)) as receiver:
        with acting_as(cast.olga, cast.workspace):
            given = RuleInput(name="Off", query="event:source.disabled", webhook_url=f"{receiver.url}/in")
            _, secret = create_alert_rule(given)
        toggle(cast)
        look()
        send()
        assert messages(cast)[0].state == State.WAITING
        assert send() == 0  # not at once
        with later(1):
            send()
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == messages(cast)[0].id
    verify(first.headers, first.body, [secret])
    said = orjson.loads(first.body)
    assert said["type"] == "alert.fired"
    assert said["data"]["events"][0]["type"] == "source.disabled"
    assert messages(cast)[0].state == State.DELIVERED


def test_what_cannot_get_better_is_not_tried_again_and_says_why(cast, rule, look, send, serving):
    with receiving(serving, lambda request: (404, {}, b"no_service")) as receiver:
        rule(slack_url=f"{receiver.url}/services/T0/B0/s3cret")
        toggle(cast)
        look()
        send()
    (message,) = messages(cast)
    assert message.state == State.FAILED
    assert "removed or disabled in Slack" in message.said
    assert "s3cret" not in message.said


def test_one_that_never_answers_is_given_up_at_last(cast, rule, look, send, loopback):
    rule(webhook_url="http://127.0.0.1:8099/in")
    toggle(cast)
    look()
    moment = clock.now()
    for _ in range(12):
        moment += timedelta(hours=1)
        with time_machine.travel(moment, tick=True):
            with in_workspace(cast.workspace.id):
                AlertMessage.objects.update(leased_until=None)
            send()
    (message,) = messages(cast)
    assert (message.state, message.attempts) == (State.FAILED, 10)


def test_nothing_goes_out_to_where_the_owner_may_not_export_any_more(cast, rule, look, send, serving):
    with receiving(serving, lambda request: (200, {}, b"ok")) as receiver:
        rule(who=cast.milo, with_own=True, slack_url=f"{receiver.url}/services/T0/B0/x")
        toggle(cast, who=cast.olga)
        look()
        with in_workspace(cast.workspace.id):
            Grant.objects.filter(subject_id=cast.milo.id).delete()
        send()
    assert receiver.requests == []
    assert "may not export" in messages(cast)[0].said


def test_a_worker_that_died_while_sending_is_followed_by_another_with_the_same_id(
    cast, rule, look, send, as_role, monkeypatch
):
    rule(by_email=True)
    toggle(cast)
    look()
    with monkeypatch.context() as dying:
        dying.setattr(sending, "_settled", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send()
    assert send() == 0  # its lease
    with in_workspace(cast.workspace.id):
        AlertMessage.objects.update(leased_until=clock.now() - timedelta(seconds=1))
    assert send() == 1
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_a_rule_that_was_turned_off_or_deleted_says_nothing_more(cast, rule, look, send):
    off, gone = rule(by_email=True), rule(name="Gone", by_email=True)
    toggle(cast)
    look()
    with acting_as(cast.olga, cast.workspace):
        disable_alert_rule(rule_id=off.id)
        delete_alert_rule(rule_id=gone.id)
    assert send() == 0
    assert mail.outbox == []
    with in_workspace(cast.workspace.id):
        assert [one.rule_id for one in AlertNotice.objects.all()] == [off.id]


def test_a_silence_says_since_when(cast, rule, look, send):
    rule(trigger="silence", window_s=3_600, by_email=True, name="Nothing")
    look()
    with later(61):
        look()
        send()
    assert "Nothing came for 1 hour, since" in mail.outbox[0].body


def test_a_rule_that_tells_others_by_now_tells_those(cast, rule, look, send):
    one = rule(by_email=True)
    toggle(cast)
    look()
    with acting_as(cast.olga, cast.workspace):
        given = RuleInput(name="New", query=one.query, told_ids=[cast.rita.id], by_email=True)
        change_alert_rule(given, rule_id=one.id)
    send()
    assert [sent.to for sent in mail.outbox] == [[cast.rita.email]]


def test_a_message_to_where_nothing_may_be_sent_is_not_tried_again(cast, rule, look, send):
    one = rule(webhook_url="https://hooks.example.com/in")
    with in_workspace(cast.workspace.id):
        AlertRule.objects.filter(id=one.id).update(webhook_url="https://10.0.0.1/in")
    toggle(cast)
    look()
    send()
    (message,) = messages(cast)
    assert (message.state, message.attempts) == (State.FAILED, 1)
    assert "a private network" in message.said


@pytest.mark.parametrize("url", ["http://10.0.0.1/in", "https://169.254.169.254/latest", "https://[fd00::1]/in"])
@pytest.mark.parametrize("field", ["slack_url", "webhook_url"])
def test_an_address_inside_is_refused_when_it_is_entered(cast, rule, url, field):
    with pytest.raises(Invalid) as refused:
        rule(**{field: url})
    assert refused.value.field == field
    with in_workspace(cast.workspace.id):
        assert not AlertRule.objects.exists()


def test_mail_and_slack_say_why_somebody_did_it_to_who_may_see_that(cast, rule, look, send, serving, settings):
    with receiving(serving, lambda request: (200, {}, b"ok")) as receiver:
        told_ids = [cast.olga.id, cast.milo.id]
        rule(by_email=True, told_ids=told_ids, with_own=True, slack_url=f"{receiver.url}/services/T0/B0/x")
        why = {"reason": "Cost spike <!channel>, OPS-2214"}
        with in_workspace(cast.workspace.id), acting(cast.workspace.id, cast.olga.audit_actor, **why):
            disable_source(source_id=cast.shop.id)
        look()
        send()
    bodies = {sent.to[0]: sent.body for sent in mail.outbox}
    assert "Reason: Cost spike <!channel>, OPS-2214" in bodies[cast.olga.email]
    assert "disabled source Web shop" in bodies[cast.milo.email]
    assert "OPS-2214" not in bodies[cast.milo.email]
    blocks = orjson.loads(receiver.requests[0].body)["blocks"]
    assert "Reason: Cost spike &lt;!channel&gt;, OPS-2214" in blocks[1]["text"]["text"]

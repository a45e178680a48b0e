"""Messages by event type: who is told what in whose words, what is refused when it is kept, and that no event speaks for itself."""

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.lib.errors import Invalid
from auditapp.lib.visible_text import terminal_safe
from auditapp.pipeline.destinations.kinds.email import Email
from auditapp.pipeline.destinations.kinds.slack import Slack
from auditapp.pipeline.destinations.kinds.webhook import Webhook
from auditapp.pipeline.destinations.messages import (
    SLOTS,
    Message,
    checked_messages,
    fields_of,
    filled,
    fits,
    message_for,
    template_for,
)
from auditapp.pipeline.destinations.setup import checked_settings
from auditapp.pipeline.destinations.telling import told
from auditapp.pipeline.formats.rendering import Format
from tests.pipeline.kinds.setups import batch_of, body_of, outgoing, setup_of
from tests.pipeline.kinds.test_hostile_events import calls, everywhere, texts
from tests.pipeline.test_formats import AUDIT, audit

LINKED = audit(event_id="evt_2Zx", workspace="acme")
ORDER = {
    "type": "track",
    "event": "Order Completed",
    "userId": "usr_1",
    "properties": {"total": 9.5, "a": {"b": "<!here>"}},
}


def said(template, event=LINKED):
    return filled(template, event, told(event))


def kept(event, text):
    return checked_messages([{"event": event, "text": text}])


def slack_text(text, event, pattern="*"):
    setup = setup_of(Slack(), url="https://hooks.example", messages=[{"event": pattern, "text": text}])
    message = orjson.loads(body_of(Slack(), batch_of(outgoing(1, **event)), setup))
    return message["blocks"][0]["text"]["text"], message["text"]


def test_a_template_says_what_the_event_says(settings):
    settings.PUBLIC_URL = "https://trail.example"
    assert (
        said("{actor} did it to {resource}: {change.enabled.new}")
        == "Ana Larsen did it to warehouse Snowflake prod: no"
    )
    assert said("{sentence}\n{link}") == (
        "Ana Larsen disabled warehouse Snowflake prod\nhttps://trail.example/acme/settings/admin/audit-trail/evt_2Zx/"
    )
    assert said("{event}[ since {meta.reason}] {outcome} {ip} {actor.email}") == (
        "Warehouse Disabled success 203.0.113.7 ana@example.com"
    )
    assert said("{meta.reason}") == "(not stated)"
    assert said("[{meta.reason}]") == "Ana Larsen disabled warehouse Snowflake prod"


def test_changes_are_told_in_short():
    withheld = {"redacted": "secret"}
    changes = [
        {"path": "enabled", "old": True, "new": False},
        {"path": "name", "new": "Web shop"},
        {"path": "key", "old": withheld, "new": withheld},
        {"path": "a", "old": 1, "new": 2},
        {"path": "b", "old": 1},
    ]
    told_in_short = told(audit(changes=changes)).changes
    assert told_in_short == "Enabled: yes → no; name: Web shop; key: changed, value withheld; and 2 more"


def test_an_actor_behind_another_is_named():
    actor = AUDIT["properties"]["actor"] | {"real": {"id": "usr_9", "name": "Bo"}}
    assert told(audit(actor=actor)).sentence.startswith("Bo as Ana Larsen disabled")


def test_every_type_is_told_by_its_sentence_and_its_fields_may_be_named():
    for key, kind in EVENT_TYPES.items():
        event = audit(type=key, **{name: kind.sample[name] for name in ("targets", "meta", "changes", "outcome")})
        assert told(event).sentence.startswith("Ana Larsen "), key
        template = " ".join(f"{{{slot}}}" for slot in [*SLOTS, *fields_of([kind])])[:1_000].rpartition(" ")[0]
        assert kept(key, template) == [{"event": key, "text": template}]
        assert not any(one in filled(template, event, told(event)) for one in ("{meta", "{change", "{actor")), key


def test_the_very_type_comes_before_patterns_and_longer_patterns_before_shorter():
    messages = [Message("*", "all"), Message("warehouse.*", "area"), Message("warehouse.disabled", "type")]
    assert template_for(messages, told(LINKED)) == "type"
    assert template_for(messages[:2], told(LINKED)) == "area"
    assert template_for(messages[1:], told(ORDER)) == ""
    assert template_for([Message("order *", "named")], told(ORDER)) == "named"


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [("a*a", "a", False), ("a*a", "aba", True), ("*b*", "abc", True), ("A.B", "a.b", True), ("a*b*c", "acb", False)],
)
def test_patterns(pattern, name, expected):
    assert fits(pattern, [name]) is expected
    assert fits("*a" * 60 + "b", ["a" * 1_000]) is False


@pytest.mark.parametrize(
    ("event", "text", "told_so"),
    [
        (
            "warehouse.disabled",
            "{change.enabeld.new}",
            "{change.enabeld.new} in Warehouse Disabled. Did you mean {change.enabled.new}?",
        ),
        ("warehouse.*", "{acter}", "There is no field {acter} in the events of warehouse.*. Did you mean {actor}?"),
        ("warehouse.disabled", "{meta.nothing_like_it}", "no field {meta.nothing_like_it}"),
        ("warehouse.disabled", "{actor", "a { stands alone"),
        ("warehouse.disabled", "[{actor}", "a [ stands alone"),
        ("warehouse.disabled", "actor}", "a } stands alone"),
        ("warehouse.disabled", " ", "Write a text"),
        ("warehouse.disabled", "a\x07", "visible characters"),
        ("", "{actor}", "Name the event"),
        ("a", "x" * 1_001, "at most 1,000"),
    ],
)
def test_what_cannot_be_is_refused_by_name(event, text, told_so):
    with pytest.raises(Invalid) as refused:
        kept(event, text)
    assert told_so in refused.value.message
    assert refused.value.field == "messages"


@pytest.mark.parametrize(
    "value", ["x", [1], [{"event": "a"}], [{"event": "a", "text": "b"}] * 2, [{"event": 1, "text": 2}]]
)
def test_a_list_of_something_else_is_refused(value):
    with pytest.raises(Invalid):
        checked_settings(Slack(), {"url": "https://hooks.example", "messages": value})


def test_an_author_may_call_people_and_an_event_may_not():
    order = ORDER | {"event": "<!channel> *x*", "userId": "<@U1>"}
    marked, plain = slack_text("<!here> R&D: *{event}* {user} {properties.a.b} <https://x.example|Look>", order)
    assert marked == "<!here> R&amp;D: *&lt;!channel&gt; *x** &lt;@U1&gt; &lt;!here&gt; <https://x.example|Look>"
    assert "<" not in plain


def test_a_message_that_grew_too_long_is_shortened_and_then_told_as_usual():
    long = ORDER | {"userId": "<" * 1_000}
    marked, _ = slack_text("{user} " * 9, long)
    assert len(marked) <= 2_900
    assert marked.startswith("&lt;&lt;")
    marked, _ = slack_text("{user} " * 90, long)
    assert marked.startswith("*Order Completed by")


def test_a_mail_says_it_in_its_own_words_without_a_header_of_the_event():
    event = audit(actor={"id": "a\r\nBcc: eve@example.com", "name": "<b>a\r\nBcc: eve@example.com"})
    setup = setup_of(
        Email(), recipients="olga@example.com", messages=[{"event": "*", "text": "Look: {actor}\n{resource.name}"}]
    )
    said_by_mail = orjson.loads(body_of(Email(), batch_of(outgoing(1, **event)), setup))
    assert said_by_mail["subject"] == "[Audit] Look: <b>a Bcc: eve@example.com"
    assert "Look: &lt;b&gt;a Bcc: eve@example.com<br>Snowflake prod" in said_by_mail["html"]
    assert "Look: <b>a Bcc: eve@example.com\nSnowflake prod\n" in said_by_mail["text"]


def test_a_webhook_says_it_only_where_asked_and_everything_else_stays():
    batch = batch_of(outgoing(1))
    without = orjson.loads(body_of(Webhook(), batch, setup_of(Webhook(), url="https://x.example")))
    asked = setup_of(Webhook(), url="https://x.example", with_message=True)
    (event,) = orjson.loads(body_of(Webhook(), batch, asked))["data"]
    assert "message" not in without["data"][0]
    assert event.pop("message") == "Ana Larsen disabled warehouse Snowflake prod"
    assert event == without["data"][0]
    with pytest.raises(Invalid):
        Webhook().check(setup_of(Webhook(), Format.CEF, url="https://x.example", with_message=True))


def test_what_is_no_audit_event_is_told_by_its_name_and_user():
    assert message_for(ORDER, told(ORDER), {}) == "Order Completed by usr_1"
    assert said("{properties.total} {properties.none} of {user}", ORDER) == "9.5 (not stated) of usr_1"


@given(event=calls | texts.map(everywhere))
@hypothesis_settings(max_examples=30, deadline=None)
def test_no_event_breaks_a_message_or_speaks_in_it(event):
    slots = [*SLOTS, "change.enabled.new", "meta.reason", "target.1", "properties.actor.name", "properties.details"]
    for text in ("{" + "} {".join(slots) + "}", "[{" + "}][ {".join(slots) + "}]"):
        marked, plain = slack_text(text, event)
        assert marked.count("<") == marked.count(">") <= 1  # the moment, where it is told as usual
        assert 0 < len(marked) <= 3_000
        assert "<" not in plain
        setup = setup_of(Email(), recipients="olga@example.com", messages=[{"event": "*", "text": text}])
        subject = orjson.loads(body_of(Email(), batch_of(outgoing(1, **event)), setup))["subject"]
        assert terminal_safe(subject) == subject


def test_why_somebody_did_it_is_told_and_has_a_slot():
    event = {**LINKED, "context": {**LINKED["context"], "reason": "Cost spike, see <!here> OPS-2214"}}
    assert kept("warehouse.disabled", "{sentence}[: {reason}]")
    assert said("{actor}: {reason}", event) == "Ana Larsen: Cost spike, see <!here> OPS-2214"
    assert said("{sentence}[: {reason}]") == "Ana Larsen disabled warehouse Snowflake prod"
    assert "reason: Cost spike, see <!here> OPS-2214" in told(event).details
    assert "reason: Cost spike, see &lt;!here&gt; OPS-2214" in slack_text("other", event, "order.*")[0]
    assert (
        "OPS-2214"
        in body_of(Email(), batch_of(outgoing(1, **event)), setup_of(Email(), recipients="a@b.example")).decode()
    )

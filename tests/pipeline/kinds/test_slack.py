"""Slack: nothing in an event mentions anybody or breaks out, and what Slack answers is told in plain words."""

import re

import orjson
import pytest

from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.slack import Slack
from tests.pipeline.kinds.setups import batch_of, body_of, outgoing, receiving, sent, setup_of
from tests.pipeline.test_formats import AUDIT

KIND = Slack()
PATH = "/services/T0/B0/q1w2e3r4t5"
# What Slack's own parser takes for more than text: <...> and &...; alone.
CONTROL = re.compile(r"<([^<>]*)>")


def _slack(request):
    """What Slack's documentation says an incoming webhook and Block Kit take."""
    assert request.method == "POST"
    if request.path != PATH:
        return 404, {}, b"no_service"
    said = orjson.loads(request.body)
    blocks = said["blocks"]
    texts = [block["text"] for block in blocks]
    is_good = (
        0 < len(blocks) <= 50
        and 0 < len(said["text"]) <= 40_000
        and all(block["type"] == "section" for block in blocks)
        and all(text["type"] == "mrkdwn" and 0 < len(text["text"]) <= 3_000 for text in texts)
        and all("&" not in re.sub(r"&(amp|lt|gt);", "", text["text"]) for text in texts)
    )
    return (200, {}, b"ok") if is_good else (400, {}, b"invalid_blocks")


def _text(*events):
    message = orjson.loads(body_of(KIND, batch_of(*events), setup_of(KIND, url="https://hooks.example")))
    return message["blocks"][0]["text"]["text"], message["text"]


def test_a_batch_is_one_message_of_who_did_what_to_which_resource(serving, settings):
    settings.PUBLIC_URL = "https://trail.example"
    linked = outgoing(2, properties={**AUDIT["properties"], "event_id": "evt_2Zx", "workspace": "acme"})
    failed = outgoing(3, properties={**AUDIT["properties"], "outcome": "failure"})
    with receiving(serving, _slack) as receiver:
        setup = setup_of(KIND, url=receiver.url + PATH)
        result = sent(KIND, batch_of(outgoing(1), linked, failed), setup)
    assert result.outcome is Outcome.DELIVERED
    message = orjson.loads(receiver.requests[0].body)
    first, second, third = (block["text"]["text"] for block in message["blocks"])
    assert first.startswith(":warning: *Ana Larsen disabled warehouse Snowflake prod*\n<!date^1795514400^")
    assert first.endswith("> · from 203.0.113.7 · success · Enabled: yes → no")
    sentence = "Ana Larsen disabled warehouse Snowflake prod"
    assert f"*<https://trail.example/acme/settings/admin/audit-trail/evt_2Zx/|{sentence}>*" in second
    assert third.startswith(f":x: *{sentence} (failed)*")
    assert message["text"].splitlines()[0] == sentence
    assert message["unfurl_links"] is False
    assert all(block["text"]["verbatim"] for block in message["blocks"])


@pytest.mark.parametrize(
    "text",
    [
        "<!channel>",
        "<@U123>",
        "<https://evil.example|Log in>",
        "a & b > c <",
        "&lt;!here&gt;",
        "x\n*y*\u202e<U",
        "<" * 900,
    ],
)
def test_text_of_an_event_stays_text(text):
    actor = {"id": text, "name": text}
    properties = {
        **AUDIT["properties"],
        "type": text,
        "actor": actor,
        "resource": {"id": "r", "name": text, "type": "x"},
    }
    marked, plain = _text(outgoing(1, event=text, properties=properties))
    # Only the date is ours.
    assert [found for found in CONTROL.findall(marked) if not found.startswith("!date^")] == []
    assert marked.count("<") == marked.count(">") == 1
    assert "<" not in plain
    assert "\u202e" not in marked + plain
    assert len(marked) <= 3_000
    assert len(marked.splitlines()) == 2


@pytest.mark.parametrize(
    ("event_id", "slug"),
    [("evt_1", "a/../b"), ("evt_1|x>", "acme"), ("../x", "acme"), (None, "acme"), ("evt_1", {"id": "w"})],
)
def test_a_link_is_only_to_an_event_of_this_trail(event_id, slug):
    properties = {**AUDIT["properties"], "event_id": event_id, "workspace": slug, "url": "https://evil.example"}
    marked, _ = _text(outgoing(1, properties=properties))
    assert "http" not in marked


def test_a_batch_is_small_enough_for_slack():
    setup = setup_of(KIND, url="https://hooks.example")
    assert KIND.max_events(setup) == 20
    assert KIND.linger_s(setup) >= 1


@pytest.mark.parametrize(
    ("status", "word", "outcome", "told"),
    [
        (400, "invalid_payload", Outcome.REFUSED, "does not understand"),
        (403, "action_prohibited", Outcome.AUTH, "administrator"),
        (403, "invalid_token", Outcome.AUTH, "Copy it anew"),
        (404, "channel_not_found", Outcome.AUTH, "not there any more"),
        (404, "no_service", Outcome.GONE, "Make a new one"),
        (410, "channel_is_archived", Outcome.GONE, "archived"),
        (500, "rollup_error", Outcome.RETRY, "just now"),
        (429, "rate_limited", Outcome.RETRY, "429 Too Many Requests"),
        (200, "<html>", Outcome.RETRY, "address of a webhook"),
    ],
)
def test_answers_are_told_in_plain_words(serving, status, word, outcome, told):
    with receiving(serving, lambda request: (status, {"Retry-After": "3"}, word.encode())) as receiver:
        result = sent(KIND, batch_of(), setup_of(KIND, url=receiver.url + PATH))
    assert result.outcome is outcome
    assert told in result.message
    assert result.retry_after_s == 3


def test_the_address_is_a_secret(serving):
    with receiving(serving, lambda request: (404, {}, f"nothing at {request.path}".encode())) as receiver:
        result = sent(KIND, batch_of(), setup_of(KIND, url=receiver.url + PATH))
    assert "q1w2e3r4t5" not in result.request + result.answer + result.message
    assert "nothing at •••" in result.answer

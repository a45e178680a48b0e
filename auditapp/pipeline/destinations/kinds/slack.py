"""A channel of Slack, over an incoming webhook: one message a batch, a few lines an event.

Source:  docs.slack.dev, "Sending messages using incoming webhooks", "Formatting message text", Block Kit
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

import orjson

from auditapp.lib.clock import utc_text
from auditapp.lib.outbound import Answer
from auditapp.pipeline.destinations.http_kind import TLS_FIELDS, Call, HttpKind, call_to, outcome_of, told_of
from auditapp.pipeline.destinations.kind import Batch, Event, Field, Outcome, Outgoing, Setup
from auditapp.pipeline.destinations.messages import MESSAGES_FIELD, filled, message_for, messages_of, template_for
from auditapp.pipeline.destinations.telling import MAX_SENTENCE, MAX_VALUE, plain, told
from auditapp.pipeline.formats.rendering import Format

MOST_EVENTS: Final = 20
MOST_MARKED: Final = 2_900  # of the 3,000 characters of a section
GATHER_S: Final = 2.0  # Slack takes one message a second
MAX_LINE: Final = 500
_ESCAPED: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_WORDS: Final = {
    "invalid_payload": (Outcome.REFUSED, "Slack does not understand this message."),
    "invalid_blocks": (Outcome.REFUSED, "Slack does not understand this message."),
    "no_text": (Outcome.REFUSED, "Slack found no text in this message."),
    "too_many_attachments": (Outcome.REFUSED, "Slack finds too much in this message."),
    "channel_not_found": (
        Outcome.AUTH,
        "The channel of this webhook is not there any more. Make a webhook for another.",
    ),
    "user_not_found": (Outcome.AUTH, "The person this webhook writes to is not there any more."),
    "invalid_token": (Outcome.AUTH, "Slack does not know this address. Copy it anew from the app's Incoming Webhooks."),
    "action_prohibited": (Outcome.AUTH, "An administrator of Slack does not let this webhook post."),
    "posting_to_general_channel_denied": (Outcome.AUTH, "This webhook may not post to #general."),
    "channel_is_archived": (Outcome.GONE, "The channel is archived. Unarchive it, or make a webhook for another."),
    "no_service": (Outcome.GONE, "The webhook was removed or disabled in Slack. Make a new one."),
    "no_active_hooks": (Outcome.GONE, "The webhook was disabled in Slack. Make a new one."),
    "no_team": (Outcome.GONE, "The workspace of this webhook is not there any more."),
    "team_disabled": (Outcome.GONE, "The workspace of this webhook is disabled."),
    "rollup_error": (Outcome.RETRY, "Slack could not do it just now."),
}


class Slack(HttpKind):
    """Nothing that an event says can mention anybody, be a link or end a block; who writes a message may do the first two."""

    key = "slack"
    name = "Slack"
    summary = "A message to a channel: who did what to which resource, in words of your own where you like."
    icon = "chat"
    formats = (Format.SEGMENT,)
    fields = (
        Field(
            "url",
            "Webhook URL",
            "url",
            "Of an app with Incoming Webhooks. Whoever knows it can post, so it is kept secret.",
            is_secret=True,
            placeholder="https://hooks.slack.com/services/…",
        ),
        MESSAGES_FIELD,
        *TLS_FIELDS,
    )

    def max_events(self, setup: Setup) -> int:
        return MOST_EVENTS

    def linger_s(self, setup: Setup) -> float:
        return GATHER_S

    def item(self, outgoing: Outgoing, setup: Setup) -> bytes:
        # verbatim: what looks like an address, a channel or a name in the text of an event stays text.
        said = {"type": "mrkdwn", "text": _marked(outgoing.event, setup), "verbatim": True}
        return orjson.dumps({"type": "section", "text": said})

    def body(self, items: Sequence[bytes], batch: Batch, setup: Setup) -> bytes:
        sentences = [escaped(_line(outgoing.event, setup)) for outgoing in batch.events]
        message = {
            "text": "\n".join(sentences),
            "mrkdwn": False,
            "parse": "none",
            "link_names": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        return orjson.dumps(message)[:-1] + b',"blocks":[' + b",".join(items) + b"]}"

    def call(self, body: bytes, batch: Batch, setup: Setup) -> Call:
        return call_to(setup.secrets["url"], {"Content-Type": "application/json"}, setup)

    def understood(self, answer: Answer, batch: Batch) -> tuple[Outcome, str]:
        return meaning_of_word(answer)


def meaning_of_word(answer: Answer) -> tuple[Outcome, str]:
    """What the word means that Slack answers with, and in words."""
    word = answer.body[:100].decode("utf-8", "replace").strip()
    if word in _WORDS:
        outcome, told_plainly = _WORDS[word]
        return outcome, f"{answer.status} {word}: {told_plainly}"
    outcome = outcome_of(answer.status)
    if outcome is Outcome.DELIVERED and word != "ok":
        return Outcome.RETRY, f"{told_of(answer)}, but not “ok” as Slack answers: is this the address of a webhook?"
    return outcome, told_of(answer)


def _line(event: Event, setup: Setup) -> str:
    """What a notification shows of a message."""
    return plain(message_for(event, told(event), setup.settings), MAX_LINE)


def _marked(event: Event, setup: Setup) -> str:
    said = told(event)
    template = template_for(messages_of(setup.settings), said)
    # An author may mark words and call people; what an event says may not. `&` alone is none of Slack's.
    for most in (MAX_SENTENCE, MAX_VALUE) if template else ():
        text = filled(template.replace("&", "&amp;"), event, said, partial(_value, link=said.link, most=most))
        if len(text) <= MOST_MARKED:
            return text
    sign = ":x: " if said.is_failure else ":warning: " if said.is_risky else ""
    words = escaped(said.sentence)
    when = f"<!date^{int(said.at.timestamp())}^{{date_short_pretty}} {{time_secs}}|{utc_text(said.at)}>"
    linked = f"<{said.link}|{words}>" if said.link else words
    return f"{sign}*{linked}*\n{' · '.join([when, *map(escaped, said.details)])}"


def _value(text: str, *, link: str, most: int) -> str:
    return text if text == link else escaped(plain(text, most))


def escaped(text: str) -> str:
    """Text that Slack does not read as a link, a mention or a mark of its own."""
    return text.translate(_ESCAPED)

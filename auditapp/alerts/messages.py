"""Messages in the form of each channel, and what came of sending one. Who is told, and when again, is decided in sending.py."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from auditapp.alerts.models import AlertMessage, AlertNotice, AlertRule
from auditapp.alerts.telling import Told, ToldEvent
from auditapp.lib import clock
from auditapp.lib.clock import utc_text
from auditapp.lib.outbound import Answer, Refused, Unreachable, post
from auditapp.lib.secret_box import seal, unseal
from auditapp.lib.webhook_signature import signature_headers
from auditapp.pipeline.destinations.http_kind import masked, outcome_of, retry_after_s, told_of
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.email import meaning_of
from auditapp.pipeline.destinations.kinds.slack import escaped, meaning_of_word
from auditapp.trail.event_json import event_as_json

JSON: Final = {"Content-Type": "application/json"}
SLACK, SIGNING = "slack_url", "signing"
SUBJECT_LENGTH: Final = 200
BLOCK_LENGTH: Final = 2_900


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one try, in words too."""

    outcome: Outcome
    said: str
    retry_after_s: float | None = None


def sealed(secrets: Mapping[str, str]) -> bytes | None:
    """Secrets of a rule as they are stored; None where there are none."""
    return seal(json.dumps(dict(secrets))) if secrets else None


def secrets_of(rule: AlertRule) -> dict[str, str]:
    """Secrets of a rule, opened.

    Raises:  SecretBoxLocked
    """
    found: dict[str, str] = json.loads(unseal(bytes(rule.secrets))) if rule.secrets else {}
    return found


def send_email(told: Told, message: AlertMessage, notice: AlertNotice, address: str, *, unsubscribe: str = "") -> Sent:
    """A mail whose id is that of the message: mailboxes fold one that comes twice.

    Takes:   unsubscribe, where its reader stops such mails, "" where they are told by a rule
    Source:  RFC 8058 for unsubscribing by one click
    """
    host = urlsplit(settings.PUBLIC_URL).hostname
    headers = {
        "Message-ID": f"<{message.id}@{host}>",
        "Date": format_datetime(notice.fixed_at or clock.now()),
        "Auto-Submitted": "auto-generated",
    }
    if unsubscribe:
        headers |= {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    counted = f" ({told.firings:,}×)" if told.firings > 1 else ""
    by = (
        f"{told.firings:,} events, "
        if told.is_own and told.firings > 1
        else ""
        if told.is_own
        else f"{told.rule}{counted}: "
    )
    # `plain` left no line that could end the header.
    subject = f"[{told.workspace}] {by}{told.headline}"[:SUBJECT_LENGTH]
    text = render_to_string("emails/alert.txt", {"told": told, "unsubscribe": unsubscribe})
    mail = EmailMessage(subject, text, None, [address], headers=headers)
    try:
        mail.send()
    except OSError as fault:  # errors of smtplib are such
        outcome, _, said = meaning_of(fault, address)
        return Sent(outcome, said)
    return Sent(Outcome.DELIVERED, "The mail server took it.")


def send_slack(told: Told, rule: AlertRule) -> Sent:
    """A message to a channel in which nothing that an event says can mention anybody, be a link or end a block."""
    url = secrets_of(rule)[SLACK]
    counted = f"  ·  fired {told.firings:,} times" if told.firings > 1 else ""
    title = f"<{told.link}|{escaped(told.rule)}>" if told.link else escaped(told.rule)
    lines = [f":bell: *{title}*{counted}"]
    for one in told.events:
        sign = ":x: " if one.is_grave else ""
        where = f"  <{one.link}|Open>" if one.link else ""
        why = f"\nReason: {escaped(one.reason)}" if one.reason else ""
        lines.append(f"{sign}{escaped(one.sentence)}{why}\n{escaped(one.at)}{where}")
        lines += [_fitting(one.tries)] if one.tries else []
    if not (told.events or told.recovered):
        lines.append(escaped(told.headline))
    elif told.more:
        lines.append(told.more_words)
    if told.recovered_words:
        lines.append(f":white_check_mark: {told.recovered_words}")
    for one in told.recovered:
        where = f"  <{one.link}|Open>" if one.link else ""
        lines.append(f"{escaped(one.sentence)}\n{escaped(one.at)}{where}")
    body = {
        "text": f"{escaped(told.rule)}: {escaped(told.headline)}",
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": line, "verbatim": True}} for line in lines],
    }
    path = url.partition("://")[2].partition("/")[2]  # its secret, also where the address cannot be read
    return _posted(url, orjson.dumps(body), JSON, (url, path or url), is_slack=True)


def _fitting(lines: Sequence[str]) -> str:
    """As many of these lines as a block of Slack takes."""
    kept = list(map(escaped, lines))
    while len("\n".join(kept)) > BLOCK_LENGTH:
        kept.pop(len(kept) - 2)  # the last attempt says how it ended
    return "\n".join(kept)


def send_webhook(told: Told, rule: AlertRule, message: AlertMessage, notice: AlertNotice, *, kind: str = "") -> Sent:
    """A signed request as Standard Webhooks has it.

    Takes:   kind, its type where that does not follow from what it tells
    """
    data: dict[str, Any] = {
        "rule": {"id": rule.id, "name": rule.name, "query": rule.query, "trigger": rule.trigger},
        "firings": told.firings,
        "firstAt": utc_text(notice.first_at),
        "lastAt": utc_text(notice.last_at),
        "quietSince": utc_text(notice.quiet_since) if notice.quiet_since else None,
        "headline": told.headline,
        "events": [_event(one) for one in told.events],
        "recovered": notice.recovered,
        "recoveries": [_event(one) for one in told.recovered],
        "url": told.link,
    }
    kind = kind or ("alert.fired" if told.firings else "alert.recovered")
    body = orjson.dumps(
        {"type": kind, "timestamp": utc_text(notice.fixed_at or notice.last_at), "data": data}, default=str
    )
    secret = secrets_of(rule)[SIGNING]
    headers = {**JSON, **signature_headers(message.id, clock.now(), body, [secret])}
    return _posted(rule.webhook_url, body, headers, (secret, headers["webhook-signature"]))


def _event(one: ToldEvent) -> dict[str, Any]:
    return {**event_as_json(one.row), "sentence": one.sentence, "url": one.link, "attemptsBefore": list(one.attempts)}


def _posted(
    url: str, body: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], *, is_slack: bool = False
) -> Sent:
    try:
        answer = post(url, body, headers)
    except Refused as fault:
        return Sent(Outcome.REFUSED, masked(fault.message, secrets))
    except Unreachable as fault:
        return Sent(Outcome.RETRY, masked(fault.message, secrets))
    outcome, said = _understood(answer, is_slack=is_slack)
    return Sent(outcome, masked(said, secrets), retry_after_s(answer.headers.get("retry-after", "")))


def _understood(answer: Answer, *, is_slack: bool) -> tuple[Outcome, str]:
    return meaning_of_word(answer) if is_slack else (outcome_of(answer.status), told_of(answer))

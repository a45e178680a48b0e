"""Alert rules as the API takes and gives them."""

import re
from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any, Final
from urllib.parse import urlsplit

from auditapp.access.permissions import Access
from auditapp.alerts.firings import FiringShown
from auditapp.alerts.models import AlertFiring, AlertRule
from auditapp.alerts.queries import is_query_hidden, may_change
from auditapp.alerts.seen import Fared
from auditapp.alerts.services import RuleInput
from auditapp.alerts.testing import Tested
from auditapp.alerts.trial import Trial
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import event_key
from auditapp.record.event_row import EventRow
from auditapp.record.masking import HIDDEN_TEXT
from auditapp.record.viewer import Viewer
from auditapp.trail.address import Address
from auditapp.trail.event_json import event_as_json
from auditapp.trail.query_box import box_text, read_box
from auditapp.web.api_resources import flag_in, text_in

CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
FIELDS: Final[dict[str, Any]] = {
    "name": "string",
    "query": "string",
    "trigger": {"type": "string", "enum": ["each", "threshold", "silence"]},
    "threshold": "integer",
    "windowSeconds": "integer",
    "countBy": {"type": "string", "enum": ["", "actor", "resource"]},
    "withOwn": "boolean",
    "toldIds": {"type": "array", "items": {"type": "string"}},
    "byEmail": "boolean",
    "byBell": "boolean",
    "slackUrl": {**_TEXT_OR_NULL, "description": "Kept where it is not sent, taken away by null."},
    "webhookUrl": _TEXT_OR_NULL,
    "quietFrom": {**_TEXT_OR_NULL, "description": "As 22:00, in the time zone of the workspace."},
    "quietTo": _TEXT_OR_NULL,
}


def rule_input(sent: Mapping[str, Any], viewer: Viewer, rule: AlertRule | None = None) -> RuleInput:
    """What an object asks of a rule; of one that is there already, what it does not name stays.

    Raises:  Invalid
    """
    now = rule or AlertRule()
    return RuleInput(
        name=text_in(sent, "name", now.name if rule else None),
        query=_query(sent, viewer, now),
        trigger=text_in(sent, "trigger", now.trigger),
        threshold=_number(sent, "threshold", now.threshold),
        window_s=_number(sent, "windowSeconds", now.window_s),
        by=text_in(sent, "countBy", now.by),
        with_own=flag_in(sent, "withOwn", now.with_own),
        told_ids=_texts(sent, "toldIds", now.told_ids),
        by_email=flag_in(sent, "byEmail", now.by_email),
        by_bell=flag_in(sent, "byBell", now.by_bell),
        slack_url=_text_or_none(sent, "slackUrl", "") if "slackUrl" in sent else None,
        webhook_url=_text_or_none(sent, "webhookUrl", now.webhook_url),
        quiet_from=_time(sent, "quietFrom", now.quiet_from),
        quiet_to=_time(sent, "quietTo", now.quiet_to),
    )


def rule_answer(rule: AlertRule, how: Fared, access: Access) -> dict[str, Any]:
    """A rule; the whole address of its webhook for those alone who may change it.

    Where it watches more than the token may see, firings at what that may see are counted, and without any there is no number.
    """
    return {
        "id": rule.id,
        "name": rule.name,
        "query": HIDDEN_TEXT if is_query_hidden(access, rule) else rule.query,
        "trigger": rule.trigger,
        "threshold": rule.threshold,
        "windowSeconds": rule.window_s,
        "countBy": rule.by,
        "withOwn": rule.with_own,
        "toldIds": list(rule.told_ids),
        "byEmail": rule.by_email,
        "byBell": rule.by_bell,
        "slack": rule.has_slack,
        "webhookHost": urlsplit(rule.webhook_url).hostname if rule.webhook_url else None,
        "webhookUrl": rule.webhook_url if rule.webhook_url and may_change(access, rule) else None,
        "quietFrom": f"{rule.quiet_from:%H:%M}" if rule.quiet_from else None,
        "quietTo": f"{rule.quiet_to:%H:%M}" if rule.quiet_to else None,
        "enabled": rule.is_enabled,
        "ownerId": rule.owner_id,
        "createdAt": utc_text(rule.created_at),
        "firings30Days": None if how.is_hidden else how.total,
        "lastFiredAt": utc_text(how.last_at) if how.last_at else None,
        "watchesMore": how.is_partly,
    }


def firing_answer(shown: FiringShown) -> dict[str, Any]:
    """A firing with its event as the token may see it, and its messages."""
    one: AlertFiring = shown.firing
    return {
        "ruleId": one.rule_id,
        "firedAt": utc_text(one.fired_at),
        "occurredAt": utc_text(one.occurred_at),
        "eventId": event_key(one.event_id) if one.event_id else None,
        "event": event_as_json(shown.event) if shown.event else None,
        "events": one.events,
        "silence": one.is_silence,
        "hold": one.hold or None,
        "heldUntil": utc_text(one.held_until) if one.held_until else None,
        "messages": [
            {
                "channel": message.channel,
                "recipientId": message.recipient_id or None,
                "state": message.state,
                "attempts": message.attempts,
                "answer": message.said,
                "endedAt": utc_text(message.ended_at) if message.ended_at else None,
            }
            for message in shown.messages
        ],
    }


def trial_answer(trial: Trial, samples: Iterable[EventRow]) -> dict[str, Any]:
    """What a rule would have done in 30 days."""
    return {
        "events": trial.events,
        "firings": len(trial.fired),
        "messages": trial.messages,
        "firingsByDay": list(trial.days),
        "latest": [utc_text(moment) for moment in trial.latest],
        "since": utc_text(trial.since),
        "cut": trial.is_cut,
        "samples": [event_as_json(row) for row in samples],
    }


def tested_answer(one: Tested) -> dict[str, Any]:
    """What came of one test message."""
    return {"channel": one.channel, "recipientId": one.to_id or None, "delivered": one.is_delivered, "answer": one.said}


def _query(sent: Mapping[str, Any], viewer: Viewer, now: AlertRule) -> str:
    """A line of the search in canonical form, as the form of a rule takes it."""
    if "query" not in sent:
        return now.query
    box = read_box(text_in(sent, "query"), Address(""), viewer)
    if box.problems:
        raise Invalid(" ".join(map(str, box.problems)), field="query", code="bad_query")
    return box_text(box.address)


def _number(sent: Mapping[str, Any], name: str, now: int) -> int:
    found = sent.get(name, now)
    if not isinstance(found, int) or isinstance(found, bool):
        raise Invalid(f"{name} is needed, as a whole number.", field=name, code="required")
    return found


def _texts(sent: Mapping[str, Any], name: str, now: Iterable[str]) -> list[str]:
    found = sent.get(name, list(now))
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Invalid(f"{name} is needed, as a list of texts.", field=name, code="required")
    return found


def _text_or_none(sent: Mapping[str, Any], name: str, now: str) -> str:
    return "" if name in sent and sent[name] is None else text_in(sent, name, now)


def _time(sent: Mapping[str, Any], name: str, now: time | None) -> time | None:
    if name not in sent:
        return now
    if sent[name] is None:
        return None
    found = CLOCK.fullmatch(text_in(sent, name))
    if found is None:
        raise Invalid(f"{name} is a time such as 22:00, or null.", field=name, code="bad_time")
    return time(int(found[1]), int(found[2]))

"""Alert rules: changed, switched, deleted. A secret that signs webhooks has no way back once it was replaced."""

from collections.abc import Mapping
from datetime import time
from typing import Any, Final
from urllib.parse import urlsplit

from auditapp.access.models import Member
from auditapp.access.permissions import Access, Permission
from auditapp.alerts.models import AlertRule, Trigger
from auditapp.alerts.queries import may_change, rule_for
from auditapp.alerts.restoring import restore_alert_rule
from auditapp.alerts.services import (
    RuleInput,
    change_alert_rule,
    delete_alert_rule,
    disable_alert_rule,
    enable_alert_rule,
    locked_reading,
    whole_of_rule,
)
from auditapp.lib.errors import Conflict, Invalid
from auditapp.record.drafts import EventDraft
from auditapp.revert.fields import WHOLE, flat
from auditapp.revert.kind import RevertKind
from auditapp.revert.sentences import said

SLACK_URL: Final = "slack_url"
WEBHOOK_URL: Final = "webhook_url"
# By the path that events tell: what a person calls it.
LABELS: Final = {
    "name": "Name",
    "query": "Events",
    "trigger": "Fires",
    "threshold": "Threshold",
    "window_s": "Within, in seconds",
    "by": "Counted together",
    "with_own": "Also what its owner does",
    "told": "Whom it tells",
    "email": "By e-mail",
    "bell": "In the bell",
    "slack": "In Slack",
    "webhook_host": "Webhook",
    "quiet_from": "Quiet from",
    "quiet_to": "Quiet to",
    "enabled": "Enabled",
    "owner": "Owner",
}
_LOOKED_FOR: Final = frozenset({"query", "trigger", "threshold", "window_s", "by", "with_own"})
_GOES_OUT: Final = frozenset({"slack", "webhook_host", "told", "email"})


class PeopleGone(Conflict):
    """Somebody whom this rule told has left the workspace. Choose whom it tells on its page."""


class AlertRuleRevert(RevertKind[AlertRule]):
    """Of addresses events tell no more than the host of a webhook: where one comes back, the whole of it has to be entered."""

    resource_type = "alert_rule"
    settable = tuple(path for path in LABELS if path != "owner")

    def seen(self, access: Access, resource_id: str) -> AlertRule:
        return rule_for(access, resource_id)

    def locked(self, resource: AlertRule) -> AlertRule | None:
        # As every change of a rule does.
        locked_reading(resource.workspace_id)
        return super().locked(resource)

    def values(self, resource: AlertRule) -> dict[str, Any]:
        return flat(whole_of_rule(resource))

    def require(self, access: Access, resource: AlertRule | None) -> None:
        access.require(Permission.AUDIT_READ)
        if resource is not None and not may_change(access, resource):
            access.require(Permission.WORKSPACE_MANAGE)

    def label(self, path: str, event: EventDraft) -> str:
        return LABELS.get(path) or super().label(path, event)

    def asks(self, resource: AlertRule | None, values: Mapping[str, Any]) -> dict[str, str]:
        without = ": without it, it comes back without that" if values.get(WHOLE) is True else ""
        asked = {}
        if values.get("slack") is True:
            asked[SLACK_URL] = f"Address in Slack that it tells{without}"
        if host := values.get("webhook_host"):
            asked[WEBHOOK_URL] = f"Address of its webhook at {host}{without}"
        return asked

    def write(self, resource: AlertRule, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        if any(path != "enabled" for path in values):
            now = whole_of_rule(resource)
            known = Member.objects.filter(workspace_id=resource.workspace_id, user_id__in=values.get("told", ()))
            if known.count() < len(values.get("told", ())):
                raise PeopleGone
            slack_url = None
            if "slack" in values:
                slack_url = _entered(secrets, SLACK_URL) if values["slack"] else ""
            webhook_url = resource.webhook_url
            if "webhook_host" in values:
                webhook_url = _at(values["webhook_host"], secrets) if values["webhook_host"] else ""
            given = _given({**now, **values}, slack_url=slack_url, webhook_url=webhook_url)
            change_alert_rule(given, rule_id=resource.id)
        if "enabled" in values:
            (enable_alert_rule if values["enabled"] else disable_alert_rule)(rule_id=resource.id)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        host = values.get("webhook_host", "")
        given = _given(
            {"name": name, **values},
            slack_url=secrets.get(SLACK_URL) or None if values.get("slack") else None,
            webhook_url=_at(host, secrets) if host and secrets.get(WEBHOOK_URL) else "",
        )
        restore_alert_rule(
            given, rule_id=resource_id, owner_id=values.get("owner", ""), is_enabled=bool(values.get("enabled", True))
        )

    def delete(self, resource: AlertRule) -> None:
        delete_alert_rule(rule_id=resource.id)

    def effects(self, resource: AlertRule | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return [
                "It looks at what comes from now on. What it had fired for is gone.",
                "A webhook is signed with a new secret, which can be replaced and then read on its page.",
            ]
        told = []
        if WHOLE in values:
            told.append("What it has fired for goes with it.")
        if values.get("enabled") is True:
            told.append("It looks at what comes from now on: what came while it was off fires nothing.")
        if values.get("enabled") is False:
            told.append("It fires no more. What it fired for and had not told of yet stays untold.")
        if not _LOOKED_FOR.isdisjoint(values) and (resource is None or resource.is_enabled):
            told.append("It counts anew, from now on.")
        if resource is not None and "told" in values:
            told += _people(resource, set(values["told"]))
        if values.get("webhook_host"):
            told.append(f"What it fires for goes to {values['webhook_host']} from then on.")
        return told

    def is_risky(self, resource: AlertRule | None, values: Mapping[str, Any]) -> bool:
        return WHOLE in values or not _GOES_OUT.isdisjoint(values)


def _given(told: Mapping[str, Any], *, slack_url: str | None, webhook_url: str) -> RuleInput:
    return RuleInput(
        name=told["name"],
        query=told.get("query", ""),
        trigger=told.get("trigger", Trigger.EACH),
        threshold=told.get("threshold", 1),
        window_s=told.get("window_s", 0),
        by=told.get("by", ""),
        with_own=told.get("with_own", False),
        told_ids=told.get("told", ()),
        by_email=told.get("email", False),
        by_bell=told.get("bell", False),
        slack_url=slack_url,
        webhook_url=webhook_url,
        quiet_from=_time(told.get("quiet_from", "")),
        quiet_to=_time(told.get("quiet_to", "")),
    )


def _time(said: str) -> time | None:
    return time.fromisoformat(said) if said else None


def _entered(secrets: Mapping[str, str], path: str) -> str:
    if not secrets.get(path, "").strip():
        raise Invalid("Enter the address: no event holds it.", field=path, code="required")
    return secrets[path].strip()


def _at(host: str, secrets: Mapping[str, str]) -> str:
    url = _entered(secrets, WEBHOOK_URL)
    if _host_of(url) != host:
        raise Invalid(f"Enter the address at {host}, where this webhook was.", field=WEBHOOK_URL, code="elsewhere")
    return url


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _people(rule: AlertRule, told: set[str]) -> list[str]:
    sentences = []
    for ids, what in ((told - {*rule.told_ids}, "Told from then on"), ({*rule.told_ids} - told, "Told no more")):
        members = Member.objects.filter(workspace_id=rule.workspace_id, user_id__in=ids).select_related("user")
        if names := sorted(str(member.user) for member in members):
            sentences.append(f"{what}: {said(names)}.")
    return sentences

"""Tracking plans: renamed, their rules, the sources that follow them, deleted. Files that were taken in are undone by what they changed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import Conflict, NotFound
from auditapp.pipeline.plans.connections import connect_source, disconnect_source
from auditapp.pipeline.plans.models import TrackingPlan
from auditapp.pipeline.plans.queries import plan_for
from auditapp.pipeline.plans.restoring import restore_plan
from auditapp.pipeline.plans.rule_history import RULE, former_rules, identity_at, rule_changes, rules_as_fields
from auditapp.pipeline.plans.rule_services import update_rules
from auditapp.pipeline.plans.rule_store import rule_id
from auditapp.pipeline.plans.services import change_plan, delete_plan, whole_of_plan
from auditapp.record.acting import current_acting
from auditapp.record.drafts import MISSING, Change, EventDraft
from auditapp.revert.fields import WHOLE, flat
from auditapp.revert.kind import RevertKind
from auditapp.revert.sentences import said
from auditapp.sources.models import Source

SOURCE: Final = "sources."
_WHOLE_CAME: Final = frozenset({"created", "inferred", "restored"})
_ONE_RULE: Final = frozenset({"event_added", "event_modified", "event_removed"})


class SourceGone(Conflict):
    """The source that followed this plan is not there any more, or not yours to change. Undo its deletion first."""


class TrackingPlanRevert(RevertKind[TrackingPlan]):
    """A rule and a source that follows are fields that are there or not. How a rule was is kept beside the events."""

    resource_type = "tracking_plan"
    settable = ("name", "description", RULE, SOURCE)
    depth = 1

    def seen(self, access: Access, resource_id: str) -> TrackingPlan:
        return plan_for(access, resource_id)

    def values(self, resource: TrackingPlan) -> dict[str, Any]:
        return {**flat(whole_of_plan(resource)), **rules_as_fields(resource)}

    def require(self, access: Access, resource: TrackingPlan | None) -> None:
        if resource is None:
            access.require_everywhere(Permission.TRACKING_PLAN_WRITE)
        access.require(Permission.TRACKING_PLAN_WRITE, resource)

    def changes(self, event: EventDraft) -> Sequence[Change]:
        what = event.type.rpartition(".")[2]
        if what in {"source_connected", "source_disconnected"}:
            path = f"{SOURCE}{event.targets[1].id}"
            return [Change(path, new=True) if what == "source_connected" else Change(path, old=True)]
        if what in _WHOLE_CAME:
            return [Change(WHOLE, new=True), *event.changes, *_rules(event)]
        if what == "deleted":
            return [Change(WHOLE, old=True), *event.changes, *_rules(event)]
        if what in _ONE_RULE or what == "rules_changed":
            return _rules(event)
        return event.changes if what == "modified" else ()

    def label(self, path: str, event: EventDraft) -> str:
        if path.startswith(RULE):
            kind, key, version = identity_at(path)
            return f"Rule {key or kind.title()}" + (f", version {version}" if version > 1 else "")
        if path.startswith(SOURCE):
            source_id = path.removeprefix(SOURCE)
            named = next((one.name for one in event.targets if one.id == source_id), "")
            return f"Followed by {named or said(_names(event.workspace_id, [source_id])) or source_id}"
        return super().label(path, event)

    def write(self, resource: TrackingPlan, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        if "name" in values or "description" in values:
            change_plan(plan_id=resource.id, name=values.get("name"), description=values.get("description"))
        rules = {path: value for path, value in values.items() if path.startswith(RULE)}
        if rules:
            back = {path: value for path, value in rules.items() if value is not MISSING}
            update_rules(
                plan_id=resource.id,
                rules=former_rules(resource.workspace_id, resource.id, back),
                instead_of=[identity_at(path) for path in rules if path not in back],
            )
        for path, value in values.items():
            if path.startswith(SOURCE):
                _follow(resource, path.removeprefix(SOURCE), follows=value is not MISSING)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        rules = {path: one for path, one in values.items() if path.startswith(RULE)}
        restore_plan(
            plan_id=resource_id,
            name=values.get("name", name),
            slug=values.get("slug", ""),
            description=values.get("description", ""),
            rules=former_rules(current_acting().workspace_id, resource_id, rules),
            source_ids=[path.removeprefix(SOURCE) for path in values if path.startswith(SOURCE)],
        )

    def delete(self, resource: TrackingPlan) -> None:
        delete_plan(plan_id=resource.id)

    def effects(self, resource: TrackingPlan | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return ["Sources that followed it and follow none since are checked by it again."]
        if resource is None:
            return []
        now = self.values(resource)
        following = _names(
            resource.workspace_id, [path.removeprefix(SOURCE) for path in now if path.startswith(SOURCE)]
        )
        if WHOLE in values:
            rules = sum(path.startswith(RULE) for path in now)
            told = (
                [f"{rules:,} rule{'' if rules == 1 else 's'} go{'es' if rules == 1 else ''} with it."] if rules else []
            )
            return [*told, f"Checked by no plan from then on: {said(following)}."] if following else told
        told = []
        if following and any(path.startswith(RULE) for path in values):
            told.append(f"Checked by these rules from then on: {said(following)}.")
        for follows, words in ((True, "Checked by this plan from then on"), (False, "Checked by no plan from then on")):
            ids = [path.removeprefix(SOURCE) for path, one in values.items() if _is(path, one, follows=follows)]
            if names := _names(resource.workspace_id, ids):
                told.append(f"{words}: {said(names)}.")
        return told


def _rules(event: EventDraft) -> list[Change]:
    """What the change that an event tells of did to rules, to its own one where it is about one."""
    plan_id, revision, own = event.targets[0].id, event.meta.get("revision"), event.meta.get("rule")
    if not isinstance(revision, str):
        return []
    return [
        Change(
            one.path,
            MISSING if one.was is None else one.was,
            MISSING if one.is_now is None else one.is_now,
        )
        for one in rule_changes(event.workspace_id, plan_id, revision)
        if own is None or rule_id(plan_id, one.type, one.key, one.version) == own
    ]


def _follow(plan: TrackingPlan, source_id: str, *, follows: bool) -> None:
    if not follows:
        disconnect_source(plan_id=plan.id, source_id=source_id)
        return
    try:
        connect_source(plan_id=plan.id, source_id=source_id)
    except NotFound:
        raise SourceGone from None


def _names(workspace_id: int, source_ids: Sequence[str]) -> list[str]:
    sources = Source.objects.filter(workspace_id=workspace_id, id__in=source_ids)
    return sorted(sources.values_list("name", flat=True))


def _is(path: str, value: Any, *, follows: bool) -> bool:
    return path.startswith(SOURCE) and (value is not MISSING) is follows

"""Which tracking plans there are, what is in them, and which sources follow them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.pipeline.plans.errors import RuleGone
from auditapp.pipeline.plans.models import PlanRule, SourcePlan, TrackingPlan
from auditapp.pipeline.plans.rule_store import rule_id
from auditapp.pipeline.plans.rules import RuleType
from auditapp.pipeline.plans.settings import SchemaSettings, settings_as_json, settings_of
from auditapp.sources.models import Source
from auditapp.sources.queries import visible_sources
from auditapp.sources.schema import EventName

# A page or screen call without a row of its own is in that of all of them, as the engine has it.
_CALLS = {"page": ("PAGE", "Page Viewed"), "screen": ("SCREEN", "Screen Viewed")}


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A plan with its numbers."""

    plan: TrackingPlan
    rules: int
    sources: int


@dataclass(frozen=True, slots=True)
class Connection:
    """A source that follows a plan. `source` is None where whoever asks may not see it."""

    source_id: str
    source: Source | None
    follows: SourcePlan


def visible_plans(access: Access) -> QuerySet[TrackingPlan]:
    """The tracking plans that this person may see, by name."""
    plans = TrackingPlan.objects.filter(workspace_id=access.workspace_id).order_by(Lower("name"), "id")
    reach = access.reach(Permission.TRACKING_PLAN_READ)
    return plans if reach.everywhere else plans.filter(id__in=reach.ids)


def plan_names(workspace_id: int) -> dict[str, str]:
    """Every tracking plan of the workspace, name by id."""
    plans = TrackingPlan.objects.filter(workspace_id=workspace_id).order_by(Lower("name"), "id")
    return dict(plans.values_list("id", "name"))


def plan_for(access: Access, plan_id: str) -> TrackingPlan:
    """One plan that this person may see.

    Raises:  NotFound, also where there is one that they may not see
    """
    plan = visible_plans(access).filter(id=plan_id).first()
    if plan is None:
        raise NotFound
    return plan


def plans_shown(access: Access) -> list[PlanShown]:
    """The plans that this person may see, with how many rules and sources each has."""
    rules = _numbers(PlanRule.objects.filter(workspace_id=access.workspace_id))
    sources = _numbers(SourcePlan.objects.filter(workspace_id=access.workspace_id).exclude(plan_id=None))
    return [PlanShown(plan, rules.get(plan.id, 0), sources.get(plan.id, 0)) for plan in visible_plans(access)]


def rules_in(plan: TrackingPlan, *, text: str = "", kind: str = "") -> QuerySet[PlanRule]:
    """The rules of a plan in the order of types, names and versions.

    Takes:   text, a piece of a name, a label or the schema, whatever its case; kind, a type of rule
    """
    rules = PlanRule.objects.filter(workspace_id=plan.workspace_id, plan_id=plan.id)
    if kind:
        rules = rules.filter(type=kind)
    if sought := text.replace("\x00", "").strip():
        rules = rules.filter(Q(key__icontains=sought) | Q(schema__icontains=sought) | Q(labels__contains=[sought]))
    return rules.order_by("type", Lower("key"), "key", "version")


def rule_in(plan: TrackingPlan, wanted: str) -> PlanRule:
    """One rule of a plan, by its rule_id.

    Raises:  RuleGone
    """
    rules = rules_in(plan)
    for type_, key, version in rules.values_list("type", "key", "version"):
        if rule_id(plan.id, type_, key, version) == wanted:
            return rules.get(type=type_, key=key, version=version)
    raise RuleGone


def connections_of(access: Access, plan: TrackingPlan) -> list[Connection]:
    """The sources that follow a plan, by name; first those that this person may see."""
    followed = SourcePlan.objects.filter(workspace_id=plan.workspace_id, plan_id=plan.id).order_by("source_id")
    follows = {one.source_id: one for one in followed}
    seen = {source.id: source for source in visible_sources(access).filter(id__in=follows)}
    unseen = [Connection(source_id, None, one) for source_id, one in follows.items() if source_id not in seen]
    return [*(Connection(source_id, source, follows[source_id]) for source_id, source in seen.items()), *unseen]


def following_of(source: Source) -> SourcePlan:
    """What a source follows, and how; nothing and allowing all where nobody ever said."""
    found = SourcePlan.objects.filter(workspace_id=source.workspace_id, source_id=source.id).first()
    return found or SourcePlan(workspace_id=source.workspace_id, source_id=source.id)


def plan_of(source: Source) -> TrackingPlan | None:
    """The plan that a source follows."""
    plans = TrackingPlan.objects.filter(workspace_id=source.workspace_id)
    return plans.filter(id=following_of(source).plan_id).first()


def schema_settings(follows: SourcePlan) -> SchemaSettings:
    """The settings of a source as values."""
    return settings_of(follows.settings)


def settings_told(follows: SourcePlan) -> dict[str, Any]:
    """The settings of a source as the API says them."""
    said: dict[str, Any] = settings_as_json(schema_settings(follows))
    if follows.forwarding_violations_to:
        said["forwardingViolationsTo"] = follows.forwarding_violations_to
    if follows.forwarding_blocked_to:
        said["forwardingBlockedEventsTo"] = follows.forwarding_blocked_to
    return said


def planned_names(source: Source) -> "PlannedNames | None":
    """Which events the plan of a source knows; None where it follows none."""
    plan = plan_of(source)
    if plan is None:
        return None
    return PlannedNames(frozenset(rules_in(plan).order_by().values_list("type", "key")))


@dataclass(frozen=True, slots=True)
class PlannedNames:
    """The names that a plan has rules for."""

    rules: frozenset[tuple[str, str]]

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, EventName):
            return False
        if name.type in _CALLS:
            kind, row = _CALLS[name.type]
            return not self.rules.isdisjoint({(kind, name.name), (kind, ""), (RuleType.TRACK, row)})
        return (name.type.upper(), name.name) in self.rules


def _numbers(rows: QuerySet[Any]) -> Mapping[str, int]:
    return dict(rows.order_by().values("plan_id").annotate(number=Count("*")).values_list("plan_id", "number"))

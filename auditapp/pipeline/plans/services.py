"""What is done to tracking plans. Each is one transaction with its events in it; rules and connections have modules of their own."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import new_id
from auditapp.pipeline.plans.errors import PlanNameTaken
from auditapp.pipeline.plans.inferring import inferred_rules
from auditapp.pipeline.plans.locking import plan_to_change
from auditapp.pipeline.plans.models import SourcePlan, TrackingPlan
from auditapp.pipeline.plans.rule_history import keep_changes
from auditapp.pipeline.plans.rule_services import import_rules
from auditapp.pipeline.plans.rule_store import put_rules, stored_rules
from auditapp.record.drafts import changed
from auditapp.record.services import record
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for

MAX_NAME = 100
MAX_DESCRIPTION = 2_000


@transaction.atomic
def create_plan(*, name: str, description: str = "") -> TrackingPlan:
    """Make a tracking plan without rules.

    Raises:  Denied, Invalid
    Writes:  TrackingPlan; tracking_plan.created
    """
    plan = _made(name, description)
    record("tracking_plan.created", target=plan, changes=changed({}, told_of_plan(plan)))
    return plan


@transaction.atomic
def create_plan_from_file(*, name: str, description: str = "", file_name: str, body: bytes) -> TrackingPlan:
    """Make a tracking plan with the rules of a CSV or JSON file.

    Raises:  Denied, Invalid
    Writes:  TrackingPlan, PlanRule; tracking_plan.created and what import_rules records
    """
    plan = create_plan(name=name, description=description)
    import_rules(plan_id=plan.id, file_name=file_name, body=body)
    plan.refresh_from_db()
    return plan


@transaction.atomic
def infer_plan(*, source_id: str, name: str, description: str = "") -> TrackingPlan:
    """Make a tracking plan of what a source saw: its events, with their fields and the types that these had. Nothing is required in it.

    Raises:  Denied, NotFound, Invalid
    Writes:  TrackingPlan, PlanRule; tracking_plan.inferred
    """
    plan = _made(name, description)
    source = source_for(acting_access(), source_id)
    rules = inferred_rules(source)
    put_rules(plan, {}, {rule.identity: rule for rule in rules})
    meta = {"events": len(rules), "revision": plan.revision}
    record("tracking_plan.inferred", target=[plan, source], meta=meta, changes=changed({}, told_of_plan(plan)))
    return plan


@transaction.atomic
def change_plan(*, plan_id: str, name: str | None = None, description: str | None = None) -> TrackingPlan:
    """Change a plan's name or description; what is not given stays. Its slug, which code may use, stays in any case.

    Raises:  NotFound, Denied, Invalid
    Writes:  TrackingPlan; tracking_plan.modified, unless nothing differs
    """
    plan = plan_to_change(plan_id)
    before = told_of_plan(plan)
    if name is not None:
        plan.name = free_name(plan.workspace_id, name, but=plan_id)
    if description is not None:
        plan.description = checked_description(description)
    if changes := changed(before, told_of_plan(plan)):
        plan.updated_at = clock.now()
        save_plan(plan, update_fields=["name", "description", "updated_at"])
        record("tracking_plan.modified", target=plan, changes=changes)
    return plan


@transaction.atomic
def delete_plan(*, plan_id: str) -> None:
    """Delete a plan with its rules. Its sources follow none from then on; what they did with its violations is kept.

    Raises:  NotFound, Denied
    Writes:  TrackingPlan, PlanRule, PlanRuleChange, SourcePlan; tracking_plan.source_disconnected for each source, tracking_plan.deleted
    """
    plan = plan_to_change(plan_id)
    whole, rules = whole_of_plan(plan), stored_rules(plan.workspace_id, plan.id)
    followed = SourcePlan.objects.select_for_update().filter(workspace_id=plan.workspace_id, plan_id=plan.id)
    sources = Source.objects.filter(workspace_id=plan.workspace_id, id__in=[one.source_id for one in followed])
    for source in sources.order_by("name", "id"):
        record("tracking_plan.source_disconnected", target=[plan, source], scope_id=source.id)
    followed.update(plan_id=None, connected_at=None)
    plan.revision = new_id("rev")
    keep_changes(plan, ((rule, None) for rule in rules))
    meta = {"rules": len(rules), "revision": plan.revision}
    record("tracking_plan.deleted", target=plan, meta=meta, changes=changed(whole, {}))
    plan.delete()


def _made(name: str, description: str) -> TrackingPlan:
    access = acting_access()
    access.require_everywhere(Permission.TRACKING_PLAN_WRITE)
    now = clock.now()
    plan = TrackingPlan(
        workspace_id=access.workspace_id,
        id=new_id("tp"),
        slug="",
        name=free_name(access.workspace_id, name),
        description=checked_description(description),
        revision=new_id("rev"),
        created_at=now,
        updated_at=now,
    )
    plan.slug = free_slug(plan)
    save_plan(plan, force_insert=True)
    return plan


def told_of_plan(plan: TrackingPlan) -> Mapping[str, Any]:
    """What events tell of a plan itself."""
    return {"name": plan.name, "slug": plan.slug, "description": plan.description}


def whole_of_plan(plan: TrackingPlan) -> dict[str, Any]:
    """All that events tell of a plan, which is what one that was deleted comes back with; its rules are kept beside them."""
    followed = SourcePlan.objects.filter(workspace_id=plan.workspace_id, plan_id=plan.id).order_by("source_id")
    return {**told_of_plan(plan), "sources": dict.fromkeys(followed.values_list("source_id", flat=True), True)}


def free_name(workspace_id: int, name: str, *, but: str = "") -> str:
    """The name, where it is one and no other plan has it.

    Raises:  Invalid, PlanNameTaken
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME or "\x00" in name:
        raise Invalid(f"Give the plan a name of at most {MAX_NAME} characters.", field="name", code="required")
    if TrackingPlan.objects.filter(workspace_id=workspace_id, name__iexact=name).exclude(id=but).exists():
        raise PlanNameTaken
    return name


def checked_description(text: str) -> str:
    """The text, where it is not too long.

    Raises:  Invalid
    """
    text = text.strip()
    if len(text) > MAX_DESCRIPTION or "\x00" in text:
        raise Invalid(f"A description has at most {MAX_DESCRIPTION:,} characters.", field="description")
    return text


def save_plan(plan: TrackingPlan, **how: Any) -> None:
    """Save it, also where two give a name at once.

    Raises:  PlanNameTaken
    """
    try:
        with transaction.atomic():
            plan.save(**how)
    except IntegrityError:  # somebody took the name between the look and the write
        raise PlanNameTaken from None


def free_slug(plan: TrackingPlan) -> str:
    """The name as a slug, with the end of the id where another plan has it or the name has no letter of ours."""
    slug = slugify(plan.name)[:40]
    is_taken = TrackingPlan.objects.filter(workspace_id=plan.workspace_id, slug=slug).exists()
    return slug if slug and not is_taken else f"{slug or 'plan'}-{plan.id[-6:].lower()}"

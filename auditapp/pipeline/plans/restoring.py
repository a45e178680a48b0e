"""Brings a deleted plan back with its rules, and lets the sources follow it that did and follow none since."""

from collections.abc import Sequence

from django.db import transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Conflict
from auditapp.lib.ids import new_id
from auditapp.pipeline.plans.connections import connect_source
from auditapp.pipeline.plans.models import SourcePlan, TrackingPlan
from auditapp.pipeline.plans.rule_store import put_rules
from auditapp.pipeline.plans.rules import Rule, require_good_rules
from auditapp.pipeline.plans.services import checked_description, free_name, free_slug, save_plan, told_of_plan
from auditapp.record.drafts import changed
from auditapp.record.services import record
from auditapp.sources.queries import visible_sources


class PlanThere(Conflict):
    """This tracking plan is there: it was brought back already."""


@transaction.atomic
def restore_plan(
    *,
    plan_id: str,
    name: str,
    slug: str = "",
    description: str = "",
    rules: Sequence[Rule] = (),
    source_ids: Sequence[str] = (),
) -> TrackingPlan:
    """Make a plan again under the id that it had.

    Takes:   slug, which it gets where it is free; source_ids, of which those are left out that are gone, that follow another plan
             by now, or that whoever acts may not change
    Raises:  Denied, Invalid, PlanNameTaken, PlanThere
    Writes:  TrackingPlan, PlanRule, SourcePlan; tracking_plan.restored, tracking_plan.source_connected
    """
    access = acting_access()
    access.require_everywhere(Permission.TRACKING_PLAN_WRITE)
    here = {"workspace_id": access.workspace_id}
    if TrackingPlan.objects.filter(**here, id=plan_id).exists():
        raise PlanThere
    now = clock.now()
    plan = TrackingPlan(
        **here,
        id=plan_id,
        slug="",
        name=free_name(access.workspace_id, name),
        description=checked_description(description),
        revision=new_id("rev"),
        created_at=now,
        updated_at=now,
    )
    is_taken = TrackingPlan.objects.filter(**here, slug=slug).exists()
    plan.slug = slug if slug and not is_taken else free_slug(plan)
    save_plan(plan, force_insert=True)
    require_good_rules(rules)
    put_rules(plan, {}, {rule.identity: rule for rule in rules})
    meta = {"rules": len(rules), "revision": plan.revision}
    record("tracking_plan.restored", target=plan, meta=meta, changes=changed({}, told_of_plan(plan)))
    following = SourcePlan.objects.filter(**here, source_id__in=source_ids).exclude(plan_id=None)
    taken = set(following.values_list("source_id", flat=True))
    for source in visible_sources(access).filter(id__in=source_ids):
        if source.id not in taken and access.can(Permission.SOURCE_WRITE, source.id):
            connect_source(plan_id=plan.id, source_id=source.id)
    return plan

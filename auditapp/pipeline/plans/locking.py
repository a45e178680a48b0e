"""The one way to a tracking plan that is about to change."""

from auditapp.access.permissions import Permission, acting_access
from auditapp.pipeline.plans.models import TrackingPlan
from auditapp.pipeline.plans.queries import plan_for


def plan_to_change(plan_id: str) -> TrackingPlan:
    """The plan, locked, where whoever acts may change it.

    Raises:  NotFound, Denied
    """
    access = acting_access()
    plan = plan_for(access, plan_id)
    access.require(Permission.TRACKING_PLAN_WRITE, plan)
    return TrackingPlan.objects.select_for_update().get(workspace_id=access.workspace_id, id=plan_id)

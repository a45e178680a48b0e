"""Once a day: the trail is told of sources whose events broke their plan, and what is too old of that is forgotten."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Sum

from auditapp.lib import clock
from auditapp.pipeline.plans.models import TrackingPlan, ViolationCount, ViolationSample
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source

COUNTS_KEPT: Final = timedelta(days=60)
A_DAY: Final = timedelta(hours=24)
# A job that is done again within the day says nothing twice.
TOLD_WITHIN: Final = timedelta(hours=20)
NAMES_TOLD: Final = 20
DETECTED: Final = "tracking_plan.violations_detected"


def forget_violations() -> int:
    """Delete samples when the inbox forgets their events, and counts after 60 days; gives how many samples."""
    now = clock.now()
    ViolationCount.objects.filter(hour__lt=now - COUNTS_KEPT).delete()
    before = now - timedelta(days=settings.SOURCE_DAYS)
    deleted, _ = ViolationSample.objects.filter(at__lt=before).delete()
    return deleted


def tell_violations() -> int:
    """Record for each plan and source what broke it within the last day; gives how many were told of.

    Writes:  tracking_plan.violations_detected
    """
    since = clock.now() - A_DAY
    rows = ViolationCount.objects.filter(hour__gte=since).values_list("workspace_id", flat=True).distinct()
    return sum(_tell(workspace_id) for workspace_id in sorted(rows))


def _tell(workspace_id: int) -> int:
    with in_workspace(workspace_id), acting(workspace_id, SYSTEM):
        told = _told_already(workspace_id)
        counts = ViolationCount.objects.filter(workspace_id=workspace_id, hour__gte=clock.now() - A_DAY)
        sums = counts.order_by().values("plan_id", "source_id").annotate(number=Sum("violations"))
        found = 0
        for plan_id, source_id, number in sums.values_list("plan_id", "source_id", "number"):
            plan = TrackingPlan.objects.filter(workspace_id=workspace_id, id=plan_id).first()
            source = Source.objects.filter(workspace_id=workspace_id, id=source_id).first()
            if plan is None or source is None or (plan_id, source_id) in told:
                continue
            names = counts.filter(plan_id=plan_id, source_id=source_id).exclude(name="")
            events = names.values_list("name", flat=True).annotate(number=Sum("violations"))
            listed = list(events.order_by("-number", "name")[:NAMES_TOLD])
            meta = {"violations": number, "events": listed}
            record(DETECTED, target=[plan, source], meta=meta, scope_id=source.id)
            found += 1
        return found


def _told_already(workspace_id: int) -> set[tuple[str, ...]]:
    wanted = EventFilter(types=Choice((DETECTED,)), since=clock.now() - TOLD_WITHIN)
    page = visible_events(Viewer(workspace_id, sees_all=True)).page(wanted, size=1_000)
    return {tuple(target.id for target in row.event.targets) for row in page.rows}

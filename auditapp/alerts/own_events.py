"""Which events are worth a notification that a member chose by area, beyond its area.

Nothing that was only read, no recovery of what was not told of, and of failed syncs a few.
"""

from typing import Final

from auditapp.alerts.attempts import Attempt
from auditapp.alerts.models import AlertRule, Own
from auditapp.pipeline.warehouses.models import SyncState, WarehouseSync
from auditapp.record.drafts import EventDraft

# As Segment notifies of failed syncs in the product.
TOLD_AT: Final = (5, 20)
SYNC_FAILED: Final = "warehouse.run_failed"


def is_worth_it(rule: AlertRule, event: EventDraft, attempt: Attempt | None) -> bool:
    """Whether a rule may fire at an event; rules that somebody made say all of it in their query."""
    if not rule.own:
        return True
    if event.is_read:
        return False
    if attempt and not attempt.is_failure and event.type.endswith("recovered"):
        return False  # who was told of a failure is told that it recovered, and nobody else has to know
    if rule.own != Own.BELL or event.type != SYNC_FAILED:
        return True
    if attempt is None or not attempt.is_final:
        return False
    in_a_row = failed_in_a_row(rule.workspace_id, event)
    return in_a_row is None or in_a_row in TOLD_AT


def failed_in_a_row(workspace_id: int, event: EventDraft) -> int | None:
    """The how manieth sync of its warehouse in a row failed with this event; None of a warehouse that is loaded elsewhere."""
    task = event.meta.get("task")
    syncs = WarehouseSync.objects.filter(workspace_id=workspace_id)
    failed = syncs.filter(task_id=task).first() if isinstance(task, str) else None
    if failed is None:
        return None
    # What began after it says nothing of it, also where the reader is late. Who cancels a sync does not mend it.
    until_then = syncs.filter(warehouse_id=failed.warehouse_id, started_at__lte=failed.started_at)
    ended = until_then.exclude(state__in=[SyncState.RUNNING, SyncState.CANCELLED])
    states = ended.order_by("-started_at").values_list("state", flat=True)[: max(TOLD_AT) + 1]
    count = 0
    for state in states:
        if state != SyncState.FAILURE:
            break
        count += 1
    return count

"""When a sync starts, and what its history says when it has ended. What a sync does is in syncing.py."""

from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import F

from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.pipeline.warehouses.models import SyncState, Warehouse, WarehouseFeed, WarehouseSync
from auditapp.pipeline.warehouses.notices import added, notices_from
from auditapp.pipeline.warehouses.schedules import AFTER_FAILURE, CONTINUOUS, next_after
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source, SourceHead
from auditapp.tasks.models import Task, TaskState
from auditapp.tasks.queries import live_task
from auditapp.tasks.services import forget_task, start_task

SYNC_KIND: Final = "warehouse.sync"
MOST_AT_ONCE: Final = 100

# Warehouses whose time has come; of those that follow continuously, the ones for which something waits.
DUE: Final = """
SELECT w.workspace_id, w.id FROM warehouse AS w
WHERE w.is_enabled AND w.schedule <> 'manual' AND w.source_ids <> '{}' AND (w.next_sync_at IS NULL OR w.next_sync_at <= %(now)s)
AND (w.schedule <> 'continuous' OR (
    NOT EXISTS (SELECT FROM task AS t WHERE t.workspace_id = w.workspace_id AND t.kind = 'warehouse.sync' AND t.key = w.id
        AND t.state IN ('waiting', 'running'))
    AND EXISTS (SELECT FROM source_head AS h LEFT JOIN warehouse_feed AS f
        ON f.workspace_id = h.workspace_id AND f.warehouse_id = w.id AND f.source_id = h.source_id
        WHERE h.workspace_id = w.workspace_id AND h.source_id = ANY(w.source_ids) AND h.next_index > coalesce(f.position, 0))))
ORDER BY w.next_sync_at NULLS FIRST LIMIT %(limit)s
"""


def start_due_syncs() -> int:
    """Start the syncs whose time has come; asked outside of any workspace, as the worker. Gives how many.

    Writes:  Warehouse, WarehouseSync, Task, TaskStep; warehouse.sync_skipped where the one before has not ended
    """
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"now": clock.now(), "limit": MOST_AT_ONCE})
        due = cursor.fetchall()
    return sum(_start_if_due(workspace_id, warehouse_id) for workspace_id, warehouse_id in due)


def _start_if_due(workspace_id: int, warehouse_id: str) -> bool:
    with in_workspace(workspace_id), acting(workspace_id, SYSTEM):
        now = clock.now()
        # Another worker that has it in hand is enough; what changed since it was found due is looked at again.
        warehouse = (
            Warehouse.objects.select_for_update(skip_locked=True)
            .filter(workspace_id=workspace_id, id=warehouse_id, is_enabled=True)
            .first()
        )
        if warehouse is None or (warehouse.next_sync_at and warehouse.next_sync_at > now):
            return False
        if warehouse.schedule != CONTINUOUS:
            warehouse.next_sync_at = next_after(warehouse.schedule, warehouse.next_sync_at, now)
            warehouse.save(update_fields=["next_sync_at"])
            if live := live_task(workspace_id, SYNC_KIND, warehouse_id):
                is_retried = live.state == TaskState.WAITING and live.attempt > 0
                reason = "is being tried again" if is_retried else "is still running"
                record("warehouse.sync_skipped", target=warehouse, meta={"reason": f"The sync before it {reason}."})
                return False
        return start_sync(warehouse) is not None


def start_sync(warehouse: Warehouse, *, asked_by: str = "") -> WarehouseSync | None:
    """Start a sync in the caller's transaction, of the sources for which something waits, or of all where somebody asked.

    Gives:   None where one is live already, or nothing waits and nobody asked
    Writes:  WarehouseSync, Task, TaskStep
    """
    workspace_id, now = warehouse.workspace_id, clock.now()
    waiting = waiting_events(warehouse)
    ids = [source_id for source_id, (position, end) in waiting.items() if asked_by or end > position]
    if not ids and not asked_by:
        return None
    sync_id = new_id("syn")
    task = start_task(
        kind=SYNC_KIND,
        key=warehouse.id,
        subject=warehouse,
        steps=["connect", *(step for one in ids for step in (f"schema:{one}", f"load:{one}"))],
        details={
            "sync": sync_id,
            "until": {one: waiting[one][1] for one in ids},
            "waiting": sum(end - position for position, end in waiting.values()),
        },
    )
    if task is None:
        return None
    return WarehouseSync.objects.create(
        workspace_id=workspace_id,
        id=sync_id,
        warehouse_id=warehouse.id,
        task_id=task.id,
        schedule="" if asked_by else warehouse.schedule,
        asked_by=asked_by,
        started_at=now,
    )


def waiting_events(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """Of each source that feeds the warehouse and is still there: how far it is loaded, and where its inbox ends."""
    own = {"workspace_id": warehouse.workspace_id}
    sources = set(Source.objects.filter(**own, id__in=warehouse.source_ids).values_list("id", flat=True))
    ends = SourceHead.objects.filter(**own, source_id__in=sources).values_list("source_id", "next_index")
    positions = dict(
        WarehouseFeed.objects.filter(**own, warehouse_id=warehouse.id).values_list("source_id", "position")
    )
    # In the order in which they were connected.
    found = {source_id: (positions.get(source_id, 0), end) for source_id, end in ends}
    return {source_id: found[source_id] for source_id in warehouse.source_ids if source_id in found}


def sync_ended(task: Task) -> None:
    """Keep how a sync ended, in the transaction in which its task does.

    Writes:  WarehouseSync, Warehouse; warehouse.sync_partially_succeeded where there were notices that are new
    """
    sync = WarehouseSync.objects.select_for_update().filter(workspace_id=task.workspace_id, task_id=task.id).first()
    warehouse = Warehouse.objects.filter(workspace_id=task.workspace_id, id=task.key).first()
    if sync is None or warehouse is None:
        return
    sync.finished_at = clock.now()
    sync.duration_ms = max(int((sync.finished_at - sync.started_at).total_seconds() * 1_000), 0)
    if task.state == TaskState.FAILED:
        sync.state, sync.error = SyncState.FAILURE, task.error
        if warehouse.schedule == CONTINUOUS:
            Warehouse.objects.filter(workspace_id=task.workspace_id, id=warehouse.id).update(
                next_sync_at=sync.finished_at + AFTER_FAILURE
            )
    else:
        sync.state = SyncState.PARTIAL if sync.notices else SyncState.SUCCESS
    sync.save(update_fields=["finished_at", "duration_ms", "state", "error"])
    if task.attempt == 1 and _folded(sync):
        forget_task(task)
        return
    if sync.state == SyncState.PARTIAL:
        meta = {"rows": sync.rows, "notices": sync.notices, "reason": _worst(sync)}
        record("warehouse.sync_partially_succeeded", target=warehouse, meta=meta)


def _folded(sync: WarehouseSync) -> bool:
    """Count a continuous sync with the one before it of the same hour that went the same way: a row a second tells nobody anything."""
    if sync.schedule != CONTINUOUS or sync.state == SyncState.FAILURE:
        return False
    before = (
        WarehouseSync.objects.select_for_update()
        .filter(workspace_id=sync.workspace_id, warehouse_id=sync.warehouse_id, started_at__lte=sync.started_at)
        .exclude(id=sync.id)
        .order_by("-started_at")
        .first()
    )
    if (
        before is None
        or (before.schedule, before.state) != (sync.schedule, sync.state)
        or _hour(before) != _hour(sync)
        or not _places(sync) <= _places(before)
    ):
        return False
    known = {one["id"]: one for one in before.sources}
    for one in sync.sources:
        same = known.setdefault(one["id"], {**one, "events": 0, "rows": 0, "notices": []})
        same["events"] += one["events"]
        same["rows"] += one["rows"]
        same["notices"] = added(same["notices"], one["notices"])
    WarehouseSync.objects.filter(workspace_id=before.workspace_id, id=before.id).update(
        finished_at=sync.finished_at,
        duration_ms=F("duration_ms") + sync.duration_ms,
        events=F("events") + sync.events,
        rows=F("rows") + sync.rows,
        notices=F("notices") + sync.notices,
        syncs=F("syncs") + 1,
        sources=list(known.values()),
    )
    sync.delete()
    return True


def _hour(sync: WarehouseSync) -> datetime:
    return sync.started_at.replace(minute=0, second=0, microsecond=0)


def _places(sync: WarehouseSync) -> set[tuple[str, str, str]]:
    return {(one["id"], notice["code"], notice["where"]) for one in sync.sources for notice in one["notices"]}


def _worst(sync: WarehouseSync) -> str:
    """The most frequent notice, in words."""
    first = notices_from([notice for one in sync.sources for notice in one["notices"]])[0]
    return f"{first.where} {first.message}".strip()

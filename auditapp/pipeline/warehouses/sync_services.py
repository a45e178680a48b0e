"""What is done about syncs: one by hand, what is left out, and trying the settings. Each tells of itself in the trail."""

from collections.abc import Iterable

from django.db import transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid
from auditapp.lib.secret_box import unseal
from auditapp.pipeline.warehouses.checking import Finding, find_problem
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.pipeline.warehouses.due import SYNC_KIND, start_sync
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseFeed, WarehouseSync
from auditapp.pipeline.warehouses.naming import schema_for
from auditapp.pipeline.warehouses.queries import connection_of, fed_source, warehouse_for
from auditapp.pipeline.warehouses.services import PasswordNeeded, checked, goes_elsewhere, warehouse_to_change
from auditapp.record.acting import current_acting
from auditapp.record.drafts import Change, HasTarget, Target
from auditapp.record.services import record
from auditapp.tasks.services import hasten_task

MOST_LEFT_OUT = 5_000


class WarehouseOff(Conflict):
    """The warehouse is turned off. Turn it on, and sync it then."""


class NothingFeeds(Conflict):
    """No source feeds this warehouse. Connect one in its settings first."""


class SyncRuns(Conflict):
    """A sync of this warehouse is running already. Wait until it has ended."""


@transaction.atomic
def sync_now(*, warehouse_id: str) -> WarehouseSync | None:
    """Start a sync by hand, or have the one that waits for its next attempt make it now.

    Gives:   the new sync, None where one was hastened
    Raises:  NotFound, Denied, WarehouseOff, NothingFeeds, SyncRuns
    Writes:  WarehouseSync, Task, TaskStep; warehouse.sync_started
    """
    warehouse = warehouse_to_change(warehouse_id)
    if not warehouse.is_enabled:
        raise WarehouseOff
    if not warehouse.source_ids:
        raise NothingFeeds
    sync = start_sync(warehouse, asked_by=current_acting().actor.id)
    if sync is None and not hasten_task(kind=SYNC_KIND, key=warehouse_id):
        raise SyncRuns
    record("warehouse.sync_started", target=warehouse)
    return sync


@transaction.atomic
def leave_out(*, warehouse_id: str, source_id: str, left_out: Iterable[str]) -> WarehouseFeed:
    """Say which events of a source are not loaded from now on; what is loaded already stays.

    Takes:   left_out, "track:" and the name of an event, or a kind of call, as tables.collection_of() gives them
    Raises:  NotFound, Denied, Invalid
    Writes:  WarehouseFeed; warehouse.selective_sync_modified, unless nothing differs
    """
    warehouse = warehouse_to_change(warehouse_id)
    source = fed_source(acting_access(), warehouse, source_id)
    wanted = sorted(set(left_out))
    if len(wanted) > MOST_LEFT_OUT or any("\x00" in name or len(name) > 1_100 for name in wanted):
        raise Invalid(f"At most {MOST_LEFT_OUT:,} events can be left out.", field="left_out", code="too_many")
    feed, _ = WarehouseFeed.objects.get_or_create(
        workspace_id=warehouse.workspace_id,
        warehouse_id=warehouse_id,
        source_id=source_id,
        defaults={"schema": schema_for(source.slug)},
    )
    if wanted != feed.left_out:
        changes = [Change("left_out", list(feed.left_out), wanted)]
        feed.left_out = wanted
        feed.save(update_fields=["left_out"])
        record("warehouse.selective_sync_modified", target=[warehouse, source], changes=changes)
    return feed


def check_settings(*, connection: Connection, password: str) -> Finding:
    """Try settings that are not saved.

    Raises:  Denied, Invalid, TooManyChecks
    Writes:  storage_destination.settings_validated
    """
    acting_access().require_everywhere(Permission.WAREHOUSE_WRITE)
    if not password:
        raise Invalid("Enter the password.", field="password", code="required")
    finding = find_problem(checked(connection), password)
    _record(Target("warehouse", "unsaved", connection.host), finding)
    return finding


def check_warehouse(
    *, warehouse_id: str, connection: Connection | None = None, password: str = "", keeps: bool = True
) -> Finding:
    """Try the settings of a warehouse, as they are or as they would be.

    Takes:   password, "" for the one there is, which goes to no other server than the one it was given for; keeps, whether what
             is found about the saved settings is shown from then on
    Raises:  NotFound, Denied, Invalid, PasswordNeeded, TooManyChecks
    Writes:  Warehouse, where the saved settings were tried; storage_destination.settings_validated
    """
    access = acting_access()
    warehouse = warehouse_for(access, warehouse_id)
    access.require(Permission.WAREHOUSE_WRITE, warehouse)
    saved = connection_of(warehouse)
    asked = checked(connection or saved)
    if not password and (goes_elsewhere(saved, asked) or warehouse.secret is None):
        raise PasswordNeeded
    finding = find_problem(asked, password or unseal(bytes(warehouse.secret or b"")))
    with transaction.atomic():
        now = Warehouse.objects.select_for_update().get(workspace_id=warehouse.workspace_id, id=warehouse_id)
        is_saved = asked == connection_of(now) and (not password or password == unseal(bytes(now.secret or b"")))
        if keeps and is_saved:
            now.checked_at, now.check_problem = clock.now(), finding.message
            now.save(update_fields=["checked_at", "check_problem"])
        _record(warehouse, finding)
    return finding


def _record(target: HasTarget, finding: Finding) -> None:
    meta = {"result": "valid"} if finding.is_good else {"result": "not valid", "reason": finding.message}
    record(
        "storage_destination.settings_validated",
        target=target,
        meta=meta,
        outcome="success" if finding.is_good else "failure",
    )

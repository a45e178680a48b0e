"""Brings a deleted warehouse back, as its deletion told of it. The password was never told: without it the warehouse stays off."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Conflict
from auditapp.lib.secret_box import seal
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseFeed
from auditapp.pipeline.warehouses.naming import schema_for
from auditapp.pipeline.warehouses.schedules import DEFAULT
from auditapp.pipeline.warehouses.services import (
    KIND_NAMES,
    checked,
    checked_schedule,
    free_name,
    save_warehouse,
    whole_of_warehouse,
)
from auditapp.record.drafts import changed
from auditapp.record.services import record
from auditapp.sources.queries import visible_sources


class StillThere(Conflict):
    """This warehouse is there: it was brought back already."""


@transaction.atomic
def restore_warehouse(
    *,
    warehouse_id: str,
    name: str,
    connection: Connection,
    password: str = "",
    is_enabled: bool = True,
    schedule: str = DEFAULT,
    source_ids: Sequence[str] = (),
    left_out: Mapping[str, Sequence[str]] | None = None,
) -> Warehouse:
    """Make a warehouse again under the id that it had. Where each source's feed goes on, the warehouse itself says.

    Takes:   password, without which it is there and off; source_ids, of which those that are gone are left out
    Raises:  Denied, Invalid, NameTaken, StillThere
    Writes:  Warehouse, WarehouseFeed; warehouse.restored
    """
    access = acting_access()
    access.require_everywhere(Permission.WAREHOUSE_WRITE)
    if Warehouse.objects.filter(workspace_id=access.workspace_id, id=warehouse_id).exists():
        raise StillThere
    sources = {source.id: source for source in visible_sources(access).filter(id__in=source_ids)}
    warehouse = Warehouse(
        workspace_id=access.workspace_id,
        id=warehouse_id,
        name=free_name(access.workspace_id, name),
        settings=checked(connection)._asdict(),
        secret=seal(password) if password else None,
        is_enabled=is_enabled and bool(password),
        source_ids=[one for one in source_ids if one in sources],
        schedule=checked_schedule(schedule),
        created_at=clock.now(),
    )
    save_warehouse(warehouse, force_insert=True)
    for source_id, names in (left_out or {}).items():
        if source_id in sources:
            WarehouseFeed.objects.create(
                workspace_id=access.workspace_id,
                warehouse_id=warehouse_id,
                source_id=source_id,
                schema=schema_for(sources[source_id].slug),
                left_out=sorted(names),
            )
    changes = changed({}, whole_of_warehouse(warehouse))
    record("warehouse.restored", target=warehouse, meta={"kind": KIND_NAMES[warehouse.kind]}, changes=changes)
    return warehouse

"""What is done to warehouses. Each is one transaction with its events in it; passwords are sealed before they are stored."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from auditapp.access.permissions import Access, Permission, acting_access
from auditapp.catalogue.declaring import WITHHELD
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid
from auditapp.lib.ids import new_id
from auditapp.lib.secret_box import seal
from auditapp.pipeline.warehouses.connecting import SSL_MODES, Connection
from auditapp.pipeline.warehouses.due import SYNC_KIND
from auditapp.pipeline.warehouses.models import SyncState, Warehouse, WarehouseFeed, WarehouseSync
from auditapp.pipeline.warehouses.queries import connection_of, fed_source, warehouse_for
from auditapp.pipeline.warehouses.schedules import DEFAULT, SCHEDULES
from auditapp.record.drafts import Change, changed
from auditapp.record.services import record
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for, visible_sources
from auditapp.tasks.services import cancel_task, hasten_task

KIND_NAMES = {"postgresql": "PostgreSQL"}
LARGEST_PORT = 65_535


class AlreadySo(Conflict):
    """The warehouse is in this state already. Somebody may have been faster; reload the page."""


class NameTaken(Invalid):
    """Another warehouse has this name."""

    def __init__(self) -> None:
        super().__init__(field="name", code="taken")


class PasswordNeeded(Invalid):
    """Enter the password again: the one that is stored was given for another server or way of encryption."""

    def __init__(self) -> None:
        super().__init__(field="password", code="password_needed")


@transaction.atomic
def create_warehouse(
    *,
    name: str,
    connection: Connection,
    password: str,
    source_ids: Sequence[str] = (),
    kind: str = "postgresql",
    schedule: str = DEFAULT,
) -> Warehouse:
    """Make a warehouse; it is enabled at once.

    Raises:  Denied, Invalid
    Writes:  Warehouse; warehouse.created and a warehouse.source_connected for each source
    """
    access = acting_access()
    access.require_everywhere(Permission.WAREHOUSE_WRITE)
    if kind not in KIND_NAMES:
        raise Invalid("There is no such kind of warehouse.", field="kind", code="unknown_kind")
    if not password:
        raise Invalid("Enter the password.", field="password", code="required")
    sources = sources_named(access, source_ids)
    warehouse = Warehouse(
        workspace_id=access.workspace_id,
        id=new_id("whs"),
        name=free_name(access.workspace_id, name),
        kind=kind,
        settings=checked(connection)._asdict(),
        secret=seal(password),
        source_ids=list(sources),
        schedule=checked_schedule(schedule),
        created_at=clock.now(),
    )
    save_warehouse(warehouse, force_insert=True)
    changes = [*changed({}, _told(warehouse)), Change("settings.password", new=WITHHELD)]
    record("warehouse.created", target=warehouse, meta={"kind": KIND_NAMES[kind]}, changes=changes)
    for source in sources.values():
        record("warehouse.source_connected", target=[warehouse, source])
    return warehouse


@transaction.atomic
def change_warehouse(
    *,
    warehouse_id: str,
    name: str,
    connection: Connection,
    password: str = "",
    source_ids: Sequence[str] | None = None,
    schedule: str | None = None,
) -> Warehouse:
    """Change how a warehouse is called and reached, which sources feed it, and when.

    Takes:   password, "" to keep the one there is; source_ids and schedule, None to keep those there are
    Raises:  NotFound, Denied, Invalid, PasswordNeeded where the stored password would go to another server
    Writes:  Warehouse, Task; warehouse.modified, warehouse.sync_schedule_modified, warehouse.source_connected and _disconnected,
             for what differs
    """
    warehouse = warehouse_to_change(warehouse_id)
    before, fed_by, reached = _told(warehouse), list(warehouse.source_ids), connection_of(warehouse)
    if not password and goes_elsewhere(reached, connection):
        raise PasswordNeeded
    warehouse.name = free_name(warehouse.workspace_id, name, but=warehouse_id)
    warehouse.settings = {**warehouse.settings, **checked(connection)._asdict()}
    changes = changed(before, _told(warehouse))
    if password:
        changes.append(Change("settings.password", WITHHELD, WITHHELD))
        warehouse.secret = seal(password)
    if source_ids is not None:
        access = acting_access()
        # What the actor cannot see, they cannot take away either.
        unseen = [source_id for source_id in fed_by if not access.can(Permission.SOURCE_READ, source_id)]
        warehouse.source_ids = [*unseen, *sources_named(access, source_ids)]
    if password or reached != connection_of(warehouse):
        warehouse.checked_at, warehouse.check_problem = None, ""
        # What failed with the settings of before is tried with these.
        warehouse.next_sync_at = None
        hasten_task(kind=SYNC_KIND, key=warehouse_id)
    planned = warehouse.schedule
    if schedule is not None and schedule != planned:
        warehouse.schedule, warehouse.next_sync_at = checked_schedule(schedule), None
    save_warehouse(warehouse)
    if changes:
        record("warehouse.modified", target=warehouse, changes=changes)
    if warehouse.schedule != planned:
        change = Change("settings.schedule", SCHEDULES[planned], SCHEDULES[warehouse.schedule])
        record("warehouse.sync_schedule_modified", target=warehouse, changes=[change])
    _record_feeding(warehouse, fed_by)
    return warehouse


@transaction.atomic
def connect_source(*, warehouse_id: str, source_id: str) -> Warehouse:
    """Have one more source feed a warehouse.

    Raises:  NotFound, Denied
    Writes:  Warehouse; warehouse.source_connected, unless it feeds it already
    """
    warehouse = warehouse_to_change(warehouse_id)
    source = source_for(acting_access(), source_id)
    if source.id not in warehouse.source_ids:
        warehouse.source_ids = [*warehouse.source_ids, source.id]
        warehouse.save(update_fields=["source_ids"])
        record("warehouse.source_connected", target=[warehouse, source])
    return warehouse


@transaction.atomic
def disconnect_source(*, warehouse_id: str, source_id: str) -> Warehouse:
    """Have a source feed a warehouse no longer; what it loaded stays there.

    Raises:  NotFound, also where it does not feed it; Denied
    Writes:  Warehouse; warehouse.source_disconnected
    """
    warehouse = warehouse_to_change(warehouse_id)
    source = fed_source(acting_access(), warehouse, source_id)
    warehouse.source_ids = [one for one in warehouse.source_ids if one != source.id]
    warehouse.save(update_fields=["source_ids"])
    record("warehouse.source_disconnected", target=[warehouse, source])
    return warehouse


@transaction.atomic
def enable_warehouse(*, warehouse_id: str) -> Warehouse:
    """Let a warehouse be synced again.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  Warehouse; warehouse.enabled
    """
    warehouse = warehouse_to_change(warehouse_id)
    if warehouse.is_enabled:
        raise AlreadySo
    warehouse.is_enabled = True
    warehouse.save(update_fields=["is_enabled"])
    record("warehouse.enabled", target=warehouse, changes=[Change("enabled", False, True)])
    return warehouse


@transaction.atomic
def disable_warehouse(*, warehouse_id: str) -> Warehouse:
    """Stop a warehouse, and the sync that runs; the event says how many enabled sources stop syncing with it.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  Warehouse, Task, WarehouseSync; warehouse.disabled
    """
    warehouse = warehouse_to_change(warehouse_id)
    if not warehouse.is_enabled:
        raise AlreadySo
    warehouse.is_enabled = False
    warehouse.save(update_fields=["is_enabled"])
    _stop_sync(warehouse)
    meta = {"sources_stopped": sources_that_stop(warehouse)}
    record("warehouse.disabled", target=warehouse, meta=meta, changes=[Change("enabled", True, False)])
    return warehouse


@transaction.atomic
def delete_warehouse(*, warehouse_id: str) -> None:
    """Delete a warehouse and its sealed password. What was synced into it is not touched.

    Raises:  NotFound, Denied
    Writes:  Warehouse, WarehouseFeed, WarehouseSync, Task; warehouse.deleted
    """
    warehouse = warehouse_to_change(warehouse_id)
    record("warehouse.deleted", target=warehouse, changes=changed(whole_of_warehouse(warehouse), {}))
    _stop_sync(warehouse)
    for kept in (WarehouseFeed, WarehouseSync):
        kept.objects.filter(workspace_id=warehouse.workspace_id, warehouse_id=warehouse_id).delete()
    warehouse.delete()


def disconnect_deleted_source(source: Source) -> None:
    """Take a source that is being deleted away from the warehouses that it feeds; what it loaded stays there.

    Writes:  Warehouse, WarehouseFeed; warehouse.source_disconnected for each warehouse
    """
    fed = Warehouse.objects.select_for_update().filter(
        workspace_id=source.workspace_id, source_ids__contains=[source.id]
    )
    for warehouse in fed.order_by("id"):
        warehouse.source_ids = [one for one in warehouse.source_ids if one != source.id]
        warehouse.save(update_fields=["source_ids"])
        record("warehouse.source_disconnected", target=[warehouse, source])
    WarehouseFeed.objects.filter(workspace_id=source.workspace_id, source_id=source.id).delete()


def sources_that_stop(warehouse: Warehouse) -> int:
    """How many enabled sources feed this warehouse."""
    feeding = Source.objects.filter(workspace_id=warehouse.workspace_id, id__in=warehouse.source_ids)
    return feeding.filter(is_enabled=True).count()


def goes_elsewhere(stored: Connection, asked: Connection) -> bool:
    """Whether a password that was given for one connection would be told to another server, or less protected."""
    same = ("host", "port", "sslmode")
    return any(getattr(stored, field) != getattr(asked, field) for field in same)


def warehouse_to_change(warehouse_id: str) -> Warehouse:
    """The warehouse, locked, where whoever acts may change it.

    Raises:  NotFound, Denied
    """
    access = acting_access()
    warehouse = warehouse_for(access, warehouse_id)
    access.require(Permission.WAREHOUSE_WRITE, warehouse)
    return Warehouse.objects.select_for_update().get(workspace_id=access.workspace_id, id=warehouse_id)


def _stop_sync(warehouse: Warehouse) -> None:
    cancel_task(kind=SYNC_KIND, key=warehouse.id)
    running = WarehouseSync.objects.filter(
        workspace_id=warehouse.workspace_id, warehouse_id=warehouse.id, state=SyncState.RUNNING
    )
    running.update(state=SyncState.CANCELLED, finished_at=clock.now())


def _record_feeding(warehouse: Warehouse, before: Sequence[str]) -> None:
    after = warehouse.source_ids
    sources = Source.objects.filter(workspace_id=warehouse.workspace_id, id__in={*before, *after})
    for source in sources.order_by("name", "id"):
        if source.id not in before:
            record("warehouse.source_connected", target=[warehouse, source])
        elif source.id not in after:
            record("warehouse.source_disconnected", target=[warehouse, source])


def _told(warehouse: Warehouse) -> dict[str, Any]:
    """What events tell of a warehouse: never its password."""
    return {"name": warehouse.name, "settings": {**warehouse.settings, **connection_of(warehouse)._asdict()}}


def whole_of_warehouse(warehouse: Warehouse) -> dict[str, Any]:
    """All that events tell of a warehouse, which is what one that was deleted comes back with."""
    feeds = WarehouseFeed.objects.filter(workspace_id=warehouse.workspace_id, warehouse_id=warehouse.id)
    told, left_out = _told(warehouse), {feed.source_id: feed.left_out for feed in feeds if feed.left_out}
    whole = {
        **told,
        "settings": {**told["settings"], "schedule": SCHEDULES[warehouse.schedule]},
        "enabled": warehouse.is_enabled,
    }
    # An empty object would be a field of its own, which is not there once it has something in it.
    parts = {"sources": dict.fromkeys(warehouse.source_ids, True), "left_out": left_out}
    return {**whole, **{name: part for name, part in parts.items() if part}}


def sources_named(access: Access, source_ids: Sequence[str]) -> dict[str, Source]:
    """Sources by id, each of which there is and may be seen.

    Raises:  Invalid
    """
    found = {source.id: source for source in visible_sources(access).filter(id__in=source_ids)}
    if len(found) != len(set(source_ids)):
        raise Invalid("One of these sources does not exist any more.", field="source_ids", code="unknown_source")
    return found


def checked_schedule(schedule: str) -> str:
    """The schedule, where there is such a one.

    Raises:  Invalid
    """
    if schedule not in SCHEDULES:
        raise Invalid(f"Choose one of: {', '.join(SCHEDULES)}.", field="schedule", code="unknown_schedule")
    return schedule


def checked(connection: Connection) -> Connection:
    """The connection, where a warehouse can be reached so.

    Raises:  Invalid
    """
    if connection.sslmode not in SSL_MODES:
        raise Invalid("There is no such way of encryption.", field="sslmode", code="unknown_sslmode")
    for field in ("host", "database", "username"):
        value = getattr(connection, field)
        if not value.strip() or "\x00" in value:
            raise Invalid("This is needed to reach the warehouse.", field=field, code="required")
    if not 0 < connection.port <= LARGEST_PORT:
        raise Invalid(f"A port is a number from 1 to {LARGEST_PORT}.", field="port", code="bad_port")
    return connection


def free_name(workspace_id: int, name: str, *, but: str = "") -> str:
    """The name, where it is one and no other warehouse has it.

    Raises:  Invalid, NameTaken
    """
    name = name.strip()
    if not name:
        raise Invalid("Give the warehouse a name.", field="name", code="required")
    if Warehouse.objects.filter(workspace_id=workspace_id, name__iexact=name).exclude(id=but).exists():
        raise NameTaken
    return name


def save_warehouse(warehouse: Warehouse, **how: Any) -> None:
    """Save it, also where two give a name at once.

    Raises:  NameTaken
    """
    try:
        with transaction.atomic():
            warehouse.save(**how)
    except IntegrityError:  # somebody took the name between the look and the write
        raise NameTaken from None

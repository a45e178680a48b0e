"""Warehouses: switched, renamed, moved, fed, left out, deleted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from auditapp.access.permissions import Access, Permission
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.queries import connection_of, warehouse_for
from auditapp.pipeline.warehouses.restoring import restore_warehouse
from auditapp.pipeline.warehouses.schedules import DEFAULT, SCHEDULES
from auditapp.pipeline.warehouses.services import (
    change_warehouse,
    connect_source,
    delete_warehouse,
    disable_warehouse,
    disconnect_source,
    enable_warehouse,
    goes_elsewhere,
    sources_that_stop,
    whole_of_warehouse,
)
from auditapp.pipeline.warehouses.sync_services import leave_out
from auditapp.record.drafts import MISSING, Change, EventDraft
from auditapp.revert.fields import WHOLE, flat
from auditapp.revert.kind import RevertKind
from auditapp.sources.queries import source_names

PASSWORD: Final = "settings.password"  # noqa: S105  a path
SCHEDULE: Final = "settings.schedule"
SOURCE: Final = "sources."
LEFT_OUT: Final = "left_out."
SCHEDULE_NAMED: Final = {words: key for key, words in SCHEDULES.items()}


class WarehouseRevert(RevertKind[Warehouse]):
    """Its password is never in an event: moved back to another server, or brought back, it has to be entered."""

    resource_type = "warehouse"
    settable = ("name", "enabled", SCHEDULE, *(f"settings.{one}" for one in Connection._fields), SOURCE, LEFT_OUT)
    depth = 1

    def seen(self, access: Access, resource_id: str) -> Warehouse:
        return warehouse_for(access, resource_id)

    def values(self, resource: Warehouse) -> dict[str, Any]:
        return flat(whole_of_warehouse(resource))

    def require(self, access: Access, resource: Warehouse | None) -> None:
        if resource is None:
            access.require_everywhere(Permission.WAREHOUSE_WRITE)
        access.require(Permission.WAREHOUSE_WRITE, resource)

    def changes(self, event: EventDraft) -> Sequence[Change]:
        what = event.type.rpartition(".")[2]
        if what in {"source_connected", "source_disconnected"}:
            was = what == "source_disconnected"
            path = f"{SOURCE}{event.targets[1].id}"
            return [Change(path, old=True) if was else Change(path, new=True)]
        if what == "selective_sync_modified":
            return [Change(f"{LEFT_OUT}{event.targets[1].id}", *_or_none(one)) for one in event.changes]
        return super().changes(event)

    def label(self, path: str, event: EventDraft) -> str:
        if path.startswith((SOURCE, LEFT_OUT)):
            about = "Fed by" if path.startswith(SOURCE) else "Left out of"
            source_id = path.partition(".")[2]
            name = next((one.name for one in event.targets if one.id == source_id), "")
            return f"{about} {name or source_names(event.workspace_id).get(source_id, source_id)}"
        return "Encryption" if path == "settings.sslmode" else super().label(path, event)

    def asks(self, resource: Warehouse | None, values: Mapping[str, Any]) -> dict[str, str]:
        if values.get(WHOLE) is True:
            return {PASSWORD: "Password, without which it comes back switched off"}
        if resource is not None and goes_elsewhere(connection_of(resource), _moved(resource, values)):
            return {PASSWORD: f"Password of {_moved(resource, values).username}, which goes to another server"}
        return {}

    def write(self, resource: Warehouse, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        warehouse_id = resource.id
        if any(path == "name" or path.startswith("settings.") for path in values):
            change_warehouse(
                warehouse_id=warehouse_id,
                name=values.get("name", resource.name),
                connection=_moved(resource, values),
                password=secrets.get(PASSWORD, ""),
                schedule=SCHEDULE_NAMED.get(values[SCHEDULE], "") if SCHEDULE in values else None,
            )
        for path, value in values.items():
            about, _, source_id = path.partition(".")
            if about == "sources":
                (disconnect_source if value is MISSING else connect_source)(
                    warehouse_id=warehouse_id, source_id=source_id
                )
            elif about == "left_out":
                names = [] if value is MISSING else value
                leave_out(warehouse_id=warehouse_id, source_id=source_id, left_out=names)
        if "enabled" in values:
            (enable_warehouse if values["enabled"] else disable_warehouse)(warehouse_id=warehouse_id)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        reached = {one: values[f"settings.{one}"] for one in Connection._fields if f"settings.{one}" in values}
        restore_warehouse(
            warehouse_id=resource_id,
            name=values.get("name", name),
            connection=Connection(**{"host": "", "port": 0, "database": "", "username": "", **reached}),
            password=secrets.get(PASSWORD, ""),
            is_enabled=bool(values.get("enabled", True)),
            schedule=SCHEDULE_NAMED.get(values.get(SCHEDULE, ""), DEFAULT),
            source_ids=[path.removeprefix(SOURCE) for path in values if path.startswith(SOURCE)],
            left_out={path.removeprefix(LEFT_OUT): one for path, one in values.items() if path.startswith(LEFT_OUT)},
        )

    def delete(self, resource: Warehouse) -> None:
        delete_warehouse(warehouse_id=resource.id)

    def effects(self, resource: Warehouse | None, values: Mapping[str, Any]) -> list[str]:
        if resource is None or WHOLE in values:
            return []
        feeding = sources_that_stop(resource)
        sources = f"{feeding} enabled source{'' if feeding == 1 else 's'}"
        told = []
        if values.get("enabled") is True:
            told.append(f"Syncing starts again: {sources} feed{'s' if feeding == 1 else ''} it.")
        if values.get("enabled") is False:
            told.append(f"Syncing stops, also a sync that runs: {sources} feed{'s' if feeding == 1 else ''} it.")
        if resource.is_enabled and any(f"settings.{one}" in values for one in Connection._fields):
            told.append("The next sync goes to the server that these settings name.")
        return told


def _moved(warehouse: Warehouse, values: Mapping[str, Any]) -> Connection:
    there = {one: values[f"settings.{one}"] for one in Connection._fields if f"settings.{one}" in values}
    return connection_of(warehouse)._replace(**there)


def _or_none(change: Change) -> tuple[Any, Any]:
    """Both sides, where an empty list is a field that is not there, as the warehouse itself tells it."""
    return change.old or MISSING, change.new or MISSING

"""Endpoints of warehouses, as Segment's Public API has them, and one more that starts a sync.

A token does what its scopes give, never more than whoever made it may do now; sources are seen and connected with source:read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.http import HttpResponse
from ninja import Query, Router

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.pipeline.warehouses import api_shapes as shapes
from auditapp.pipeline.warehouses import services
from auditapp.pipeline.warehouses.checking import Finding
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.queries import (
    SyncRow,
    connection_of,
    syncs_of,
    told_syncs,
    visible_warehouses,
    warehouse_for,
)
from auditapp.pipeline.warehouses.schedules import DEFAULT
from auditapp.pipeline.warehouses.sync_services import check_settings, check_warehouse, sync_now
from auditapp.sources.api import source_answer
from auditapp.sources.queries import source_for, visible_sources
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    DONE,
    REFUSALS,
    DoneAnswer,
    ListQuery,
    flag_in,
    object_in,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["Warehouses"])
FIELDS: Final = ("metadataId", "name", "enabled", "schedule", "settings")
SETTINGS: Final = (*Connection._fields, "password")


@contextmanager
def _fields_as_sent() -> Iterator[None]:
    """What a service refuses is named as it was sent."""
    names = {"kind": "metadataId"} | {name: f"settings.{name}" for name in SETTINGS}
    try:
        yield
    except Invalid as error:
        error.field = names.get(error.field or "", error.field)
        raise


@router.get(
    "/warehouses",
    operation_id="listWarehouses",
    summary="List warehouses",
    response={200: shapes.WarehouseListAnswer, **REFUSALS},
)
@api_token("warehouse:read")
def api_warehouse_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, visible_warehouses(acting_access()))
    return json_answer(request, {"warehouses": [_warehouse(one) for one in found], "pagination": pagination})


@router.get(
    "/sources/{source_id}/connected-warehouses",
    operation_id="listConnectedWarehousesFromSource",
    summary="The warehouses that a source feeds",
    response={200: shapes.WarehouseListAnswer, **REFUSALS},
)
@api_token("warehouse:read")
def api_connected_warehouses(request: TokenRequest, source_id: str, query: Query[ListQuery]) -> HttpResponse:
    access = acting_access()
    source = source_for(access, source_id)
    fed = visible_warehouses(access).filter(source_ids__contains=[source.id])
    found, pagination = paged(request, query, fed)
    return json_answer(request, {"warehouses": [_warehouse(one) for one in found], "pagination": pagination})


@router.post(
    "/warehouses",
    operation_id="createWarehouse",
    summary="Create a warehouse",
    response={201: shapes.WarehouseAnswer, **REFUSALS},
    openapi_extra=takes(
        ["metadataId", "name", "settings"],
        metadataId=shapes.METADATA_ID,
        name=shapes.NAME,
        enabled="boolean",
        schedule=shapes.SCHEDULE,
        settings=shapes.SETTINGS,
    ),
)
@api_token("warehouse:write")
@_fields_as_sent()
def api_warehouse_create(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, FIELDS)
    settings = _settings(sent)
    wanted = flag_in(sent, "enabled", True)
    warehouse = services.create_warehouse(
        name=text_in(sent, "name", ""),
        connection=_connection(settings, None),
        password=_password(settings),
        kind=text_in(sent, "metadataId", ""),
        schedule=text_in(sent, "schedule", DEFAULT),
    )
    if not wanted:
        warehouse = services.disable_warehouse(warehouse_id=warehouse.id)
    return json_answer(request, {"warehouse": _warehouse(warehouse)}, status=201)


@router.post(
    "/warehouses/validation",
    operation_id="createValidationInWarehouse",
    summary="Try settings that are not saved",
    response={200: shapes.FindingAnswer, **REFUSALS},
    openapi_extra=takes(["settings"], metadataId=shapes.METADATA_ID, settings=shapes.SETTINGS),
)
@api_token("warehouse:write")
@_fields_as_sent()
def api_warehouse_validation(request: TokenRequest) -> HttpResponse:
    settings = _settings(sent_object(request, ("metadataId", "settings")))
    finding = check_settings(connection=_connection(settings, None), password=_password(settings))
    return json_answer(request, {"status": _state(finding), **_why(finding)})


@router.get(
    "/warehouses/{warehouse_id}",
    operation_id="getWarehouse",
    summary="One warehouse",
    response={200: shapes.WarehouseAnswer, **REFUSALS},
)
@api_token("warehouse:read")
def api_warehouse(request: TokenRequest, warehouse_id: str) -> HttpResponse:
    return json_answer(request, {"warehouse": _warehouse(warehouse_for(acting_access(), warehouse_id))})


@router.patch(
    "/warehouses/{warehouse_id}",
    operation_id="updateWarehouse",
    summary="Change a warehouse; what is not sent stays",
    response={200: shapes.WarehouseAnswer, **REFUSALS},
    openapi_extra=takes(name=shapes.NAME, enabled="boolean", schedule=shapes.SCHEDULE, settings=shapes.SETTINGS),
)
@api_token("warehouse:write")
@_fields_as_sent()
def api_warehouse_change(request: TokenRequest, warehouse_id: str) -> HttpResponse:
    sent = sent_object(request, ("name", "enabled", "schedule", "settings"))
    warehouse = warehouse_for(acting_access(), warehouse_id)
    settings, wanted = _settings(sent), flag_in(sent, "enabled", warehouse.is_enabled)
    warehouse = services.change_warehouse(
        warehouse_id=warehouse_id,
        name=text_in(sent, "name", warehouse.name),
        connection=_connection(settings, connection_of(warehouse)),
        password=_password(settings),
        schedule=text_in(sent, "schedule", warehouse.schedule),
    )
    if wanted != warehouse.is_enabled:
        change = services.enable_warehouse if wanted else services.disable_warehouse
        warehouse = change(warehouse_id=warehouse_id)
    return json_answer(request, {"warehouse": _warehouse(warehouse)})


@router.delete(
    "/warehouses/{warehouse_id}",
    operation_id="deleteWarehouse",
    summary="Delete a warehouse; what it holds is not touched",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("warehouse:write")
def api_warehouse_delete(request: TokenRequest, warehouse_id: str) -> HttpResponse:
    services.delete_warehouse(warehouse_id=warehouse_id)
    return json_answer(request, DONE)


@router.get(
    "/warehouses/{warehouse_id}/connection-state",
    operation_id="getConnectionStateFromWarehouse",
    summary="Try the saved settings of a warehouse now",
    response={200: shapes.ConnectionStateAnswer, **REFUSALS},
)
@api_token("warehouse:write")
def api_connection_state(request: TokenRequest, warehouse_id: str) -> HttpResponse:
    finding = check_warehouse(warehouse_id=warehouse_id, keeps=False)
    return json_answer(request, {"connectionState": _state(finding), **_why(finding)})


@router.get(
    "/warehouses/{warehouse_id}/connected-sources",
    operation_id="listConnectedSourcesFromWarehouse",
    summary="The sources that feed a warehouse, of those that the token may see",
    response={200: shapes.ConnectedSourcesAnswer, **REFUSALS},
)
@api_token("warehouse:read")
def api_connected_sources(request: TokenRequest, warehouse_id: str, query: Query[ListQuery]) -> HttpResponse:
    access = acting_access()
    warehouse = warehouse_for(access, warehouse_id)
    found, pagination = paged(request, query, visible_sources(access).filter(id__in=warehouse.source_ids))
    return json_answer(request, {"sources": [source_answer(access, one) for one in found], "pagination": pagination})


@router.post(
    "/warehouses/{warehouse_id}/connected-sources/{source_id}",
    operation_id="addConnectionFromSourceToWarehouse",
    summary="Have a source feed a warehouse",
    response={201: shapes.ConnectedAnswer, **REFUSALS},
)
@api_token("warehouse:write")
def api_source_connect(request: TokenRequest, warehouse_id: str, source_id: str) -> HttpResponse:
    services.connect_source(warehouse_id=warehouse_id, source_id=source_id)
    return json_answer(request, {"status": "CONNECTED"}, status=201)


@router.delete(
    "/warehouses/{warehouse_id}/connected-sources/{source_id}",
    operation_id="removeSourceConnectionFromWarehouse",
    summary="Have a source feed a warehouse no longer",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("warehouse:write")
def api_source_disconnect(request: TokenRequest, warehouse_id: str, source_id: str) -> HttpResponse:
    services.disconnect_source(warehouse_id=warehouse_id, source_id=source_id)
    return json_answer(request, DONE)


@router.get(
    "/warehouses/{warehouse_id}/syncs",
    operation_id="listSyncsFromWarehouse",
    summary="The syncs of a warehouse, newest first, one report for each source",
    response={200: shapes.SyncsAnswer, **REFUSALS},
)
@api_token("warehouse:read")
def api_sync_list(request: TokenRequest, warehouse_id: str, query: Query[ListQuery]) -> HttpResponse:
    warehouse = warehouse_for(acting_access(), warehouse_id)
    found, pagination = paged(request, query, syncs_of(warehouse))
    reports = [report for row in told_syncs(warehouse, found) for report in _reports(row)]
    return json_answer(request, {"reports": reports, "pagination": pagination})


@router.post(
    "/warehouses/{warehouse_id}/syncs",
    operation_id="startSyncOfWarehouse",
    summary="Sync a warehouse now",
    response={201: shapes.StartedAnswer, **REFUSALS},
)
@api_token("warehouse:write")
def api_sync_start(request: TokenRequest, warehouse_id: str) -> HttpResponse:
    started = sync_now(warehouse_id=warehouse_id)
    return json_answer(request, {"status": "STARTED" if started else "HASTENED"}, status=201)


def _settings(sent: dict[str, Any]) -> dict[str, Any]:
    settings = object_in(sent, "settings", {})
    for name in settings:
        if name not in SETTINGS:
            message = f"There is no setting {name[:60]}. Send of these: {', '.join(SETTINGS)}."
            raise Invalid(message, field=f"settings.{name[:60]}", code="unknown_field")
    return settings


def _connection(settings: dict[str, Any], stored: Connection | None) -> Connection:
    known = stored or Connection("", 5432, "", "")
    port = settings.get("port", known.port)
    if not isinstance(port, int) or isinstance(port, bool):
        raise Invalid("A port is a whole number.", field="port", code="bad_type")
    texts = {name: text_in(settings, name, getattr(known, name)) for name in Connection._fields if name != "port"}
    return Connection(port=port, **texts)


def _password(settings: dict[str, Any]) -> str:
    return text_in(settings, "password", "")


def _warehouse(warehouse: Warehouse) -> dict[str, Any]:
    name = services.KIND_NAMES[warehouse.kind]
    return {
        "id": warehouse.id,
        "name": warehouse.name,
        "metadata": {
            "id": warehouse.kind,
            "name": name,
            "slug": warehouse.kind,
            "description": f"A {name} database.",
            "logos": {"default": ""},
            "options": [],
        },
        "workspaceId": f"ws_{warehouse.workspace_id}",
        "enabled": warehouse.is_enabled,
        "settings": {"name": warehouse.name, **connection_of(warehouse)._asdict()},
        "schedule": warehouse.schedule,
        "createdAt": utc_text(warehouse.created_at),
    }


def _reports(row: SyncRow) -> list[dict[str, Any]]:
    sync = row.sync
    about = {
        "id": sync.id,
        "start": utc_text(sync.started_at),
        "end": utc_text(sync.finished_at) if sync.finished_at else None,
        "status": sync.state.upper(),
        "duration": sync.duration_ms / 1_000 / max(sync.syncs, 1),  # each, where a row stands for several
        "humanDuration": row.duration,
    }
    noticed = utc_text(sync.finished_at or sync.started_at)
    failed = [{"level": "error", "message": sync.error, "createdAt": noticed}] if sync.error else []
    if not row.lines:
        return [{**about, "sourceId": "", "count": 0, "notices": failed}]
    return [
        {
            **about,
            "sourceId": line.source_id,
            "count": line.rows,
            "notices": [
                *failed,
                *(
                    {"level": "warning", "message": f"{one.count} x {one.where} {one.message}", "createdAt": noticed}
                    for one in line.notices
                ),
            ],
        }
        for line in row.lines
    ]


def _state(finding: Finding) -> str:
    return "CONNECTED" if finding.is_good else "FAILED"


def _why(finding: Finding) -> dict[str, str]:
    return {} if finding.is_good else {"code": finding.code, "message": finding.message}

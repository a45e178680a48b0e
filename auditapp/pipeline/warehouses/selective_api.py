"""Endpoints of selective sync, shaped as Segment's Public API has them: which events of a source a warehouse leaves out."""

from typing import Any

from django.http import HttpResponse
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.errors import Invalid
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseFeed
from auditapp.pipeline.warehouses.queries import collections_of, fed_source, warehouse_for
from auditapp.pipeline.warehouses.sync_services import leave_out
from auditapp.sources.models import Source
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    REFUSALS,
    ListQuery,
    PaginationShape,
    flag_in,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["Warehouses"])
MOST_OVERRIDES = 1_000
OVERRIDES: dict[str, Any] = {
    "type": "array",
    "maxItems": MOST_OVERRIDES,
    "items": {
        "type": "object",
        "properties": {
            "sourceId": {"type": "string"},
            "collection": {"type": "string"},
            "enabled": {"type": "boolean"},
        },
        "required": ["sourceId", "collection", "enabled"],
    },
}


class SelectiveSyncShape(Schema):
    """One collection: all calls of a kind (`identify`), or the track events of one name (`track:Order Completed`)."""

    sourceId: str
    warehouseId: str
    collection: str
    name: str
    enabled: bool


class SelectiveSyncsData(Schema):
    items: list[SelectiveSyncShape]
    pagination: PaginationShape


class SelectiveSyncsAnswer(Schema):
    data: SelectiveSyncsData


class UpdatedData(Schema):
    status: str
    warnings: list[str]


class UpdatedAnswer(Schema):
    data: UpdatedData


@router.get(
    "/warehouses/{warehouse_id}/connected-sources/{source_id}/selective-syncs",
    operation_id="listSelectiveSyncsFromWarehouseAndSource",
    summary="What a warehouse loads of a source, and what it leaves out",
    response={200: SelectiveSyncsAnswer, **REFUSALS},
)
@api_token("warehouse:read")
def api_selective_syncs(
    request: TokenRequest, warehouse_id: str, source_id: str, query: Query[ListQuery]
) -> HttpResponse:
    access = acting_access()
    warehouse = warehouse_for(access, warehouse_id)
    source = fed_source(access, warehouse, source_id)
    found, pagination = paged(request, query, collections_of(source, _left_out(warehouse, source)))
    items = [
        {
            "sourceId": source_id,
            "warehouseId": warehouse_id,
            "collection": one.key,
            "name": one.name,
            "enabled": not one.is_left_out,
        }
        for one in found
    ]
    return json_answer(request, {"items": items, "pagination": pagination})


@router.patch(
    "/warehouses/{warehouse_id}/selective-sync",
    operation_id="updateSelectiveSyncForWarehouse",
    summary="Leave collections out of a warehouse, or load them again",
    description="It holds from the next sync on. What a warehouse does not know by its collection is told in `warnings`.",
    response={200: UpdatedAnswer, **REFUSALS},
    openapi_extra=takes(["syncOverrides"], syncOverrides=OVERRIDES),
)
@api_token("warehouse:write")
def api_selective_sync_change(request: TokenRequest, warehouse_id: str) -> HttpResponse:
    sent = sent_object(request, ["syncOverrides"])
    access = acting_access()
    warehouse = warehouse_for(access, warehouse_id)
    wanted: dict[str, dict[str, bool]] = {}
    for number, override in enumerate(_overrides(sent)):
        source_id, collection = text_in(override, "sourceId"), text_in(override, "collection")
        fed_source(access, warehouse, source_id)
        wanted.setdefault(source_id, {})[collection] = flag_in(override, "enabled")
        if not collection:
            raise Invalid("Name a collection.", field=f"syncOverrides.{number}.collection", code="required")
    warnings: list[str] = []
    for source_id, overrides in wanted.items():
        source = fed_source(access, warehouse, source_id)
        before = _left_out(warehouse, source)
        known = {one.key for one in collections_of(source, before)}
        warnings += [f"{key} was never seen in {source.name}." for key in overrides if key not in known]
        left_out = {key for key in before if overrides.get(key) is not True}
        left_out |= {key for key, is_on in overrides.items() if not is_on and key in known}
        leave_out(warehouse_id=warehouse_id, source_id=source_id, left_out=left_out)
    return json_answer(request, {"status": "SUCCESS", "warnings": warnings})


def _overrides(sent: dict[str, Any]) -> list[dict[str, Any]]:
    value = sent.get("syncOverrides")
    if not isinstance(value, list) or len(value) > MOST_OVERRIDES or not all(isinstance(one, dict) for one in value):
        message = f"Send a list of at most {MOST_OVERRIDES:,} objects with sourceId, collection and enabled."
        raise Invalid(message, field="syncOverrides", code="bad_overrides")
    return value


def _left_out(warehouse: Warehouse, source: Source) -> list[str]:
    feed = WarehouseFeed.objects.filter(
        workspace_id=warehouse.workspace_id, warehouse_id=warehouse.id, source_id=source.id
    ).first()
    return list(feed.left_out) if feed else []

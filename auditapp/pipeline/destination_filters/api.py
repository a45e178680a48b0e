"""Endpoints of the filters of destinations, shaped as Segment's Public API has them."""

from typing import Any, Final

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.pipeline.destination_filters.action_input import actions_of
from auditapp.pipeline.destination_filters.actions import Filter, FilterChain
from auditapp.pipeline.destination_filters.fql import compile_fql
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destination_filters.queries import filter_of, filters_of
from auditapp.pipeline.destination_filters.services import (
    change_filter,
    create_filter,
    delete_filter,
    disable_filter,
    enable_filter,
)
from auditapp.pipeline.destinations.queries import destination_for
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    DONE,
    REFUSALS,
    DoneAnswer,
    ListQuery,
    PaginationShape,
    flag_in,
    object_in,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["Destination Filters"])


class FilterShape(Schema):
    id: str
    sourceId: str
    destinationId: str
    condition: str = Field(alias="if")
    actions: list[Any]
    title: str
    description: str
    enabled: bool
    createdAt: str
    updatedAt: str


class FilterData(Schema):
    filter: FilterShape


class FilterAnswer(Schema):
    data: FilterData


class FiltersData(Schema):
    filters: list[FilterShape]
    pagination: PaginationShape


class FiltersAnswer(Schema):
    data: FiltersData


class PreviewData(Schema):
    inputPayload: Any
    result: Any
    dropped: bool
    message: str


class PreviewAnswer(Schema):
    data: PreviewData


_ACTIONS: Final = {"type": "array", "items": {"type": "object"}}
_FIELDS: Final[dict[str, Any]] = {
    "title": "string",
    "description": "string",
    "if": "string",
    "actions": _ACTIONS,
    "enabled": "boolean",
}


@router.post(
    "/destination/filters/preview",
    operation_id="previewDestinationFilter",
    summary="What a filter would make of an event; nothing is kept",
    response={200: PreviewAnswer, **REFUSALS},
    openapi_extra=takes(
        ["filter", "payload"],
        filter={"type": "object", "properties": {"if": {"type": "string"}, "actions": _ACTIONS}},
        payload="object",
    ),
)
@api_token("source:read")
def api_filter_preview(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, ("filter", "payload"))
    given, payload = object_in(sent, "filter"), object_in(sent, "payload")
    one = Filter("preview", compile_fql(text_in(given, "if")), actions_of(given.get("actions")))
    made = FilterChain([one]).apply(payload)
    told = {"inputPayload": payload, "result": made.event, "dropped": made.event is None, "message": made.message}
    return json_answer(request, told)


@router.get(
    "/destination/{destination_id}/filters",
    operation_id="listFiltersFromDestination",
    summary="The filters of a destination",
    response={200: FiltersAnswer, **REFUSALS},
)
@api_token("source:read")
def api_filter_list(request: TokenRequest, destination_id: str, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, filters_of(destination_for(acting_access(), destination_id)))
    return json_answer(request, {"filters": [_answer(one) for one in found], "pagination": pagination})


@router.post(
    "/destination/{destination_id}/filters",
    operation_id="createFilterForDestination",
    summary="Make a filter; a destination has at most 10",
    response={201: FilterAnswer, **REFUSALS},
    openapi_extra=takes(["title", "if", "actions"], sourceId="string", **_FIELDS),
)
@api_token("source:write")
def api_filter_create(request: TokenRequest, destination_id: str) -> HttpResponse:
    sent = sent_object(request, ("sourceId", *_FIELDS))
    destination = destination_for(acting_access(), destination_id)
    if text_in(sent, "sourceId", destination.source_id) != destination.source_id:
        raise Invalid("This destination is of another source.", field="sourceId", code="other_source")
    one = create_filter(
        destination_id=destination_id,
        title=text_in(sent, "title"),
        description=text_in(sent, "description", ""),
        condition=text_in(sent, "if"),
        actions=sent.get("actions"),
        is_enabled=flag_in(sent, "enabled", True),
    )
    return json_answer(request, {"filter": _answer(one)}, status=201)


@router.get(
    "/destination/{destination_id}/filters/{filter_id}",
    operation_id="getFilterInDestination",
    summary="One filter of a destination",
    response={200: FilterAnswer, **REFUSALS},
)
@api_token("source:read")
def api_filter(request: TokenRequest, destination_id: str, filter_id: str) -> HttpResponse:
    one = filter_of(destination_for(acting_access(), destination_id), filter_id)
    return json_answer(request, {"filter": _answer(one)})


@router.patch(
    "/destination/{destination_id}/filters/{filter_id}",
    operation_id="updateFilterForDestination",
    summary="Change a filter, or turn it on or off",
    response={200: FilterAnswer, **REFUSALS},
    openapi_extra=takes(**_FIELDS),
)
@api_token("source:write")
def api_filter_change(request: TokenRequest, destination_id: str, filter_id: str) -> HttpResponse:
    sent = sent_object(request, _FIELDS)
    one = filter_of(destination_for(acting_access(), destination_id), filter_id)
    where = {"destination_id": destination_id, "filter_id": filter_id}
    is_on = flag_in(sent, "enabled", one.is_enabled)
    if sent.keys() - {"enabled"}:
        one = change_filter(
            **where,
            title=text_in(sent, "title", one.title),
            description=text_in(sent, "description", one.description),
            condition=text_in(sent, "if", one.condition),
            actions=sent.get("actions", one.actions),
        )
    if is_on is not one.is_enabled:
        one = (enable_filter if is_on else disable_filter)(**where)
    return json_answer(request, {"filter": _answer(one)})


@router.delete(
    "/destination/{destination_id}/filters/{filter_id}",
    operation_id="removeFilterFromDestination",
    summary="Delete a filter",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("source:write")
def api_filter_delete(request: TokenRequest, destination_id: str, filter_id: str) -> HttpResponse:
    delete_filter(destination_id=destination_id, filter_id=filter_id)
    return json_answer(request, DONE)


def _answer(one: DestinationFilter) -> dict[str, Any]:
    return {
        "id": one.id,
        "sourceId": one.source_id,
        "destinationId": one.destination_id,
        "if": one.condition,
        "actions": one.actions,
        "title": one.title,
        "description": one.description,
        "enabled": one.is_enabled,
        "createdAt": utc_text(one.created_at),
        "updatedAt": utc_text(one.updated_at),
    }

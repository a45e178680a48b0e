"""Endpoints of functions in their places: Segment's insert function instances."""

from typing import Any

from django.http import HttpResponse
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.errors import NotFound
from auditapp.pipeline.destinations.queries import visible_destinations
from auditapp.pipeline.functions.models import FunctionUse
from auditapp.pipeline.functions.queries import use_for, visible_uses
from auditapp.pipeline.functions.uses import put_function, take_function_out
from auditapp.sources.queries import visible_sources
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    DONE,
    REFUSALS,
    DoneAnswer,
    ListQuery,
    PaginationShape,
    object_in,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["Functions"])


class InstanceShape(Schema):
    id: str
    functionId: str
    integrationId: str
    enabled: bool
    settings: dict[str, Any]


class InstanceData(Schema):
    insertFunctionInstance: InstanceShape


class InstanceAnswer(Schema):
    data: InstanceData


class InstancesData(Schema):
    insertFunctionInstances: list[InstanceShape]
    pagination: PaginationShape


class InstancesAnswer(Schema):
    data: InstancesData


@router.get(
    "/insert-function-instances",
    operation_id="listInsertFunctionInstances",
    summary="Functions in sources and destinations",
    response={200: InstancesAnswer, **REFUSALS},
)
@api_token("source:read")
def api_instance_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, visible_uses(acting_access()))
    told = {"insertFunctionInstances": [_answer(one) for one in found], "pagination": pagination}
    return json_answer(request, told)


@router.post(
    "/insert-function-instances",
    operation_id="createInsertFunctionInstance",
    summary="Put a function into a source or a destination; the token needs function:read as well",
    response={201: InstanceAnswer, **REFUSALS},
    openapi_extra=takes(
        ["functionId", "integrationId"], functionId="string", integrationId="string", settings="object"
    ),
)
@api_token("source:write")
def api_instance_create(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, ("functionId", "integrationId", "settings"))
    source_id, destination_id = _place(text_in(sent, "integrationId"))
    one = put_function(
        source_id=source_id,
        destination_id=destination_id,
        function_id=text_in(sent, "functionId"),
        settings=object_in(sent, "settings", {}),
    )
    return json_answer(request, {"insertFunctionInstance": _answer(one)}, status=201)


@router.get(
    "/insert-function-instances/{instance_id}",
    operation_id="getInsertFunctionInstance",
    summary="One function in its place",
    response={200: InstanceAnswer, **REFUSALS},
)
@api_token("source:read")
def api_instance(request: TokenRequest, instance_id: str) -> HttpResponse:
    return json_answer(request, {"insertFunctionInstance": _answer(use_for(acting_access(), instance_id))})


@router.patch(
    "/insert-function-instances/{instance_id}",
    operation_id="updateInsertFunctionInstance",
    summary="Change the settings of a function in its place; a secret that is left out stays",
    response={200: InstanceAnswer, **REFUSALS},
    openapi_extra=takes(["settings"], settings="object"),
)
@api_token("source:write")
def api_instance_change(request: TokenRequest, instance_id: str) -> HttpResponse:
    sent = sent_object(request, ("settings",))
    one = use_for(acting_access(), instance_id)
    changed = put_function(
        source_id=one.source_id,
        destination_id=one.destination_id,
        function_id=one.function_id,
        settings=one.settings | object_in(sent, "settings"),
    )
    return json_answer(request, {"insertFunctionInstance": _answer(changed)})


@router.delete(
    "/insert-function-instances/{instance_id}",
    operation_id="deleteInsertFunctionInstance",
    summary="Take a function out of its place",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("source:write")
def api_instance_delete(request: TokenRequest, instance_id: str) -> HttpResponse:
    one = use_for(acting_access(), instance_id)
    take_function_out(source_id=one.source_id, destination_id=one.destination_id)
    return json_answer(request, DONE)


def _place(integration_id: str) -> tuple[str, str]:
    """The ids of the source, and of the destination where it is one."""
    access = acting_access()
    if visible_sources(access).filter(id=integration_id).exists():
        return integration_id, ""
    destination = visible_destinations(access).filter(id=integration_id).first()
    if destination is None:
        raise NotFound
    return destination.source_id, destination.id


def _answer(one: FunctionUse) -> dict[str, Any]:
    return {
        "id": one.id,
        "functionId": one.function_id,
        "integrationId": one.destination_id or one.source_id,
        "enabled": True,
        "settings": one.settings,
    }

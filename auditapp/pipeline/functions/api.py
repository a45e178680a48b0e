"""Endpoints of functions and of the places where they stand, shaped as Segment's Public API has them."""

from typing import Any, Final

from django.http import HttpResponse
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.pipeline.functions.models import Function
from auditapp.pipeline.functions.queries import function_for, version_of, versions_of, visible_functions
from auditapp.pipeline.functions.running import IN_A_BATCH
from auditapp.pipeline.functions.services import (
    change_function,
    create_function,
    delete_function,
    deploy_function,
    restore_version,
)
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    DONE,
    REFUSALS,
    DoneAnswer,
    ListQuery,
    PaginationShape,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["Functions"])
MAX_BODY: Final = 1024 * 1024


class FunctionShape(Schema):
    id: str
    resourceType: str
    displayName: str
    description: str
    code: str
    settings: list[Any]
    latestVersion: int
    deployedVersion: int | None
    isLatestVersion: bool
    batchMaxCount: int
    createdAt: str
    updatedAt: str
    deployedAt: str | None


class FunctionData(Schema):
    function: FunctionShape


class FunctionAnswer(Schema):
    data: FunctionData


class FunctionsData(Schema):
    functions: list[FunctionShape]
    pagination: PaginationShape


class FunctionsAnswer(Schema):
    data: FunctionsData


class VersionShape(Schema):
    version: int
    createdAt: str
    createdBy: str
    restoredFrom: int | None
    latest: bool
    deployed: bool


class VersionsData(Schema):
    versions: list[VersionShape]
    pagination: PaginationShape


class VersionsAnswer(Schema):
    data: VersionsData


_FIELDS: Final[dict[str, Any]] = {
    "displayName": "string",
    "description": "string",
    "code": "string",
    "settings": {"type": "array", "items": {"type": "object"}},
}
_VERSION: Final = {"type": "integer", "minimum": 1}


@router.get(
    "/functions",
    operation_id="listFunctions",
    summary="Functions, by name",
    response={200: FunctionsAnswer, **REFUSALS},
)
@api_token("function:read")
def api_function_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, visible_functions(acting_access()))
    return json_answer(request, {"functions": [_answer(one) for one in found], "pagination": pagination})


@router.post(
    "/functions",
    operation_id="createFunction",
    summary="Make a function; no event goes through it before a version is deployed",
    response={201: FunctionAnswer, **REFUSALS},
    openapi_extra=takes(
        ["displayName", "code", "resourceType"],
        resourceType={"type": "string", "enum": ["INSERT_SOURCE", "INSERT_DESTINATION"]},
        **_FIELDS,
    ),
)
@api_token("function:write")
def api_function_create(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, ("resourceType", *_FIELDS), max_bytes=MAX_BODY)
    function = create_function(
        name=text_in(sent, "displayName"),
        code=text_in(sent, "code"),
        resource_type=text_in(sent, "resourceType"),
        description=text_in(sent, "description", ""),
        settings=_settings(sent, []),
    )
    return json_answer(request, {"function": _answer(function)}, status=201)


@router.get(
    "/functions/{function_id}",
    operation_id="getFunction",
    summary="One function with the code of its latest version",
    response={200: FunctionAnswer, **REFUSALS},
)
@api_token("function:read")
def api_function(request: TokenRequest, function_id: str) -> HttpResponse:
    return _told(request, function_for(acting_access(), function_id))


@router.patch(
    "/functions/{function_id}",
    operation_id="updateFunction",
    summary="Change a function; other code becomes its latest version",
    response={200: FunctionAnswer, **REFUSALS},
    openapi_extra=takes(**_FIELDS),
)
@api_token("function:write")
def api_function_change(request: TokenRequest, function_id: str) -> HttpResponse:
    sent = sent_object(request, _FIELDS, max_bytes=MAX_BODY)
    one = function_for(acting_access(), function_id)
    code = text_in(sent, "code") if "code" in sent else version_of(one, one.latest_version).code
    changed = change_function(
        function_id=function_id,
        name=text_in(sent, "displayName", one.name),
        code=code,
        description=text_in(sent, "description", one.description),
        settings=_settings(sent, None) if "settings" in sent else None,
    )
    return _told(request, changed)


@router.delete(
    "/functions/{function_id}",
    operation_id="deleteFunction",
    summary="Delete a function that is used nowhere",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("function:write")
def api_function_delete(request: TokenRequest, function_id: str) -> HttpResponse:
    delete_function(function_id=function_id)
    return json_answer(request, DONE)


@router.post(
    "/functions/{function_id}/deploy",
    operation_id="createFunctionDeployment",
    summary="Let events go through a version from now on: the latest, unless `version` names another",
    response={200: FunctionAnswer, **REFUSALS},
    openapi_extra=takes(version=_VERSION),
)
@api_token("function:write")
def api_function_deploy(request: TokenRequest, function_id: str) -> HttpResponse:
    sent = sent_object(request, ("version",)) if request.body else {}
    version = _number(sent) if "version" in sent else None
    return _told(request, deploy_function(function_id=function_id, version=version))


@router.get(
    "/functions/{function_id}/versions",
    operation_id="listFunctionVersions",
    summary="The versions of a function, the newest first",
    response={200: VersionsAnswer, **REFUSALS},
)
@api_token("function:read")
def api_function_versions(request: TokenRequest, function_id: str, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, versions_of(function_for(acting_access(), function_id)))
    versions = [
        {
            "version": one.version.number,
            "createdAt": utc_text(one.version.created_at),
            "createdBy": one.version.created_by,
            "restoredFrom": one.version.restored_from,
            "latest": one.is_latest,
            "deployed": one.is_deployed,
        }
        for one in found
    ]
    return json_answer(request, {"versions": versions, "pagination": pagination})


@router.post(
    "/functions/{function_id}/versions",
    operation_id="restoreFunctionVersion",
    summary="Make the code of an older version the latest one",
    response={201: FunctionAnswer, **REFUSALS},
    openapi_extra=takes(["version"], version=_VERSION),
)
@api_token("function:write")
def api_function_restore(request: TokenRequest, function_id: str) -> HttpResponse:
    sent = sent_object(request, ("version",))
    restored = restore_version(function_id=function_id, version=_number(sent))
    return json_answer(request, {"function": _answer(restored)}, status=201)


def _settings(sent: dict[str, Any], default: Any) -> Any:
    settings = sent.get("settings", default)
    if not isinstance(settings, list):
        raise Invalid("settings is a list.", field="settings", code="bad_settings")
    return settings


def _number(sent: dict[str, Any]) -> int:
    version = sent.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 2**31:
        raise Invalid("A version is a whole number from 1.", field="version", code="bad_version")
    return version


def _told(request: TokenRequest, function: Function) -> HttpResponse:
    return json_answer(request, {"function": _answer(function)})


def _answer(function: Function) -> dict[str, Any]:
    return {
        "id": function.id,
        "resourceType": function.resource_type,
        "displayName": function.name,
        "description": function.description,
        "code": version_of(function, function.latest_version).code,
        "settings": function.settings,
        "latestVersion": function.latest_version,
        "deployedVersion": function.deployed_version,
        "isLatestVersion": function.latest_version == function.deployed_version,
        "batchMaxCount": IN_A_BATCH,
        "createdAt": utc_text(function.created_at),
        "updatedAt": utc_text(function.updated_at),
        "deployedAt": utc_text(function.deployed_at) if function.deployed_at else None,
    }

"""Endpoints of transformations, shaped as Segment's Public API has them; `destinationId` and `propertyCasings` are ours."""

from typing import Any, Final

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.pipeline.transformations.kinds import KINDS
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.transformations.queries import transformation_for, visible_transformations
from auditapp.pipeline.transformations.services import (
    change_transformation,
    create_transformation,
    delete_transformation,
    disable_transformation,
    enable_transformation,
)
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    DONE,
    REFUSALS,
    DoneAnswer,
    ListQuery,
    PaginationShape,
    flag_in,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["Transformations"])


class TransformationShape(Schema):
    id: str
    name: str
    sourceId: str
    destinationId: str | None
    enabled: bool
    condition: str = Field(alias="if")
    drop: bool
    newEventName: str | None
    propertyRenames: list[Any]
    propertyValueTransformations: list[Any]
    propertyCasings: list[Any]
    fqlDefinedProperties: list[Any]
    allowProperties: list[str]
    hashPropertiesConfiguration: Any
    createdAt: str
    updatedAt: str


class TransformationData(Schema):
    transformation: TransformationShape


class TransformationAnswer(Schema):
    data: TransformationData


class TransformationsData(Schema):
    transformations: list[TransformationShape]
    pagination: PaginationShape


class TransformationsAnswer(Schema):
    data: TransformationsData


_LISTS: Final = (
    "propertyRenames",
    "propertyValueTransformations",
    "propertyCasings",
    "fqlDefinedProperties",
    "allowProperties",
)
DEFINITION: Final = ("if", *(kind.field for kind in KINDS.values()))
_FIELDS: Final[dict[str, Any]] = {
    "name": "string",
    "enabled": "boolean",
    "if": "string",
    "drop": "boolean",
    "newEventName": "string",
    **{name: {"type": "array", "items": {}} for name in _LISTS},
    "hashPropertiesConfiguration": "object",
}


@router.get(
    "/transformations",
    operation_id="listTransformations",
    summary="Transformations, by name",
    response={200: TransformationsAnswer, **REFUSALS},
)
@api_token("source:read")
def api_transformation_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, visible_transformations(acting_access()))
    return json_answer(request, {"transformations": [_answer(one) for one in found], "pagination": pagination})


@router.post(
    "/transformations",
    operation_id="createTransformation",
    summary="Make a transformation of a source, or of one of its destinations",
    description="`hashPropertiesConfiguration.key` is sealed, and never told again.",
    response={201: TransformationAnswer, **REFUSALS},
    openapi_extra=takes(["name", "sourceId", "if"], sourceId="string", destinationId="string", **_FIELDS),
)
@api_token("source:write")
def api_transformation_create(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, ("sourceId", "destinationId", *_FIELDS))
    one = create_transformation(
        source_id=text_in(sent, "sourceId"),
        destination_id=text_in(sent, "destinationId", ""),
        name=text_in(sent, "name"),
        definition={name: sent[name] for name in DEFINITION if name in sent},
        hash_key=_key(sent) or "",
        is_enabled=flag_in(sent, "enabled", True),
    )
    return json_answer(request, {"transformation": _answer(one)}, status=201)


@router.get(
    "/transformations/{transformation_id}",
    operation_id="getTransformation",
    summary="One transformation",
    response={200: TransformationAnswer, **REFUSALS},
)
@api_token("source:read")
def api_transformation(request: TokenRequest, transformation_id: str) -> HttpResponse:
    return _told(request, transformation_for(acting_access(), transformation_id))


@router.patch(
    "/transformations/{transformation_id}",
    operation_id="updateTransformation",
    summary="Change a transformation, or turn it on or off",
    description="What is left out stays; null takes a kind of change away. Without a `key`, that of a hash stays.",
    response={200: TransformationAnswer, **REFUSALS},
    openapi_extra=takes(**_FIELDS),
)
@api_token("source:write")
def api_transformation_change(request: TokenRequest, transformation_id: str) -> HttpResponse:
    sent = sent_object(request, _FIELDS)
    one = transformation_for(acting_access(), transformation_id)
    is_on = flag_in(sent, "enabled", one.is_enabled)
    if sent.keys() - {"enabled"}:
        one = change_transformation(
            transformation_id=transformation_id,
            name=text_in(sent, "name", one.name),
            definition=one.definition | {name: sent[name] for name in DEFINITION if name in sent},
            hash_key=_key(sent),
        )
    if is_on is not one.is_enabled:
        one = (enable_transformation if is_on else disable_transformation)(transformation_id=transformation_id)
    return _told(request, one)


@router.delete(
    "/transformations/{transformation_id}",
    operation_id="deleteTransformation",
    summary="Delete a transformation",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("source:write")
def api_transformation_delete(request: TokenRequest, transformation_id: str) -> HttpResponse:
    delete_transformation(transformation_id=transformation_id)
    return json_answer(request, DONE)


def _key(sent: dict[str, Any]) -> str | None:
    """The key of the hash, None where none was sent."""
    hashing = sent.get("hashPropertiesConfiguration")
    key = hashing.get("key") if isinstance(hashing, dict) else None
    if key is not None and not isinstance(key, str):
        raise Invalid("A key is text.", field="hashPropertiesConfiguration.key", code="bad_key")
    return key


def _told(request: TokenRequest, one: SavedTransformation) -> HttpResponse:
    return json_answer(request, {"transformation": _answer(one)})


def _answer(one: SavedTransformation) -> dict[str, Any]:
    definition = one.definition
    return {
        "id": one.id,
        "name": one.name,
        "sourceId": one.source_id,
        "destinationId": one.destination_id or None,
        "enabled": one.is_enabled,
        "if": definition["if"],
        "drop": bool(definition.get("drop")),
        "newEventName": definition.get("newEventName"),
        **{name: definition.get(name) or [] for name in _LISTS},
        "hashPropertiesConfiguration": definition.get("hashPropertiesConfiguration"),
        "createdAt": utc_text(one.created_at),
        "updatedAt": utc_text(one.updated_at),
    }

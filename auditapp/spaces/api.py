"""Endpoints of spaces. What is done is done by the services of the pages."""

from typing import Any

from django.http import HttpResponse
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.clock import utc_text
from auditapp.spaces.models import Space
from auditapp.spaces.queries import space_for, visible_spaces
from auditapp.spaces.services import change_space, create_space, delete_space
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    DONE,
    LABELS,
    REFUSALS,
    DoneAnswer,
    LabelShape,
    ListQuery,
    PaginationShape,
    labels_in,
    labels_told,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["Spaces"])


class SpaceShape(Schema):
    id: str
    name: str
    labels: list[LabelShape]
    createdAt: str
    deletedAt: str | None


class SpaceData(Schema):
    space: SpaceShape


class SpaceAnswer(Schema):
    data: SpaceData


class SpacesData(Schema):
    spaces: list[SpaceShape]
    pagination: PaginationShape


class SpacesAnswer(Schema):
    data: SpacesData


@router.get(
    "/spaces",
    operation_id="listSpaces",
    summary="Spaces that are known, by name, those that were deleted last",
    response={200: SpacesAnswer, **REFUSALS},
)
@api_token("space:read")
def api_space_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, visible_spaces(acting_access()))
    return json_answer(request, {"spaces": [space_answer(one) for one in found], "pagination": pagination})


@router.post(
    "/spaces",
    operation_id="createSpace",
    summary="Make a space known before the first event about it",
    description="`id` is what its own system calls it; without one it gets one here.",
    response={201: SpaceAnswer, **REFUSALS},
    openapi_extra=takes(["name"], name="string", id="string", labels=LABELS),
)
@api_token("space:write")
def api_space_create(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, ("name", "id", "labels"))
    space = create_space(name=text_in(sent, "name"), space_id=text_in(sent, "id", ""), labels=labels_in(sent))
    return json_answer(request, {"space": space_answer(space)}, status=201)


@router.get("/spaces/{space_id}", operation_id="getSpace", summary="One space", response={200: SpaceAnswer, **REFUSALS})
@api_token("space:read")
def api_space(request: TokenRequest, space_id: str) -> HttpResponse:
    return json_answer(request, {"space": space_answer(space_for(acting_access(), space_id))})


@router.patch(
    "/spaces/{space_id}",
    operation_id="updateSpace",
    summary="Change name or labels of a space",
    response={200: SpaceAnswer, **REFUSALS},
    openapi_extra=takes(name="string", labels=LABELS),
)
@api_token("space:write")
def api_space_change(request: TokenRequest, space_id: str) -> HttpResponse:
    sent = sent_object(request, ("name", "labels"))
    space = space_for(acting_access(), space_id)
    labels = labels_in(sent) if "labels" in sent else space.labels
    # One that is known by its id alone gets that as its name.
    space = change_space(space_id=space_id, name=text_in(sent, "name", str(space)), labels=labels)
    return json_answer(request, {"space": space_answer(space)})


@router.delete(
    "/spaces/{space_id}",
    operation_id="deleteSpace",
    summary="Mark a space as deleted; its history stays",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("space:write")
def api_space_delete(request: TokenRequest, space_id: str) -> HttpResponse:
    delete_space(space_id=space_id)
    return json_answer(request, DONE)


def space_answer(space: Space) -> dict[str, Any]:
    """A space as the API tells of it."""
    return {
        "id": space.id,
        "name": space.name,
        "labels": labels_told(space.labels),
        "createdAt": utc_text(space.created_at),
        "deletedAt": utc_text(space.deleted_at) if space.deleted_at else None,
    }

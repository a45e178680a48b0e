"""Endpoints of labels, shaped as Segment's Public API has them; changing a description is ours."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.known_labels import known_labels
from auditapp.access.label_models import Label
from auditapp.access.labels import create_label, delete_label, describe_label
from auditapp.access.requests import TokenRequest
from auditapp.lib.errors import Invalid
from auditapp.record.acting import current_acting
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

router = Router(tags=["Labels"])


class KnownLabelShape(Schema):
    key: str
    value: str
    description: str


class LabelData(Schema):
    label: KnownLabelShape


class LabelAnswer(Schema):
    data: LabelData


class LabelsData(Schema):
    labels: list[KnownLabelShape]
    pagination: PaginationShape


class LabelsAnswer(Schema):
    data: LabelsData


FIELDS: Final = ("key", "value", "description")
LABEL: Final = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in FIELDS},
    "required": ["key", "value"],
    "additionalProperties": False,
}


@router.get(
    "/labels", operation_id="listLabels", summary="Labels, by key and value", response={200: LabelsAnswer, **REFUSALS}
)
@api_token("source:read")
def api_label_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, known_labels(current_acting().workspace_id))
    return json_answer(request, {"labels": [_answer(one) for one in found], "pagination": pagination})


@router.post(
    "/labels",
    operation_id="createLabel",
    summary="Make a label known",
    description="Both parts start with a letter and have up to 40 letters, digits and hyphens.",
    response={201: LabelAnswer, **REFUSALS},
    openapi_extra=takes(["label"], label=LABEL),
)
@api_token("access:write")
def api_label_create(request: TokenRequest) -> HttpResponse:
    sent = object_in(sent_object(request, ["label"]), "label")
    for name in sent:
        if name not in FIELDS:
            raise Invalid(
                f"There is no field {name[:60]}. Take of these: {', '.join(FIELDS)}.",
                field=f"label.{name[:60]}",
                code="unknown_field",
            )
    label = create_label(
        key=text_in(sent, "key"), value=text_in(sent, "value"), description=text_in(sent, "description", "")
    )
    return json_answer(request, {"label": _answer(label)}, status=201)


@router.patch(
    "/labels/{key}/{value}",
    operation_id="updateLabel",
    summary="Change the description of a label",
    response={200: LabelAnswer, **REFUSALS},
    openapi_extra=takes(["description"], description="string"),
)
@api_token("access:write")
def api_label_change(request: TokenRequest, key: str, value: str) -> HttpResponse:
    sent = sent_object(request, ["description"])
    label = describe_label(key=key, value=value, description=text_in(sent, "description"))
    return json_answer(request, {"label": _answer(label)})


@router.delete(
    "/labels/{key}/{value}",
    operation_id="deleteLabel",
    summary="Delete a label that nothing uses",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("access:write")
def api_label_delete(request: HttpRequest, key: str, value: str) -> HttpResponse:
    delete_label(key=key, value=value)
    return json_answer(request, DONE)


def _answer(label: Label) -> dict[str, Any]:
    return {"key": label.key, "value": label.value, "description": label.description}

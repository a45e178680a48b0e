"""Endpoints of sources, shaped as Segment's Public API has them. What is done is done by the services of the pages."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import Access, Permission, acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.errors import Invalid, NotFound
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for, visible_sources
from auditapp.sources.services import (
    KIND_NAMES,
    change_source,
    create_source,
    delete_source,
    disable_source,
    enable_source,
)
from auditapp.sources.write_keys import add_write_key, live_keys, revoke_write_key
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    DONE,
    LABELS,
    REFUSALS,
    DoneAnswer,
    LabelShape,
    ListQuery,
    PaginationShape,
    flag_in,
    labels_in,
    labels_told,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["Sources"])


class SourceMetadataShape(Schema):
    id: str
    name: str
    slug: str
    description: str
    categories: list[str]
    isCloudEventSource: bool


class SourceShape(Schema):
    id: str
    slug: str
    name: str
    workspaceId: str
    enabled: bool
    metadata: SourceMetadataShape
    writeKeys: list[str]
    labels: list[LabelShape]
    settings: dict[str, Any]
    createdAt: str


class SourceData(Schema):
    source: SourceShape


class SourceAnswer(Schema):
    data: SourceData


class SourcesData(Schema):
    sources: list[SourceShape]
    pagination: PaginationShape


class SourcesAnswer(Schema):
    data: SourcesData


CREATE: Final = ("name", "slug", "metadataId", "enabled", "labels", "settings")
CHANGE: Final = ("name", "slug", "enabled", "labels", "settings")


@router.get(
    "/sources", operation_id="listSources", summary="Sources, by name", response={200: SourcesAnswer, **REFUSALS}
)
@api_token("source:read")
def api_source_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    access = acting_access()
    found, pagination = paged(request, query, visible_sources(access))
    return json_answer(request, {"sources": [source_answer(access, one) for one in found], "pagination": pagination})


@router.post(
    "/sources",
    operation_id="createSource",
    summary="Make a source with a write key",
    description="`metadataId` is the kind: http_api, node, python and so on; `labels` are {key, value} pairs.",
    response={201: SourceAnswer, **REFUSALS},
    openapi_extra=takes(
        ["name"],
        name="string",
        slug="string",
        metadataId={"type": "string", "enum": list(KIND_NAMES), "default": "http_api"},
        enabled="boolean",
        labels=LABELS,
        settings="object",
    ),
)
@api_token("source:write")
def api_source_create(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, CREATE)
    _refuse_settings(sent)
    name = text_in(sent, "name", text_in(sent, "slug", ""))
    kind = text_in(sent, "metadataId", "http_api").replace("-", "_")
    source = create_source(name=name, labels=labels_in(sent), kind=kind)
    if not flag_in(sent, "enabled", True):
        source = disable_source(source_id=source.id)
    return json_answer(request, {"source": source_answer(acting_access(), source)}, status=201)


@router.get(
    "/sources/{source_id}", operation_id="getSource", summary="One source", response={200: SourceAnswer, **REFUSALS}
)
@api_token("source:read")
def api_source(request: TokenRequest, source_id: str) -> HttpResponse:
    access = acting_access()
    return json_answer(request, {"source": source_answer(access, source_for(access, source_id))})


@router.patch(
    "/sources/{source_id}",
    operation_id="updateSource",
    summary="Change name or labels of a source, or turn it on or off",
    response={200: SourceAnswer, **REFUSALS},
    openapi_extra=takes(name="string", slug="string", enabled="boolean", labels=LABELS, settings="object"),
)
@api_token("source:write")
def api_source_change(request: TokenRequest, source_id: str) -> HttpResponse:
    sent = sent_object(request, CHANGE)
    _refuse_settings(sent)
    access = acting_access()
    source = source_for(access, source_id)
    if text_in(sent, "slug", source.slug) != source.slug:
        raise Invalid("The slug of a source stays: code may use it.", field="slug", code="fixed")
    if "name" in sent or "labels" in sent:
        labels = labels_in(sent) if "labels" in sent else source.labels
        source = change_source(source_id=source_id, name=text_in(sent, "name", source.name), labels=labels)
    is_wanted = flag_in(sent, "enabled", source.is_enabled)
    if is_wanted is not source.is_enabled:
        source = (enable_source if is_wanted else disable_source)(source_id=source_id)
    return json_answer(request, {"source": source_answer(access, source)})


@router.delete(
    "/sources/{source_id}",
    operation_id="deleteSource",
    summary="Delete a source and its destinations",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("source:write")
def api_source_delete(request: TokenRequest, source_id: str) -> HttpResponse:
    delete_source(source_id=source_id)
    return json_answer(request, DONE)


@router.post(
    "/sources/{source_id}/writekey",
    operation_id="createWriteKeyForSource",
    summary="Add a write key",
    response={201: SourceAnswer, **REFUSALS},
)
@api_token("source:write")
def api_write_key_add(request: TokenRequest, source_id: str) -> HttpResponse:
    add_write_key(source_id=source_id)
    access = acting_access()
    return json_answer(request, {"source": source_answer(access, source_for(access, source_id))}, status=201)


@router.delete(
    "/sources/{source_id}/writekey/{write_key}",
    operation_id="removeWriteKeyFromSource",
    summary="Revoke a write key",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("source:write")
def api_write_key_remove(request: TokenRequest, source_id: str, write_key: str) -> HttpResponse:
    source = source_for(acting_access(), source_id)
    found = live_keys(source).filter(key=write_key).first() if "\x00" not in write_key else None
    if found is None:
        raise NotFound
    revoke_write_key(source_id=source_id, key_id=found.id)
    return json_answer(request, DONE)


@router.post(
    "/sources/{source_id}/labels",
    operation_id="addLabelsToSource",
    summary="Add labels to a source",
    response={200: SourceAnswer, **REFUSALS},
    openapi_extra=takes(["labels"], labels=LABELS),
)
@api_token("source:write")
def api_labels_add(request: TokenRequest, source_id: str) -> HttpResponse:
    return _relabelled(request, source_id, keep=True)


@router.put(
    "/sources/{source_id}/labels",
    operation_id="replaceLabelsInSource",
    summary="Replace the labels of a source",
    response={200: SourceAnswer, **REFUSALS},
    openapi_extra=takes(["labels"], labels=LABELS),
)
@api_token("source:write")
def api_labels_replace(request: TokenRequest, source_id: str) -> HttpResponse:
    return _relabelled(request, source_id, keep=False)


def source_answer(access: Access, source: Source) -> dict[str, Any]:
    """A source as the API tells of it; its write keys only to who may change it."""
    may_write = access.can(Permission.SOURCE_WRITE, source.id)
    name = KIND_NAMES.get(source.kind, source.kind)
    return {
        "id": source.id,
        "slug": source.slug,
        "name": source.name,
        "workspaceId": f"ws_{source.workspace_id}",
        "enabled": source.is_enabled,
        "metadata": {
            "id": source.kind,
            "name": name,
            "slug": source.kind.replace("_", "-"),
            "description": f"{name}, an event streams source.",
            "categories": ["Event streams"],
            "isCloudEventSource": False,
        },
        "writeKeys": [one.key for one in live_keys(source)] if may_write else [],
        "labels": labels_told(source.labels),
        "settings": {},
        "createdAt": source.created_at.isoformat().replace("+00:00", "Z"),
    }


def _relabelled(request: HttpRequest, source_id: str, *, keep: bool) -> HttpResponse:
    access = acting_access()
    source = source_for(access, source_id)
    labels = labels_in(sent_object(request, ["labels"]))
    wanted = [*dict.fromkeys([*source.labels, *labels])] if keep else labels
    changed = change_source(source_id=source_id, name=source.name, labels=wanted)
    return json_answer(request, {"source": source_answer(access, changed)})


def _refuse_settings(sent: dict[str, Any]) -> None:
    if sent.get("settings"):
        raise Invalid(
            "Event streams sources have no settings of their own. Leave it out.",
            field="settings",
            code="unknown_setting",
        )

"""Endpoints of destinations, shaped as Segment's Public API has them, with what it lacks: test, pause and the fields of each kind."""

from typing import Any, Final, cast

from django.http import HttpResponse
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.pipeline.delivery.health import Health, health_of
from auditapp.pipeline.destinations.kind import Kind, Outcome
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destination_for, destinations_of, visible_destinations
from auditapp.pipeline.destinations.registry import destination_kind, destination_kinds
from auditapp.pipeline.destinations.services import (
    Start,
    change_destination,
    create_destination,
    delete_destination,
    disable_destination,
    enable_destination,
    pause_destination,
    resume_destination,
    rotate_signing_secret,
)
from auditapp.pipeline.destinations.testing import send_test
from auditapp.sources.queries import source_for
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

router = Router(tags=["Destinations"])


class OptionShape(Schema):
    name: str
    label: str
    description: str
    type: str
    required: bool
    secret: bool
    defaultValue: Any
    choices: list[str]


class DestinationMetadataShape(Schema):
    id: str
    name: str
    slug: str
    description: str
    formats: list[str]
    options: list[OptionShape]


class HealthShape(Schema):
    state: str
    waiting: int
    lagSeconds: float
    failures: int
    deadLetters: int
    lastDeliveredAt: str | None
    nextTryAt: str | None
    lastAnswer: str


class DestinationShape(Schema):
    id: str
    name: str
    enabled: bool
    paused: bool
    sourceId: str
    metadata: DestinationMetadataShape
    format: str
    settings: dict[str, Any]
    health: HealthShape
    testedAt: str | None
    createdAt: str


class DestinationData(Schema):
    destination: DestinationShape
    signingSecret: str | None = None


class DestinationAnswer(Schema):
    data: DestinationData


class DestinationsData(Schema):
    destinations: list[DestinationShape]
    pagination: PaginationShape


class DestinationsAnswer(Schema):
    data: DestinationsData


class CatalogData(Schema):
    destinationsCatalog: list[DestinationMetadataShape]


class CatalogAnswer(Schema):
    data: CatalogData


class TestData(Schema):
    delivered: bool
    status: str
    message: str
    request: str
    response: str


class TestAnswer(Schema):
    data: TestData


CREATE: Final = ("sourceId", "metadataId", "name", "settings", "format", "enabled")
CHANGE: Final = ("name", "settings", "format", "enabled", "paused", "start")


@router.get(
    "/catalog/destinations",
    operation_id="getDestinationsCatalog",
    summary="Kinds of destinations and what each asks for",
    response={200: CatalogAnswer, **REFUSALS},
)
@api_token("source:read")
def api_destination_catalog(request: TokenRequest) -> HttpResponse:
    return json_answer(request, {"destinationsCatalog": [metadata_answer(kind) for kind in destination_kinds()]})


@router.get(
    "/destinations",
    operation_id="listDestinations",
    summary="Destinations, by name",
    response={200: DestinationsAnswer, **REFUSALS},
)
@api_token("source:read")
def api_destination_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, visible_destinations(acting_access()))
    return json_answer(request, {"destinations": _answers(found), "pagination": pagination})


@router.get(
    "/sources/{source_id}/connected-destinations",
    operation_id="listConnectedDestinationsFromSource",
    summary="The destinations of a source",
    response={200: DestinationsAnswer, **REFUSALS},
)
@api_token("source:read")
def api_connected_destinations(request: TokenRequest, source_id: str, query: Query[ListQuery]) -> HttpResponse:
    source = source_for(acting_access(), source_id)
    found, pagination = paged(request, query, destinations_of(source))
    return json_answer(request, {"destinations": _answers(found), "pagination": pagination})


@router.post(
    "/destinations",
    operation_id="createDestination",
    summary="Make a destination; it is off until a test event has arrived",
    response={201: DestinationAnswer, **REFUSALS},
    openapi_extra=takes(
        ["sourceId", "metadataId", "settings"],
        sourceId="string",
        metadataId="string",
        name="string",
        settings="object",
        format="string",
        enabled="boolean",
    ),
)
@api_token("source:write")
def api_destination_create(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, CREATE)
    if flag_in(sent, "enabled", False):
        message = "A destination is made turned off. Send a test event (POST .../test), then turn it on."
        raise Invalid(message, field="enabled", code="not_tested")
    kind = destination_kind(text_in(sent, "metadataId"), field="metadataId")
    destination, secret = create_destination(
        source_id=text_in(sent, "sourceId"),
        kind=kind.key,
        name=text_in(sent, "name", kind.name),
        settings=object_in(sent, "settings"),
        form=text_in(sent, "format", kind.formats[0].value),
    )
    # The one time that it is told.
    told = {"destination": _answers([destination])[0], "signingSecret": secret or None}
    return json_answer(request, told, status=201)


@router.get(
    "/destinations/{destination_id}",
    operation_id="getDestination",
    summary="One destination with its health",
    response={200: DestinationAnswer, **REFUSALS},
)
@api_token("source:read")
def api_destination(request: TokenRequest, destination_id: str) -> HttpResponse:
    return _told(request, destination_for(acting_access(), destination_id))


@router.patch(
    "/destinations/{destination_id}",
    operation_id="updateDestination",
    summary="Change, turn on or off, pause or resume a destination",
    description="Settings that are left out stay; a secret that is null goes. `start`: continue or now, when it is turned on.",
    response={200: DestinationAnswer, **REFUSALS},
    openapi_extra=takes(
        name="string",
        settings="object",
        format="string",
        enabled="boolean",
        paused="boolean",
        start={"type": "string", "enum": ["continue", "now"]},
    ),
)
@api_token("source:write")
def api_destination_change(request: TokenRequest, destination_id: str) -> HttpResponse:
    sent = sent_object(request, CHANGE)
    now_is = destination_for(acting_access(), destination_id)
    start = text_in(sent, "start", "continue")
    if start not in ("continue", "now"):
        raise Invalid("Take continue or now.", field="start", code="bad_start")
    if sent.keys() & {"name", "settings", "format"}:
        now_is = change_destination(
            destination_id=destination_id,
            name=text_in(sent, "name", now_is.name),
            settings=now_is.settings | object_in(sent, "settings", {}),
            form=text_in(sent, "format", now_is.form),
        )
    is_on = flag_in(sent, "enabled", now_is.is_enabled)
    if is_on is not now_is.is_enabled and is_on:
        now_is = enable_destination(destination_id=destination_id, start=cast(Start, start))
    elif is_on is not now_is.is_enabled:
        now_is = disable_destination(destination_id=destination_id)
    is_paused = flag_in(sent, "paused", now_is.paused_at is not None)
    if is_paused is not (now_is.paused_at is not None):
        act = pause_destination if is_paused else resume_destination
        now_is = act(destination_id=destination_id)
    return _told(request, now_is)


@router.delete(
    "/destinations/{destination_id}",
    operation_id="deleteDestination",
    summary="Delete a destination",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("source:write")
def api_destination_delete(request: TokenRequest, destination_id: str) -> HttpResponse:
    delete_destination(destination_id=destination_id)
    return json_answer(request, DONE)


@router.post(
    "/destinations/{destination_id}/test",
    operation_id="testDestination",
    summary="Send a test event and tell what came back",
    response={200: TestAnswer, **REFUSALS},
)
@api_token("source:write")
def api_destination_test(request: TokenRequest, destination_id: str) -> HttpResponse:
    sent = send_test(destination_id=destination_id)
    told = {
        "delivered": sent.outcome is Outcome.DELIVERED,
        "status": sent.code,
        "message": sent.message,
        "request": sent.request,
        "response": sent.answer,
    }
    return json_answer(request, told)


@router.post(
    "/destinations/{destination_id}/rotate-secret",
    operation_id="rotateDestinationSecret",
    summary="A new signing secret; the old one signs as well for 24 hours",
    response={200: DestinationAnswer, **REFUSALS},
)
@api_token("source:write")
def api_destination_rotate(request: TokenRequest, destination_id: str) -> HttpResponse:
    destination, secret = rotate_signing_secret(destination_id=destination_id)
    return json_answer(request, {"destination": _answers([destination])[0], "signingSecret": secret})


def metadata_answer(kind: Kind) -> dict[str, Any]:
    """A kind as the API tells of it."""
    return {
        "id": kind.key,
        "name": kind.name,
        "slug": kind.key.replace("_", "-"),
        "description": kind.summary,
        "formats": [form.value for form in kind.formats],
        "options": [
            {
                "name": one.name,
                "label": one.label,
                "description": one.help,
                "type": one.type,
                "required": one.is_required and one.default == "",
                "secret": one.is_secret,
                "defaultValue": None if one.default == "" else one.default,
                "choices": [choice for choice, _ in one.choices],
            }
            for one in kind.fields
        ],
    }


def _told(request: TokenRequest, destination: Destination) -> HttpResponse:
    return json_answer(request, {"destination": _answers([destination])[0]})


def _answers(destinations: list[Destination]) -> list[dict[str, Any]]:
    return [_answer(one) for one in health_of(destinations)]


def _answer(health: Health) -> dict[str, Any]:
    destination, delivery = health.destination, health.delivery
    return {
        "id": destination.id,
        "name": destination.name,
        "enabled": destination.is_enabled,
        "paused": destination.paused_at is not None,
        "sourceId": destination.source_id,
        "metadata": metadata_answer(destination_kind(destination.kind)),
        "format": destination.form,
        "settings": destination.settings,
        "health": {
            "state": health.state.value,
            "waiting": health.waiting,
            "lagSeconds": round(health.lag.total_seconds(), 1) if health.lag else 0.0,
            "failures": delivery.failures,
            "deadLetters": health.dead_letters,
            "lastDeliveredAt": utc_text(delivery.delivered_at) if delivery.delivered_at else None,
            "nextTryAt": utc_text(delivery.retry_at) if delivery.retry_at else None,
            "lastAnswer": delivery.last_message,
        },
        "testedAt": utc_text(destination.tested_at) if destination.tested_at else None,
        "createdAt": utc_text(destination.created_at),
    }

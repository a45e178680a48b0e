"""Endpoints of the API: the token's workspace, audit events in and out, and the types that events can have.

What is recorded is decided in services.py, what is found by `record`; here requests are read and answers given.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from auditapp.access.decorators import api_token, public_page
from auditapp.access.requests import TokenRequest
from auditapp.ingest import api_shapes as shapes
from auditapp.ingest.answers import event_answer, proof_answer, recorded_answer, type_answer
from auditapp.ingest.bodies import sent_events, sent_value
from auditapp.ingest.event_search import event_filter, pagination, parse_cursor, refuse_unknown
from auditapp.ingest.event_shape import EVENT_SCHEMA, is_type_key
from auditapp.ingest.services import Accepted, Verdict, accept_events
from auditapp.ingest.type_input import TYPE_SCHEMA, type_values
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.ids import parse_event_key
from auditapp.record.declarations import TypeUnknown, declare_type, remove_type
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.event_types import CATALOGUE, declared_types, known_types, undeclared_type
from auditapp.record.facets import facets
from auditapp.sealing.queries import proof_for, seal_marks
from auditapp.web.api import json_answer
from auditapp.web.api_resources import DONE, REFUSALS, DoneAnswer
from auditapp.web.errors import api_error

router = Router(tags=["Audit trail"])
EXTRA_SCHEMAS: dict[str, Any] = {
    "EventInput": EVENT_SCHEMA,
    "EventTypeInput": TYPE_SCHEMA,
    "EventList": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/EventInput"},
        "minItems": 1,
        "maxItems": 1000,
    },
    "EventBatch": {
        "type": "object",
        "properties": {"events": {"$ref": "#/components/schemas/EventList"}},
        "required": ["events"],
    },
}
SEARCH_PARAMETERS = [field.alias or name for name, field in shapes.EventSearch.model_fields.items()]


@router.get("/", operation_id="getWorkspace", summary="The workspace of the token", response=shapes.WorkspaceAnswer)
@api_token("audit:read")
def api_workspace(request: TokenRequest) -> HttpResponse:
    workspace = request.workspace
    return json_answer(
        request, {"workspace": {"id": f"ws_{workspace.id}", "slug": workspace.slug, "name": workspace.name}}
    )


@router.get(
    "/audit-events",
    operation_id="listAuditEvents",
    summary="List audit events, newest first",
    description="Segment's parameters, and more. One that is not listed here is refused, as is a value that nothing can have.",
    response={200: shapes.EventsAnswer, **REFUSALS},
)
@api_token("audit:read")
def api_event_list(request: TokenRequest, search: Query[shapes.EventSearch]) -> HttpResponse:
    refuse_unknown(request.GET, SEARCH_PARAMETERS)
    cursor = parse_cursor(search.cursor or search.dotted_cursor)
    wanted = event_filter(
        start_time=search.start_time,
        end_time=search.end_time,
        resource_id=search.resource_id,
        resource_type=search.resource_type,
        types=search.types,
        areas=search.areas,
        # A token is an actor like any other.
        actors=[*search.actors, *search.tokens],
        outcomes=search.outcomes,
        ips=search.ips,
        supporters=search.supporters,
        q=search.q,
        text=search.text,
    )
    place = {cursor.direction: cursor.key} if cursor.key else {}
    page = visible_events(request.viewer).page(
        wanted, size=search.dotted_count or search.count, with_all_changes=True, **place
    )
    # Of any type, an id is found as a word: also as one of a target's name, and whatever its case.
    rows = [
        row for row in page.rows if not search.resource_id or (row.resource and row.resource.id == search.resource_id)
    ]
    marks = seal_marks(request.workspace.id, [row.id for row in rows])
    events = [event_answer(row, marks.get(row.id)) for row in rows]
    return json_answer(request, {"events": events, "pagination": pagination(page, cursor)})


@router.get(
    "/audit-events/{event_id}",
    operation_id="getAuditEvent",
    summary="One audit event with all its changes and its proof",
    response={200: shapes.EventAnswer, **REFUSALS},
)
@api_token("audit:read")
def api_event(request: TokenRequest, event_id: str) -> HttpResponse:
    try:
        row = visible_events(request.viewer).get(parse_event_key(event_id))
    except Invalid:
        row = None
    if row is None:
        raise NotFound
    workspace_id = request.workspace.id
    proof = proof_for(workspace_id, row.id)
    event = event_answer(row, seal_marks(workspace_id, [row.id]).get(row.id))
    return json_answer(request, {"event": {**event, "proof": proof_answer(proof) if proof else None}})


@router.post(
    "/audit-events",
    operation_id="recordAuditEvents",
    summary="Record one audit event, or up to 1,000",
    description=(
        "One event is answered with 201, with 200 where its idempotency key was sent before. Of a batch, each event is "
        "judged for itself; those that are good are recorded together, and the answer is 201, 200 where all were known, or 207 "
        "where some were refused."
    ),
    response={(200, 201): shapes.RecordedAnswer | shapes.BatchAnswer, 207: shapes.BatchAnswer, **REFUSALS},
    openapi_extra={
        "parameters": [
            {
                "in": "header",
                "name": "Idempotency-Key",
                "schema": {"type": "string", "maxLength": 255},
                "required": False,
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/EventInput"},
                            {"$ref": "#/components/schemas/EventBatch"},
                            {"$ref": "#/components/schemas/EventList"},
                        ]
                    }
                }
            },
        },
    },
)
@api_token("audit:write")
def api_record(request: TokenRequest) -> HttpResponse:
    sent = sent_events(request)
    accepted = accept_events(sent.items)
    if not sent.is_single:
        results = [_result(one) for one in accepted]
        return json_answer(request, {"results": results}, status=_status_of_batch(accepted))
    [one] = accepted
    if one.event is None:
        assert one.error is not None
        raise one.error
    status = 201 if one.verdict is Verdict.RECORDED else 200
    return json_answer(request, recorded_answer(one.event.id, one.event.leaf_hash), status=status)


@router.get(
    "/audit-event-types",
    operation_id="listAuditEventTypes",
    summary="Every event type: of the catalogue, of the workspace, and undeclared ones that occurred",
    response={200: shapes.TypesAnswer, **REFUSALS},
)
@api_token("audit:read")
def api_type_list(request: TokenRequest) -> HttpResponse:
    counts = facets(request.viewer, EventFilter()).types
    known = {**CATALOGUE, **{kind.key: kind for kind in declared_types(request.workspace.id)}}
    undeclared = [undeclared_type(key) for key in sorted(counts.keys() - known.keys())]
    answers = [type_answer(kind, counts.get(kind.key, 0)) for kind in (*known.values(), *undeclared)]
    return json_answer(request, {"eventTypes": answers})


@router.post(
    "/audit-event-types",
    operation_id="declareAuditEventType",
    summary="Declare an event type of the workspace",
    response={201: shapes.TypeAnswer, **REFUSALS},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/EventTypeInput"}}},
        }
    },
)
@api_token("types:write")
def api_type_declare(request: TokenRequest) -> HttpResponse:
    declared = declare_type(**type_values(sent_value(request)))
    kind = known_types(request.workspace.id, [declared.key])[declared.key]
    return json_answer(request, {"eventType": type_answer(kind, 0)}, status=201)


@router.delete(
    "/audit-event-types/{key}",
    operation_id="removeAuditEventType",
    summary="Take back the declaration of an event type; its events stay",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("types:write")
def api_type_remove(request: TokenRequest, key: str) -> HttpResponse:
    if not is_type_key(key):
        raise TypeUnknown
    remove_type(key=key)
    return json_answer(request, DONE)


@public_page("There is nothing here.")
def no_such_endpoint(request: HttpRequest, rest: str) -> HttpResponse:
    raise NotFound("There is no such endpoint. See /api/docs.")


def _result(one: Accepted) -> dict[str, Any]:
    if one.event is not None:
        status = 201 if one.verdict is Verdict.RECORDED else 200
        return {"status": status, **recorded_answer(one.event.id, one.event.leaf_hash)}
    assert one.error is not None
    status, body = api_error(one.error)
    return {"status": int(status), **body}


def _status_of_batch(accepted: list[Accepted]) -> int:
    verdicts = {one.verdict for one in accepted}
    if verdicts & {Verdict.REFUSED, Verdict.CONFLICT}:
        return 207
    return 201 if Verdict.RECORDED in verdicts else 200

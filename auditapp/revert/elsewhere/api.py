"""Endpoints of reverts in other systems: where they are asked, by type of event, and asking one."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import Permission, acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.ids import event_key, parse_event_key
from auditapp.revert.elsewhere.services import (
    ask_elsewhere,
    callback_for,
    remove_revert_callback,
    set_revert_callback,
)
from auditapp.revert.models import RevertCallback, RevertRequest
from auditapp.web.api import json_answer
from auditapp.web.api_resources import DONE, REFUSALS, DoneAnswer, sent_object, takes, text_in

router = Router(tags=["Audit trail"])
NOBODY = "No other system is asked to undo events of this type."


class CallbackShape(Schema):
    type: str
    url: str
    createdAt: str
    secret: str | None = None


class CallbackData(Schema):
    revertCallback: CallbackShape


class CallbackAnswer(Schema):
    data: CallbackData


class RequestShape(Schema):
    event: str
    state: str
    host: str
    askedAt: str
    answeredAt: str | None
    status: int | None
    answer: str


class RequestData(Schema):
    revertRequest: RequestShape


class RequestAnswer(Schema):
    data: RequestData


@router.get(
    "/audit-event-types/{key}/revert-callback",
    operation_id="getRevertCallback",
    summary="Where events of a type are undone",
    response={200: CallbackAnswer, **REFUSALS},
)
@api_token("types:write")
def api_callback(request: TokenRequest, key: str) -> HttpResponse:
    acting_access().require(Permission.EVENT_TYPE_MANAGE)
    callback = callback_for(request.workspace.id, key.replace("\x00", ""))
    if callback is None:
        raise NotFound(NOBODY)
    return json_answer(request, {"revertCallback": _callback(callback)})


@router.put(
    "/audit-event-types/{key}/revert-callback",
    operation_id="setRevertCallback",
    summary="Have events of a type undone by another system",
    description=(
        "A revert of such an event posts a request there, signed as Standard Webhooks has it with the `secret` of this answer, which "
        "is shown this once: `{type: audit_event.revert_requested, data: {event, undo: [{path, from, to}], requestedBy}}`. "
        "Its `webhook-id` is the same at every try. A 2xx is a yes. It replaces the one there was, and its secret."
    ),
    response={200: CallbackAnswer, **REFUSALS},
    openapi_extra=takes(["url"], url={"type": "string", "format": "uri", "maxLength": 2000}),
)
@api_token("types:write")
def api_callback_set(request: TokenRequest, key: str) -> HttpResponse:
    sent = sent_object(request, ["url"])
    callback, secret = set_revert_callback(type_key=key, url=text_in(sent, "url"))
    return json_answer(request, {"revertCallback": {**_callback(callback), "secret": secret}})


@router.delete(
    "/audit-event-types/{key}/revert-callback",
    operation_id="removeRevertCallback",
    summary="Have events of a type undone by nobody any more",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("types:write")
def api_callback_remove(request: TokenRequest, key: str) -> HttpResponse:
    remove_revert_callback(type_key=key.replace("\x00", ""))
    return json_answer(request, DONE)


@router.post(
    "/audit-events/{event_id}/revert-request",
    operation_id="requestRevert",
    summary="Ask the system that owns an event's resource to undo it",
    description="It is asked at once by the worker, and again five times where it does not answer. The token needs `audit:read`, too.",
    response={202: RequestAnswer, **REFUSALS},
)
@api_token("types:write")
def api_request(request: TokenRequest, event_id: str) -> HttpResponse:
    asked = ask_elsewhere(event_id=_event_id(event_id))
    return json_answer(request, {"revertRequest": _request(asked)}, status=202)


@router.get(
    "/audit-events/{event_id}/revert-request",
    operation_id="getRevertRequest",
    summary="What the other system answered",
    response={200: RequestAnswer, **REFUSALS},
)
@api_token("types:write")
def api_request_state(request: TokenRequest, event_id: str) -> HttpResponse:
    acting_access().require(Permission.EVENT_TYPE_MANAGE)
    asked = RevertRequest.objects.filter(workspace_id=request.workspace.id, event_id=_event_id(event_id)).first()
    if asked is None:
        raise NotFound("Nobody was asked to undo this event.")
    return json_answer(request, {"revertRequest": _request(asked)})


def _event_id(text: str) -> UUID:
    try:
        return parse_event_key(text)
    except Invalid:
        raise NotFound from None


def _callback(callback: RevertCallback) -> dict[str, Any]:
    return {"type": callback.type, "url": callback.url, "createdAt": utc_text(callback.created_at)}


def _request(asked: RevertRequest) -> dict[str, Any]:
    return {
        "event": event_key(asked.event_id),
        "state": asked.state,
        "host": asked.host,
        "askedAt": utc_text(asked.asked_at),
        "answeredAt": utc_text(asked.answered_at) if asked.answered_at else None,
        "status": asked.status,
        "answer": asked.answer,
    }

"""The task that asks: one signed POST as Standard Webhooks has it, with the same id at every try, and what came back.

A 2xx is a yes; 4xx, but for 408 and 429, a no for good; all else is tried again, five times.
"""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import orjson

from auditapp.lib import clock
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Outside
from auditapp.lib.outbound import Answer, post
from auditapp.lib.secret_box import unseal
from auditapp.lib.webhook_signature import signature_headers
from auditapp.record.acting import acting
from auditapp.record.drafts import MISSING, SYSTEM
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.elsewhere.services import callback_of
from auditapp.revert.fields import WHOLE
from auditapp.revert.models import RequestState, Revert, RevertRequest, What
from auditapp.tasks.models import Task, TaskState
from auditapp.tasks.run import TaskRun
from auditapp.trail.event_json import event_as_json

MOST_SHOWN: Final = 2_000
TRY_AGAIN: Final = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class CallbackGone(Outside):
    """Nobody undoes events of this type any more: its callback was removed."""

    def __init__(self) -> None:
        super().__init__(permanent=True)


def ask(run: TaskRun) -> dict[str, Any]:
    """Post the request and keep the answer; gives its status.

    Raises:  Outside
    Writes:  RevertRequest, Revert; audit_event.revert_accepted
    """
    workspace_id, event_id = run.task.workspace_id, UUID(run.task.details["event"])
    with in_workspace(workspace_id):
        request = RevertRequest.objects.get(workspace_id=workspace_id, event_id=event_id)
        row = visible_events(Viewer(workspace_id, sees_all=True, sees_personal=True)).get(event_id)
        callback = callback_of(row) if row else None
    if callback is None or row is None:
        raise CallbackGone
    body = orjson.dumps(_body(row, request))
    # The same however often it is asked: who did it already answers yes and does nothing.
    headers = signature_headers(f"revert_{row.key}", clock.now(), body, [unseal(bytes(callback.secret))])
    answer = post(callback.url, body, {"Content-Type": "application/json", **headers})
    with run.writing():
        _keep(request, answer)
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            _accept(request, row, callback.host, answer.status)
            return {"status": answer.status}
    refused = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    raise Outside(f"{callback.host} answered {answer.status}.", permanent=refused and answer.status not in TRY_AGAIN)


def asking_ended(task: Task) -> None:
    """Note of a request that it failed for good; it can be made again."""
    if task.state != TaskState.FAILED:
        return
    requests = RevertRequest.objects.filter(workspace_id=task.workspace_id, event_id=UUID(task.details["event"]))
    for request in requests.filter(state=RequestState.WAITING):
        request.state, request.answered_at = RequestState.FAILED, clock.now()
        request.answer = request.answer or task.error
        request.save(update_fields=["state", "answered_at", "answer"])


def _body(row: EventRow, request: RevertRequest) -> dict[str, Any]:
    undo = [
        {"path": one.path} | {name: side for name, side in (("from", one.new), ("to", one.old)) if side is not MISSING}
        for one in row.event.changes
    ]
    return {
        "type": "audit_event.revert_requested",
        "timestamp": utc_text(request.asked_at),
        "data": {
            "event": event_as_json(row),
            "undo": undo,
            "requestedBy": {"id": request.asked_by, "name": request.asked_by_name},
        },
    }


def _keep(request: RevertRequest, answer: Answer) -> None:
    text = answer.body.decode("utf-8", "replace").replace("\x00", "")
    request.status, request.answered_at = answer.status, clock.now()
    request.answer = text[:MOST_SHOWN]
    request.save(update_fields=["status", "answered_at", "answer"])


def _accept(request: RevertRequest, row: EventRow, host: str, status: int) -> None:
    request.state = RequestState.ACCEPTED
    request.save(update_fields=["state"])
    assert row.resource is not None  # callback_of
    with acting(request.workspace_id, SYSTEM, reverts=[row.key]):
        told = record(
            "audit_event.revert_accepted",
            target=row.resource,
            meta={"host": host, "status": status},
            scope_id=row.event.scope_id,
        )
    Revert.objects.create(
        workspace_id=request.workspace_id,
        event_id=row.id,
        path=WHOLE,
        by_event_id=told.id,
        what=What.CHANGE,
        by_name=request.asked_by_name,
    )

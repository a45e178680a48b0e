"""Where other systems are asked to undo, and asking one. The request itself is a task: see asking.py."""

from uuid import UUID

from django.db import transaction

from auditapp.access.permissions import Permission, acting_access, viewer_for
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.lib.ids import event_key
from auditapp.lib.outbound import Refused, check_url
from auditapp.lib.secret_box import seal
from auditapp.lib.webhook_signature import new_secret
from auditapp.record.acting import acting, current_acting
from auditapp.record.declarations import KEY_SHAPE, MAX_KEY
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.services import record
from auditapp.revert.errors import NotUndoable
from auditapp.revert.models import RequestState, RevertCallback, RevertRequest
from auditapp.tasks.services import start_task

TASK_KIND = "revert.ask"
MAX_URL = 2_000


class AskedAlready(Conflict):
    """The other system was asked to undo this already."""


@transaction.atomic
def set_revert_callback(*, type_key: str, url: str) -> tuple[RevertCallback, str]:
    """Have events of this type undone by another system, which is asked at this address from now on.

    Gives:   the callback, and the secret that signs requests to it, which is shown this once
    Raises:  Denied, Invalid
    Writes:  RevertCallback; event_type.revert_callback_added
    """
    access = acting_access()
    access.require(Permission.EVENT_TYPE_MANAGE)
    if len(type_key) > MAX_KEY or not KEY_SHAPE.fullmatch(type_key):
        raise Invalid("Write the type as noun.verb_past in lower case, such as order.refunded.", field="key")
    url = url.strip()
    if len(url) > MAX_URL:
        raise Invalid(f"An address has at most {MAX_URL:,} characters.", field="url", code="bad_url")
    try:
        check_url(url)
    except Refused as refused:
        raise Invalid(refused.message, field="url", code="bad_url") from None
    secret = new_secret()
    callback, _ = RevertCallback.objects.update_or_create(
        workspace_id=access.workspace_id,
        type=type_key,
        defaults={"url": url, "secret": seal(secret), "created_at": clock.now()},
    )
    record("event_type.revert_callback_added", target=callback, meta={"host": callback.host})
    return callback, secret


@transaction.atomic
def remove_revert_callback(*, type_key: str) -> None:
    """Have events of this type undone by nobody any more.

    Raises:  Denied, NotFound
    Writes:  RevertCallback; event_type.revert_callback_removed
    """
    access = acting_access()
    access.require(Permission.EVENT_TYPE_MANAGE)
    callback = callback_for(access.workspace_id, type_key)
    if callback is None:
        raise NotFound("No other system is asked to undo events of this type.")
    record("event_type.revert_callback_removed", target=callback, meta={"host": callback.host})
    callback.delete()


@transaction.atomic
def ask_elsewhere(*, event_id: UUID) -> RevertRequest:
    """Ask the system that owns an event's resource to undo it, once the caller's transaction commits.

    Raises:  Denied, NotFound, NotUndoable, AskedAlready
    Writes:  RevertRequest, Task; audit_event.revert_requested
    """
    access = acting_access()
    access.require(Permission.EVENT_TYPE_MANAGE)
    row = visible_events(viewer_for(access)).get(event_id)
    if row is None:
        raise NotFound
    callback = callback_of(row)
    if callback is None or row.resource is None:
        raise NotUndoable
    actor = current_acting().actor
    request, is_new = RevertRequest.objects.select_for_update().get_or_create(
        workspace_id=access.workspace_id,
        event_id=event_id,
        defaults={"host": callback.host, "asked_by": actor.id, "asked_by_name": actor.name},
    )
    if not is_new:
        if request.state != RequestState.FAILED:
            raise AskedAlready
        request.state, request.host, request.asked_at = RequestState.WAITING, callback.host, clock.now()
        request.asked_by, request.asked_by_name = actor.id, actor.name
        request.save()
    start_task(
        kind=TASK_KIND, key=event_key(event_id), subject=row.resource, steps=["ask"], details={"event": str(event_id)}
    )
    now = current_acting()
    with acting(now.workspace_id, now.actor, **{**now.context, "reverts": [row.key]}):
        record(
            "audit_event.revert_requested",
            target=row.resource,
            meta={"host": callback.host},
            scope_id=row.event.scope_id,
        )
    return request


def callback_for(workspace_id: int, type_key: str) -> RevertCallback | None:
    """Where events of this type are undone, if another system does it."""
    return RevertCallback.objects.filter(workspace_id=workspace_id, type=type_key).first()


def callback_of(row: EventRow) -> RevertCallback | None:
    """Where this event is undone: only what came from elsewhere, and did something."""
    if row.event.origin == "app" or row.event.outcome != "success" or row.resource is None:
        return None
    return callback_for(row.event.workspace_id, row.event.type)

"""The endpoint of reverts: a preview as a dry run, and the revert of what was previewed."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from ninja import Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access, viewer_for
from auditapp.access.requests import TokenRequest
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import event_key
from auditapp.revert.elsewhere.services import callback_of
from auditapp.revert.errors import NotUndoable
from auditapp.revert.fields import Standing
from auditapp.revert.models import Revert, What
from auditapp.revert.preview import make_preview
from auditapp.revert.queries import event_with, reverts_about
from auditapp.revert.services import StalePreview, revert
from auditapp.revert.showing import preview_answer
from auditapp.web.api import json_answer
from auditapp.web.api_resources import REFUSALS, flag_in, object_in, sent_object, takes, text_in
from auditapp.web.errors import api_error

router = Router(tags=["Audit trail"])
FIELDS: Final = ("what", "dryRun", "stamp", "fields", "secrets")
MOST_FIELDS: Final = 10_000


class FieldShape(Schema):
    """One field in three values; a value that is left out stands for a field that is not there."""

    key: str
    path: str
    before: Any = None
    after: Any = None
    now: Any = None
    standing: str
    changedSince: str | None = None


class PartShape(Schema):
    type: str
    id: str
    name: str
    refusal: str | None
    events: list[str]
    effects: list[str]
    asksFor: dict[str, str]
    isRisky: bool
    fields: list[FieldShape]
    comesBackWith: dict[str, Any]


class PreviewShape(Schema):
    event: str
    what: str
    stamp: str
    resources: list[PartShape]
    leftOut: list[str]


class RevertData(Schema):
    preview: PreviewShape | None = None
    events: list[str] | None = None


class RevertAnswer(Schema):
    data: RevertData


class LinkShape(Schema):
    """`event` and the fields of it that were set back; `undoneAt` says when that was undone itself."""

    event: str
    fields: list[str]
    what: str
    at: str
    undoneAt: str | None


class LinksData(Schema):
    revertedBy: list[LinkShape]
    reverts: list[LinkShape]


class LinksAnswer(Schema):
    data: LinksData


@router.get(
    "/audit-events/{event_id}/reverts",
    operation_id="listRevertsOfAuditEvent",
    summary="What undid an event, and what it undid",
    description="A field that is an empty text is the resource as a whole.",
    response={200: LinksAnswer, **REFUSALS},
)
@api_token("audit:read")
def api_reverts(request: TokenRequest, event_id: str) -> HttpResponse:
    row = event_with(request.viewer, event_id)
    of, by = reverts_about(request.workspace.id, [row.id])
    answer = {
        "revertedBy": _links(of.get(row.id, ()), "by_event_id"),
        "reverts": _links(by.get(row.id, ()), "event_id"),
    }
    return json_answer(request, answer)


@router.post(
    "/audit-events/{event_id}/revert",
    operation_id="revertAuditEvent",
    summary="What undoing an event would do, and undoing it",
    description=(
        "`dryRun` answers with the preview: each field before the event, as the event set it, and now. Without it, the "
        "`fields` of the preview with this `stamp` are set back; by default those whose standing is `safe`. Where anything "
        "differs from the preview, the answer is 409 with a fresh one and nothing is changed. The token needs `audit:read`, and "
        "the scope that changes the resource."
    ),
    response={200: RevertAnswer, **REFUSALS},
    openapi_extra=takes(
        what={"type": "string", "enum": What.values, "default": "change"},
        dryRun={"type": "boolean", "default": False},
        stamp={"type": "string"},
        fields={"type": "array", "items": {"type": "string"}, "maxItems": MOST_FIELDS},
        secrets={"type": "object", "additionalProperties": {"type": "string"}},
    ),
)
@api_token("audit:read")
def api_revert(request: TokenRequest, event_id: str) -> HttpResponse:
    sent = sent_object(request, FIELDS)
    row, what = event_with(request.viewer, event_id), _what(sent)
    if callback := callback_of(row):
        message = (
            f"{callback.host} undoes events of this type: POST /api/audit-events/{row.key}/revert-request asks it to."
        )
        raise NotUndoable(message)
    access = acting_access()
    preview = make_preview(access, viewer_for(access), row, what)
    if flag_in(sent, "dryRun", default=False):
        return json_answer(request, {"preview": preview_answer(preview)})
    stamp = text_in(sent, "stamp")
    safe = [part.key_of(one.path) for part in preview.parts for one in part.choices if one.standing is Standing.SAFE]
    chosen = _texts(sent["fields"]) if "fields" in sent else safe
    secrets = object_in(sent, "secrets", {})
    if not all(isinstance(one, str) for one in secrets.values()):
        raise Invalid("Secrets are texts.", field="secrets", code="bad_secrets")
    try:
        done = revert(event_id=row.id, what=what, stamp=stamp, chosen=chosen, secrets=secrets)
    except StalePreview as stale:
        status, body = api_error(stale)
        body["errors"][0]["data"] = {"preview": preview_answer(stale.fresh)}
        return JsonResponse(body, status=status)
    return json_answer(request, {"events": [event_key(draft.id) for draft in done]})


def _links(rows: Iterable[Revert], end: str) -> list[dict[str, Any]]:
    found: dict[UUID, list[Revert]] = {}
    for row in rows:
        found.setdefault(getattr(row, end), []).append(row)
    return [
        {
            "event": event_key(event_id),
            "fields": [one.path for one in about],
            "what": about[-1].what,
            "at": utc_text(about[-1].at),
            "undoneAt": utc_text(undone_at) if (undone_at := about[-1].undone_at) else None,
        }
        for event_id, about in found.items()
    ]


def _what(sent: dict[str, Any]) -> What:
    asked = text_in(sent, "what", What.CHANGE)
    if asked not in What.values:
        raise Invalid(f"Take one of: {', '.join(What.values)}.", field="what", code="unknown_what")
    return What(asked)


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_FIELDS or not all(isinstance(one, str) for one in value):
        raise Invalid("Send a list of the keys of fields.", field="fields", code="bad_fields")
    return value

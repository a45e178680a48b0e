"""`/v1/track` and its siblings: who sends is told by a write key, what is sent goes through the pipeline into the source's inbox.

Unlike Segment's, this API does not answer 200 to a write key that nobody has: a client that is set up wrongly learns of it.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from auditapp.access.decorators import public_page
from auditapp.access.denials import record_refused_use
from auditapp.access.models import ApiToken, Workspace
from auditapp.access.requests import context_of
from auditapp.access.tokens import access_for, token_behind, why_refused
from auditapp.ingest.segment.calls import TYPES, Arrival, Rejected, event_of, merged
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import count_rejected
from auditapp.sources.models import Source
from auditapp.sources.write_keys import source_behind
from auditapp.web.bodies import read_body
from auditapp.web.client_address import client_ip

BATCH: Final = ("batch", "import")
KINDS: Final = (*TYPES, *BATCH)
CALL_BYTES: Final = 32 * 1024
BATCH_BYTES: Final = 500 * 1024
BATCH_EVENTS: Final = 2_500
OPEN_TO_BROWSERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding",
    "Access-Control-Max-Age": "86400",
}


class Refused(Exception):
    """The request as a whole is refused."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Rejection:
    """One item of a request that became no event."""

    index: int
    code: str
    message: str


@csrf_exempt
@public_page(
    "Clients have no account: a write key says to which source they may add events, and lets them do nothing else."
)
def call(request: HttpRequest, kind: str) -> HttpResponse:
    """One call, or a batch of them."""
    try:
        response = _answered(request, kind)
    except Refused as refused:
        response = _json({"success": False, "code": refused.code, "message": refused.message}, refused.status)
    for header, value in OPEN_TO_BROWSERS.items():
        response.headers[header] = value
    return response


def _answered(request: HttpRequest, kind: str) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(status=204)
    if kind not in KINDS:
        raise Refused(404, "not_found", f"There is no /v1/{kind}. Post to /v1/{', /v1/'.join(KINDS)}.")
    if request.method != "POST":
        raise Refused(405, "bad_request", "Send this as a POST.")
    body = _body(request, BATCH_BYTES if kind in BATCH else CALL_BYTES)
    source = _source(request, body)
    sent_at = body.get("sentAt")
    arrival = Arrival(clock.now(), client_ip(request), sent_at if isinstance(sent_at, str) else None)
    if kind in BATCH:
        return _accepted(_taken(source, _items(body), arrival, kind=None))
    rejected = _taken(source, [body], arrival, kind=kind)
    if rejected:
        raise Refused(400, rejected[0].code, rejected[0].message)
    return _accepted([])


def _body(request: HttpRequest, max_bytes: int) -> dict[str, Any]:
    try:
        body = orjson.loads(read_body(request, max_bytes=max_bytes))
    except Invalid as refused:
        raise Refused(400, refused.code, refused.message) from None
    except orjson.JSONDecodeError as error:
        raise Refused(400, "bad_request", f"This body is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise Refused(400, "bad_request", "Send a JSON object.")
    return body


def _items(body: dict[str, Any]) -> list[Any]:
    items = body.get("batch")
    if not isinstance(items, list) or not items:
        raise Refused(400, "empty_batch", "Send at least one event in batch, a list.")
    if len(items) > BATCH_EVENTS:
        raise Refused(400, "bad_request", f"Send at most {BATCH_EVENTS:,} events in a batch.")
    return [merged(item, body) for item in items]


def _source(request: HttpRequest, body: dict[str, Any]) -> Source:
    kind, _, credentials = request.headers.get("Authorization", "").partition(" ")
    given = _basic_user(credentials) if kind.lower() == "basic" else body.get("writeKey")
    key = source_behind(given) if isinstance(given, str) else None
    if key is None:
        raise Refused(
            401,
            "unknown_source",
            "Send the write key of a source: as writeKey, or as the user of HTTP Basic authentication.",
        )
    if kind.lower() == "bearer":
        token = token_behind(credentials.strip())
        if token is None or token.workspace_id != key.workspace_id or _is_refused(request, token):
            raise Refused(
                401, "unauthorized", "This access token cannot record events in the workspace of the write key."
            )
    with in_workspace(key.workspace_id):
        source = Source.objects.filter(workspace_id=key.workspace_id, id=key.source_id).first()
        if source is not None and not source.is_enabled:
            count_rejected(source.workspace_id, source.id, {"source_disabled": 1})
    if source is None:
        raise Refused(401, "unknown_source", "The source of this write key was deleted.")
    if not source.is_enabled:
        raise Refused(403, "source_disabled", "This source is turned off. Turn it on, or stop sending.")
    return source


def _is_refused(request: HttpRequest, token: ApiToken) -> bool:
    context = {"token_id": token.id, **context_of(request)}
    with in_workspace(token.workspace_id):
        workspace = Workspace.objects.get(id=token.workspace_id)
    refusal = why_refused(token, "audit:write", access_for(token, "audit:write"), context["ip"])
    if refusal:
        record_refused_use(refusal, token, "audit:write", workspace, context)
    return bool(refusal)


def _basic_user(credentials: str) -> str | None:
    try:
        return b64decode(credentials, validate=True).decode().partition(":")[0]
    except (NotBase64, ValueError):
        return None


def _taken(source: Source, items: Sequence[Any], arrival: Arrival, *, kind: str | None) -> list[Rejection]:
    """Put what is good into the inbox, count what is not, and say why."""
    events, rejected = [], []
    for index, item in enumerate(items):
        try:
            if kind is None and len(orjson.dumps(item)) > CALL_BYTES:
                raise Rejected("bad_request", f"An event has at most {CALL_BYTES // 1024} KB.")
            events.append(event_of(item, arrival, kind=kind))
        except Rejected as why:
            rejected.append(Rejection(index, why.code, why.message))
    with in_workspace(source.workspace_id):
        if events:
            take_in(source, events)
        if rejected:
            count_rejected(source.workspace_id, source.id, Counter(one.code for one in rejected))
    return rejected


def _accepted(rejected: Sequence[Rejection]) -> HttpResponse:
    answer: dict[str, Any] = {"success": True}
    if rejected:
        answer["rejected"] = [{"index": one.index, "code": one.code, "message": one.message} for one in rejected]
    return _json(answer, 200)


def _json(value: dict[str, Any], status: int) -> HttpResponse:
    return HttpResponse(orjson.dumps(value), status=status, content_type="application/json")

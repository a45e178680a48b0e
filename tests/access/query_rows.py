"""Rows of the matrix about ids in a query: each page or operation with each of its parameters that names something.

In braces stands the name of an id of the two worlds (test_matrix.world_of, api_rows.api_ids, and query_ids below).
"""

from dataclasses import replace
from typing import Any, NamedTuple

from auditapp.access.support_models import SupportAccess
from auditapp.ingest.event_search import Cursor
from auditapp.lib import clock
from auditapp.lib.keyset import parse_page_key
from auditapp.lib.tokens import token_digest
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor, Change
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from tests.access.api_rows import ApiRow
from tests.factories import Cast, last_event, make_token, make_user


class QueryRow(NamedTuple):
    """One parameter: `query` is asked, with `of` the name of its id. `unreached` names what stands there that milo does not reach;
    `ending` is the row after which what it named is gone. `differs` says whether an own id is told from one that is not there.
    """

    name: str
    query: str
    of: str
    ids: tuple[str, ...] = ()
    unreached: str = ""
    ending: str = ""
    target: str = ""
    differs: bool = True
    data: dict[str, Any] | None = None
    status: int = 200


# What the trail is narrowed by, and what milo does not reach of it.
FILTERS = {
    "actor": ("actor", "{actor}"),
    "resource": ("shop", "source:{shop}"),
    "target": ("shop", "{shop}"),
    "support": ("supporter", "{supporter}"),
    "token": ("event_token", "{event_token}"),
    "request": ("request_id", "{request_id}"),
    "session": ("session_id", "{session_id}"),
    "event": ("type", "{type}"),
    "q": ("actor", "{actor}"),
}
# What milo does not reach, by what stands in its place in a row; of his own role or of everybody's nothing is.
UNREACHED = {
    "actor": "kiosk_actor",
    "shop": "kiosk",
    "supporter": "kiosk_supporter",
    "event_token": "kiosk_token",
    "request_id": "kiosk_request",
    "session_id": "kiosk_session",
    "place": "kiosk_place",
}
OF_FILTERS = ("trail:event_list", "trail:event_export", "trail:view_create", "alerts:rule_create")
OF_LINES = ("trail:view_create", "alerts:rule_create", "alerts:rule_chips")
NAMED_IN_LINES = ("actor",)
EXPORT = {"trail:event_export": ("csv",)}


def _filters() -> list[QueryRow]:
    """Each filter where one is taken: in the list and what is made of it, in a line, and beside an event."""
    rows = []
    for key, (of, value) in FILTERS.items():
        more = {"of": of, "unreached": UNREACHED.get(of, "")}
        for name in OF_FILTERS:
            # Where only the line is written, an actor alone stands there by a name.
            differs = name not in OF_LINES or key in NAMED_IN_LINES
            rows.append(QueryRow(name, f"{key}={value}", ids=EXPORT.get(name, ()), differs=differs, **more))
        rows.append(QueryRow("trail:event_page", f"{key}={value}", ids=("changed",), **more))
        if key != "q":
            rows.append(QueryRow("trail:event_list", f"{key}=!{value}", **more))
            rows.append(
                QueryRow(
                    "alerts:rule_chips",
                    f"query={key}:{value}",
                    differs=key in NAMED_IN_LINES,
                    **more,
                )
            )
    return rows


def _places() -> list[QueryRow]:
    """Where a page of the trail begins or ends. A key grants nothing, and so it need not tell whether there is an event."""
    of_place = {"of": "place", "unreached": "kiosk_place"}
    rows = [QueryRow("trail:event_list", f"{key}={{place}}", **of_place) for key in ("older", "newer")]
    rows.append(QueryRow("trail:event_list", "older={place}&top={place}", **of_place))
    rows.append(QueryRow("trail:event_list", "after={place}", target="live", **of_place))
    return rows


OPEN = {"of": "changed", "unreached": "changed_kiosk"}
QUERY_ROWS = [
    *_filters(),
    *_places(),
    QueryRow("trail:event_list", "open={changed}", **OPEN),
    QueryRow("trail:event_list", "open={changed}", target="drawer", **OPEN),
    QueryRow("trail:event_list", "outcome=failure&view={view}", "view", unreached="view", ending="trail:view_delete"),
    QueryRow("trail:event_list", "outcome=failure&view={shared_view}", "shared_view", ending="trail:view_delete"),
    QueryRow("forwarding:forwarding", "source={shop}", "shop", ending="sources:source_delete"),
    QueryRow("forwarding:forwarding_matching", "query=actor:{actor}", "actor"),
    QueryRow(
        "transformations:transformation_list",
        "source={shop}",
        "shop",
        unreached="kiosk",
        ending="sources:source_delete",
    ),
    QueryRow(
        "transformations:transformation_create",
        "source={shop}&kind=drop",
        "shop",
        unreached="kiosk",
        ending="sources:source_delete",
    ),
    QueryRow(
        "destinations:destination_create",
        "source={shop}&kind=webhook",
        "shop",
        unreached="kiosk",
        ending="sources:source_delete",
    ),
    QueryRow("destinations:attempt_list", "older={attempt}", "attempt", ids=("destination",)),
    QueryRow("sources:source_function", "function={deployed_function}", "deployed_function", ids=("shop",)),
    QueryRow(
        "transformations:transformation_create",
        "source={shop}&kind=drop&destination={destination}",
        "destination",
        unreached="kiosk_destination",
        ending="destinations:destination_delete",
    ),
    QueryRow(
        "destinations:destination_function",
        "function={deployed_function}",
        "deployed_function",
        ids=("destination",),
        differs=False,  # one for sources
    ),
    QueryRow("access:overview", "role={role}", "role", ending="access:role_delete"),
    QueryRow("access:overview", "group={group}", "group", ending="access:group_delete"),
    QueryRow("access:role_create", "copy={role}", "role", ending="access:role_delete"),
    QueryRow("access:label_matches", "role={role}", "role", ending="access:role_delete", differs=False),
    QueryRow("access:label_matches", "labels={label_key}:{free_label}", "free_label", ending="access:label_delete"),
    QueryRow("access:token_find", "sha256={token_digest}", "token_digest", status=302),
    QueryRow(
        "plans:plan_violations",
        "event=x&type=track&source={shop}",
        "shop",
        ids=("plan",),
        ending="sources:source_delete",
    ),
    QueryRow(
        "sources:source_plan", "event=x&type=track&source={off}", "off", ids=("shop",), unreached="kiosk", differs=True
    ),
]
# Operations with a parameter that names something, beside those in api_rows.py.
API_QUERY_ROWS = [
    ApiRow("GET", "/audit-events?actor={actor}", "audit:read"),
    ApiRow("GET", "/audit-events?token={event_token}", "audit:read"),
    ApiRow("GET", "/audit-events?support={supporter}", "audit:read"),
    ApiRow("GET", "/audit-events?resourceId={shop}", "audit:read"),
    ApiRow("GET", "/audit-events?resourceId={shop}&resourceType=source", "audit:read"),
    ApiRow("GET", "/audit-events?type={type}", "audit:read"),
    ApiRow("GET", "/audit-events?q={actor}", "audit:read"),
    ApiRow("GET", "/audit-events?text={actor}", "audit:read"),
    ApiRow("GET", "/audit-events?pagination.cursor={place}", "audit:read"),
    ApiRow("GET", "/users?role={role}", "access:read"),
    ApiRow("GET", "/users?group={group}", "access:read"),
]
# Parameters that name nothing which somebody may not know of: words of the product, days, moments, text that is searched.
PLAIN = {
    *("area", "actor_kind", "risk", "outcome", "reads", "from", "to", "tz", "fold", "ip", "reason", "jump"),
    *("event_match", "actor_match", "event_q", "actor_q", "bars", "verify", "query_before"),
    *("q", "page", "type", "as", "window", "span", "tab", "kind", "sample", "which", "what", "over", "on", "only"),
    *("paused", "factor", "found", "asked", "ready", "permission", "name", "scopes", "needed", "next", "more"),
    *("add", "find"),  # words to find people by
    "before",  # a moment, and how many of that moment were shown
    "test",  # the id of a message that the page made itself, looked for in one source
}
# Where a key means something else than elsewhere: the words of a message are found by the types that it is for.
PLAIN_THERE = {("destinations:message_edit", "event")}
# Taken along where the filters are, and read by the list alone.
OF_THE_LIST = {"open", "older", "newer", "top", "view"}
API_PLAIN = {"startTime", "endTime", "resourceType", "area", "outcome", "ip"}


def query_ids(cast: Cast) -> dict[str, Any]:
    """Of the shop and of the kiosk an event each, whose actor, token, request, session and support are in no other; and a token's digest."""
    ids: dict[str, Any] = {}
    slug, workspace_id = cast.workspace.slug, cast.workspace.id
    ghost = Actor("user", f"usr_ghost{slug}", f"Ghost of {slug}", f"ghost@{slug}.example")
    for source, actor, prefix in ((cast.shop, ghost, ""), (cast.kiosk, cast.rita.audit_actor, "kiosk_")):
        helper = make_user(name=f"Helper {prefix}{slug}", email=f"{prefix}helper@{slug}.example")
        token, secret = make_token(workspace=cast.workspace, name=f"Of {source.name}")
        said = {"request_id": f"req_{prefix}{slug}", "session_id": f"ses_{prefix}{slug}", "token_id": token.id}
        with in_workspace(workspace_id):
            SupportAccess.objects.create(
                workspace_id=workspace_id,
                id=f"sup_{prefix}helper{slug}",
                email=helper.email,
                user=helper,
                purpose="Ticket 3",
                granted_by=cast.olga,
                digest=helper.id.encode(),
                accepted_at=clock.now(),
                expires_at=clock.now(),
            )
            with acting(workspace_id, token.audit_actor):
                record("source.debugger_viewed", target=source, meta={"event": "A"}, scope_id=source.id)
            with acting(workspace_id, replace(actor, real=helper.audit_actor), **said):
                change = Change("name", source.name, "Renamed")
                record("source.modified", target=source, changes=[change], scope_id=source.id)
        ids |= {
            f"{prefix}actor": actor.id,
            f"{prefix}supporter": helper.id,
            f"{prefix}place": str(last_event(cast.workspace).page_key),
        }
        ids |= {f"{prefix}request{'' if prefix else '_id'}": said["request_id"]}
        ids |= {f"{prefix}session{'' if prefix else '_id'}": said["session_id"]}
        ids |= {f"{prefix}{'' if prefix else 'event_'}token": token.id, "token_digest": token_digest(secret).hex()}
    return ids


def as_cursor(place: str) -> str:
    """The cursor of the API that begins at this place."""
    return str(Cursor("older", parse_page_key(place)))

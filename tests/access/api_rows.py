"""Rows of the matrix about the API: every operation, the one scope that opens it, and what a token of the owner with that scope gets.

What stands in braces in a path, or as a value in a query or a body, is the name of an id of the two worlds (test_matrix.world_of).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from django.test import Client

from auditapp.access.models import Invitation
from auditapp.access.permissions import TOKEN_SCOPES
from auditapp.lib import clock
from auditapp.lib.ids import event_key
from auditapp.lib.tokens import new_api_token
from auditapp.pipeline.functions.models import FunctionUse
from auditapp.record.declarations import declare_type
from auditapp.record.drafts import Target
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.elsewhere.services import set_revert_callback
from tests.access.access_api_rows import ROWS as ACCESS
from tests.access.cells import Answer, comparable, filled, undone
from tests.factories import Cast, acting_as, make_token, write_keys


class ApiRow(NamedTuple):
    """One operation: `body` is sent as JSON; `status` is what its scope gets, every other one is refused with 401."""

    method: str
    path: str
    scope: str
    status: int = 200
    body: Any = None


CONNECTION = {"host": "no-such-host.invalid", "port": 5432, "database": "a", "username": "b", "password": "c"}
WAREHOUSE = {"metadataId": "postgresql", "name": "New", "settings": CONNECTION}
WEBHOOK = {"url": "https://hooks.example.com/new", "sends": "batch"}
FILTER = {"title": "New", "if": "all", "actions": [{"type": "DROP"}]}
RENAME = {"name": "New", "sourceId": "shop", "if": "event = 'Other'", "newEventName": "New"}
RULES = {"rules": [{"type": "TRACK", "key": "New", "version": 1, "jsonSchema": {"type": "object"}}]}
FUNCTION = {
    "resourceType": "INSERT_SOURCE",
    "displayName": "New",
    "code": "async function onTrack(event) { return event }",
}
ALERT = {"name": "New", "query": "risk:risky", "byEmail": True, "toldIds": ["rita"]}
LABELS = {"labels": [{"key": "label_key", "value": "free_label"}]}
EVENT = {"type": "order.refunded", "target": {"type": "order", "id": "1"}}

# A 404 or 401 for the scope of a row: what is asked for is also about a source, a function or an event, of which the token sees none
# without the scope of those as well.
API_ROWS = [
    ApiRow("GET", "/", "audit:read"),
    ApiRow("GET", "/audit-events", "audit:read"),
    ApiRow("POST", "/audit-events", "audit:write", 201, EVENT),
    ApiRow("GET", "/audit-events/{changed}", "audit:read"),
    ApiRow("GET", "/audit-event-types", "audit:read"),
    ApiRow("POST", "/audit-event-types", "types:write", 201, {"key": "order.paid"}),
    ApiRow("DELETE", "/audit-event-types/{type}", "types:write"),
    ApiRow("GET", "/audit-events/{changed}/reverts", "audit:read"),
    # A stamp of nothing that was looked at: nothing is undone, and the fresh preview comes back.
    ApiRow("POST", "/audit-events/{changed}/revert", "audit:read", 409, {"stamp": "none"}),
    ApiRow("POST", "/audit-events/{changed}/revert", "audit:read", 200, {"dryRun": True}),
    ApiRow("GET", "/audit-event-types/{type}/revert-callback", "types:write"),
    ApiRow(
        "PUT", "/audit-event-types/{type}/revert-callback", "types:write", 200, {"url": "https://hooks.example.com/u"}
    ),
    ApiRow("DELETE", "/audit-event-types/{type}/revert-callback", "types:write"),
    ApiRow("POST", "/audit-events/{told}/revert-request", "types:write", 404),
    ApiRow("GET", "/audit-events/{told}/revert-request", "types:write", 404),
    ApiRow("GET", "/sources", "source:read"),
    ApiRow("POST", "/sources", "source:write", 201, {"name": "New"}),
    ApiRow("GET", "/sources/{shop}", "source:read"),
    ApiRow("PATCH", "/sources/{shop}", "source:write", 200, {"name": "New"}),
    ApiRow("DELETE", "/sources/{shop}", "source:write"),
    ApiRow("POST", "/sources/{shop}/writekey", "source:write", 201),
    ApiRow("DELETE", "/sources/{shop}/writekey/{spare_secret}", "source:write"),
    ApiRow("POST", "/sources/{shop}/labels", "source:write", 200, LABELS),
    ApiRow("PUT", "/sources/{shop}/labels", "source:write", 200, LABELS),
    ApiRow("GET", "/sources/{shop}/settings", "source:read"),
    ApiRow("PATCH", "/sources/{shop}/settings", "source:write", 200, {"forwardingBlockedEventsTo": "kiosk"}),
    ApiRow("GET", "/sources/{shop}/connected-destinations", "source:read"),
    ApiRow("GET", "/sources/{shop}/connected-warehouses", "warehouse:read", 404),
    ApiRow("GET", "/catalog/destinations", "source:read"),
    ApiRow("GET", "/destinations", "source:read"),
    ApiRow(
        "POST", "/destinations", "source:write", 201, {"sourceId": "shop", "metadataId": "webhook", "settings": WEBHOOK}
    ),
    ApiRow("GET", "/destinations/{destination}", "source:read"),
    ApiRow("PATCH", "/destinations/{destination}", "source:write", 200, {"name": "New"}),
    ApiRow("DELETE", "/destinations/{destination}", "source:write"),
    ApiRow("POST", "/destinations/{destination}/test", "source:write"),
    ApiRow("POST", "/destinations/{destination}/rotate-secret", "source:write"),
    ApiRow("GET", "/destinations/{destination}/attempts", "source:read"),
    ApiRow("GET", "/destinations/{destination}/delivery-metrics", "source:read"),
    ApiRow("GET", "/destinations/{destination}/dead-letters", "source:read"),
    ApiRow("GET", "/destinations/{destination}/replays", "source:read"),
    ApiRow(
        "POST", "/destinations/{destination}/replays", "source:write", 200, {"onlyDeadLetters": True, "dryRun": True}
    ),
    ApiRow("DELETE", "/destinations/{destination}/replays/{replay}", "source:write"),
    ApiRow(
        "POST", "/destination/filters/preview", "source:read", 200, {"filter": FILTER, "payload": {"type": "track"}}
    ),
    ApiRow("GET", "/destination/{destination}/filters", "source:read"),
    ApiRow("POST", "/destination/{destination}/filters", "source:write", 201, FILTER),
    ApiRow("GET", "/destination/{destination}/filters/{filter}", "source:read"),
    ApiRow("PATCH", "/destination/{destination}/filters/{filter}", "source:write", 200, {"title": "Newer"}),
    ApiRow("DELETE", "/destination/{destination}/filters/{filter}", "source:write"),
    ApiRow("GET", "/transformations", "source:read"),
    ApiRow("POST", "/transformations", "source:write", 201, RENAME),
    ApiRow("POST", "/transformations", "source:write", 201, RENAME | {"destinationId": "destination"}),
    ApiRow("GET", "/transformations/{transformation}", "source:read"),
    ApiRow("PATCH", "/transformations/{transformation}", "source:write", 200, {"name": "Newer"}),
    ApiRow("DELETE", "/transformations/{transformation}", "source:write"),
    ApiRow("GET", "/insert-function-instances", "source:read"),
    # Code of the workspace runs where it is put: that takes the scope of functions beside the one of sources.
    ApiRow(
        "POST",
        "/insert-function-instances",
        "source:write",
        404,
        {"functionId": "deployed_function", "integrationId": "kiosk"},
    ),
    ApiRow("GET", "/insert-function-instances/{instance}", "source:read"),
    ApiRow("PATCH", "/insert-function-instances/{instance}", "source:write", 404, {"settings": {}}),
    ApiRow("DELETE", "/insert-function-instances/{instance}", "source:write"),
    ApiRow("GET", "/warehouses", "warehouse:read"),
    ApiRow("POST", "/warehouses", "warehouse:write", 201, WAREHOUSE),
    ApiRow(
        "POST", "/warehouses/validation", "warehouse:write", 200, {"metadataId": "postgresql", "settings": CONNECTION}
    ),
    ApiRow("GET", "/warehouses/{warehouse}", "warehouse:read"),
    ApiRow("PATCH", "/warehouses/{warehouse}", "warehouse:write", 200, {"name": "New"}),
    ApiRow("DELETE", "/warehouses/{warehouse}", "warehouse:write"),
    ApiRow("GET", "/warehouses/{warehouse}/connection-state", "warehouse:write"),
    ApiRow("GET", "/warehouses/{warehouse}/connected-sources", "warehouse:read"),
    ApiRow("POST", "/warehouses/{warehouse}/connected-sources/{kiosk}", "warehouse:write", 404),
    ApiRow("DELETE", "/warehouses/{warehouse}/connected-sources/{shop}", "warehouse:write", 404),
    ApiRow("GET", "/warehouses/{warehouse}/syncs", "warehouse:read"),
    ApiRow("POST", "/warehouses/{warehouse}/syncs", "warehouse:write", 201),
    ApiRow("GET", "/warehouses/{warehouse}/connected-sources/{shop}/selective-syncs", "warehouse:read", 404),
    ApiRow(
        "PATCH",
        "/warehouses/{warehouse}/selective-sync",
        "warehouse:write",
        404,
        {"syncOverrides": [{"sourceId": "shop", "collection": "alias", "enabled": False}]},
    ),
    ApiRow("GET", "/tracking-plans", "tracking_plan:read"),
    ApiRow("POST", "/tracking-plans", "tracking_plan:write", 201, {"name": "New"}),
    ApiRow("GET", "/tracking-plans/{plan}", "tracking_plan:read"),
    ApiRow("PATCH", "/tracking-plans/{plan}", "tracking_plan:write", 200, {"name": "Newer"}),
    ApiRow("DELETE", "/tracking-plans/{plan}", "tracking_plan:write"),
    ApiRow("GET", "/tracking-plans/{plan}/sources", "tracking_plan:read"),
    ApiRow("POST", "/tracking-plans/{plan}/sources", "tracking_plan:write", 401, {"sourceId": "kiosk"}),
    ApiRow("DELETE", "/tracking-plans/{plan}/sources?sourceId={shop}", "tracking_plan:write"),
    ApiRow("GET", "/tracking-plans/{plan}/rules", "tracking_plan:read"),
    ApiRow("PUT", "/tracking-plans/{plan}/rules", "tracking_plan:write", 200, RULES),
    ApiRow("PATCH", "/tracking-plans/{plan}/rules", "tracking_plan:write", 200, RULES),
    ApiRow(
        "DELETE",
        "/tracking-plans/{plan}/rules",
        "tracking_plan:write",
        200,
        {"rules": [{"type": "TRACK", "key": "Order Completed", "version": 1}]},
    ),
    ApiRow("GET", "/functions", "function:read"),
    ApiRow("POST", "/functions", "function:write", 201, FUNCTION),
    ApiRow("GET", "/functions/{function}", "function:read"),
    ApiRow("PATCH", "/functions/{function}", "function:write", 200, {"displayName": "Newer"}),
    ApiRow("DELETE", "/functions/{function}", "function:write"),
    ApiRow("POST", "/functions/{function}/deploy", "function:write"),
    ApiRow("GET", "/functions/{function}/versions", "function:read"),
    ApiRow("POST", "/functions/{function}/versions", "function:write", 201, {"version": 1}),
    ApiRow("GET", "/alert-rules", "alert:read"),
    ApiRow("POST", "/alert-rules", "alert:write", 201, ALERT),
    ApiRow("POST", "/alert-rules/try", "alert:read", 200, {"name": "New", "query": "risk:risky"}),
    ApiRow("POST", "/alert-rules/test", "alert:write", 200, ALERT),
    ApiRow("GET", "/alert-rules/{alert}", "alert:read"),
    ApiRow("PATCH", "/alert-rules/{alert}", "alert:write", 200, {"name": "Newer"}),
    ApiRow("DELETE", "/alert-rules/{alert}", "alert:write"),
    ApiRow("POST", "/alert-rules/{alert}/try", "alert:write", 200, {}),
    ApiRow("POST", "/alert-rules/{alert}/test", "alert:write", 200, {}),
    ApiRow("POST", "/alert-rules/{alert}/rotate-secret", "alert:write"),
    ApiRow("GET", "/alert-rules/{alert}/firings", "alert:read"),
    *(ApiRow(*row) for row in ACCESS),
    ApiRow("GET", "/alert-settings", "alert:read"),
    ApiRow("PATCH", "/alert-settings", "alert:write", 200, {"notifyAfterLastRetry": True}),
]


def api_ids(cast: Cast, ids: dict[str, Any]) -> dict[str, str]:
    """What only the API names in a path: a declared type with where its events are undone, such an event, a write key, a function in its place."""
    key = "order.refunded" if cast.workspace.slug == "demo" else "order.elsewhere"
    with acting_as(cast.olga, cast.workspace):
        declare_type(key=key, name="Order Refunded", sentence="refunded {resource}")
        told = record(key, target=Target("order", "1", "Order 1"))
        set_revert_callback(type_key=key, url="https://hooks.example.com/undo")
    with in_workspace(cast.workspace.id):
        Invitation.objects.filter(id=ids["invitation"]).update(email=f"grace@{cast.workspace.slug}.example")
        instance = FunctionUse.objects.create(
            workspace_id=cast.workspace.id,
            id=f"ins_{cast.workspace.slug}",
            function_id=ids["deployed_function"],
            source_id=cast.shop.id,
        )
    people = {
        "rita_email": cast.rita.email,
        "mina_email": cast.mina.email,
        "invited": f"grace@{cast.workspace.slug}.example",
    }
    return people | {
        "type": key,
        "told": event_key(told.id),
        "spare_secret": write_keys(cast.shop)[0],
        "instance": instance.id,
    }


# What a request brings, the meaning, and whether it may at all. Each scope alone is one more.
EVERY_SCOPE = list(TOKEN_SCOPES)


class Caller(NamedTuple):
    """Who calls the API: a browser that sends this header with each request."""

    browser: Client
    header: str | None = None

    def ask(self, row: ApiRow, ids: dict[str, Any], *, method: str = "") -> Any:
        path = "/api" + row.path.format_map({name: one for name, one in ids.items() if isinstance(one, str | int)})
        headers = {"Authorization": self.header} if self.header else {}
        body = None if row.body is None else orjson.dumps(filled(row.body, ids))
        return self.browser.generic(method or row.method, path, body or b"", "application/json", headers=headers)

    def answer(self, row: ApiRow, ids: dict[str, Any], *, without: tuple[Any, ...] = ()) -> Answer:
        with undone():
            return comparable(self.ask(row, ids), without)


REFUSED = {
    "no token": "a request without a token",
    "no such token": "a token that nobody has",
    "session": "an owner's session, and no token",
    "support session": "the session of somebody in support of an owner, and no token",
    "write key": "the write key of a source in place of a token",
    "revoked": "every scope, revoked",
    "expired": "every scope, expired",
    "network": "every scope, from an address outside of the token's network",
    "maker left": "every scope, made by somebody who is no member any more",
}


def callers(cast: Cast, other: Cast, signed_in: Mapping[str, Client]) -> dict[str, Caller]:
    """Everybody who may call: each scope alone, every scope at once, what is refused, and a token of another workspace."""

    def with_token(workspace: Any, scopes: list[str], maker: str, **values: Any) -> Caller:
        _, secret = make_token(workspace=workspace, scopes=scopes, created_by=maker, **values)
        return Caller(browser, f"Bearer {secret}")

    browser = Client(raise_request_exception=False)
    here, now = cast.workspace, clock.now()
    bound, secret = make_token(workspace=here, scopes=EVERY_SCOPE, created_by=cast.olga.id)
    with in_workspace(here.id):
        bound.networks = ["192.0.2.0/24"]
        bound.save(update_fields=["networks"])
    return {
        **{scope: with_token(here, [scope], cast.olga.id) for scope in EVERY_SCOPE},
        "every scope": with_token(here, EVERY_SCOPE, cast.olga.id),
        "of milo": with_token(here, EVERY_SCOPE, cast.milo.id),
        "elsewhere": with_token(other.workspace, EVERY_SCOPE, other.olga.id),
        "no token": Caller(browser),
        "no such token": Caller(browser, "Bearer " + new_api_token()),
        "session": Caller(signed_in["olga"]),
        "support session": Caller(signed_in["support"]),
        "write key": Caller(browser, f"Bearer {write_keys(cast.shop)[0]}"),
        "revoked": with_token(here, EVERY_SCOPE, cast.olga.id, revoked_at=now),
        "expired": with_token(here, EVERY_SCOPE, cast.olga.id, expires_at=now),
        "network": Caller(browser, f"Bearer {secret}"),
        "maker left": with_token(here, EVERY_SCOPE, cast.zoe.id),
    }

"""A workspace with tokens, and a client that speaks the API's language."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from auditapp.access.models import ApiToken, Workspace
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from tests import factories


@dataclass(frozen=True)
class Caller:
    """One token's requests."""

    workspace: Workspace
    token: ApiToken
    secret: str

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> HttpResponse:
        return Client().get(f"/api{path}", query or {}, headers={**self._authorization, **headers})

    def patch(self, path: str, body: Any) -> HttpResponse:
        return Client().patch(f"/api{path}", json.dumps(body), "application/json", headers=self._authorization)

    def post(self, path: str, body: Any, *, content_type: str = "application/json", **headers: str) -> HttpResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        # What a broken endpoint does is a 500 for the test to see, not an exception.
        client = Client(raise_request_exception=False)
        wanted = {**self._authorization, **headers}
        # Django leaves out the type of an empty body.
        return client.post(f"/api{path}", data, content_type, headers=wanted, CONTENT_TYPE=content_type)

    def delete(self, path: str) -> HttpResponse:
        return Client().delete(f"/api{path}", headers=self._authorization)

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


def make_workspace(slug: str) -> Workspace:
    return factories.make_workspace(slug=slug, name=slug.title())


def make_caller(workspace: Workspace, *scopes: str) -> Caller:
    token, secret = factories.make_token(workspace=workspace, scopes=scopes)
    return Caller(workspace, token, secret)


@pytest.fixture
def caller(db: None) -> Caller:
    """A token that reads and writes."""
    return make_caller(make_workspace("acme"), "audit:read", "audit:write")


@pytest.fixture
def stored() -> Callable[[Workspace], list[EventRow]]:
    """Every event of a workspace, newest first."""

    def fetch(workspace: Workspace) -> list[EventRow]:
        viewer = Viewer(workspace.id, sees_all=True, sees_personal=True)
        with in_workspace(workspace.id):
            return list(visible_events(viewer).exported(EventFilter(with_reads=True)))

    return fetch


def at(second: int) -> str:
    return f"2026-01-01T00:00:{second:02}Z"


EVENTS: list[dict[str, Any]] = [
    {
        "type": "warehouse.disabled",
        "actor": {"id": "usr_ana", "name": "Ana Lima", "email": "ana@example.com"},
        "target": {"type": "warehouse", "id": "Whs_1", "name": "Snowflake prod"},
        "context": {"ip": "203.0.113.7"},
    },
    {
        "type": "source.created",
        "actor": {"id": "tok_ci", "name": "CI", "kind": "token"},
        "target": {"type": "source", "id": "src_1", "name": "iOS"},
        "context": {"ip": "198.51.100.9"},
    },
    {
        "type": "order.refunded",
        "actor": {"id": "usr_bo", "name": "Bo"},
        "target": {"type": "order", "id": "arn:aws:x:/1 2", "name": "src_1"},
        "outcome": "failure",
    },
    {
        "type": "audit_trail.viewed",
        "actor": {"id": "usr_bo", "name": "Bo"},
        "target": {"type": "audit_trail", "id": "ws"},
    },
]


@pytest.fixture
def filled(caller: Caller) -> Caller:
    """Four events, one a second, in the order of EVENTS."""
    sent = [{**event, "occurredAt": at(second)} for second, event in enumerate(EVENTS)]
    assert caller.post("/audit-events", sent).status_code == 201
    return caller

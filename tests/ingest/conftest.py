"""A workspace with tokens, and a client that speaks the API's language."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from auditapp.access.models import ApiToken, Workspace
from auditapp.lib.tokens import new_api_token, token_digest
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace


@dataclass(frozen=True)
class Caller:
    """One token's requests."""

    workspace: Workspace
    token: ApiToken
    secret: str

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> HttpResponse:
        return Client().get(f"/api{path}", query or {}, headers={**self._authorization, **headers})

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
    """As the worker, the only one who may."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE audit_worker")
        workspace = Workspace.objects.create(slug=slug, name=slug.title())
        cursor.execute("SET LOCAL ROLE audit_app")
    return workspace


def make_caller(workspace: Workspace, *scopes: str) -> Caller:
    secret = new_api_token()
    with in_workspace(workspace.id):
        token = ApiToken.objects.create(
            workspace_id=workspace.id,
            id=f"tok_{secret[-6:]}",
            name="CI",
            digest=token_digest(secret),
            last_characters=secret[-4:],
            scopes=list(scopes),
            created_by="usr_olga",
        )
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
        from auditapp.record.event_filter import EventFilter

        with in_workspace(workspace.id):
            return list(visible_events(viewer).exported(EventFilter(with_reads=True)))

    return fetch

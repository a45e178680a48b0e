"""Hostile requests to every path of the API, a few hundred of them: no answer is a 5xx. A hundred thousand: `make torture TORTURE=fuzz`."""

import json
from itertools import islice

import pytest
from django.test import Client

from auditapp.access.permissions import TOKEN_SCOPES
from auditapp.ingest.api import SEARCH_PARAMETERS
from auditapp.urls import api
from tests.factories import make_token, make_workspace
from tests.torture.fuzz_grammar import endpoints_of, grammar_requests, schemathesis_requests

GRAMMAR, EACH = 400, 8


def document():
    return json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/"), default=str))


def broken(requests, secret):
    """The requests whose answer is a 5xx."""
    client, found = Client(raise_request_exception=False), []
    for sent in requests:
        headers = {"Authorization": f"Bearer {secret}", **sent.headers}
        kind = headers.pop("Content-Type", "application/json")
        answer = client.generic(sent.method, sent.path, sent.body or b"", kind, headers=headers)
        if answer.status_code >= 500:
            found.append((sent, answer.content[:500]))
    return found


@pytest.fixture
def secret(db):
    workspace = make_workspace(slug="acme")
    return make_token(workspace=workspace, scopes=list(TOKEN_SCOPES))[1]


def test_requests_of_the_grammar_never_break_the_api(secret):
    requests = islice(grammar_requests(1, endpoints_of(document()), SEARCH_PARAMETERS), GRAMMAR)
    assert broken(requests, secret) == []


def test_requests_made_from_the_openapi_never_break_the_api(secret):
    assert broken(schemathesis_requests(1, document(), EACH), secret) == []


def test_an_api_that_breaks_is_found(secret, monkeypatch):
    def breaking(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr("auditapp.ingest.api.event_filter", breaking)
    endpoints = [one for one in endpoints_of(document()) if "audit-events" in str(one)]
    assert broken(islice(grammar_requests(1, endpoints, SEARCH_PARAMETERS), GRAMMAR // 4), secret)

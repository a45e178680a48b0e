"""Errors as answers: the status that fits, in the form that the caller reads, and never a traceback."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.test import RequestFactory

from auditapp.lib.errors import AppError, Busy, Conflict, Invalid, NotAllowed, NotFound, Outside, Problem
from auditapp.web.errors import api_error
from auditapp.web.middleware import ErrorPageMiddleware

CASES = [
    (NotFound(), 404),
    (NotAllowed(), 403),
    (Invalid("Too odd."), 422),
    (Invalid("Too much.", code="too_large"), 413),
    (Conflict(), 409),
    (Busy(), 503),
    (Outside(), 502),
    (AppError(), 500),
    (Http404("a secret of ours"), 404),
    (PermissionDenied("a secret of ours"), 403),
    (OperationalError("connection to server at 10.0.0.5 failed"), 503),
]


def answer(error, path="/demo/", **request_values):
    request = RequestFactory().get(path)
    for name, value in request_values.items():
        setattr(request, name, value)
    return ErrorPageMiddleware(lambda _: None).process_exception(request, error)


@pytest.mark.parametrize(("error", "status"), CASES, ids=lambda value: type(value).__name__)
def test_each_error_is_a_page_with_its_status(error, status):
    response = answer(error)
    assert response.status_code == status
    assert b"<h1>" in response.content
    assert b"secret of ours" not in response.content
    assert b"10.0.0.5" not in response.content


def test_the_page_says_what_the_error_says_and_escapes_it():
    response = answer(Conflict("<b>Milo</b> was faster."), request_id="req_1")
    assert b"&lt;b&gt;Milo&lt;/b&gt; was faster." in response.content
    assert b"req_1" in response.content


def test_who_is_busy_says_when_to_come_back():
    assert answer(Busy())["Retry-After"] == "10"
    assert answer(OperationalError())["Retry-After"] == "10"


def test_htmx_gets_a_banner_that_leaves_the_list_alone():
    response = answer(Busy(), htmx=True)
    assert response["HX-Retarget"] == "#notices"
    assert b"banner--bad" in response.content
    assert b"<html" not in response.content


def test_an_unforeseen_error_is_left_to_django():
    assert answer(ZeroDivisionError()) is None


def test_api_answers_in_the_shape_of_segment():
    response = answer(NotAllowed(), path="/api/audit-events")
    assert response.status_code == 401
    assert json.loads(response.content) == {"errors": [{"type": "unauthorized", "message": NotAllowed().message}]}


def test_api_names_each_field_that_is_wrong():
    error = Invalid(problems=[Problem("/events/0/type", "Name a type."), Problem("", "Too long.")], code="bad_event")
    status, body = api_error(error)
    assert status == 422
    assert body["errors"] == [
        {
            "type": "input-validation",
            "message": "Name a type.",
            "field": "events.0.type",
            "data": {"code": "bad_event", "pointer": "/events/0/type"},
        },
        {"type": "input-validation", "message": "Too long.", "data": {"code": "bad_event", "pointer": ""}},
    ]


def test_subclasses_have_the_status_of_their_parent():
    class Gone(NotFound):
        """It is gone."""

    assert answer(Gone()).status_code == 404


def test_a_page_that_does_not_exist_is_404_in_every_form(client):
    assert client.get("/accounts/nothing/").status_code == 404
    assert client.get("/api/nothing").json()["errors"][0]["type"] == "not-found"


@pytest.mark.django_db
def test_nobody_sees_a_traceback(client, monkeypatch):
    client.raise_request_exception = False

    def broken(*_):
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr("auditapp.web.health.connection.cursor", broken)
    page = client.get("/healthz")
    assert page.status_code == 500
    assert b"Something went wrong on our side" in page.content
    assert b"secret of ours" not in page.content
    fragment = client.get("/healthz", headers={"HX-Request": "true"})
    assert fragment.status_code == 500
    assert b"<html" not in fragment.content

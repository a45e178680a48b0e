"""Health: up, or down with its database."""

import pytest
from django.db import OperationalError


@pytest.mark.django_db
def test_it_is_ok_once_the_database_answers(client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response["Content-Type"].startswith("text/plain")


def test_it_is_down_while_the_database_is_away(client, monkeypatch):
    def away():
        raise OperationalError("connection refused")

    monkeypatch.setattr("auditapp.web.health.connection.cursor", away)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert b"refused" not in response.content


def test_pages_say_so_while_the_database_is_away(client, monkeypatch):
    def away(*_, **__):
        raise OperationalError("connection refused")

    client.cookies["sessionid"] = "a" * 32
    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.ensure_connection", away)
    for path in ("/", "/demo/connections/sources/"):
        response = client.get(path)
        assert response.status_code == 503
        assert response["Retry-After"] == "10"
        assert b"The database does not answer" in response.content

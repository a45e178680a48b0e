"""Start-up checks: each unsafe state is named with what to do."""

import pytest

from auditapp.checks.database import database_keeps_its_promises
from tests.conftest import _administering, _connected_to


def _found(settings, **changed: object) -> dict[str, str]:
    for name, value in changed.items():
        setattr(settings, name, value)
    return {problem.id: problem.hint for problem in database_keeps_its_promises(databases=["default"])}


def test_the_webs_role_is_safe_and_a_server_that_forgets_commits_is_not(own_database, settings):
    # The tests' own server runs without fsync.
    assert list(_found(settings, DATABASE_ROLE="app")) == ["auditapp.E003"]


@pytest.mark.parametrize("role", ["owner"])
def test_a_session_of_the_owner_is_refused(own_database, as_role, settings, role):
    with as_role(role):
        found = _found(settings, DATABASE_ROLE="app", ALLOW_OWNER_LOGIN=True)
    assert "migrate" in found["auditapp.E001"]


def test_a_login_that_could_become_the_owner_is_refused_outside_of_a_trial(own_database, as_role, settings, server):
    from django.db import connection

    from settings.embedded import SUPERUSER

    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict["USER"] = SUPERUSER
    try:
        assert "auditapp.E002" in _found(settings, DATABASE_ROLE="app", ALLOW_OWNER_LOGIN=False)
        assert "auditapp.E002" not in _found(settings, DATABASE_ROLE="app", ALLOW_OWNER_LOGIN=True)
    finally:
        connection.close()
        connection.settings_dict.update(before)


def test_the_owner_migrates_without_being_asked(own_database, as_role, settings):
    with as_role("owner"):
        assert _found(settings, DATABASE_ROLE="owner") == {}


def test_a_restore_that_was_cut_off_is_refused(own_database, as_role, settings):
    from django.db import connection

    with as_role("owner"), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE restore_unfinished ()")
    assert "manage.py restore" in _found(settings, DATABASE_ROLE="app")["auditapp.E004"]


def test_a_database_that_cannot_hold_every_name_is_refused(server, settings, django_db_blocker):
    with _administering(server) as admin, django_db_blocker.unblock():
        admin.execute("CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
        try:
            with _connected_to(server, "ascii", "app"):
                assert "ENCODING 'UTF8'" in _found(settings, DATABASE_ROLE="app")["auditapp.E006"]
        finally:
            admin.execute("DROP DATABASE ascii WITH (FORCE)")

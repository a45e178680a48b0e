"""Nobody gains what they were not given, and a workspace always has an owner: every attempt of escalations.py, one by one."""

import pytest
from django.db import transaction

from auditapp.access import rules
from auditapp.lib.errors import AppError
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source
from settings.embedded import SUPERUSER
from tests.access import delegate_escalations, role_escalations  # noqa: F401  register their own
from tests.access.escalation_world import gains, make_world, owners_of, power
from tests.access.escalations import ATTEMPTS
from tests.conftest import _connected_to, cloned_database

REFUSED = {400, 401, 403, 404, 405, 409, 410, 415, 422}


@pytest.fixture(scope="module")
def world(server, django_db_blocker):
    """Made once: each attempt is rolled back."""
    with django_db_blocker.unblock(), cloned_database(server) as name:

        def as_superuser(statement):
            with _connected_to(server, name, "owner", SUPERUSER):
                from django.db import connection

                connection.cursor().execute(statement)

        made = make_world(as_superuser)
        yield made, power(made.workspace_id)


def come_of(world, try_it):
    """What an attempt led to: the answer's status or the error, who gained what, and who owns the workspace after it."""
    with transaction.atomic():
        try:
            answer = try_it(world)
            came = answer.status_code if answer is not None else "done"
        except AppError as error:
            came = type(error).__name__
        after = power(world.workspace_id), owners_of(world.workspace_id)
        with in_workspace(world.workspace_id):
            names = set(Source.objects.values_list("name", flat=True))
        transaction.set_rollback(True)
    return came, *after, names


def test_there_are_sixty():
    assert len(ATTEMPTS) >= 60


@pytest.mark.parametrize("name", ATTEMPTS)
def test_nothing_comes_of_it(world, name):
    world, before = world
    came, after, owners, names = come_of(world, ATTEMPTS[name])
    assert gains(before, after) == {}
    alone = {world.cast.olga.id}
    assert owners == (alone if "only owner" in name else alone | {world.otto.id, world.bea.id})
    assert names == {"Web shop", "iOS app", "Kiosk"}
    assert came in REFUSED or (isinstance(came, str) and came != "done"), came


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("refuse_more_than_held", "hank makes somebody else an owner"),
        ("refuse_own", "hank makes himself an owner"),
        ("keep_an_owner", "the only owner removes herself"),
        ("refuse_above", "dele removes an owner"),
        ("refuse_above", "dele takes an owner's role"),
        ("refuse_above", "dele takes an owner out of the group that makes them one"),
        ("refuse_above_group", "dele takes the role of a group that makes owners"),
        ("refuse_above_group", "dele deletes a group that makes owners"),
        ("refuse_above_role", "dele cuts a role of the workspace's own that makes an owner"),
    ],
)
def test_without_the_rule_it_would(world, monkeypatch, broken, name):
    world, before = world
    for module in ("rules", "roles", "groups", "members", "own_roles"):
        monkeypatch.setattr(f"auditapp.access.{module}.{broken}", lambda *args, **kwargs: None, raising=False)
    # The form offers no role that cannot be given.
    monkeypatch.setattr("auditapp.access.forms.lacking_of", lambda *args: [])
    if broken == "refuse_own":
        monkeypatch.setattr(rules, "refuse_more_than_held", lambda *args, **kwargs: None)
    _, after, owners, _ = come_of(world, ATTEMPTS[name])
    assert gains(before, after) or not owners >= {world.cast.olga.id, world.otto.id, world.bea.id}

"""The second wall: where code forgets a filter, the database still shows one workspace only."""

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import DatabaseError

from auditapp.access.models import Grant, Invitation, Member, Role, Workspace
from auditapp.access.queries import workspaces_of
from auditapp.lib.tokens import token_digest
from auditapp.record.workspace_scope import as_person, in_workspace, with_secret
from auditapp.sources.models import Source
from tests.factories import make_cast, make_group, make_token

OF_A_WORKSPACE = [
    model
    for model in apps.get_app_config("auditapp").get_models()
    if any(field.attname == "workspace_id" for field in model._meta.concrete_fields) or model is Workspace
]
OWN_ROLE = {"name": "Own", "permissions": ["audit.read"], "scopes": ["workspace"], "resource_type": "", "position": 1}


@pytest.fixture
def worlds(db):
    both = [make_cast(slug="demo"), make_cast(slug="other")]
    for cast in both:
        make_token(workspace=cast.workspace)
        make_group(workspace=cast.workspace, members=[cast.mina])
        with in_workspace(cast.workspace.id):
            Role.objects.create(**OWN_ROLE, key=f"rol_{cast.workspace.slug}", workspace_id=cast.workspace.id)
    return both


@pytest.mark.parametrize("model", OF_A_WORKSPACE, ids=lambda model: model.__name__)
def test_outside_of_a_workspace_there_is_nothing(worlds, model):
    rows = model._base_manager.all()
    assert list(rows.exclude(workspace_id=None) if model is Role else rows) == []


@pytest.mark.parametrize("model", OF_A_WORKSPACE, ids=lambda model: model.__name__)
def test_without_a_filter_only_the_own_rows_are_seen(worlds, model):
    demo, _ = worlds
    column = "id" if model is Workspace else "workspace_id"
    with in_workspace(demo.workspace.id):
        seen = set(model._base_manager.values_list(column, flat=True))
    assert seen <= {demo.workspace.id} if model is not Role else seen == {None, demo.workspace.id}


def test_rows_of_another_workspace_cannot_be_written(worlds):
    demo, other = worlds
    with in_workspace(demo.workspace.id):
        assert Source.objects.filter(id=other.shop.id).update(name="Mine") == 0
        assert Grant.objects.all().delete()[0] == 4
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Member.objects.create(workspace_id=other.workspace.id, user=demo.olga)
    with in_workspace(other.workspace.id):
        assert Source.objects.get(id=other.shop.id).name == "Web shop"
        assert Grant.objects.count() == 4


def test_a_person_sees_their_own_memberships_alone(worlds):
    demo, _ = worlds
    with as_person(demo.milo.id):
        assert list(Member.objects.values_list("user_id", flat=True)) == [demo.milo.id]
    assert workspaces_of(demo.milo.id) == [demo.workspace]
    assert workspaces_of(demo.zoe.id) == []


def test_a_secret_shows_its_own_row_alone(worlds):
    demo, _ = worlds
    token, secret = make_token(workspace=demo.workspace)
    with with_secret(token_digest(secret)):
        from auditapp.access.models import ApiToken

        assert list(ApiToken.objects.values_list("id", flat=True)) == [token.id]
        assert not Invitation.objects.exists()


def test_the_web_makes_no_workspace(worlds):
    for statement in ("INSERT INTO workspace (slug) VALUES ('x')", "DELETE FROM workspace"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_the_web_writes_own_roles_alone(worlds):
    demo, other = worlds
    with in_workspace(demo.workspace.id):
        built_in = Role.objects.filter(workspace_id=None)
        assert built_in.count() > 10
        assert built_in.update(permissions=[]) == built_in._raw_delete("default") == 0
        assert Role.objects.filter(key="rol_other").update(name="Mine") == 0
        assert Role.objects.exclude(workspace_id=None).update(workspace_id=demo.workspace.id) == 1
        for workspace_id in (None, other.workspace.id):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                Role.objects.create(**OWN_ROLE, key="rol_new", workspace_id=workspace_id)
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                Role.objects.filter(key="rol_demo").update(workspace_id=workspace_id)
    with in_workspace(other.workspace.id):
        assert list(Role.objects.exclude(workspace_id=None).values_list("name", flat=True)) == ["Own"]
        assert Role.objects.get(key="workspace_owner").permissions

"""Labels where rows are really written: given and deleted at once, made known by the upgrade, and roles that give more than others."""

import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from django.db import connection, transaction

from auditapp.access.known_labels import UnknownLabel, known_labels
from auditapp.access.label_models import Label
from auditapp.access.labelling import GivesTooMuch
from auditapp.access.labels import LabelInUse, delete_label
from auditapp.access.models import Role
from auditapp.access.permissions import permissions_for
from auditapp.access.roles import grant_role
from auditapp.lib.errors import AppError, NotFound
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source
from auditapp.sources.services import change_source
from tests.factories import acting_as, make_cast, make_grant

pytestmark = pytest.mark.commits
PROD, DEV = "environment:prod", "environment:dev"


def give(cast):
    change_source(source_id=cast.shop.id, name="Web shop", labels=[DEV])


def grant(cast):
    grant_role(user_id=cast.mina.id, role_key="source_admin", scope="labelled", labels=[DEV])


def drop(cast):
    delete_label(key="environment", value="dev")


def wait_until_somebody_waits():
    with connection.cursor() as cursor:
        for _ in range(500):
            if cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize(("first", "second"), [(give, drop), (drop, give), (grant, drop), (drop, grant)])
def test_a_label_that_is_given_and_deleted_at_once_is_never_both(own_database, first, second):
    cast = make_cast()

    def late():
        try:
            with acting_as(cast.olga, cast.workspace):
                second(cast)
        except AppError as refusal:
            return type(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with acting_as(cast.olga, cast.workspace), transaction.atomic():
            first(cast)
            waiting = pool.submit(late)
            wait_until_somebody_waits()
        assert waiting.result(timeout=10) is (LabelInUse if second is drop else UnknownLabel)


def test_nobody_gives_more_by_a_label_than_they_have_over_the_source(own_database, as_role):
    cast = make_cast()
    with as_role("owner"):
        wide = ["audit.read", "source.read", "warehouse.read"]
        Role.objects.filter(key="source_read_only").update(permissions=wide)
    make_grant(workspace=cast.workspace, user=cast.milo, role="source_read_only", scope="labelled", labels=[PROD])
    make_grant(workspace=cast.workspace, user=cast.mina, role="source_admin", scope="labelled", labels=[DEV])

    def label(who, source, labels):
        with acting_as(who, cast.workspace):
            change_source(source_id=source.id, name=source.name, labels=labels)

    def may(who, permission):
        with in_workspace(cast.workspace.id):
            return permissions_for(cast.workspace.id, who.id).can(permission, cast.shop.id)

    with pytest.raises(GivesTooMuch):  # to himself
        label(cast.milo, cast.shop, [PROD])
    with pytest.raises(NotFound):  # what he does not reach he does not bring within his reach
        label(cast.milo, cast.kiosk, [DEV])
    label(cast.milo, cast.shop, [DEV])
    assert may(cast.mina, "source.write")
    label(cast.olga, cast.shop, [PROD])
    assert may(cast.milo, "warehouse.read")
    assert not may(cast.mina, "source.write")


def test_the_upgrade_makes_known_what_is_used_in_each_workspace(own_database, as_role):
    cast, other = make_cast(), make_cast(slug="other")
    with in_workspace(cast.workspace.id):
        Label.objects.all().delete()
        Source.objects.filter(id=cast.shop.id).update(labels=["tier:gold", "no label", "UPPER:case"])
    make_grant(workspace=cast.workspace, user=cast.mina, role="source_admin", scope="labelled", labels=["team:shop"])
    with as_role("owner"), connection.cursor() as cursor:
        cursor.execute(import_module("auditapp.migrations.0040_labels").MAKE_KNOWN)
    for one, expected in ((cast, [DEV, PROD, "team:shop", "tier:gold"]), (other, [DEV, PROD])):
        with in_workspace(one.workspace.id):
            assert [str(label) for label in known_labels(one.workspace.id)] == expected

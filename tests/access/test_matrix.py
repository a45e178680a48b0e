"""Who gets what on every page of access, sources and warehouses. A new URL without a row fails; nobody sees more than listed."""

from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import get_resolver

from auditapp.access.access_requests import request_access
from auditapp.access.models import Grant, Invitation
from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import Incoming, append
from auditapp.sources.models import SeenEvent
from auditapp.sources.write_keys import make_write_key
from tests.access.alert_rows import ROWS as ALERTS
from tests.access.alert_rows import alert_ids
from tests.access.cells import answer, ask, missing, undone
from tests.access.destination_rows import ROWS as DESTINATIONS
from tests.access.destination_rows import destination_ids
from tests.access.label_rows import ROWS as LABELS
from tests.access.label_rows import label_ids
from tests.access.member_rows import ROWS as MEMBERS
from tests.access.plan_rows import ROWS as PLANS
from tests.access.plan_rows import plan_ids
from tests.access.relations import foreign, own
from tests.access.revert_rows import ROWS as REVERTS
from tests.access.revert_rows import revert_ids
from tests.access.role_rows import ROWS as ROLES
from tests.access.role_rows import role_ids
from tests.access.space_rows import ROWS as SPACES
from tests.access.space_rows import space_ids
from tests.access.subjects import browsers
from tests.access.support_rows import ROWS as SUPPORT
from tests.access.support_rows import support_ids
from tests.access.trail_rows import ROWS as TRAIL
from tests.access.trail_rows import trail_ids
from tests.conftest import cloned_database
from tests.factories import (
    Cast,
    acting_as,
    make_cast,
    make_function,
    make_grant,
    make_group,
    make_token,
    make_transformation,
)

NAMESPACES = (
    "access",
    "sources",
    "warehouses",
    "forwarding",
    "transformations",
    "destinations",
    "functions",
    "plans",
    "alerts",
    "revert",
    "spaces",
    "trail",
)


class Row(NamedTuple):
    """One page or action and the status for each of PEOPLE; `ids` names what is in its path, `data` what is posted."""

    name: str
    statuses: str
    ids: tuple[str, ...] = ()
    data: dict[str, object] | None = None


#                                    olga milo rita mina zoe nobody
ALL = "                               302  302  302  302 404 302"
ALL_SEE = "                           200  200  200  200 404 302"
ALL_BUT_WHO_HAS_IT = "                409  302  302  302 404 302"
OWNER = "                             200  403  403  403 404 302"
OWNER_DOES = "                        302  403  403  403 404 302"
OWNER_REFUSED = "                     409  403  403  403 404 302"
READERS_OF_ACCESS = "                 200  403  200  403 404 302"
FINDS_NOTHING = "                     422  403  422  403 404 302"
READERS_OF_SOURCES = "                200  200  200  403 404 302"
READERS_OF_SHOP = "                   200  200  200  403 404 302"
READERS_OF_KIOSK = "                  200  404  200  403 404 302"
WRITERS_OF_SHOP = "                   302  302  403  403 404 302"
WRITERS_OF_KIOSK = "                  302  404  403  403 404 302"
READERS_OF_FUNCTIONS = "              200  403  200  403 404 302"
WRITERS_OF_FUNCTIONS = "              302  403  403  403 404 302"
# Whose roles reach no function puts none: for them it is as if nothing was chosen, and nothing is there to take out.
WRITER_OF_FUNCTION_AND_SHOP = "       302  422  403  403 404 302"
READERS_OF_WAREHOUSES = "             200  403  200  403 404 302"
WRITERS_OF_WAREHOUSES = "             302  403  403  403 404 302"

CONNECTION = {"name": "New", "host": "db.example.com", "port": 5432, "database": "a", "username": "b", "password": "c"}
EVENT = {"type": "track", "name": "Order Completed"}
FUNCTION = {"name": "New", "code": "function onTrack(event) { return event }"}
TRANSFORMATION = {"name": "New", "event": "all", "new_event_name": "New"}
MATRIX = [
    Row("access:home", ALL),
    Row("access:workspace_settings", OWNER),
    Row("access:workspace_settings", OWNER_DOES, data={"name": "New", "slug": "demo", "time_zone": "UTC"}),
    Row("access:workspace_sso", OWNER),
    Row("access:workspace_sso", OWNER_DOES, data={"join_domains": ""}),  # on to the proof of who sits there
    Row("access:overview", READERS_OF_ACCESS),
    Row("access:invite", OWNER),
    Row("access:invite", OWNER_DOES, data={"emails": "new@example.com", "role": "auditor"}),
    Row("access:invitation_revoke", OWNER_DOES, ("invitation",), {}),
    Row("access:members_export", READERS_OF_ACCESS),
    Row("access:member", READERS_OF_ACCESS, ("mina",)),
    Row("access:member_role_grant", OWNER_DOES, ("mina",), {"role": "source_admin", "scope": "all"}),
    Row("access:member_remove", OWNER_DOES, ("mina",), {}),
    Row("access:grant_revoke", OWNER_DOES, ("grant",), {}),
    Row("access:group_create", OWNER),
    Row("access:group_create", OWNER_DOES, data={"name": "New"}),
    Row("access:group", READERS_OF_ACCESS, ("group",)),
    Row("access:group_rename", OWNER_DOES, ("group",), {"name": "New"}),
    Row("access:group_delete", OWNER_DOES, ("group",), {}),
    Row("access:group_role_grant", OWNER_DOES, ("group",), {"role": "source_admin", "scope": "all"}),
    Row("access:group_member_add", OWNER_DOES, ("group",), {"user_id": "rita"}),
    Row("access:group_member_remove", OWNER_DOES, ("group", "mina"), {}),
    Row("access:token_create", OWNER),
    Row("access:token_create", OWNER, data={"token_id": "tok_" + "a" * 22, "name": "New", "scopes": ["audit:read"]}),
    Row("access:own_requests", ALL_SEE),
    Row("access:request_create", ALL_BUT_WHO_HAS_IT, data={"permission": "access.manage"}),
    Row("access:request_approve", OWNER_DOES, ("request",), {"choice": "source_admin.all"}),
    Row("access:request_decline", OWNER_DOES, ("request",), {}),
    Row("access:token_find", READERS_OF_ACCESS),
    Row("access:token_find", FINDS_NOTHING, data={"text": "nothing that is a token"}),
    Row("access:token", READERS_OF_ACCESS, ("token",)),
    Row("access:token_networks", OWNER_DOES, ("token",), {"networks": "192.0.2.0/24"}),
    Row("access:token_revoke", OWNER_DOES, ("token",), {}),
    Row("sources:source_list", READERS_OF_SOURCES),
    Row("sources:source_create", OWNER),
    Row("sources:source_create", OWNER_DOES, data={"name": "New"}),
    Row("sources:source", READERS_OF_SHOP, ("shop",)),
    Row("sources:source", READERS_OF_KIOSK, ("kiosk",)),
    Row("sources:source_settings", READERS_OF_SHOP, ("shop",)),
    Row("sources:source_settings", READERS_OF_KIOSK, ("kiosk",)),
    Row("sources:source_settings", WRITERS_OF_SHOP, ("shop",), {"name": "New"}),
    Row("sources:source_settings", WRITERS_OF_KIOSK, ("kiosk",), {"name": "New"}),
    Row("sources:source_disable", WRITERS_OF_SHOP, ("shop",), {}),
    Row("sources:source_disable", WRITERS_OF_KIOSK, ("kiosk",), {}),
    Row("sources:source_enable", WRITERS_OF_SHOP, ("off",), {}),
    Row("sources:write_key_rotate", WRITERS_OF_SHOP, ("shop",), {}),
    Row("sources:write_key_rotate", WRITERS_OF_KIOSK, ("kiosk",), {}),
    Row("sources:write_key_add", WRITERS_OF_SHOP, ("shop",), {}),
    Row("sources:write_key_add", WRITERS_OF_KIOSK, ("kiosk",), {}),
    Row("sources:write_key_revoke", WRITERS_OF_SHOP, ("shop", "spare_key"), {}),
    Row("sources:source_debugger", READERS_OF_SHOP, ("shop",)),
    Row("sources:source_debugger", READERS_OF_KIOSK, ("kiosk",)),
    Row("sources:source_debugger_event", READERS_OF_SHOP, ("shop", "first")),
    Row("sources:source_schema", READERS_OF_SHOP, ("shop",)),
    Row("sources:source_schema", READERS_OF_KIOSK, ("kiosk",)),
    Row("sources:schema_event_block", WRITERS_OF_SHOP, ("shop",), EVENT),
    Row("sources:schema_event_allow", WRITERS_OF_SHOP, ("shop",), EVENT | {"name": "Blocked"}),
    Row("sources:schema_event_archive", WRITERS_OF_SHOP, ("shop",), EVENT),
    Row("sources:source_destinations", READERS_OF_SHOP, ("shop",)),
    Row("sources:source_destinations", READERS_OF_KIOSK, ("kiosk",)),
    Row("sources:source_delete", WRITERS_OF_SHOP, ("shop",), {}),
    Row("sources:source_delete", WRITERS_OF_KIOSK, ("kiosk",), {}),
    Row("forwarding:forwarding", OWNER),
    Row("forwarding:forwarding", OWNER_DOES, data={"is_on": "", "source_id": ""}),
    Row("forwarding:forwarding_matching", OWNER),
    Row("forwarding:forwarding_source_create", OWNER_DOES, data={"new_name": "Audit events", "new_kind": "http_api"}),
    Row("forwarding:forwarding_test", OWNER_REFUSED, data={}),
    Row("functions:function_list", READERS_OF_FUNCTIONS),
    Row("functions:function_create", OWNER),
    Row("functions:function_create", OWNER_DOES, data=FUNCTION),
    Row("functions:function", READERS_OF_FUNCTIONS, ("function",)),
    Row("functions:function", WRITERS_OF_FUNCTIONS, ("function",), FUNCTION),
    Row("functions:function_versions", READERS_OF_FUNCTIONS, ("function",)),
    Row("functions:function_version", READERS_OF_FUNCTIONS, ("function", "version")),
    Row("functions:function_deploy", WRITERS_OF_FUNCTIONS, ("function",), {}),
    Row("functions:function_restore", WRITERS_OF_FUNCTIONS, ("function", "version"), {}),
    Row("functions:function_delete", WRITERS_OF_FUNCTIONS, ("function",), {}),
    Row("sources:source_function", READERS_OF_SHOP, ("shop",)),
    Row("sources:source_function", READERS_OF_KIOSK, ("kiosk",)),
    Row("sources:source_function", WRITER_OF_FUNCTION_AND_SHOP, ("shop",), {"function": "deployed_function"}),
    Row("transformations:transformation_list", READERS_OF_SOURCES),
    Row("transformations:transformation_create", READERS_OF_SOURCES),
    Row("transformations:transformation_create", READERS_OF_SOURCES, data=TRANSFORMATION),
    Row("transformations:transformation", READERS_OF_SHOP, ("transformation",)),
    Row("transformations:transformation", READERS_OF_KIOSK, ("kiosk_transformation",)),
    Row("transformations:transformation", WRITERS_OF_SHOP, ("transformation",), TRANSFORMATION),
    Row("transformations:transformation", WRITERS_OF_KIOSK, ("kiosk_transformation",), TRANSFORMATION),
    Row("transformations:transformation_disable", WRITERS_OF_SHOP, ("transformation",), {}),
    Row("transformations:transformation_enable", WRITERS_OF_SHOP, ("transformation_off",), {}),
    Row("transformations:transformation_delete", WRITERS_OF_SHOP, ("transformation",), {}),
    Row("transformations:transformation_delete", WRITERS_OF_KIOSK, ("kiosk_transformation",), {}),
    Row("warehouses:warehouse_list", READERS_OF_WAREHOUSES),
    Row("warehouses:warehouse_create", OWNER),
    Row("warehouses:warehouse_create", OWNER_DOES, data=CONNECTION),
    Row("warehouses:warehouse", READERS_OF_WAREHOUSES, ("warehouse",)),
    Row("warehouses:warehouse_settings", READERS_OF_WAREHOUSES, ("warehouse",)),
    Row("warehouses:warehouse_settings", WRITERS_OF_WAREHOUSES, ("warehouse",), CONNECTION),
    Row("warehouses:warehouse_disable", WRITERS_OF_WAREHOUSES, ("warehouse",), {}),
    Row("warehouses:warehouse_enable", WRITERS_OF_WAREHOUSES, ("warehouse_off",), {}),
    Row("warehouses:settings_test", OWNER, data=CONNECTION | {"host": "no-such-host.invalid"}),
    Row("warehouses:warehouse_test", OWNER, ("warehouse",), CONNECTION | {"host": "no-such-host.invalid"}),
    Row("warehouses:sync_list", READERS_OF_WAREHOUSES, ("warehouse",)),
    Row("warehouses:warehouse_sync", WRITERS_OF_WAREHOUSES, ("warehouse",), {}),
    Row("warehouses:selective_sync", READERS_OF_WAREHOUSES, ("warehouse", "shop")),
    Row("warehouses:selective_sync", WRITERS_OF_WAREHOUSES, ("warehouse", "shop"), {"shown": ["alias"]}),
    Row("warehouses:warehouse_delete", WRITERS_OF_WAREHOUSES, ("warehouse",), {}),
    *(Row(*row) for row in MEMBERS),
    *(Row(*row) for row in PLANS),
    *(Row(*row) for row in ALERTS),
    *(Row(*row) for row in REVERTS),
    *(Row(*row) for row in LABELS),
    *(Row(*row) for row in ROLES),
    *(Row(*row) for row in SPACES),
    *(Row(*row) for row in SUPPORT),
    *(Row(*row) for row in TRAIL),
    *(Row(f"destinations:{name}", statuses, ids, data) for name, statuses, ids, data in DESTINATIONS),
]


def world_of(slug):
    """The cast and the id of everything that can be in a path."""
    cast = make_cast(slug=slug)
    with in_workspace(cast.workspace.id):
        grant = Grant.objects.get(subject_id=cast.mina.id)
        cast.app.is_enabled = False
        cast.app.save()
        off = type(cast.warehouse).objects.create(
            workspace_id=cast.workspace.id, id=f"whs_off_{slug}", name="Off", is_enabled=False
        )
        invitation = Invitation.objects.create(
            workspace_id=cast.workspace.id,
            id=f"inv_{slug}",
            email="grace@example.com",
            role_id="auditor",
            scope="workspace",
            digest=slug.encode(),
            invited_by=cast.olga.id,
            expires_at="2100-01-01T00:00:00Z",
        )
        spare_key = make_write_key(cast.shop)
        first = 0 if slug == "demo" else 1
        sent = [Incoming(f"m{number}", "track", "Order Completed", b"{}") for number in range(first + 1)]
        append(cast.workspace.id, cast.shop.id, sent)
        for name, is_allowed in (("Order Completed", True), ("Blocked", False)):
            SeenEvent.objects.create(
                workspace_id=cast.workspace.id,
                source_id=cast.shop.id,
                type="track",
                name=name,
                is_allowed=is_allowed,
                first_seen_at=clock.now(),
            )
        ids = {
            "transformation": make_transformation(source=cast.shop).id,
            "transformation_off": make_transformation(source=cast.shop, definition={"drop": True}, is_enabled=False).id,
            "function": make_function(workspace=cast.workspace, latest=first + 2).id,
            "version": 1 + 2 * first,
            "deployed_function": make_function(workspace=cast.workspace, name="Deployed", deployed=1).id,
            "kiosk_transformation": make_transformation(source=cast.kiosk).id,
        }
    group = make_group(workspace=cast.workspace, members=[cast.mina])
    make_grant(
        workspace=cast.workspace, group=group, role="source_read_only", scope="listed", resource_ids=[cast.app.id]
    )
    token, _ = make_token(workspace=cast.workspace)
    ids |= {name: getattr(cast, name).id for name in ("shop", "kiosk", "mina", "rita", "warehouse")}
    with acting_as(cast.mina, cast.workspace):
        ids["request"] = request_access(permission="source.write").id
    ids |= {"grant": grant.id, "group": group.id, "token": token.id, "invitation": invitation.id}
    ids |= destination_ids(cast) | plan_ids(cast) | alert_ids(cast) | revert_ids(cast)
    ids |= label_ids(cast) | role_ids(cast) | space_ids(cast)
    ids |= support_ids(cast) | trail_ids(cast)
    return cast, ids | {"off": cast.app.id, "warehouse_off": off.id, "spare_key": spare_key.id, "first": first}


class Worlds(NamedTuple):
    """Two workspaces with everything in them: the cast and the ids of one, the ids of the other, and everybody's browser."""

    cast: Cast
    own: dict[str, Any]
    foreign: dict[str, Any]
    signed_in: dict[str, Client]


def two_worlds():
    (cast, own), (other, foreign) = world_of("demo"), world_of("other")
    return Worlds(cast, own, foreign, browsers(cast, other))


def told(row):
    return f"{row.name}-{'-'.join(row.ids)}-{'get' if row.data is None else 'post'}"


@pytest.fixture(scope="module")
def worlds(server, django_db_blocker):
    """Made once: each cell rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        yield two_worlds()


@contextmanager
def without_group(worlds, row):
    """mina reads one source through her group; what rows about sources say is about people without any."""
    with undone():
        if (
            row.name.startswith(("sources:", "transformations:", "destinations:", "functions:"))
            and "off" not in row.ids
        ):
            with acting_as(worlds.cast.olga, worlds.cast.workspace):
                Grant.objects.filter(subject_kind="group").delete()
        yield


def differing(worlds, cells):
    """Where an answer is not what the matrix says: subject and method, with what came and what should have."""
    found = {}
    for cell in cells:
        with undone():
            status = ask(worlds.signed_in[cell.subject], cell.row, cell.method, worlds.own).status_code
        if status != cell.status:
            found[cell.subject, cell.method] = (status, cell.status)
    return found


@pytest.mark.parametrize("row", MATRIX, ids=told)
def test_each_subject_gets_what_the_matrix_says(worlds, row):
    with without_group(worlds, row):
        assert differing(worlds, own(row)) == {}


@pytest.mark.parametrize("row", [row for row in MATRIX if row.ids], ids=told)
def test_what_is_of_another_workspace_is_as_if_it_never_was(worlds, row):
    for cell in foreign(row):
        there, never = (
            answer(worlds.signed_in[cell.subject], row, {**worlds.own, cell.of: one}, without=[one])
            for one in (worlds.foreign[cell.of], missing(worlds.foreign[cell.of]))
        )
        assert there.status == cell.status
        assert there == never


def test_every_url_has_a_row():
    listed = {row.name for row in MATRIX}
    names = {
        f"{namespace}:{name}"
        for namespace in NAMESPACES
        for name in get_resolver().namespace_dict[namespace][1].reverse_dict
        if isinstance(name, str)
    }
    assert names == listed, "Give each new page a row, in MATRIX here or in a *_rows.py beside this file."

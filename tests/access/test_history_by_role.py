"""Roles over warehouses and tracking plans open their history, PII Access opens addresses and no event, Workspace Member nothing."""

import pytest

from auditapp.access.models import Grant
from auditapp.access.permissions import Permission, permissions_for, viewer_for
from auditapp.pipeline.plans.connections import connect_source
from auditapp.pipeline.plans.services import change_plan
from auditapp.pipeline.warehouses.services import disable_warehouse
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import disable_source
from tests.factories import acting_as, make_cast, make_grant, make_group, make_member, make_tracking_plan


@pytest.fixture
def cast(db):
    """Olga did something to a plan, to a warehouse and to a source."""
    cast = make_cast()
    plan = make_tracking_plan(workspace=cast.workspace)
    with acting_as(cast.olga, cast.workspace):
        change_plan(plan_id=plan.id, name="Store")
        connect_source(plan_id=plan.id, source_id=cast.kiosk.id)
        disable_warehouse(warehouse_id=cast.warehouse.id)
        disable_source(source_id=cast.shop.id)
    make_member(workspace=cast.workspace, user=cast.zoe)
    return cast


def seen(cast, *roles, **reach):
    """What Zoe sees with these roles: types of events, and whose addresses."""
    for role in roles:
        make_grant(workspace=cast.workspace, user=cast.zoe, role=role, **reach)
    with in_workspace(cast.workspace.id):
        viewer = viewer_for(permissions_for(cast.workspace.id, cast.zoe.id))
        rows = visible_events(viewer).page(EventFilter(with_reads=True)).rows
        Grant.objects.filter(subject_id=cast.zoe.id).delete()
    return {row.event.type for row in rows}, {row.event.context.get("ip") for row in rows} - {None}


def test_a_role_over_a_kind_opens_its_history_and_no_other(cast):
    plans, warehouses = {"tracking_plan.modified"}, {"warehouse.disabled"}
    for role in ("tracking_plan_admin", "tracking_plan_read_only"):
        assert seen(cast, role)[0] == plans
    for role in ("warehouse_destination_admin", "warehouse_destination_read_only"):
        assert seen(cast, role, scope="all")[0] == warehouses
    assert seen(cast, "tracking_plan_admin", "warehouse_destination_admin")[0] == plans | warehouses
    # What joins a source with a plan is in the source's history.
    assert "tracking_plan.source_connected" in seen(cast, "source_read_only", scope="all")[0]


def test_workspace_member_and_minimal_access_open_nothing_of_others(cast):
    assert seen(cast, "workspace_member") == seen(cast, "minimal_workspace_access") == (set(), set())


def test_pii_access_adds_addresses_to_what_one_sees_anyway(cast):
    assert seen(cast, "pii_access") == (set(), set())
    types, addresses = seen(cast, "source_read_only", scope="listed", resource_ids=[cast.shop.id])
    assert (types, addresses) == ({"source.disabled"}, set())
    group = make_group(workspace=cast.workspace, members=[cast.zoe])
    make_grant(workspace=cast.workspace, group=group, role="pii_access")
    assert seen(cast, "source_read_only", scope="listed", resource_ids=[cast.shop.id]) == (types, {"203.0.113.9"})


def test_roles_over_warehouses_change_them_and_nothing_else(cast):
    make_grant(workspace=cast.workspace, user=cast.zoe, role="warehouse_destination_admin", scope="all")
    with in_workspace(cast.workspace.id):
        zoe = permissions_for(cast.workspace.id, cast.zoe.id)
    assert zoe.can(Permission.WAREHOUSE_WRITE, cast.warehouse.id)
    assert zoe.can(Permission.WAREHOUSE_WRITE, "whs_that_will_be_made")
    assert not zoe.can(Permission.SOURCE_READ)

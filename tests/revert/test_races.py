"""Reverts at the same moment as each other and as changes: one wins, the other is told, and nothing happens twice."""

import pytest

from auditapp.access.models import Grant
from auditapp.access.roles import revoke_role
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.services import delete_warehouse, disable_warehouse
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.models import Revert, What
from auditapp.revert.services import revert
from auditapp.sources.models import Source
from auditapp.sources.services import change_source
from tests.access.test_races import at_once
from tests.factories import events_of, last_event, make_cast, make_member
from tests.revert.looking import keys_of, one_request, preview_of, undo

pytestmark = pytest.mark.commits


@pytest.fixture
def cast(own_database):
    cast = make_cast()
    make_member(workspace=cast.workspace, user=cast.zoe, role="workspace_owner")
    return cast


def confirming(cast, row, who):
    """Looks now; what it gives back confirms it."""
    preview = preview_of(cast, row, who=who)

    def confirm():
        with one_request(cast, who):
            revert(event_id=row.id, what=What.CHANGE, stamp=preview.stamp, chosen=keys_of(preview))

    return confirm


@pytest.mark.parametrize("round_", range(4))
@pytest.mark.parametrize("change", [disable_warehouse, delete_warehouse])
def test_of_several_who_undo_the_same_one_does(cast, change, round_):
    with one_request(cast):
        change(warehouse_id=cast.warehouse.id)
    row, before = last_event(cast.workspace), len(events_of(cast.workspace))
    outcomes = at_once(*(confirming(cast, row, who) for who in (cast.olga, cast.zoe, cast.olga, cast.zoe)))
    assert sorted(one is None for one in outcomes) == [False, False, False, True]
    assert len(events_of(cast.workspace)) == before + 1
    with in_workspace(cast.workspace.id):
        assert Revert.objects.filter(workspace_id=cast.workspace.id).count() == 1
        assert Warehouse.objects.filter(id=cast.warehouse.id).count() == 1


@pytest.mark.parametrize("round_", range(4))
def test_a_change_in_the_same_moment_is_never_lost_unseen(cast, round_):
    with one_request(cast):
        change_source(source_id=cast.shop.id, name="First", labels=[])
    row = last_event(cast.workspace)

    def change():
        with one_request(cast, cast.zoe):
            change_source(source_id=cast.shop.id, name="Second", labels=[])

    undone, changed = at_once(confirming(cast, row, cast.olga), change)
    assert changed is None
    with in_workspace(cast.workspace.id):
        assert Source.objects.get(id=cast.shop.id).name == "Second"
    # Either it was undone before, or the fresh preview was shown instead.
    assert len([one for one in events_of(cast.workspace) if one.event.type == "source.modified"]) == 3 - bool(undone)


def test_who_loses_the_right_between_look_and_confirm_undoes_nothing(cast):
    with one_request(cast):
        disable_warehouse(warehouse_id=cast.warehouse.id)
    confirm = confirming(cast, last_event(cast.workspace), cast.zoe)
    with one_request(cast):
        revoke_role(grant_id=Grant.objects.get(subject_id=cast.zoe.id).id)
    before = len(events_of(cast.workspace))
    assert at_once(confirm) != [None]
    assert len(events_of(cast.workspace)) == before
    undo(cast, next(row for row in events_of(cast.workspace) if row.event.type == "warehouse.disabled"))

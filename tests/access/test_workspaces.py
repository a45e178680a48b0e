"""Workspaces: made by an operator, changed by who manages them."""

import pytest

from auditapp.access.errors import Denied
from auditapp.access.models import Workspace
from auditapp.access.permissions import permissions_for
from auditapp.access.workspaces import RESERVED_SLUGS, change_workspace_settings, create_workspace
from auditapp.lib.errors import Invalid
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, as_operator, events_of, last_event, make_cast, make_user, make_workspace


@pytest.fixture
def cast(db):
    return make_cast()


def test_a_new_workspace_has_an_owner_and_an_event(db):
    olga = make_user()
    with as_operator():
        workspace = create_workspace(slug="halden", name="Halden Outdoor", owner=olga)
    with in_workspace(workspace.id):
        assert permissions_for(workspace.id, olga.id).can("access.manage")
    row = last_event(workspace)
    assert (row.event.type, row.event.actor.kind) == ("workspace.created", "system")
    assert (row.resource.type, row.resource.id, row.resource.name) == (
        "workspace",
        f"ws_{workspace.id}",
        "Halden Outdoor",
    )


def test_settings_are_changed_and_recorded_with_what_differs(cast):
    with acting_as(cast.olga, cast.workspace):
        change_workspace_settings(name="Halden", slug="demo", time_zone="Europe/Oslo")
    with in_workspace(cast.workspace.id):
        assert Workspace.objects.get().time_zone == "Europe/Oslo"
    row = last_event(cast.workspace)
    assert row.event.type == "workspace.settings_modified"
    assert [(c.path, c.old, c.new) for c in row.event.changes] == [
        ("name", "Halden Outdoor", "Halden"),
        ("time_zone", "UTC", "Europe/Oslo"),
    ]


def test_no_difference_is_no_event(cast):
    with acting_as(cast.olga, cast.workspace):
        change_workspace_settings(name="Halden Outdoor", slug="demo", time_zone="UTC")
    assert events_of(cast.workspace) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"slug": "Upper"}, "slug"),
        ({"slug": "-x"}, "slug"),
        ({"slug": "a" * 51}, "slug"),
        ({"slug": "taken"}, "slug"),
        *(({"slug": slug}, "slug") for slug in sorted(RESERVED_SLUGS)),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(cast, changed, field):
    make_workspace(slug="taken")
    asked = {"name": "Demo", "slug": "demo", "time_zone": "UTC", **changed}
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        change_workspace_settings(**asked)
    assert refused.value.field == field
    assert events_of(cast.workspace) == []


@pytest.mark.parametrize("person", ["milo", "rita", "mina", "zoe"])
def test_who_does_not_manage_it_changes_nothing(cast, person):
    with acting_as(getattr(cast, person), cast.workspace), pytest.raises(Denied):
        change_workspace_settings(name="Mine", slug="mine", time_zone="UTC")

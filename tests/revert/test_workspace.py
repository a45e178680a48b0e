"""Settings of the workspace are set back, its address too where it is still free."""

from dataclasses import replace

import pytest

from auditapp.access.models import Workspace
from auditapp.access.workspaces import change_workspace_settings
from auditapp.alerts.hold_setting import notifies_after_last_retry, notify_after_last_retry
from auditapp.lib.errors import Invalid
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.preview import can_undo
from tests.factories import last_event, make_cast, make_workspace
from tests.revert.looking import one_request, preview_of, standings, undo


@pytest.fixture
def cast(db):
    return make_cast()


def changed_settings(cast, **settings):
    with one_request(cast):
        change_workspace_settings(**{"name": "Halden", "slug": "halden", "time_zone": "Europe/Oslo"} | settings)
    return last_event(cast.workspace)


def now_is(cast):
    with in_workspace(cast.workspace.id):
        found = Workspace.objects.get(id=cast.workspace.id)
    return found.name, found.slug, found.time_zone


def test_settings_are_set_back_and_what_changed_since_stays(cast):
    before = now_is(cast)
    first = changed_settings(cast)
    changed_settings(cast, name="Halden AS")
    preview = preview_of(cast, first)
    assert standings(preview) == {"name": "conflict", "slug": "safe", "time_zone": "safe"}
    assert any("/halden/ lead nowhere" in one for one in preview.parts[0].effects)
    undo(cast, first)
    assert now_is(cast) == ("Halden AS", before[1], before[2])
    undo(cast, last_event(cast.workspace))
    assert now_is(cast) == ("Halden AS", "halden", "Europe/Oslo")


def test_an_address_that_another_took_is_refused_and_so_is_who_may_not(cast):
    first = changed_settings(cast)
    make_workspace(slug=cast.workspace.slug)
    with pytest.raises(Invalid, match="Another workspace has this address"):
        undo(cast, first)
    assert "settings" in preview_of(cast, first, who=cast.rita).parts[0].refusal


def test_its_making_has_no_way_back(cast):
    created = changed_settings(cast)
    assert can_undo(created)
    assert not can_undo(replace(created, event=replace(created.event, type="workspace.created")))


def test_what_is_held_until_the_last_retry_is_switched_back(cast):
    with one_request(cast):
        notify_after_last_retry(is_on=True)
    switched = last_event(cast.workspace)
    assert "failed attempts of each" in preview_of(cast, switched).parts[0].effects[0]
    undo(cast, switched)
    with in_workspace(cast.workspace.id):
        assert not notifies_after_last_retry(cast.workspace.id)

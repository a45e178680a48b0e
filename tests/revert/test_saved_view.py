"""Views are set back and brought back for the owner that they had."""

import pytest

from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.preview import can_undo
from auditapp.trail.saved_views.models import SavedView
from auditapp.trail.saved_views.restoring import NotYours
from auditapp.trail.saved_views.services import (
    change_saved_view,
    create_saved_view,
    delete_saved_view,
    set_default_view,
)
from tests.factories import last_event, make_cast
from tests.revert.looking import latest, one_request, preview_of, standings, undo


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def view(cast):
    with one_request(cast):
        return create_saved_view(name="Risky", query="risk:risky", is_shared=True)


def stored(cast, view):
    with in_workspace(cast.workspace.id):
        found = SavedView.objects.filter(id=view.id).first()
        return found and (found.name, found.query, found.is_shared, found.owner_id)


def test_what_it_shows_and_to_whom_is_set_back(cast, view):
    before = stored(cast, view)
    with one_request(cast):
        change_saved_view(view_id=view.id, name="Risks", query="risk:notable", is_shared=False)
    row = last_event(cast.workspace)
    assert preview_of(cast, row).parts[0].effects == ["Everyone who may open the trail is offered it."]
    with one_request(cast):
        change_saved_view(view_id=view.id, name="All risks", query="risk:notable", is_shared=False)
    assert standings(preview_of(cast, row)) == {"name": "conflict", "query": "safe", "shared": "safe"}
    undo(cast, row)
    assert stored(cast, view) == ("All risks", *before[1:])
    assert "settings" in preview_of(cast, latest(cast, "saved_view.created"), who=cast.rita).parts[0].refusal


def test_a_deleted_view_comes_back_and_a_private_one_for_its_owner_alone(cast, view):
    before = stored(cast, view)
    with one_request(cast):
        set_default_view(view_id=view.id)
    assert not can_undo(last_event(cast.workspace))
    with one_request(cast):
        delete_saved_view(view_id=view.id)
    undo(cast, last_event(cast.workspace))
    assert stored(cast, view) == before
    undo(cast, last_event(cast.workspace))
    assert stored(cast, view) is None
    with one_request(cast, cast.rita):
        private = create_saved_view(name="Mine", query="risk:risky")
        delete_saved_view(view_id=private.id)
    row = latest(cast, "saved_view.deleted")
    with pytest.raises(NotYours):
        undo(cast, row)
    undo(cast, row, who=cast.rita)
    assert stored(cast, private)[3] == cast.rita.id

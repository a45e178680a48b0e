"""Filters undone: switched, changed, made, deleted; and their words are read back."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destination_filters.queries import filters_of
from auditapp.pipeline.destination_filters.restoring import DestinationGone
from auditapp.pipeline.destination_filters.services import (
    change_filter,
    create_filter,
    delete_filter,
    disable_filter,
)
from auditapp.pipeline.destination_filters.words import from_words, in_words
from auditapp.pipeline.destinations.services import delete_destination
from auditapp.record.workspace_scope import in_workspace
from tests.factories import last_event, make_cast, make_destination
from tests.revert.looking import latest, one_request, preview_of, standings, undo

CUT = [{"type": "DROP_PROPERTIES", "fields": {"properties": ["email", "phone no"], "context": ["ip"], "": ["nr"]}}]
SAMPLE = [{"type": "SAMPLE", "percent": 0.123, "path": "userId"}]


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def siem(cast):
    return make_destination(source=cast.shop)


@pytest.fixture
def made(cast, siem):
    with one_request(cast):
        return create_filter(destination_id=siem.id, title="No tests", condition="all", actions=CUT)


def where(made):
    return {"destination_id": made.destination_id, "filter_id": made.id}


def stored(cast, made):
    with in_workspace(cast.workspace.id):
        return DestinationFilter.objects.filter(workspace_id=cast.workspace.id, id=made.id).first()


def test_what_it_does_goes_back_field_by_field(cast, made):
    with one_request(cast):
        change_filter(**where(made), title="Samples", condition="false", actions=SAMPLE, description="Why")
    changed = last_event(cast.workspace)
    with one_request(cast):
        change_filter(**where(made), title="Other", condition="false", actions=SAMPLE, description="Why")
    assert standings(preview_of(cast, changed)) == {
        "title": "conflict",
        "description": "safe",
        "condition": "safe",
        "actions": "safe",
    }
    undo(cast, changed, who=cast.milo)
    after = stored(cast, made)
    assert (after.title, after.description, after.condition, after.actions) == ("Other", "", "all", CUT)


def test_the_order_in_which_json_is_stored_is_no_change_since(cast, made):
    assert standings(preview_of(cast, latest(cast, "destination_filter.created"))) == {"": "safe"}


def test_switches_go_back(cast, made):
    with one_request(cast):
        disable_filter(**where(made))
    undo(cast, last_event(cast.workspace))
    assert stored(cast, made).is_enabled
    undo(cast, latest(cast, "destination_filter.enabled"))
    assert not stored(cast, made).is_enabled


def test_made_and_deleted_there_and_back(cast, siem, made):
    with one_request(cast):
        create_filter(destination_id=siem.id, title="Second", condition="all", actions=SAMPLE)
        disable_filter(**where(made))
    with one_request(cast):
        delete_filter(**where(made))
    undo(cast, last_event(cast.workspace))
    after = stored(cast, made)
    assert (after.actions, after.position, after.is_enabled) == (CUT, 1, False)
    assert last_event(cast.workspace).event.type == "destination_filter.restored"
    undo(cast, last_event(cast.workspace))
    assert stored(cast, made) is None
    undo(cast, latest(cast, "destination_filter.deleted"))
    with in_workspace(cast.workspace.id):
        assert next(one.id for one in filters_of(siem)) == made.id


def test_it_comes_back_after_its_destination_and_not_before(cast, siem, made):
    with one_request(cast):
        delete_destination(destination_id=siem.id)
    deleted = latest(cast, "destination_filter.deleted")
    with pytest.raises(DestinationGone, match="Undo its deletion first"):
        undo(cast, deleted)
    undo(cast, latest(cast, "destination.deleted"))
    undo(cast, deleted)
    assert stored(cast, made).actions == CUT


def test_who_only_reads_undoes_no_filter(cast, made):
    with one_request(cast):
        disable_filter(**where(made))
    (part,) = preview_of(cast, last_event(cast.workspace), who=cast.rita).parts
    assert "Change sources" in part.refusal


name = st.text('ab .,:;"\\%é\n', max_size=6)
names = st.lists(name, max_size=3)
actions = st.one_of(
    st.just({"type": "DROP"}),
    st.builds(
        lambda percent, path: {"type": "SAMPLE", "percent": percent} | ({"path": path} if path else {}),
        st.floats(0, 1),
        name,
    ),
    st.builds(
        lambda kind, fields: {"type": kind, "fields": fields},
        st.sampled_from(["DROP_PROPERTIES", "ALLOW_PROPERTIES"]),
        st.dictionaries(name, names, min_size=1, max_size=3),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(actions, max_size=3))
def test_the_words_of_a_filter_are_read_back(said):
    assert from_words(in_words(said)) == said

"""Transformations undone: switched, changed, made, deleted; and their words are read back."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditapp.lib.secret_box import unseal
from auditapp.pipeline.destinations.services import delete_destination
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.transformations.restoring import PlaceGone
from auditapp.pipeline.transformations.services import (
    AlreadyChanged,
    change_transformation,
    create_transformation,
    delete_transformation,
    disable_transformation,
)
from auditapp.pipeline.transformations.telling import definition_of, told
from auditapp.record.workspace_scope import in_workspace
from tests.factories import events_of, last_event, make_cast, make_destination
from tests.revert.looking import latest, one_request, preview_of, standings, undo

RENAME = {"if": "all", "propertyRenames": [{"oldName": "order id", "newName": "order_id"}]}
HASH = {"if": "all", "hashPropertiesConfiguration": {"algorithm": "SHA256", "encoding": "BASE64", "paths": ["email"]}}
SET = {
    "if": 'event = "Sold"',
    "newEventName": "Order Sold",
    "propertyValueTransformations": [
        {"propertyPaths": ["plan", "tier"], "propertyValue": "pro = 1"},
        {"propertyPaths": ["n"], "propertyValue": 5},
    ],
    "propertyCasings": [{"propertyPaths": ["sku"], "casing": "lowercase"}],
    "fqlDefinedProperties": [{"propertyName": "low", "fql": "lowercase(properties.plan)"}],
    "allowProperties": ["plan", "tier", "n", "sku", "low"],
}


@pytest.fixture
def cast(db):
    return make_cast()


def make(cast, definition=RENAME, **values):
    with one_request(cast):
        return create_transformation(
            **{"source_id": cast.shop.id, "name": "Orders", "definition": definition, **values}
        )


def stored(cast, made):
    with in_workspace(cast.workspace.id):
        return SavedTransformation.objects.filter(workspace_id=cast.workspace.id, id=made.id).first()


@pytest.mark.parametrize("before", [RENAME, SET])
def test_what_it_does_goes_back(cast, before):
    made = make(cast, before)
    with one_request(cast):
        change_transformation(transformation_id=made.id, name="Gone", definition={"if": "all", "drop": True})
    undo(cast, last_event(cast.workspace), who=cast.milo)
    assert (stored(cast, made).name, stored(cast, made).definition) == ("Orders", before)


def test_a_field_that_changed_since_is_a_conflict_and_the_others_go_back(cast):
    made = make(cast)
    for name, to in (("Second", "b"), ("Third", "b")):
        with one_request(cast):
            definition = {"if": "all", "propertyRenames": [{"oldName": "a", "newName": to}]}
            change_transformation(transformation_id=made.id, name=name, definition=definition)
    first = [row for row in events_of(cast.workspace) if row.event.type == "transformation.updated"][1]
    assert standings(preview_of(cast, first)) == {"name": "conflict", "rename": "safe"}
    undo(cast, first)
    assert (stored(cast, made).name, stored(cast, made).definition) == ("Third", RENAME)


def test_a_key_stays_where_none_is_entered(cast):
    made = make(cast, HASH, hash_key="pepper-4711")
    plain = {"if": "all", "hashPropertiesConfiguration": {"algorithm": "MD5", "paths": ["phone"]}}
    with one_request(cast):
        change_transformation(transformation_id=made.id, name="Orders", definition=plain)
    undo(cast, last_event(cast.workspace))
    after = stored(cast, made)
    assert (after.definition, unseal(after.hash_key)) == (HASH, "pepper-4711")


def test_a_switch_goes_back(cast):
    made = make(cast)
    with one_request(cast):
        disable_transformation(transformation_id=made.id)
    undo(cast, last_event(cast.workspace))
    assert stored(cast, made).is_enabled
    undo(cast, last_event(cast.workspace))
    assert not stored(cast, made).is_enabled


@pytest.mark.parametrize(("key", "is_enabled"), [("", False), ("pepper-4711", True)])
def test_one_whose_hash_had_a_key_comes_back_on_only_with_it(cast, key, is_enabled):
    made = make(cast, HASH, hash_key="pepper-4711")
    with one_request(cast):
        delete_transformation(transformation_id=made.id)
    deleted = last_event(cast.workspace)
    (part,) = preview_of(cast, deleted).parts
    undo(cast, deleted, secrets={part.key_of("hash_key"): key})
    after = stored(cast, made)
    assert (after.definition, after.is_enabled, after.hash_key is not None) == (HASH, is_enabled, is_enabled)
    restored = last_event(cast.workspace)
    assert restored.event.type == "transformation.restored"
    assert "4711" not in repr(events_of(cast.workspace))
    undo(cast, restored)
    assert stored(cast, made) is None


def test_what_took_its_place_is_named(cast):
    made = make(cast)
    with one_request(cast):
        delete_transformation(transformation_id=made.id)
    deleted = last_event(cast.workspace)
    make(cast, name="Newer")
    with pytest.raises(AlreadyChanged, match="Newer"):
        undo(cast, deleted)


def test_what_was_made_is_deleted(cast):
    made = make(cast)
    undo(cast, latest(cast, "transformation.created"))
    assert stored(cast, made) is None


def test_it_comes_back_after_its_destination_and_not_before(cast):
    siem = make_destination(source=cast.shop)
    made = make(cast, destination_id=siem.id)
    with one_request(cast):
        delete_destination(destination_id=siem.id)
    deleted = latest(cast, "transformation.deleted")
    with pytest.raises(PlaceGone, match="Undo its deletion first"):
        undo(cast, deleted)
    undo(cast, latest(cast, "destination.deleted"))
    undo(cast, deleted)
    assert stored(cast, made).destination_id == siem.id


def test_who_only_reads_undoes_none(cast):
    made = make(cast)
    with one_request(cast):
        disable_transformation(transformation_id=made.id)
    (part,) = preview_of(cast, last_event(cast.workspace), who=cast.rita).parts
    assert "Change sources" in part.refusal
    with one_request(cast):
        delete_transformation(transformation_id=made.id)
    (part,) = preview_of(cast, last_event(cast.workspace), who=cast.rita).parts
    assert part.refusal


words = st.text('ab .="\\é\n', min_size=1, max_size=6)
plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), words)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(words, words), max_size=3),
    st.lists(st.tuples(words, plain), max_size=3, unique_by=lambda pair: repr(pair[1])),
    st.lists(st.tuples(words, words), max_size=2),
    st.lists(words, max_size=3),
)
def test_the_words_of_a_transformation_are_read_back(renames, values, defined, paths):
    definition = {
        "if": "all",
        "propertyRenames": [{"oldName": old, "newName": new} for old, new in renames],
        "propertyValueTransformations": [{"propertyPaths": [path], "propertyValue": value} for path, value in values],
        "fqlDefinedProperties": [{"propertyName": name, "fql": fql} for name, fql in defined],
        "hashPropertiesConfiguration": {"algorithm": "sha-256", "paths": paths} if paths else None,
    }
    assert definition_of(told(definition)) == {key: value for key, value in definition.items() if value}

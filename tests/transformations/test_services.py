"""What is done to transformations: each service, what it refuses, and the exact event."""

import pytest

from auditapp.access.errors import Denied
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.secret_box import unseal
from auditapp.pipeline.transformations.kinds import condition_of, event_of, simple_event
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.transformations.services import (
    AlreadyChanged,
    AlreadySo,
    change_transformation,
    create_transformation,
    delete_transformation,
    disable_transformation,
    enable_transformation,
)
from tests.factories import acting_as, events_of, last_event, make_cast, make_transformation

ORDERS = 'type = "track" and event = "Order Completed"'
RENAME = {"if": ORDERS, "propertyRenames": [{"oldName": "orderId", "newName": "order_id"}]}
HASH = {"if": "all", "hashPropertiesConfiguration": {"algorithm": "SHA256", "paths": ["email"]}}


@pytest.fixture
def cast(db):
    return make_cast()


def create(cast, who="olga", definition=RENAME, **values):
    values = {"source_id": cast.shop.id, "name": "Rename order id", **values}
    with acting_as(getattr(cast, who), cast.workspace):
        return create_transformation(definition=definition, **values)


def changes_of(event):
    return {one.path: (one.old or None, one.new or None) for one in event.event.changes}


def test_who_may_change_the_source_creates_one(cast):
    one = create(cast, "milo", {**RENAME, "junk": 1})
    event = last_event(cast.workspace)
    assert event.type.key == "transformation.created"
    assert [target.id for target in event.event.targets] == [one.id, cast.shop.id]
    assert event.event.scope_id == cast.shop.id
    assert changes_of(event) == {
        "name": (None, "Rename order id"),
        "condition": (None, ORDERS),
        "rename": (None, ["orderId to order_id"]),
        "enabled": (None, True),
    }
    assert (one.definition, one.event, one.kinds) == (RENAME, "track Order Completed", ["rename"])


def test_who_reads_the_source_creates_none(cast):
    with pytest.raises(Denied):
        create(cast, "rita")
    with pytest.raises(NotFound):
        create(cast, "milo", source_id=cast.kiosk.id)


def test_the_key_of_a_hash_is_sealed_and_told_to_nobody(cast):
    one = create(cast, definition=HASH, hash_key="pepper-4711")
    assert unseal(one.hash_key) == "pepper-4711"
    event = last_event(cast.workspace)
    assert "hash_key" in {change.path for change in event.event.changes}
    assert "pepper-4711" not in f"{event.event}"
    with_key = {**HASH, "hashPropertiesConfiguration": {**HASH["hashPropertiesConfiguration"], "key": "pepper-4711"}}
    assert (
        "key" not in create(cast, definition=with_key, source_id=cast.app.id).definition["hashPropertiesConfiguration"]
    )


def test_a_key_stays_until_another_one_or_none_takes_its_place(cast):
    one = create(cast, definition=HASH, hash_key="one")
    keys = []
    for key in (None, "two", ""):
        with acting_as(cast.olga, cast.workspace):
            changed = change_transformation(
                transformation_id=one.id, name="Rename order id", definition=HASH, hash_key=key
            )
        keys.append(changed.hash_key and unseal(changed.hash_key))
    assert keys == ["one", "two", None]
    assert [event.type.key for event in events_of(cast.workspace)] == [
        "transformation.updated",
        "transformation.updated",
        "transformation.created",
    ]


def test_a_change_tells_both_sides(cast):
    one = create(cast)
    with acting_as(cast.milo, cast.workspace):
        change_transformation(transformation_id=one.id, name="Other", definition={**RENAME, "if": "all"})
    event = last_event(cast.workspace)
    assert event.type.key == "transformation.updated"
    assert changes_of(event) == {"name": ("Rename order id", "Other"), "condition": (ORDERS, "all")}


def test_one_of_each_kind_for_an_event(cast):
    create(cast)
    create(cast, definition={**RENAME, "if": "all"})
    create(cast, source_id=cast.app.id)
    create(cast, definition={"if": ORDERS, "newEventName": "Sold"})
    with pytest.raises(AlreadyChanged) as refused:
        create(cast, definition={**RENAME, "if": "event='Order Completed'", "newEventName": "Else"}, name="Second")
    assert refused.value.code == "already_changed"


def test_a_definition_with_faults_is_refused_at_their_places(cast):
    with pytest.raises(Invalid) as refused:
        create(cast, definition={"if": "event =", "propertyRenames": [{"oldName": "", "newName": "x"}]})
    assert [problem.pointer for problem in refused.value.problems] == ["/if", "/propertyRenames/0/oldName"]
    for definition in ({"if": "all", "newEventName": "a\x00b"}, {"if": "all", "newEventName": "a\ud800"}, [], {}):
        with pytest.raises(Invalid):
            create(cast, definition=definition)
    for name in (" ", "x" * 101):
        with pytest.raises(Invalid):
            create(cast, name=name)


def test_it_is_turned_off_and_on_and_deleted(cast):
    one = create(cast)
    with acting_as(cast.milo, cast.workspace):
        assert not disable_transformation(transformation_id=one.id).is_enabled
        with pytest.raises(AlreadySo):
            disable_transformation(transformation_id=one.id)
        assert enable_transformation(transformation_id=one.id).is_enabled
        with pytest.raises(AlreadySo):
            enable_transformation(transformation_id=one.id)
        delete_transformation(transformation_id=one.id)
    keys = [event.type.key.partition(".")[2] for event in events_of(cast.workspace)]
    assert keys == ["deleted", "enabled", "disabled", "created"]


@pytest.mark.parametrize("service", [disable_transformation, delete_transformation])
def test_others_change_nothing(cast, service):
    one = create(cast)
    with acting_as(cast.rita, cast.workspace), pytest.raises(Denied):
        service(transformation_id=one.id)
    foreign = make_cast(slug="other")
    with acting_as(foreign.olga, foreign.workspace), pytest.raises(NotFound):
        service(transformation_id=one.id)


def test_it_goes_with_its_source(cast):
    make_transformation(source=cast.shop)
    kept = make_transformation(source=cast.app)
    with acting_as(cast.olga, cast.workspace):
        cast.shop.delete()
        assert [one.id for one in SavedTransformation.objects.all()] == [kept.id]


@pytest.mark.parametrize(
    ("condition", "event"),
    [
        ("all", "all"),
        (" all ", "all"),
        ('event = "a"', "track a"),
        ("event='a'", "track a"),
        ('type = "track" and event = "a"', "track a"),
        ('type = "track"', "track"),
        ('type="identify"', "identify"),
        (r'event = "a \"b\" c\\d"', r'track a "b" c\d'),
        ('event = "a" and total > 1', 'event = "a" and total > 1'),
        ('type = "else"', 'type = "else"'),
        ('type = "identify" and event = "a"', 'type = "identify" and event = "a"'),
        ('type = "track" event = "a"', 'type = "track" event = "a"'),
        ("  a  =\n 1", "a = 1"),
    ],
)
def test_the_event_of_a_condition(condition, event):
    assert event_of(condition) == event


@pytest.mark.parametrize("pair", [("", ""), ("track", ""), ("identify", ""), ("track", 'a "b"\\ c'), ("track", "x\ny")])
def test_a_simple_condition_is_read_as_it_was_written(pair):
    assert simple_event(condition_of(*pair)) == pair

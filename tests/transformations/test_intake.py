"""Transformations of a source on their way through the door: what the inbox holds, verdicts, and that a change holds at once."""

from itertools import count

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auditapp.pipeline.intake import take_in
from auditapp.pipeline.transformations.services import change_transformation, disable_transformation
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import read_inbox
from auditapp.sources.models import SourceCount
from tests.factories import acting_as, make_cast, make_transformation

ORDER = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-1",
    "properties": {"orderId": 7, "email": "a@b.example"},
}

_numbers = count()


@pytest.fixture
def cast(db):
    return make_cast()


def taken(source, *events):
    """What the inbox holds of these events: verdict, name and event."""
    with in_workspace(source.workspace_id):
        first, *_ = take_in(source, [{**event, "messageId": f"m{next(_numbers)}"} for event in events])
        found = read_inbox(source.workspace_id, source.id, first)
    return [(one.verdict, one.name, orjson.loads(one.payload)) for one in found]


def test_events_go_on_as_the_transformation_made_them(cast):
    make_transformation(
        source=cast.shop,
        definition={"newEventName": "Sold", "propertyRenames": [{"oldName": "orderId", "newName": "order_id"}]},
    )
    [(verdict, name, event)] = taken(cast.shop, ORDER)
    assert (verdict, name, event["event"]) == ("accepted", "Sold", "Sold")
    assert event["properties"] == {"email": "a@b.example", "order_id": 7}
    assert taken(cast.app, ORDER)[0][2]["properties"] == ORDER["properties"]
    with in_workspace(cast.workspace.id):
        # Counted by the name that the page of the schema shows.
        assert SourceCount.objects.get(source_id=cast.shop.id).name == "Order Completed"


def test_a_drop_is_kept_with_its_verdict_as_it_came(cast):
    make_transformation(source=cast.shop, definition={"if": "properties.orderId = 7", "drop": True})
    [(verdict, _, event), (other, _, _)] = taken(cast.shop, ORDER, {**ORDER, "properties": {}})
    assert (verdict, other) == ("dropped_by_transformation", "accepted")
    assert event["properties"] == ORDER["properties"]


@pytest.mark.parametrize(
    "definition",
    [
        {"if": "properties.orderId > properties.email", "newEventName": "x"},
        {"fqlDefinedProperties": [{"fql": 'number("9' + "9" * 300 + '")', "propertyName": "n"}]},
    ],
)
def test_what_fails_drops_the_event_and_says_so(cast, definition):
    make_transformation(source=cast.shop, definition=definition)
    [(verdict, _, event)] = taken(cast.shop, ORDER)
    assert (verdict, event["properties"]) == ("transformation_failed", ORDER["properties"])


def test_a_key_that_cannot_be_opened_lets_nothing_through(cast, settings):
    hashing = {"hashPropertiesConfiguration": {"algorithm": "SHA256", "paths": ["email"]}}
    make_transformation(source=cast.shop, definition=hashing, hash_key="pepper")
    settings.SECRET_BOX_KEYS = ("a" * 43 + "=",)
    assert taken(cast.shop, ORDER)[0][0] == "transformation_failed"


def test_a_keyed_hash_takes_the_place_of_the_value(cast):
    hashing = {"hashPropertiesConfiguration": {"algorithm": "SHA256", "paths": ["email"]}}
    make_transformation(source=cast.shop, definition=hashing, hash_key="pepper")
    found = taken(cast.shop, ORDER)[0][2]["properties"]["email"]
    assert len(found) == 64


def test_a_change_holds_on_the_next_request_also_after_a_rollback(cast):
    one = make_transformation(source=cast.shop)
    names = [taken(cast.shop, ORDER)[0][1]]
    with acting_as(cast.olga, cast.workspace):
        change_transformation(transformation_id=one.id, name="x", definition={"if": "all", "newEventName": "Else"})
    names.append(taken(cast.shop, ORDER)[0][1])
    with acting_as(cast.olga, cast.workspace):
        disable_transformation(transformation_id=one.id)
    names.append(taken(cast.shop, ORDER)[0][1])
    assert names == ["Renamed", "Else", "Order Completed"]


def test_transformations_cost_one_query_a_batch(cast):
    for n in range(3):
        make_transformation(source=cast.shop, definition={"newEventName": f"n{n}"})
    taken(cast.shop, ORDER)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        taken(cast.shop, *[ORDER] * 5)
    assert len([one for one in queries if '"transformation"' in one["sql"]]) == 1


def test_workspaces_stay_apart(cast):
    make_transformation(source=cast.shop)
    other = make_cast(slug="other")
    assert taken(other.shop, ORDER)[0][1] == "Order Completed"

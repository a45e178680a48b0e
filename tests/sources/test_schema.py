"""The schema as it was observed: what is new is kept once and told once, and no client can fill it."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources import schema
from auditapp.sources.models import SeenEvent
from auditapp.sources.schema import EventName, Observed, event_name, observe, tell_new_event
from tests.factories import events_of, make_source, make_workspace


def track(name="Order Completed", **properties):
    return {"type": "track", "event": name, "properties": properties}


@pytest.fixture(autouse=True)
def fresh_memory(monkeypatch):
    monkeypatch.setattr(schema, "_memory", schema._Memory())


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def source(workspace):
    return make_source(workspace=workspace)


def see(source, *events):
    with in_workspace(source.workspace_id):
        return observe(source, events)


def seen(source):
    with in_workspace(source.workspace_id):
        rows = SeenEvent.objects.filter(source_id=source.id)
        return {EventName(row.type, row.name): row.properties for row in rows}


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (track("A"), ("track", "A")),
        ({"type": "page", "name": "Home"}, ("page", "Home")),
        ({"type": "screen"}, ("screen", "")),
        ({"type": "identify", "traits": {}, "name": "no"}, ("identify", "")),
        ({"type": "page", "name": 7}, ("page", "")),
    ],
)
def test_what_an_event_is_called(event, name):
    assert event_name(event) == name


def test_a_new_name_is_kept_and_found_to_be_new_once(source):
    name = EventName("track", "Order Completed")
    first = see(source, track(total=9.5, items=[1], user={"age": 7, "name": None}), track(total="9"))
    assert first.names == (name,)
    assert first.properties == {name: {"total", "items", "user", "user.age", "user.name"}}
    assert see(source, track(total=1)) == Observed()
    assert seen(source) == {
        ("track", "Order Completed"): {
            "total": ["number", "string"],
            "items": ["array"],
            "user": ["object"],
            "user.age": ["number"],
            "user.name": ["null"],
        }
    }


def test_what_a_new_name_is_told_as(workspace, source):
    with in_workspace(workspace.id):
        tell_new_event(source, "Order Completed")
    [row] = events_of(workspace)
    assert (row.event.type, row.event.actor.kind, row.event.scope_id) == (
        "source.new_event_allowed",
        "system",
        source.id,
    )
    assert row.event.meta == {"event": "Order Completed", "planned": False}


def test_traits_are_those_of_identify_and_group(source):
    see(
        source,
        {"type": "identify", "traits": {"plan": "pro"}, "properties": {"x": 1}},
        {"type": "group", "traits": {"seats": 3}},
    )
    assert seen(source) == {("identify", ""): {"plan": ["string"]}, ("group", ""): {"seats": ["number"]}}


def test_a_property_that_comes_later_is_added(source):
    see(source, track(a=1))
    assert see(source, track(b="x")).properties == {EventName("track", "Order Completed"): {"b"}}
    assert see(source, track(a="text")).properties == {}
    assert seen(source)["track", "Order Completed"] == {"a": ["number", "string"], "b": ["string"]}


def test_what_is_known_costs_no_statement(own_database, django_assert_num_queries):
    source = make_source(workspace=make_workspace())
    see(source, track(a=1))
    with in_workspace(source.workspace_id), django_assert_num_queries(0):
        assert observe(source, [track(a=1)]) == Observed()
    later = time_machine.travel(clock.now() + timedelta(minutes=11), tick=False)
    with later, in_workspace(source.workspace_id), django_assert_num_queries(2):
        observe(source, [track(a=1)])


def test_what_was_rolled_back_was_never_known(own_database):
    source = make_source(workspace=make_workspace())
    with pytest.raises(ZeroDivisionError), in_workspace(source.workspace_id):  # noqa: PT012
        observe(source, [track(a=1)])
        raise ZeroDivisionError
    assert seen(source) == {}
    see(source, track(a=1))
    assert seen(source) == {("track", "Order Completed"): {"a": ["number"]}}


def test_what_was_archived_is_there_again_when_it_is_sent_again(source):
    see(source, track(a=1))
    with in_workspace(source.workspace_id):
        SeenEvent.objects.filter(source_id=source.id).update(is_archived=True)
    see(source, track(a=1))
    with in_workspace(source.workspace_id):
        assert not SeenEvent.objects.get(source_id=source.id).is_archived


def test_names_without_end_are_told_together(monkeypatch, source):
    monkeypatch.setattr(schema, "MAX_NAMES", 3)
    first = see(source, *(track(f"E{number}") for number in range(5)))
    assert first.overflow == {("track", "E3"), ("track", "E4")}
    assert [name.name for name in first.names] == ["E0", "E1", "E2"]
    assert see(source, track("E0"), track("E9")).overflow == {("track", "E9")}
    assert len(seen(source)) == 3


def test_properties_without_end_are_cut(monkeypatch, source):
    monkeypatch.setattr(schema, "MAX_PROPERTIES", 3)
    see(source, track(a=1, b=1, c=1, d=1))
    assert see(source, track(a="x", e=1)).properties == {}
    assert seen(source)["track", "Order Completed"] == {"a": ["number", "string"], "b": ["number"], "c": ["number"]}


TEXT = st.text(st.characters(codec="utf-8"), max_size=10)
LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
NESTED = LEAF | st.lists(LEAF, max_size=3) | st.dictionaries(TEXT, LEAF, max_size=3)
JSON = NESTED | st.lists(NESTED, max_size=3) | st.dictionaries(TEXT, NESTED, max_size=3)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_any_properties_are_taken(source, properties):
    with transaction.atomic():
        see(source, track() | {"properties": properties})


def test_what_has_no_name_has_none_whatever_its_keys_are():
    assert event_name({"type": "alias", "": "\0"}) == ("alias", "")
    assert event_name({"type": "track", "event": "Order Completed", "name": "x"}) == ("track", "Order Completed")
    assert event_name({"type": "page", "name": 7}) == ("page", "")

"""What lies between the inbox and one destination: filters, then its transformations, then its function."""

import pytest
from django.core.cache import cache

from auditapp.pipeline.delivery import stages
from auditapp.pipeline.delivery.stages import StageFailed, stages_of
from auditapp.pipeline.destination_filters.services import create_filter, disable_filter
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import delete_destination
from auditapp.pipeline.functions.models import FunctionUse
from auditapp.pipeline.functions.pool import NoProcessFree
from auditapp.pipeline.functions.services import deploy_function
from auditapp.pipeline.functions.uses import put_function, take_function_out
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.transformations.services import create_transformation, disable_transformation
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, events_of, make_cast, make_destination, make_function

EVENT = {"type": "track", "event": "A", "messageId": "m1", "properties": {"email": "a@b.example", "n": 1}}
CODE = """function onTrack(event, settings) {
  if (event.properties.n === 2) throw new RetryError('later');
  if (event.properties.n === 3) throw new Error('oops');
  if (event.properties.n === 4) return null;
  event.properties.seen = Object.keys(event.properties);
  return event;
}"""


@pytest.fixture
def cast(db):
    cache.clear()
    stages._tries.clear()
    return make_cast()


@pytest.fixture
def siem(cast):
    return make_destination(source=cast.shop)


@pytest.fixture
def all_three(cast, siem):
    function = make_function(
        workspace=cast.workspace, code=CODE, latest=2, deployed=1, resource_type="INSERT_DESTINATION"
    )
    with acting_as(cast.olga, cast.workspace):
        fields = [{"type": "DROP_PROPERTIES", "fields": {"properties": ["email"]}}]
        one = create_filter(destination_id=siem.id, title="x", condition="all", actions=fields)
        rename = {"if": "properties.email = null", "propertyRenames": [{"oldName": "n", "newName": "number"}]}
        two = create_transformation(source_id=cast.shop.id, destination_id=siem.id, name="x", definition=rename)
        put_function(source_id=cast.shop.id, destination_id=siem.id, function_id=function.id, settings={})
    return one, two, function


def applied(cast, siem, *events):
    with in_workspace(cast.workspace.id):
        return stages_of(Destination.objects.get(id=siem.id)).apply(events or [EVENT])


def version(cast, siem):
    with in_workspace(cast.workspace.id):
        return Destination.objects.get(id=siem.id).version


def number(n):
    return {**EVENT, "messageId": f"m{n}", "properties": {"n": n}}


def test_each_stage_sees_what_the_one_before_it_left(cast, siem, all_three):
    [made] = applied(cast, siem)
    assert made.event["properties"] == {"number": 1, "seen": ["number"]}
    assert EVENT["properties"] == {"email": "a@b.example", "n": 1}
    other = make_destination(source=cast.shop, name="Other")
    assert applied(cast, other)[0].event == EVENT


def test_a_drop_says_by_what(cast, siem):
    with acting_as(cast.olga, cast.workspace):
        one = create_filter(destination_id=siem.id, title="x", condition='event = "A"', actions=[{"type": "DROP"}])
        definition = {"if": 'event = "B"', "drop": True}
        two = create_transformation(source_id=cast.shop.id, destination_id=siem.id, name="x", definition=definition)
    found = applied(cast, siem, EVENT, {**EVENT, "event": "B"}, {**EVENT, "integrations": {"All": False}})
    assert [(one.verdict, one.filter_id) for one in found] == [
        ("FILTERED_BY_RULES", one.id),
        ("FILTERED_BY_RULES", two.id),
        ("FILTERED_BY_INTEGRATIONS_OBJECT", ""),
    ]


def test_whoever_changes_a_stage_raises_the_version(cast, siem, all_three):
    one, two, function = all_three
    before = version(cast, siem)
    with acting_as(cast.olga, cast.workspace):
        disable_filter(destination_id=siem.id, filter_id=one.id)
        disable_transformation(transformation_id=two.id)
        deploy_function(function_id=function.id, version=2)
        take_function_out(source_id=cast.shop.id, destination_id=siem.id)
    assert version(cast, siem) == before + 4
    assert applied(cast, siem)[0].event == EVENT


@pytest.fixture
def function_alone(cast, siem):
    function = make_function(workspace=cast.workspace, code=CODE, deployed=1, resource_type="INSERT_DESTINATION")
    with acting_as(cast.olga, cast.workspace):
        put_function(source_id=cast.shop.id, destination_id=siem.id, function_id=function.id, settings={})
    return function


def test_what_the_function_leaves_out_has_its_code_and_a_failure_is_told_once(cast, siem, function_alone):
    for _ in range(2):
        found = applied(cast, siem, number(1), number(3), number(4))
    assert [(one.event is not None, str(one.verdict)) for one in found] == [
        (True, "accepted"),
        (False, "bad_request"),
        (False, "dropped_by_function"),
    ]
    assert (found[1].filter_id, found[1].message) == (function_alone.id, "oops")
    told = [row for row in events_of(cast.workspace) if row.type.key == "function.run_failed"]
    assert [[target.id for target in row.event.targets] for row in told] == [[function_alone.id, siem.id]]


def test_what_asks_for_another_try_holds_the_batch_six_times_and_is_then_left_out(cast, siem, function_alone):
    for _ in range(stages.FUNCTION_TRIES - 1):
        with pytest.raises(StageFailed, match="later"):
            applied(cast, siem, number(1), number(2))
    found = applied(cast, siem, number(1), number(2))
    assert [str(one.verdict) for one in found] == ["accepted", "retry"]


def test_where_no_process_is_free_the_batch_waits(cast, siem, function_alone, monkeypatch):
    def nobody(*args, **how):
        raise NoProcessFree

    monkeypatch.setattr("auditapp.pipeline.functions.placed.run_function", nobody)
    with pytest.raises(StageFailed):
        applied(cast, siem)


def test_stages_go_with_their_destination(cast, siem, all_three):
    with acting_as(cast.olga, cast.workspace):
        delete_destination(destination_id=siem.id)
        assert not SavedTransformation.objects.exists()
        assert not FunctionUse.objects.exists()

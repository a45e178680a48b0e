"""The function of a source on the way through the door: first of all stages, its verdicts, and that its failures are told."""

from itertools import count
from time import monotonic

import orjson
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auditapp.pipeline.functions import outcomes, placed, running
from auditapp.pipeline.functions.services import deploy_function
from auditapp.pipeline.functions.uses import put_function
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import read_inbox
from auditapp.sources.models import SeenEvent
from tests.factories import acting_as, events_of, make_cast, make_function, make_transformation

ORDER = {"type": "track", "event": "Order Completed", "userId": "u", "properties": {"email": "a@b.example"}}
CODE = """function onTrack(event, settings) {
  const how = event.properties.how;
  if (how === 'drop') return null;
  if (how === 'reject') throw new InvalidEventPayload('bad');
  if (how === 'retry') throw new RetryError('later');
  if (how === 'fail') throw new Error('oops');
  event.event = 'Renamed by function';
  event.properties.key = settings.apiKey;
  delete event.properties.email;
  return event;
}"""
SETTINGS = [
    {"name": "apiKey", "label": "Key", "type": "STRING", "description": "", "required": False, "sensitive": True}
]

_numbers = count()


@pytest.fixture
def cast(db):
    cache.clear()
    return make_cast()


@pytest.fixture
def put(cast):
    function = make_function(workspace=cast.workspace, code=CODE, latest=2, deployed=1, settings=SETTINGS)
    with acting_as(cast.olga, cast.workspace):
        put_function(source_id=cast.shop.id, function_id=function.id, settings={"apiKey": "k"})
    return function


def taken(source, *events):
    with in_workspace(source.workspace_id):
        first, *_ = take_in(source, [{**one, "messageId": f"m{next(_numbers)}"} for one in events])
        found = read_inbox(source.workspace_id, source.id, first)
    return [(one.verdict, one.name, orjson.loads(one.payload)) for one in found]


def how(word):
    return {**ORDER, "event": f"How {word}", "properties": {"how": word}}


def test_what_the_function_returns_is_what_all_that_follows_sees(cast, put):
    make_transformation(source=cast.shop, definition={"if": 'event = "Renamed by function"', "newEventName": "Last"})
    [(verdict, name, event)] = taken(cast.shop, ORDER)
    assert (verdict, name, event["properties"]) == ("accepted", "Last", {"key": "k"})
    with in_workspace(cast.workspace.id):
        assert [seen.name for seen in SeenEvent.objects.all()] == ["Renamed by function"]
    assert taken(cast.app, ORDER)[0][1] == "Order Completed"


def test_what_does_not_pass_is_kept_as_it_came_and_is_not_seen_by_the_schema(cast, put):
    found = taken(
        cast.shop, how("drop"), how("reject"), how("retry"), how("fail"), {**ORDER, "type": "identify"}, ORDER
    )
    assert [verdict for verdict, _, _ in found] == [
        "dropped_by_function",
        "message_rejected",
        "retry",
        "bad_request",
        "unsupported_event_type",
        "accepted",
    ]
    assert found[0][2]["properties"] == {"how": "drop"}
    with in_workspace(cast.workspace.id):
        assert [seen.name for seen in SeenEvent.objects.all()] == ["Renamed by function"]


def test_a_failure_is_told_once_an_hour_by_the_system(cast, put):
    for _ in range(2):
        taken(cast.shop, how("fail"), how("drop"))
    told = [row for row in events_of(cast.workspace) if row.type.key == "function.run_failed"]
    assert len(told) == 1
    assert (told[0].event.actor.kind, told[0].event.scope_id) == ("system", cast.shop.id)
    assert told[0].event.meta == {"reason": "bad_request: oops", "version": 1}
    assert [target.id for target in told[0].event.targets] == [put.id, cast.shop.id]


def test_a_deployment_holds_on_the_next_request(cast, put):
    taken(cast.shop, ORDER)
    with acting_as(cast.olga, cast.workspace):
        deploy_function(function_id=put.id, version=2)
    assert taken(cast.shop, ORDER)[0][1] == "Renamed by function"


def test_where_functions_cannot_run_nothing_passes(cast, put, monkeypatch):
    monkeypatch.setattr(running, "has_functions", lambda: False)
    assert taken(cast.shop, ORDER)[0][0] == "functions_lock_out"


def test_a_secret_that_cannot_be_opened_lets_nothing_through(cast, put, settings):
    settings.SECRET_BOX_KEYS = ("a" * 43 + "=",)
    assert taken(cast.shop, ORDER)[0][0] == "functions_lock_out"


def test_a_source_without_a_function_asks_one_query_more(cast):
    taken(cast.shop, ORDER)
    with CaptureQueriesContext(connection) as queries:
        taken(cast.shop, ORDER, ORDER)
    assert len([one for one in queries if '"function' in one["sql"]]) == 1


def test_a_function_that_is_late_again_and_again_is_not_asked_for_a_while(cast, monkeypatch):
    monkeypatch.setattr(placed, "AT_THE_DOOR_S", 0.2)
    monkeypatch.setattr("auditapp.pipeline.intake.AT_THE_DOOR_S", 0.2)
    function = make_function(workspace=cast.workspace, code="function onTrack(e) { while (true) {} }", deployed=1)
    with acting_as(cast.olga, cast.workspace):
        put_function(source_id=cast.shop.id, function_id=function.id, settings={})
    for _ in range(placed.LATE_REQUESTS):
        started = monotonic()
        assert taken(cast.shop, ORDER, ORDER)[0][0] == "gateway_timeout"
        assert monotonic() - started < 3
    monkeypatch.setattr(placed, "run_function", None)
    assert taken(cast.shop, ORDER)[0][0] == "gateway_timeout"
    monkeypatch.undo()
    monkeypatch.setattr(placed, "monotonic", lambda: monotonic() + placed.REST_S)
    monkeypatch.setattr(placed, "run_function", lambda program, events, **how: [outcomes.crashed()] * len(events))
    assert taken(cast.shop, ORDER)[0][0] == "bad_request"

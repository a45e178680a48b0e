"""Functions undone: code, settings, deployments, where they are put, deletions."""

from datetime import timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as config
from hypothesis import strategies as st

from auditapp.access.errors import Denied
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.services import delete_destination
from auditapp.pipeline.functions import services
from auditapp.pipeline.functions.errors import InUse, VersionGone
from auditapp.pipeline.functions.models import Function, FunctionUse
from auditapp.pipeline.functions.queries import version_of
from auditapp.pipeline.functions.services import (
    change_function,
    create_function,
    declared,
    delete_function,
    deploy_function,
    restore_version,
)
from auditapp.pipeline.functions.setting_input import TYPES, from_words, in_words
from auditapp.pipeline.functions.uses import put_function, take_function_out
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.errors import NotUndoable
from auditapp.revert.kinds.insert_function import PlaceGone
from auditapp.revert.models import What
from tests.factories import events_of, last_event, make_cast, make_destination, make_function, make_grant
from tests.revert.looking import latest, one_request, preview_of, standings, undo

CODES = [f"function onTrack(event) {{ return event; }} // {number}" for number in range(3)]
SETTINGS = [
    {"name": "apiKey", "label": "Key", "required": True, "sensitive": True},
    {"name": "region", "label": "Region"},
]


@pytest.fixture
def cast(db, monkeypatch):
    monkeypatch.setattr(services, "has_functions", lambda: False)  # whether code runs is not asked here
    return make_cast()


@pytest.fixture
def made(cast):
    with one_request(cast):
        return create_function(name="Hash", code=CODES[0], settings=SETTINGS)


def stored(cast, made):
    with in_workspace(cast.workspace.id):
        return Function.objects.filter(workspace_id=cast.workspace.id, id=made.id).first()


def code_now(cast, made):
    with in_workspace(cast.workspace.id):
        return version_of(made, stored(cast, made).latest_version).code


def change(cast, made, **values):
    with one_request(cast):
        change_function(function_id=made.id, **{"name": "Hash", "code": code_now(cast, made), **values})
    return last_event(cast.workspace)


def places(cast):
    with in_workspace(cast.workspace.id):
        uses = FunctionUse.objects.filter(workspace_id=cast.workspace.id)
        return {use.destination_id or use.source_id: (use.function_id, use.settings) for use in uses}


def test_code_goes_back_to_the_version_that_has_it(cast, made):
    event = change(cast, made, code=CODES[1], description="d", settings=[])
    assert standings(preview_of(cast, event)) == {"description": "safe", "code_sha256": "safe", "asks_for": "safe"}
    undo(cast, event)
    after = stored(cast, made)
    assert (code_now(cast, made), after.latest_version, after.description) == (CODES[0], 3, "")
    assert after.settings == declared(SETTINGS)
    change(cast, made, code=CODES[2])
    assert standings(preview_of(cast, last_event(cast.workspace), What.VERSION)) == {}
    created = latest(cast, "insert_function.created")
    assert standings(preview_of(cast, created, What.VERSION)) == {"code_sha256": "safe"}
    undo(cast, created, What.VERSION)
    assert code_now(cast, made) == CODES[0]


def test_a_restored_version_and_a_deployment_go_back(cast, made):
    with one_request(cast):
        deploy_function(function_id=made.id)
    with pytest.raises(NotUndoable):  # no version was deployed before
        preview_of(cast, last_event(cast.workspace))
    change(cast, made, code=CODES[1])
    with one_request(cast):
        deploy_function(function_id=made.id)
        restore_version(function_id=made.id, version=1)
    assert code_now(cast, made) == CODES[0]
    undo(cast, latest(cast, "function.version_restored"))
    assert code_now(cast, made) == CODES[1]
    deployed = latest(cast, "function.deployed")
    (part,) = preview_of(cast, deployed).parts
    assert part.effects == ["Events go through version 1 from then on, wherever the function is."]
    undo(cast, deployed)
    assert stored(cast, made).deployed_version == 1


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.from_regex(r"[a-z_]{1,4}", fullmatch=True),
                "label": st.text('a ("):,\\\\é', min_size=1, max_size=6),
                "type": st.sampled_from(list(TYPES)),
                "description": st.text('a (Text):"\\n', max_size=6),
                "required": st.booleans(),
                "sensitive": st.booleans(),
            }
        ),
        max_size=3,
        unique_by=lambda one: one["name"],
    )
)
@config(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_words_of_declared_settings_are_read_back(settings):
    assert from_words(in_words(settings)) == declared(settings)


@pytest.fixture
def put(cast, made):
    with one_request(cast):
        deploy_function(function_id=made.id)
    with one_request(cast):
        put_function(source_id=cast.shop.id, function_id=made.id, settings={"apiKey": "s3cret-4711", "region": "eu"})
    return made


def test_settings_in_a_place_go_back(cast, put):
    with one_request(cast):
        put_function(source_id=cast.shop.id, function_id=put.id, settings={"apiKey": "other-4711", "region": "us"})
    preview = preview_of(cast, last_event(cast.workspace))
    place = f"in.{cast.shop.id}.settings"
    assert standings(preview) == {f"{place}.region": "safe", f"{place}.apiKey": "withheld"}
    undo(cast, last_event(cast.workspace))
    assert places(cast) == {cast.shop.id: (put.id, {"region": "eu"})}


def test_put_somewhere_it_is_taken_out_and_put_back_with_its_secrets(cast, put):
    undo(cast, latest(cast, "function.enabled"))
    assert places(cast) == {}
    out = latest(cast, "function.disabled")
    (part,) = preview_of(cast, out).parts
    place = f"in.{cast.shop.id}"
    assert standings(preview_of(cast, out)) == {place: "safe", f"{place}.settings.region": "safe"}
    assert part.label(place) == "Put into Web shop"
    assert part.asks == {f"{place}.settings.apiKey": "Key"}
    with pytest.raises(Invalid, match="Enter Key"):
        undo(cast, out)
    undo(cast, out, secrets={part.key_of(f"{place}.settings.apiKey"): "s3cret-4711"})
    assert places(cast) == {cast.shop.id: (put.id, {"region": "eu"})}
    assert "4711" not in repr(events_of(cast.workspace))


def test_one_that_took_the_place_of_another_gives_it_back(cast):
    one, two = (make_function(workspace=cast.workspace, name=name, deployed=1) for name in ("One", "Two"))
    with one_request(cast):
        put_function(source_id=cast.shop.id, function_id=one.id, settings={})
    with one_request(cast):
        put_function(source_id=cast.shop.id, function_id=two.id, settings={})
    out = latest(cast, "function.disabled")
    (part,) = preview_of(cast, out).parts
    assert part.effects[1] == "It takes the place of “Two”."
    undo(cast, out, What.REQUEST)
    assert places(cast) == {cast.shop.id: (one.id, {})}


def test_what_goes_with_its_destination_comes_back_with_the_request(cast):
    siem = make_destination(source=cast.shop)
    function = make_function(workspace=cast.workspace, resource_type="INSERT_DESTINATION", deployed=1)
    with one_request(cast):
        put_function(source_id=cast.shop.id, destination_id=siem.id, function_id=function.id, settings={})
    with one_request(cast):
        delete_destination(destination_id=siem.id)
    assert places(cast) == {}
    with pytest.raises(PlaceGone, match="Undo its deletion first"):
        undo(cast, latest(cast, "function.disabled"))
    undo(cast, latest(cast, "destination.deleted"), What.REQUEST)
    assert places(cast) == {siem.id: (function.id, {})}


def test_a_deleted_function_comes_back_with_its_versions_for_thirty_days(cast, put):
    change(cast, put, code=CODES[1])
    with one_request(cast):
        take_function_out(source_id=cast.shop.id)
    with one_request(cast):
        delete_function(function_id=put.id)
    deleted = last_event(cast.workspace)
    assert preview_of(cast, deleted).is_risky
    with time_machine.travel(clock.now() + timedelta(days=31), tick=False), pytest.raises(VersionGone, match="30 days"):
        undo(cast, deleted)
    undo(cast, deleted)
    after = stored(cast, put)
    assert (after.name, after.latest_version, after.deployed_version) == ("Hash", 2, 1)
    assert (after.settings, code_now(cast, put)) == (declared(SETTINGS), CODES[1])
    undo(cast, latest(cast, "insert_function.restored"))
    assert stored(cast, put) is None


def test_what_was_made_is_deleted_where_nobody_uses_it(cast, put):
    created = latest(cast, "insert_function.created")
    with pytest.raises(InUse):
        undo(cast, created, with_conflicts=True)
    undo(cast, latest(cast, "function.enabled"))
    undo(cast, created, with_conflicts=True)
    assert stored(cast, put) is None


def test_who_may_change_the_source_and_not_the_function_undoes_what_is_of_the_source(cast, put):
    renamed = change(cast, put, name="Other")
    (part,) = preview_of(cast, renamed, who=cast.rita).parts
    assert "Create, change and deploy functions" in part.refusal
    make_grant(workspace=cast.workspace, user=cast.milo, role="auditor")
    with pytest.raises(Denied):
        undo(cast, renamed, who=cast.milo)
    undo(cast, latest(cast, "function.enabled"), who=cast.milo)
    assert places(cast) == {}

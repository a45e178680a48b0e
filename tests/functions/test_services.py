"""What is done to functions and where they are put: each service, what it refuses, and the exact event."""

from datetime import timedelta

import pytest
import time_machine

from auditapp.access.errors import Denied
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.pipeline.functions import services
from auditapp.pipeline.functions.errors import (
    AlreadyDeployed,
    CodeRefused,
    InUse,
    IsLatest,
    NameTaken,
    NotDeployed,
    NothingThere,
)
from auditapp.pipeline.functions.models import Function, FunctionUse, FunctionVersion
from auditapp.pipeline.functions.process import Limits, Process
from auditapp.pipeline.functions.queries import places_of, secrets_of, visible_functions
from auditapp.pipeline.functions.restoring import forget_versions
from auditapp.pipeline.functions.services import (
    change_function,
    create_function,
    delete_function,
    deploy_function,
    fingerprint,
    restore_version,
)
from auditapp.pipeline.functions.uses import put_function, take_function_out
from tests.factories import (
    acting_as,
    events_of,
    last_event,
    make_cast,
    make_function,
    make_grant,
    make_member,
    make_user,
)

CODE = "function onTrack(event) { return event; }"
OTHER = "function onTrack(event) { return null; }"
SETTINGS = [
    {"name": "apiKey", "label": "Key", "type": "STRING", "required": True, "sensitive": True},
    {"name": "region", "label": "Region", "type": "STRING"},
]


@pytest.fixture
def cast(db):
    return make_cast()


def as_(cast, who="olga"):
    return acting_as(getattr(cast, who), cast.workspace)


def changes(row):
    return {one.path: (one.old or None, one.new or None) for one in row.event.changes}


def keys(cast):
    return [row.type.key for row in reversed(events_of(cast.workspace))]


def test_a_function_is_created_with_its_first_version(cast):
    with as_(cast):
        function = create_function(name=" Hash ", code=CODE, description="d", settings=SETTINGS)
        version = FunctionVersion.objects.get()
    assert (version.number, version.code, version.created_by) == (1, CODE, cast.olga.id)
    assert function.settings[1] == {
        "name": "region", "label": "Region", "type": "STRING", "description": "", "required": False, "sensitive": False
    }  # fmt: skip
    row = last_event(cast.workspace)
    assert row.type.key == "insert_function.created"
    assert (row.event.targets[0].id, row.event.scope_id) == (function.id, function.id)
    assert changes(row) == {
        "name": (None, "Hash"),
        "description": (None, "d"),
        "code_sha256": (None, fingerprint(CODE)),
        "asks_for": (None, ["apiKey = Key (Text, required, secret)", "region = Region (Text)"]),
        "resource_type": (None, "INSERT_SOURCE"),
    }


@pytest.mark.parametrize("who", ["milo", "rita"])
def test_who_has_no_such_role_creates_none(cast, who):
    with as_(cast, who), pytest.raises(Denied):
        create_function(name="x", code=CODE)


@pytest.mark.parametrize(
    "code", ["", "  ", "x" * 100_001, "a\x00", "a\ud800", "this is none", "1 + 1", "while (true) {}", "throw 1"]
)
def test_code_that_cannot_run_is_refused(cast, code, monkeypatch):
    monkeypatch.setattr(services, "Process", lambda code: Process(code, Limits(time_s=0.2)))
    with as_(cast), pytest.raises(CodeRefused):
        create_function(name="x", code=code)
    assert keys(cast) == []


def test_code_is_not_tried_where_nothing_can_run(cast, monkeypatch):
    monkeypatch.setattr(services, "has_functions", lambda: False)
    with as_(cast):
        create_function(name="x", code="this is none")


@pytest.mark.parametrize(
    "settings",
    [
        "x",
        [{}],
        [{"name": "a b"}],
        [{"name": "a"}, {"name": "a"}],
        [{"name": "a", "type": "ELSE"}],
        [{"name": "a", "label": "x" * 101}],
        [{"name": "a", "label": 7}],
        [{"name": f"a{n}"} for n in range(21)],
    ],
)
def test_settings_that_cannot_be_are_refused(cast, settings):
    with as_(cast), pytest.raises(Invalid) as refused:
        create_function(name="x", code=CODE, settings=settings)
    assert refused.value.code == "bad_settings"


def test_names_are_there_once_and_functions_only_so_many(cast, monkeypatch):
    with as_(cast):
        create_function(name="One", code=CODE)
        for name in ("one", "", "x" * 101):
            with pytest.raises(Invalid):
                create_function(name=name, code=CODE)
        with pytest.raises(NameTaken):
            create_function(name="ONE", code=CODE)
        with pytest.raises(Invalid):
            create_function(name="Two", code=CODE, resource_type="DESTINATION")
        monkeypatch.setattr(services, "MAX_FUNCTIONS", 1)
        with pytest.raises(Invalid):
            create_function(name="Two", code=CODE)


def test_other_code_is_another_version_and_nothing_else_is(cast):
    function = make_function(workspace=cast.workspace, code=CODE, deployed=1)
    with as_(cast):
        assert change_function(function_id=function.id, name="Hash e-mail", code=CODE).latest_version == 1
        assert keys(cast) == []
        assert change_function(function_id=function.id, name="Other", code=CODE).latest_version == 1
        assert changes(last_event(cast.workspace)) == {"name": ("Hash e-mail", "Other")}
        changed = change_function(function_id=function.id, name="Other", code=OTHER)
    assert (changed.latest_version, changed.deployed_version) == (2, 1)
    row = last_event(cast.workspace)
    assert row.type.key == "insert_function.modified"
    assert changes(row) == {"code_sha256": (fingerprint(CODE), fingerprint(OTHER))}


def test_a_version_is_deployed_and_an_older_one_again(cast):
    function = make_function(workspace=cast.workspace, latest=2)
    with as_(cast):
        assert deploy_function(function_id=function.id).deployed_version == 2
        with pytest.raises(AlreadyDeployed):
            deploy_function(function_id=function.id, version=2)
        with pytest.raises(NotFound):
            deploy_function(function_id=function.id, version=9)
        deploy_function(function_id=function.id, version=1)
    row = last_event(cast.workspace)
    assert (row.type.key, row.event.meta, changes(row)) == (
        "function.deployed",
        {"version": 1},
        {"deployed_version": (2, 1)},
    )


def test_a_version_is_restored_as_a_new_one(cast):
    function = make_function(workspace=cast.workspace, code=CODE, latest=2, deployed=2)
    with as_(cast):
        restored = restore_version(function_id=function.id, version=1)
        version = FunctionVersion.objects.get(number=3)
        with pytest.raises(IsLatest):
            restore_version(function_id=function.id, version=3)
    assert (restored.latest_version, restored.deployed_version) == (3, 2)
    assert (version.code, version.restored_from) == (CODE, 1)
    row = last_event(cast.workspace)
    assert (row.type.key, row.event.meta, changes(row)) == (
        "function.version_restored",
        {"version": 1},
        {"latest_version": (2, 3), "code_sha256": (fingerprint(f"{CODE} // 2"), fingerprint(CODE))},
    )


def test_a_function_is_deleted_only_where_nobody_uses_it(cast):
    function = make_function(workspace=cast.workspace, deployed=1)
    with as_(cast):
        put_function(source_id=cast.shop.id, function_id=function.id, settings={})
        with pytest.raises(InUse):
            delete_function(function_id=function.id)
        take_function_out(source_id=cast.shop.id)
        delete_function(function_id=function.id)
        assert not Function.objects.exists()
        assert forget_versions() == 0
        with time_machine.travel(clock.now() + timedelta(days=31), tick=False):
            assert forget_versions() == 1
    assert keys(cast) == ["function.enabled", "function.disabled", "insert_function.deleted"]


def test_a_function_admin_changes_those_that_are_listed(cast):
    mine, other = (make_function(workspace=cast.workspace, name=name) for name in ("Mine", "Other"))
    fred = make_user(name="Fred", email="fred@demo.example")
    make_member(workspace=cast.workspace, user=fred)
    make_grant(workspace=cast.workspace, user=fred, role="function_admin", scope="listed", resource_ids=[mine.id])
    with acting_as(fred, cast.workspace):
        deploy_function(function_id=mine.id)
        with pytest.raises(NotFound):
            deploy_function(function_id=other.id)
        with pytest.raises(Denied):
            create_function(name="x", code=CODE)


@pytest.mark.parametrize("service", [deploy_function, delete_function])
def test_who_reads_changes_nothing_and_other_workspaces_see_nothing(cast, service):
    function = make_function(workspace=cast.workspace)
    with as_(cast, "rita"), pytest.raises(Denied):
        service(function_id=function.id)
    foreign = make_cast(slug="other")
    with acting_as(foreign.olga, foreign.workspace):
        with pytest.raises(NotFound):
            service(function_id=function.id)
        assert not visible_functions(services.acting_access()).exists()


def test_a_function_is_put_into_a_source_with_its_settings_sealed(cast):
    function = make_function(workspace=cast.workspace, deployed=1, settings=services.declared(SETTINGS))
    with as_(cast):
        with pytest.raises(Invalid) as refused:
            put_function(source_id=cast.shop.id, function_id=function.id, settings={"region": "eu"})
        assert refused.value.field == "apiKey"
        put_function(
            source_id=cast.shop.id,
            function_id=function.id,
            settings={"region": "eu", "apiKey": "s3cret-4711", "junk": 1},
        )
        use = FunctionUse.objects.get()
        assert (use.settings, secrets_of(use)) == ({"region": "eu"}, {"apiKey": "s3cret-4711"})
        assert "4711" not in f"{use.settings}{bytes(use.secrets)}"
    modified, enabled = events_of(cast.workspace)
    assert (enabled.type.key, enabled.event.scope_id) == ("function.enabled", cast.shop.id)
    assert [target.id for target in enabled.event.targets] == [function.id, cast.shop.id]
    assert modified.type.key == "function.settings_modified"
    assert "4711" not in str(modified.event)
    assert {one.path for one in modified.event.changes} == {"settings.region", "settings.apiKey"}


def test_settings_change_and_a_secret_stays_where_none_is_entered(cast):
    function = make_function(workspace=cast.workspace, deployed=1, settings=services.declared(SETTINGS))
    with as_(cast):
        for values in ({"apiKey": "one"}, {"apiKey": ""}, {"apiKey": "", "region": "eu"}):
            put_function(source_id=cast.shop.id, function_id=function.id, settings=values)
        assert secrets_of(FunctionUse.objects.get()) == {"apiKey": "one"}
    assert keys(cast) == ["function.enabled", "function.settings_modified", "function.settings_modified"]


def test_another_function_takes_the_place(cast):
    one, two = (make_function(workspace=cast.workspace, name=name, deployed=1) for name in ("One", "Two"))
    with as_(cast):
        put_function(source_id=cast.shop.id, function_id=one.id, settings={})
        put_function(source_id=cast.shop.id, function_id=two.id, settings={})
        assert [use.function_id for use in FunctionUse.objects.all()] == [two.id]
        assert places_of(services.acting_access(), two)[0].source == cast.shop
    assert keys(cast) == ["function.enabled", "function.disabled", "function.enabled"]


def test_what_cannot_be_put_is_refused(cast):
    draft = make_function(workspace=cast.workspace, name="Draft")
    elsewhere = make_function(workspace=cast.workspace, name="Else", deployed=1, resource_type="INSERT_DESTINATION")
    with as_(cast):
        with pytest.raises(NotDeployed):
            put_function(source_id=cast.shop.id, function_id=draft.id, settings={})
        with pytest.raises(Invalid):
            put_function(source_id=cast.shop.id, function_id=elsewhere.id, settings={})
        with pytest.raises(NotFound):
            put_function(source_id=cast.shop.id, function_id=elsewhere.id, settings={}, destination_id="dst_none")
        with pytest.raises(NothingThere):
            take_function_out(source_id=cast.shop.id)
    with as_(cast, "rita"), pytest.raises(Denied):
        put_function(source_id=cast.shop.id, function_id=draft.id, settings={})
    with as_(cast, "milo"), pytest.raises(NotFound):
        put_function(source_id=cast.shop.id, function_id=draft.id, settings={})
    assert keys(cast) == []


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("NUMBER", "12", 12),
        ("NUMBER", 1.5, 1.5),
        ("NUMBER", " ", None),
        ("NUMBER", "x", Invalid),
        ("NUMBER", "inf", Invalid),
        ("NUMBER", True, Invalid),
        ("BOOLEAN", True, True),
        ("BOOLEAN", None, False),
        ("BOOLEAN", "x", Invalid),
        ("ARRAY", ["a", "b"], ["a", "b"]),
        ("ARRAY", [1], Invalid),
        ("STRING", "x" * 5_001, Invalid),
        ("STRING", "a\x00", Invalid),
        ("STRING", 7, Invalid),
    ],
)
def test_each_kind_of_setting_takes_its_values(kind, value, kept):
    from auditapp.pipeline.functions.setting_input import declared, entered

    settings = declared([{"name": "a", "type": kind}])
    if kept is Invalid:
        with pytest.raises(Invalid):
            entered(settings, {"a": value}, {})
    else:
        assert entered(settings, {"a": value}, {})[0].get("a") == kept


def test_another_label_of_a_setting_is_a_change(cast):
    function = make_function(workspace=cast.workspace, code=CODE, settings=services.declared(SETTINGS))
    with as_(cast):
        relabelled = [SETTINGS[0], {**SETTINGS[1], "label": "Where"}]
        change_function(function_id=function.id, name=function.name, code=CODE, settings=relabelled)
        assert Function.objects.get().settings[1]["label"] == "Where"
    assert list(changes(last_event(cast.workspace))) == ["asks_for"]

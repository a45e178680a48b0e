"""Pages of functions."""

import re
from functools import partial
from time import perf_counter

import pytest

from auditapp.pipeline.functions import put_views, views
from auditapp.pipeline.functions.models import Function, FunctionUse
from auditapp.pipeline.functions.process import Limits
from auditapp.pipeline.functions.queries import secrets_of
from auditapp.pipeline.functions.running import run_function
from auditapp.record.workspace_scope import in_workspace
from tests.factories import events_of, last_event, make_cast, make_function

PATH = "/demo/connections/functions/"
CODE = "function onTrack(event, settings) { event.properties.seen = settings.x; console.log('<b>'); return event; }"
SETTINGS = [
    {"name": "apiKey", "label": "Key", "type": "STRING", "description": "", "required": True, "sensitive": True},
    {"name": "on", "label": "On", "type": "BOOLEAN", "description": "", "required": False, "sensitive": False},
    {"name": "tags", "label": "Tags", "type": "ARRAY", "description": "", "required": False, "sensitive": False},
]


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def as_olga(client, cast):
    client.force_login(cast.olga)
    return client


def rows(*settings):
    columns = {
        f"setting_{part}": [one.get(part, "") for one in settings] for part in ("name", "label", "type", "description")
    }
    for flag in ("required", "sensitive"):
        columns[f"setting_{flag}"] = [str(n) for n, one in enumerate(settings) if one.get(flag)]
    return columns


def test_a_function_is_created_changed_and_deployed(as_olga, cast):
    sent = {"name": "Mark <i>", "code": CODE.replace(";", ";\r\n"), "resource_type": "INSERT_SOURCE"}
    answer = as_olga.post(f"{PATH}new/", {**sent, **rows(SETTINGS[0], {"type": "STRING"})})
    with in_workspace(cast.workspace.id):
        function = Function.objects.get()
    assert answer["Location"] == f"{PATH}{function.id}/"
    assert [one["name"] for one in function.settings] == ["apiKey"]
    page = as_olga.get(f"{PATH}{function.id}/").content.decode()
    assert "Mark &lt;i&gt;" in page
    assert "Not deployed" in page
    assert last_event(cast.workspace).type.key == "function.viewed"
    as_olga.post(f"{PATH}{function.id}/", {"name": "Mark", "code": "function onTrack(e) { return e }"})
    as_olga.post(f"{PATH}{function.id}/deploy/")
    with in_workspace(cast.workspace.id):
        function.refresh_from_db()
    assert (function.latest_version, function.deployed_version, function.settings) == (2, 2, [])
    assert "Version 2" in as_olga.get(PATH).content.decode()


def test_what_is_wrong_is_shown_where_it_is_and_keeps_what_was_typed(as_olga, cast):
    answer = as_olga.post(f"{PATH}new/", {"name": "One", "code": "function ("})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "SyntaxError" in page.partition('id="id_code_error"')[2]
    assert "function (</textarea>" in page
    answer = as_olga.post(f"{PATH}new/", {"name": "One", "code": CODE, **rows({"name": "a b", "type": "STRING"})})
    assert answer.status_code == 422
    assert "A name is a word" in answer.content.decode()


def test_code_is_tried_on_an_event_and_nothing_is_kept(as_olga, cast):
    event = '{"type": "track", "event": "A", "properties": {}}'
    sent = {"name": "", "code": CODE, "event": event, "values": '{"x": 7}', "try": "1"}
    answer = as_olga.post(f"{PATH}new/", sent)
    page = answer.content.decode()
    outcome = answer.context["outcome"]
    assert outcome.event["properties"] == {"seen": 7}
    assert "Passed on" in page
    assert "&lt;b&gt;" in page
    fragment = as_olga.post(f"{PATH}new/", sent, headers={"HX-Request": "true", "HX-Target": "result"}).content.decode()
    assert fragment.lstrip().startswith('<div class="stack" id="result"')
    for wrong in ({"event": "{"}, {"event": "[]"}, {"event": "{}"}, {"values": "7"}):
        answer = as_olga.post(f"{PATH}new/", {**sent, **wrong})
        assert answer.status_code == 422
        assert "outcome" not in answer.context
    with in_workspace(cast.workspace.id):
        assert not Function.objects.exists()
    assert events_of(cast.workspace) == []


@pytest.mark.parametrize(("code", "said"), [(CODE, "Passed on"), ("while (true) {}", "did not end in time")])
def test_a_try_says_how_long_it_took_also_where_nothing_came_back(as_olga, monkeypatch, code, said):
    monkeypatch.setattr(views, "run_function", partial(run_function, limits=Limits(time_s=0.3)))
    code = code if code == CODE else f"function onTrack() {{ {code} }}"
    event = '{"type": "track", "event": "A", "properties": {}}'
    sent = {"name": "", "code": code, "event": event, "values": '{"x": 7}', "try": "1"}
    began = perf_counter()
    answer = as_olga.post(f"{PATH}new/", sent)
    whole = (perf_counter() - began) * 1000
    page = answer.content.decode()
    assert said in page
    told = float(re.search(r"in ([\d.]+) ms", page)[1])
    assert (0 if code == CODE else 300) < told < whole


def test_who_reads_sees_code_and_runs_nothing(client, cast):
    function = make_function(workspace=cast.workspace, code="function onTrack(e) { return '<script>'; }")
    client.force_login(cast.rita)
    page = client.get(f"{PATH}{function.id}/").content.decode().partition("<main")[2]
    assert "&lt;script&gt;" in page
    assert "<form" not in page
    answer = client.post(f"{PATH}{function.id}/", {"name": "x", "code": CODE, "event": '{"type": "track"}', "try": "1"})
    assert answer.status_code == 403


def test_versions_are_compared_deployed_and_restored(as_olga, cast):
    function = make_function(workspace=cast.workspace, latest=3, deployed=1)
    page = as_olga.get(f"{PATH}{function.id}/versions/").content.decode()
    assert page.index("Version 3") < page.index("Version 1")
    page = as_olga.get(f"{PATH}{function.id}/versions/2/").content.decode()
    assert "diff__line--removed" in page
    for number in ("9", "x", "²", "9" * 12):
        assert as_olga.get(f"{PATH}{function.id}/versions/{number}/").status_code == 404
    as_olga.post(f"{PATH}{function.id}/versions/2/restore/")
    as_olga.post(f"{PATH}{function.id}/deploy/", {"version": "4"})
    with in_workspace(cast.workspace.id):
        function.refresh_from_db()
    assert (function.latest_version, function.deployed_version) == (4, 4)
    assert as_olga.post(f"{PATH}{function.id}/deploy/", {"version": "4"}).status_code == 409


def test_a_function_is_put_into_a_source_and_taken_out(as_olga, cast):
    function = make_function(workspace=cast.workspace, deployed=1, settings=SETTINGS)
    path = f"/demo/connections/sources/{cast.shop.id}/function/"
    assert "No function is here" in as_olga.get(path).content.decode()
    assert 'name="apiKey"' in as_olga.get(path, {"function": function.id}).content.decode()
    answer = as_olga.post(path, {"function": function.id})
    assert answer.status_code == 422
    assert "Enter Key." in answer.content.decode()
    sent = {"function": function.id, "apiKey": "s3cret-4711", "on": "on", "tags": "a\nb"}
    assert as_olga.post(path, sent)["Location"] == path
    with in_workspace(cast.workspace.id):
        use = FunctionUse.objects.get()
    assert (use.settings, secrets_of(use)) == ({"on": True, "tags": ["a", "b"]}, {"apiKey": "s3cret-4711"})
    page = as_olga.get(path).content.decode()
    assert "4711" not in page
    assert "a\nb</textarea>" in page
    assert as_olga.post(f"{PATH}{function.id}/delete/").status_code == 409
    assert as_olga.post(path, {"function": ""})["Location"] == path
    as_olga.post(f"{PATH}{function.id}/delete/")
    with in_workspace(cast.workspace.id):
        assert not Function.objects.exists()


def test_a_draft_is_not_put_anywhere(as_olga, cast):
    function = make_function(workspace=cast.workspace)
    answer = as_olga.post(f"/demo/connections/sources/{cast.shop.id}/function/", {"function": function.id})
    assert answer.status_code == 422
    assert "No version of this function is deployed yet" in answer.content.decode()


@pytest.mark.parametrize("page", ["", "new/", "{function}/", "{function}/versions/", "../sources/{source}/function/"])
def test_where_the_extra_is_missing_each_page_says_how_to_install_it(as_olga, cast, page, monkeypatch):
    function = make_function(workspace=cast.workspace)
    for module in (views, put_views):
        monkeypatch.setattr(module, "has_functions", lambda: False)
    answer = as_olga.get((PATH + page.format(function=function.id, source=cast.shop.id)).replace("functions/../", ""))
    assert "uv sync --frozen --extra functions" in answer.content.decode()

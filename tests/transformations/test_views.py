"""Pages of transformations."""

import pytest

from auditapp.pipeline.intake import take_in
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.record.workspace_scope import in_workspace
from tests.factories import events_of, last_event, make_cast, make_transformation

PATH = "/demo/protocols/transformations/"


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def as_milo(client, cast):
    client.force_login(cast.milo)
    return client


def new(cast, kind):
    return f"{PATH}new/?source={cast.shop.id}&kind={kind}"


def only(cast):
    with in_workspace(cast.workspace.id):
        return SavedTransformation.objects.get()


def send(cast, **properties):
    with in_workspace(cast.workspace.id):
        event = {"type": "track", "event": "Order Completed", "messageId": str(properties), "properties": properties}
        take_in(cast.shop, [event])


def test_the_list_is_narrowed_by_source_and_kind(as_milo, cast):
    make_transformation(source=cast.shop, name="First <b>")
    make_transformation(source=cast.app, name="Second", definition={"drop": True})
    make_transformation(source=cast.kiosk, name="Third")
    page = as_milo.get(PATH).content.decode()
    assert "First &lt;b&gt;" in page
    assert "Second" in page
    assert "Third" not in page
    assert "Second" not in as_milo.get(PATH, {"source": cast.shop.id}).content.decode()
    assert "First" not in as_milo.get(PATH, {"kind": "drop"}).content.decode()


def test_who_only_reads_sees_what_it_does_and_no_form(client, cast):
    one = make_transformation(source=cast.shop, definition={"propertyRenames": [{"oldName": "a", "newName": "b"}]})
    client.force_login(cast.rita)
    assert "Create transformation" not in client.get(PATH).content.decode()
    page = client.get(f"{PATH}{one.id}/").content.decode().partition("<main")[2]
    assert "change nothing" in page
    assert "<form" not in page
    assert "no source that you may change" in client.get(f"{PATH}new/").content.decode()


SENT = {
    "rename_event": ({"new_event_name": "Sold"}, {"newEventName": "Sold"}),
    "rename": (
        {"rename_old": ["", "orderId"], "rename_new": ["", "order.id"]},
        {"propertyRenames": [{"oldName": "orderId", "newName": "order.id"}]},
    ),
    "values": (
        {"value_path": ["a, b", "c"], "value": ["10", '"10"']},
        {
            "propertyValueTransformations": [
                {"propertyPaths": ["a", "b"], "propertyValue": 10},
                {"propertyPaths": ["c"], "propertyValue": "10"},
            ]
        },
    ),
    "casing": (
        {"casing_path": ["plan", ""], "casing": ["uppercase", "lowercase"]},
        {"propertyCasings": [{"propertyPaths": ["plan"], "casing": "uppercase"}]},
    ),
    "defined": (
        {"defined_name": "plan", "defined_fql": "lowercase(properties.plan)"},
        {"fqlDefinedProperties": [{"propertyName": "plan", "fql": "lowercase(properties.plan)"}]},
    ),
    "allow": ({"allow": "total\n order.id \n"}, {"allowProperties": ["total", "order.id"]}),
    "hash": (
        {"hash_paths": "email", "hash_algorithm": "SHA512", "hash_encoding": "BASE64", "hash_key": "pepper"},
        {"hashPropertiesConfiguration": {"algorithm": "SHA512", "encoding": "BASE64", "paths": ["email"]}},
    ),
    "drop": ({}, {"drop": True}),
}


@pytest.mark.parametrize("kind", SENT)
def test_each_kind_is_created_shown_and_saved_again_as_it_was(as_milo, cast, kind):
    sent, definition = SENT[kind]
    assert as_milo.get(new(cast, kind)).status_code == 200
    answer = as_milo.post(new(cast, kind), {"name": "One", "event": "identify", **sent})
    assert answer["Location"] == PATH
    one = only(cast)
    assert one.definition == {"if": 'type = "identify"', **definition}
    form = as_milo.get(f"{PATH}{one.id}/").context
    again = {}
    for section in form["sections"]:
        left, right = {"rename": ("rename_old", "rename_new"), "values": ("value_path", "value")}.get(
            section.key, ("casing_path", "casing")
        )
        again[left], again[right] = [row.left for row in section.rows], [row.right for row in section.rows]
    before = len(events_of(cast.workspace))
    shown = form["form"].initial
    as_milo.post(f"{PATH}{one.id}/", {**sent, **{k: v for k, v in again.items() if v}, **shown, "hash_key": ""})
    assert only(cast).definition == one.definition
    assert len(events_of(cast.workspace)) == before


def test_faults_are_shown_where_they_are(as_milo, cast):
    sent = {"name": "One", "event": "fql", "condition": "event =", "rename_old": ["a.b.c.d.e"], "rename_new": ["x"]}
    answer = as_milo.post(new(cast, "rename"), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The condition ends too early" in page.partition('id="id_condition_error"')[2][:600]
    assert "at most 4 levels deep" in page.partition('value="a.b.c.d.e"')[2][:900]
    make_transformation(source=cast.shop, name="Taken", definition={"drop": True})
    answer = as_milo.post(new(cast, "drop"), {"name": "One", "event": "all"})
    assert answer.status_code == 422
    assert "“Taken” does this to the same events already" in answer.content.decode()


def test_a_preview_shows_before_and_after_and_is_told_once(as_milo, cast):
    send(cast, orderId=7, note="<script>")
    send(cast, other=1)
    sent = {"name": "", "event": "fql", "condition": "properties.orderId = 7", "preview": "1"}
    sent |= {"rename_old": ["orderId"], "rename_new": ["order_id"]}
    answer = as_milo.post(new(cast, "rename"), sent)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "It is about 1 of the last 2 events" in page
    assert "<script>&quot;" not in page
    [shown] = answer.context["preview"].events
    assert [line.text.strip() for line in shown.before if line.sign == "-"] == ['"orderId": 7,']
    assert '"order_id": 7' in "".join(line.text for line in shown.after if line.sign == "+")
    fragment = as_milo.post(new(cast, "rename"), sent, headers={"HX-Request": "true", "HX-Target": "preview"})
    assert fragment.content.decode().lstrip().startswith('<section class="section" id="preview"')
    assert [event.type.key for event in events_of(cast.workspace)].count("source.debugger_viewed") == 1
    with in_workspace(cast.workspace.id):
        assert not SavedTransformation.objects.exists()


def test_a_preview_that_cannot_be_says_why(as_milo, cast):
    sent = {"event": "fql", "condition": "event =", "new_event_name": "x", "preview": "1"}
    answer = as_milo.post(new(cast, "rename_event"), sent, headers={"HX-Request": "true", "HX-Target": "preview"})
    assert answer.status_code == 422
    assert "The condition ends too early" in answer.content.decode()


def test_it_is_turned_off_and_deleted_by_buttons(as_milo, cast):
    one = make_transformation(source=cast.shop)
    for action, key in (("disable", "disabled"), ("enable", "enabled"), ("delete", "deleted")):
        assert as_milo.post(f"{PATH}{one.id}/{action}/")["Location"] == PATH
        assert last_event(cast.workspace).type.key == f"transformation.{key}"

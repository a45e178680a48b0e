"""The tab Filters of a destination."""

import pytest

from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destination_filters.services import create_filter
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, events_of, make_cast, make_destination


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def siem(cast):
    return make_destination(source=cast.shop)


@pytest.fixture
def path(siem):
    return f"/demo/connections/destinations/{siem.id}/filters/"


@pytest.fixture
def as_milo(client, cast):
    client.force_login(cast.milo)
    return client


def only(cast):
    with in_workspace(cast.workspace.id):
        return DestinationFilter.objects.get()


def send(cast, *events):
    with in_workspace(cast.workspace.id):
        take_in(
            cast.shop,
            [
                {"type": "track", "event": name, "messageId": name, "properties": {"email": "<a@b.example>"}}
                for name in events
            ],
        )


def rows(*lines, join="and"):
    columns = zip(*lines, ("", "is", ""), strict=True)
    return {"row_join": join} | dict(zip(("row_field", "row_operator", "row_value"), map(list, columns), strict=True))


SENT = {
    "DROP": ({}, [{"type": "DROP"}]),
    "SAMPLE": ({"percent": "12.5", "path": "userId"}, [{"type": "SAMPLE", "percent": 0.125, "path": "userId"}]),
    "DROP_PROPERTIES": (
        {"fields": "properties.email\r\nproperties.a.b\nuserId"},
        [{"type": "DROP_PROPERTIES", "fields": {"properties": ["email", "a.b"], "": ["userId"]}}],
    ),
    "ALLOW_PROPERTIES": (
        {"fields": "properties.total"},
        [{"type": "ALLOW_PROPERTIES", "fields": {"properties": ["total"]}}],
    ),
    "JSON": (
        {"json": '[{"type": "DROP_PROPERTIES", "fields": {"properties": ["a"]}}, {"type": "SAMPLE", "percent": 1}]'},
        [{"type": "DROP_PROPERTIES", "fields": {"properties": ["a"]}}, {"type": "SAMPLE", "percent": 1}],
    ),
}


@pytest.mark.parametrize("does", SENT)
def test_each_action_is_created_shown_and_saved_again_as_it_was(as_milo, cast, path, does):
    sent, actions = SENT[does]
    answer = as_milo.post(f"{path}new/", {"title": "One", "does": does, "condition": 'event = "A"', **sent})
    assert answer["Location"] == path
    one = only(cast)
    assert (one.condition, one.actions) == ('event = "A"', actions)
    given = as_milo.get(f"{path}{one.id}/").context["given"]
    assert given.does == does
    again = {"title": "One", "does": given.does, "condition": given.condition, "condition_before": given.condition}
    again |= {"percent": given.percent, "path": given.path, "fields": given.fields, "json": given.json}
    as_milo.post(f"{path}{one.id}/", again)
    assert only(cast).actions == actions
    assert [row.type.key for row in events_of(cast.workspace)] == ["destination_filter.created"]


def test_only_send_is_shown_as_what_is_sent(as_milo, cast, path):
    as_milo.post(f"{path}new/", {"title": "One", "does": "ONLY_SEND", "condition": 'event = "A"'})
    one = only(cast)
    assert (one.condition, one.actions) == ('!(event = "A")', [{"type": "DROP"}])
    page = as_milo.get(path).content.decode()
    assert "Only send" in page
    assert "!(event" not in page
    given = as_milo.get(f"{path}{one.id}/").context["given"]
    assert (given.condition, given.does) == ('event = "A"', "ONLY_SEND")


def test_rows_and_the_box_are_two_views_of_one_condition(as_milo, cast, path):
    said = {"title": "One", "does": "DROP", "condition": "", "condition_before": ""}
    as_milo.post(f"{path}new/", {**said, **rows(("event", "is", "A"), ("properties.total", "gt", "10"), join="or")})
    one = only(cast)
    assert one.condition == 'event = "A" or properties.total > 10'
    edit = f"{path}{one.id}/"
    page = as_milo.get(edit).content.decode()
    assert 'value="properties.total"' in page
    before = {**said, "condition": one.condition, "condition_before": one.condition}
    # The box was changed, the rows were not.
    as_milo.post(edit, {**before, "condition": "length(event) > 3", **rows(("event", "is", "A"))})
    assert only(cast).condition == "length(event) > 3"
    assert "more than rows can" in as_milo.get(edit).content.decode()
    # What rows cannot say stays, unless something is written into them.
    before |= {"condition": "length(event) > 3", "condition_before": "length(event) > 3"}
    as_milo.post(edit, {**before, **rows()})
    assert only(cast).condition == "length(event) > 3"
    as_milo.post(edit, {**before, **rows(("event", "null", ""))})
    assert only(cast).condition == "event = null"
    before |= {"condition": "event = null", "condition_before": "event = null"}
    assert as_milo.post(edit, {**before, **rows()}).status_code == 422
    assert only(cast).condition == "event = null"


def test_all_events_are_dropped_only_where_somebody_writes_so(as_milo, cast, path):
    page = as_milo.get(f"{path}new/").content.decode()
    assert ">all</textarea>" not in page.replace("\n", "")
    sent = {"title": "One", "condition": "", "condition_before": "", **rows()}
    for does in ("DROP", "ONLY_SEND"):
        for button in ({}, {"test": "1"}):
            answer = as_milo.post(f"{path}new/", {**sent, "does": does, **button})
            page = answer.content.decode()
            assert answer.status_code == 422
            assert "Say which events; for all of them write all." in page.partition('id="id_condition_error"')[2]
    as_milo.post(f"{path}new/", {**sent, "does": "DROP", "condition": "all"})
    assert (only(cast).condition, only(cast).actions) == ("all", [{"type": "DROP"}])


def test_the_share_of_a_sample_is_asked_for(as_milo, path):
    assert as_milo.get(f"{path}new/").context["given"].percent == ""
    answer = as_milo.post(f"{path}new/", {"title": "One", "does": "SAMPLE", "condition": "all", "percent": ""})
    assert answer.status_code == 422
    assert answer.context["form"].errors["actions"] == ["Write the share in percent, from 0 to 100."]


def test_who_only_reads_gets_no_form_for_a_new_filter(client, cast, path):
    client.force_login(cast.rita)
    assert client.get(f"{path}new/").status_code == 403


def test_faults_are_shown_where_they_are(as_milo, path):
    answer = as_milo.post(f"{path}new/", {"title": "One", "does": "ONLY_SEND", "condition": "event ="})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Column 8: The condition ends too early" in page.partition('id="id_condition_error"')[2]
    for wrong in (
        {"does": "SAMPLE", "percent": "x"},
        {"does": "SAMPLE", "percent": "101"},
        {"does": "JSON", "json": "{"},
        {"does": "DROP_PROPERTIES"},
    ):
        answer = as_milo.post(f"{path}new/", {"title": "One", "condition": "all", **wrong})
        assert answer.status_code == 422
        assert answer.context["form"].errors["actions"]


def test_a_test_says_what_becomes_of_the_last_events_and_by_which_filter(as_milo, cast, siem, path):
    send(cast, "A", "B", "C")
    with acting_as(cast.olga, cast.workspace):
        create_filter(destination_id=siem.id, title="No <b>", condition='event = "B"', actions=[{"type": "DROP"}])
    answer = as_milo.post(path)
    assert [(one.name, one.state, one.by) for one in answer.context["test"].events] == [
        ("C", "passed", ""),
        ("B", "dropped", "No <b>"),
        ("A", "passed", ""),
    ]
    sent = {"does": "DROP_PROPERTIES", "fields": "properties.email", "condition": 'event = "A"', "test": "1"}
    answer = as_milo.post(f"{path}new/", sent)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer.context["test"].counts == {"passed": 1, "changed": 1, "dropped": 1, "failed": 0}
    assert "&lt;a@b.example&gt;" in page
    assert "This field is required" not in page
    assert 'value="A"' in page  # the rows follow the box
    answer = as_milo.post(f"{path}new/", {**sent, "condition": "event > 1"})
    assert answer.context["test"].counts["failed"] == 2  # B is dropped before
    # One look for a while of trying.
    assert [row.type.key for row in events_of(cast.workspace)].count("source.debugger_viewed") == 1
    with in_workspace(cast.workspace.id):
        assert DestinationFilter.objects.count() == 1


def test_who_only_reads_sees_what_filters_do(client, cast, siem, path):
    with acting_as(cast.olga, cast.workspace):
        one = create_filter(
            destination_id=siem.id, title="x", condition="all", actions=[{"type": "SAMPLE", "percent": 0.5}]
        )
    client.force_login(cast.rita)
    assert "Let 50 % through" in client.get(path).content.decode()
    page = client.get(f"{path}{one.id}/").content.decode()
    assert "change nothing" in page
    assert 'name="title"' not in page


def test_buttons_switch_and_delete(as_milo, cast, siem, path):
    with acting_as(cast.olga, cast.workspace):
        one = create_filter(destination_id=siem.id, title="x", condition="all", actions=[{"type": "DROP"}])
    for action, key in (("disable", "disabled"), ("enable", "enabled"), ("delete", "deleted")):
        assert as_milo.post(f"{path}{one.id}/{action}/")["Location"] == path
        assert events_of(cast.workspace)[0].type.key == f"destination_filter.{key}"

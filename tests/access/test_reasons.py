"""Every door to what is risky: pages with and without a dialog, forms and the API, where the workspace asks for a reason."""

import re
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from auditapp.access.models import Workspace
from auditapp.access.workspaces import change_workspace_settings
from auditapp.record.event_types import CATALOGUE
from auditapp.record.reasons import may_ask
from auditapp.record.workspace_scope import in_workspace
from auditapp.urls import api
from tests.access.test_matrix import MATRIX, world_of
from tests.conftest import cloned_database
from tests.factories import acting_as, events_of, last_event, make_cast, make_grant, make_group, make_token, prove

WHY = "Cost spike, see OPS-2214"
TEMPLATES = sorted((Path(__file__).parents[2] / "templates").rglob("*.html"))
# What each door tells the trail that it is asked why for.
ASKED = {
    "access:invitation_revoke": "user.invite_deleted",
    "access:member_remove": "user.removed",
    "access:grant_revoke": "user.role_revoked",
    "access:group_delete": "user_group.deleted",
    "access:role_edit": "role.updated",
    "access:role_delete": "role.deleted",
    "access:group_member_remove": "user_group.member_removed",
    "access:label_delete": "label.deleted",
    "access:token_revoke": "workspace.access_token_revoked",
    "access:support_revoke": "support_access.revoked",
    "sources:source_disable": "source.disabled",
    "sources:source_delete": "source.deleted",
    "sources:write_key_revoke": "source.write_key_revoked",
    "sources:schema_event_block": "source_schema.event_blocked",
    "sources:source_plan_disconnect": "tracking_plan.source_disconnected",
    "functions:function_delete": "insert_function.deleted",
    "transformations:transformation_disable": "transformation.disabled",
    "transformations:transformation_delete": "transformation.deleted",
    "warehouses:warehouse_disable": "warehouse.disabled",
    "warehouses:warehouse_delete": "warehouse.deleted",
    "spaces:space_delete": "space.deleted",
    "plans:rule_remove": "tracking_plan.event_removed",
    "plans:plan_source_disconnect": "tracking_plan.source_disconnected",
    "plans:plan_delete": "tracking_plan.deleted",
    "trail:view_delete": "saved_view.deleted",
    "alerts:rule_disable": "alert_rule.disabled",
    "alerts:rule_delete": "alert_rule.deleted",
    "destinations:destination_disable": "destination.disabled",
    "destinations:destination_delete": "destination.deleted",
    "destinations:delivery_set_aside": "destination.event_dead_lettered",
    "destinations:filter_disable": "destination_filter.disabled",
    "destinations:filter_delete": "destination_filter.deleted",
    "destinations:replay_cancel": "destination.replay_cancelled",
}
# Its form holds a password: it is refused on a page without it. Without sources, what fed the warehouse stops feeding it.
ASKED_BARELY = {"warehouses:warehouse_settings": "warehouse.source_disconnected"}


@pytest.fixture(scope="module")
def world(server, django_db_blocker):
    """Everything that can be done something to, in a workspace that wants reasons; each test rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        cast, ids = world_of("demo")
        ask(cast, "required")
        yield cast, ids


def ask(cast, rule):
    with in_workspace(cast.workspace.id):
        Workspace.objects.update(reason_rule=rule)


def of_olga(cast):
    client = Client(raise_request_exception=False)
    client.force_login(cast.olga)
    return client


def sent_by(row, ids):
    return {key: ids.get(value, value) if isinstance(value, str) else value for key, value in row.data.items()}


@pytest.mark.parametrize(
    "row",
    [row for row in MATRIX if row.data is not None and row.statuses.split()[0] == "302"],
    ids=lambda row: f"{row.name}-{'-'.join(row.ids)}",
)
def test_each_door_asks_once_and_nothing_is_done_before_it_is_told(world, row):
    cast, ids = world
    path, data = reverse(row.name, args=["demo", *(ids[name] for name in row.ids)]), sent_by(row, ids)
    expected = (ASKED | ASKED_BARELY).get(row.name)
    with transaction.atomic():
        before, client = len(events_of(cast.workspace)), of_olga(cast)
        if row.name.startswith(("access:role_", "access:invit")):  # else what is posted only leads to the password
            prove(client)
        answer = client.post(path, data)
        if expected:
            page = answer.content.decode()
            assert answer.status_code == 422
            # The first of them is named, where several things are told.
            assert " needs a reason in this workspace" in page
            assert len(events_of(cast.workspace)) == before
            if row.name in ASKED:
                # What was typed is sent again with the reason, to the same place: as the page would send it.
                hidden = re.findall(r'<input type="hidden" name="(?!csrf)([^"]*)" value="([^"]*)">', page)
                assert dict(hidden) == {key: str(value) for key, value in data.items()}
                assert f'action="{path}"' in page
            answer = client.post(path, {**data, "reason": f"  {WHY}\n"})
            told = {row.event.type: row.event.context.get("reason") for row in reversed(events_of(cast.workspace))}
            assert told[expected] == WHY
        transaction.set_rollback(True)
    assert answer.status_code == 302


def test_every_button_that_asks_names_a_risky_type_and_every_confirmation_says_why_or_is_known_not_to():
    named, without = set(), set()
    for template in TEMPLATES:
        text = template.read_text()
        named |= set(re.findall(r'(?:why=|{% act |{% reason_field )"([^"]+)"', text))
        for tag in re.findall(r'{% include "_components/confirm.html" with [^%]*%}', text):
            if "why=" not in tag:
                without |= set(re.findall(r'word="([^"]+)"', tag))
    assert without == {"Rotate", "Rotate secret", "New secret"}
    assert all(may_ask(CATALOGUE[key]) for key in named - {"*"})
    assert named >= set(ASKED.values()) | {"workspace.sso_modified"}  # which asks after the proof: test_sso_rules.py


def test_taking_a_role_back_from_a_group_and_pointing_forwarding_elsewhere_ask(db):
    cast = make_cast()
    group = make_group(workspace=cast.workspace, name="Auditors")
    grant = make_grant(workspace=cast.workspace, group=group, role="auditor")
    client, forwarding = of_olga(cast), reverse("forwarding:forwarding", args=["demo"])
    client.post(forwarding, {"is_on": "on", "source_id": cast.shop.id, "start": "continue"})
    ask(cast, "required")
    page = client.get(reverse("access:group", args=["demo", group.id])).content.decode()
    assert re.search(r"<details[^>]*>(?:(?!</details>).)*/revoke/(?:(?!</details>).)*name=.reason. ", page, re.DOTALL)
    assert 'name="reason"' in client.get(forwarding).content.decode()
    doors = {
        "user_group.role_revoked": (reverse("access:grant_revoke", args=["demo", grant.id]), {}),
        "audit_forwarding.modified": (forwarding, {"is_on": "on", "source_id": cast.kiosk.id, "start": "continue"}),
    }
    for key, (path, sent) in doors.items():
        refused = client.post(path, sent)
        assert (refused.status_code, f"{CATALOGUE[key].name} needs a reason" in refused.content.decode()) == (422, True)
        assert client.post(path, sent | {"reason": WHY}).status_code == 302
        told = last_event(cast.workspace).event
        assert (told.type, told.context["reason"]) == (key, WHY)


@pytest.mark.parametrize(("rule", "fields"), [("never", 0), ("offered", 1), ("required", 1)])
def test_a_button_gets_a_step_without_scripts_where_the_workspace_asks(db, rule, fields):
    cast = make_cast()
    ask(cast, rule)
    page = of_olga(cast).get(f"/demo/connections/sources/{cast.shop.id}/").content.decode()
    form = re.search(r"<form[^>]*/disable/.*?</form>", page, re.DOTALL)[0]
    assert form.count('name="reason"') == fields
    assert ("required" in form) is (rule == "required")
    step = re.search(r"<details[^>]*>(?:(?!</details>).)*/disable/", page, re.DOTALL)
    assert bool(step) is bool(fields)


def test_where_it_is_offered_it_may_be_left_empty(db):
    cast = make_cast()
    ask(cast, "offered")
    path = f"/demo/connections/sources/{cast.shop.id}/disable/"
    assert of_olga(cast).post(path, {"reason": " "}).status_code == 302
    assert "reason" not in last_event(cast.workspace).event.context


def test_one_that_is_too_long_is_shown_again_and_nothing_is_done(db):
    cast = make_cast()
    answer = of_olga(cast).post(f"/demo/connections/sources/{cast.shop.id}/disable/", {"reason": "ab " * 150})
    assert answer.status_code == 422
    assert "A reason has at most 300 characters" in answer.content.decode()
    assert "ab ab ab" in answer.content.decode()
    assert events_of(cast.workspace) == []


def test_a_fragment_is_told_and_hostile_text_comes_back_as_text(world):
    cast, _ = world
    path = f"/demo/connections/sources/{cast.shop.id}/disable/"
    answer = of_olga(cast).post(path, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#notices")
    hostile = '"><script>alert(1)</script>'
    page = of_olga(cast).post(f"{path}?{hostile}", {hostile: hostile}, headers={"Referer": "https://evil.example/"})
    assert page.status_code == 422
    assert b"<script>alert" not in page.content
    assert b"evil.example" not in page.content


def test_the_api_takes_it_as_a_header_and_says_that_it_is_needed(db):
    cast = make_cast()
    ask(cast, "required")
    _, secret = make_token(workspace=cast.workspace, scopes=["source:write"], created_by=cast.olga.id)

    def delete(**headers):
        return Client().delete(f"/api/sources/{cast.shop.id}", headers={"Authorization": f"Bearer {secret}", **headers})

    refused = delete()
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["field"], error["data"]["code"]) == ("reason", "reason_needed")
    assert events_of(cast.workspace) == []
    long = delete(**{"Audit-Reason": "x" * 301})
    assert (long.status_code, long.json()["errors"][0]["field"]) == (422, "reason")
    done = delete(**{"Audit-Reason": "Überflüssig".encode().decode("latin-1")})
    assert done.status_code == 200
    told = last_event(cast.workspace).event
    assert (told.type, told.actor.kind, told.context["reason"]) == ("source.deleted", "token", "Überflüssig")


def test_the_document_of_the_api_names_the_header_where_something_is_changed():
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, details in methods.items():
            named = [one["name"] for one in details.get("parameters", ())].count("Audit-Reason")
            assert named == (method != "get"), (method, path)


def test_the_setting_is_saved_told_and_kept_by_who_does_not_mention_it(db):
    cast = make_cast()
    form = {"name": "Halden Outdoor", "slug": "demo", "time_zone": "UTC"}
    path = reverse("access:workspace_settings", args=["demo"])
    assert of_olga(cast).post(path, {**form, "reason_rule": "sometimes"}).status_code == 422
    assert of_olga(cast).post(path, {**form, "reason_rule": "required"}).status_code == 302
    assert [(c.path, c.old, c.new) for c in last_event(cast.workspace).event.changes] == [
        ("reason_rule", "never", "required")
    ]
    with acting_as(cast.olga, cast.workspace):
        assert change_workspace_settings(**{**form, "name": "Halden"}).needs_reason

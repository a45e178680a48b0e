"""The scope of what other systems send: a space or a section, never what this product keeps itself."""

import pytest

from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.catalogue.sections import KEYS
from auditapp.record.event_types import CATALOGUE
from tests.factories import make_space
from tests.ingest.conftest import make_workspace

AUDIENCE = {"type": "audience", "id": "aud_1", "name": "Lapsed hikers"}
PROD, DEV = ({"type": "space", "id": f"spa_{name}", "name": name} for name in ("prod", "dev"))
EVENT = {"type": "audience.modified", "target": AUDIENCE}
IN_PROD = {"type": "audience.modified", "targets": [AUDIENCE, PROD]}


def scopes(caller, stored):
    return [row.event.scope_id for row in reversed(stored(caller.workspace))]


def test_an_event_belongs_to_its_space_or_to_the_section_of_its_type(caller, stored):
    sent = [
        IN_PROD,
        {"type": "journey.published", "targets": [{"type": "journey", "id": "j"}, DEV, PROD]},
        {"type": "space.modified", "target": PROD},
        {"type": "space.identity_rules_modified", "target": PROD},
        {"type": "consent_enforcement.enabled", "target": {"type": "source", "id": "src_1"}},
        {"type": "Workspace Regulation Created", "target": {"type": "workspace", "id": "ws"}},
        {"type": "data_graph.modified", "targets": [{"type": "data_graph", "id": "d"}, PROD]},
        {"type": "banner.changed", "area": "consent_management"},
        {"type": "warehouse.disabled", "target": {"type": "warehouse", "id": "w"}},
    ]
    answer = caller.post("/audit-events", sent)
    assert (answer.status_code, {one["status"] for one in answer.json()["data"]["results"]}) == (201, {201})
    sections = ["section:identity", "section:privacy", "section:privacy", "section:entity", "section:privacy"]
    assert scopes(caller, stored) == ["spa_prod", "spa_dev", "spa_prod", *sections, None]
    types = caller.get("/audit-event-types").json()["data"]["eventTypes"]
    assert {one["key"]: one.get("scope") for one in types}["regulation.deleted"] == "section:privacy"


def test_a_sender_names_a_space_that_is_known_or_a_section(caller, stored):
    make_space(workspace=caller.workspace, id="spa_known")
    sent = [
        {**EVENT, "scope": "spa_known"},
        {**EVENT, "scopeId": "spa_known"},
        {**EVENT, "scope": "section:entity", "scopeId": "section:entity"},
        {"type": "consent_category.deleted", "scope": "section:privacy"},
        {**IN_PROD, "targets": [AUDIENCE, DEV, PROD], "scope": "spa_prod"},
        {**EVENT, "scope": "spa_dev"},  # the event before made it known
        {**EVENT, "scope": None},
    ]
    assert caller.post("/audit-events", sent).status_code == 201
    assert scopes(caller, stored) == [
        *("spa_known", "spa_known", "section:entity", "section:privacy", "spa_prod", "spa_dev", None)
    ]
    assert caller.post("/audit-events", {**EVENT, "scope": "spa_dev"}).status_code == 201, "and so it stays"


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        ({**EVENT, "scope": "spa_nobody_knows"}, "scope", "Name it among the targets"),
        ({**EVENT, "scopeId": "src_1"}, "scopeId", "the id of a space"),
        ({**EVENT, "scope": "fun_1"}, "scope", "the id of a space"),
        ({**EVENT, "scope": "section:billing"}, "scope", "section:entity, section:identity, section:privacy"),
        ({**IN_PROD, "scope": "spa_dev"}, "scope", "Name one of them"),
        ({**EVENT, "scope": "section:entity", "scopeId": "section:privacy"}, "scopeId", "either"),
        ({"type": "consent_category.deleted", "scope": "section:entity"}, "scope", "belongs to section:privacy"),
        ({"type": "space.identity_rules_modified", "target": PROD, "scope": "spa_prod"}, "scope", "section:identity"),
        ({**EVENT, "scope": ""}, "scope", ""),
        ({**EVENT, "scope": ["spa_1"]}, "scope", ""),
    ],
)
def test_a_scope_that_an_event_cannot_have_is_refused_with_what_to_do(caller, stored, sent, field, words):
    answer = caller.post("/audit-events", sent)
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, field)
    assert words in error["message"]
    assert stored(caller.workspace) == []


def test_a_space_of_another_workspace_is_not_known(caller, stored):
    make_space(workspace=make_workspace("other"), id="spa_theirs")
    assert caller.post("/audit-events", {**EVENT, "scope": "spa_theirs"}).status_code == 422


def test_a_key_stands_for_its_event_also_when_the_scope_is_another(caller, stored):
    keyed = {**IN_PROD, "idempotencyKey": "k"}
    statuses = [caller.post("/audit-events", one).status_code for one in (keyed, keyed, {**keyed, "scope": "spa_prod"})]
    assert statuses == [201, 200, 409]
    assert scopes(caller, stored) == ["spa_prod"]


def test_sections_that_types_name_exist():
    assert {kind.section for kind in CATALOGUE.values()} - {""} == KEYS
    assert all(kind.section for key, kind in CATALOGUE.items() if EVENT_TYPES[key].area == "consent_management")

"""Forwarded calls: complete, stable, and in Segment's old form where it is asked for."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from auditapp.catalogue import registry
from auditapp.catalogue.sentence import plain_sentence, sentence_parts
from auditapp.forwarding.track_call import track_call
from auditapp.pipeline.destinations.telling import told
from auditapp.record.drafts import SYSTEM, Actor, Change, EventDraft, Target
from auditapp.record.event_types import CATALOGUE, undeclared_type

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
OLGA = Actor("user", "usr_olga", "Olga", "olga@example.com")
EVENT = EventDraft(
    workspace_id=7,
    id=UUID(int=1),
    type="warehouse.disabled",
    area="warehouses",
    actor=OLGA,
    targets=[Target("warehouse", "whs_1", "Snowflake")],
    occurred_at=AT,
    received_at=AT,
    context={"ip": "203.0.113.9", "user_agent": "curl", "request_id": "req_1", "reason": "Cost spike"},
    changes=[Change("enabled", True, False), Change("note", new="gone")],
)


def call(event=EVENT, **how):
    kind = CATALOGUE[event.type]
    return track_call(event, kind, workspace_slug="demo", forwarded_at=AT, **how)


def test_a_call_says_who_did_what_to_which_resource_and_how():
    told = call()
    assert (told["type"], told["event"], told["userId"]) == ("track", "Warehouse Disabled", "usr_olga")
    assert told["messageId"] == "audit-evt_0000000000000000000001"
    assert told["context"] == {
        "library": {"name": "audit-forwarding", "version": "1"},
        "ip": "203.0.113.9",
        "userAgent": "curl",
        "requestId": "req_1",
        "reason": "Cost spike",
    }
    properties = told["properties"]
    assert properties["type"] == "warehouse.disabled"
    assert properties["actor"] == {"kind": "user", "id": "usr_olga", "name": "Olga", "email": "olga@example.com"}
    assert properties["resource"] == {"type": "warehouse", "id": "whs_1", "name": "Snowflake"}
    assert properties["changes"] == [{"path": "enabled", "old": True, "new": False}, {"path": "note", "new": "gone"}]
    assert "details" not in properties


def test_segments_old_form_has_one_name_and_details():
    told = call(has_one_name=True)
    assert (told["event"], told["properties"]["type"]) == ("Audit", "Warehouse Disabled")
    assert told["properties"]["details"] == {
        "resource_id": "whs_1",
        "resource_type": "warehouse",
        "subject": "users/usr_olga",
        "target": "Snowflake",
        "warehouse_id": "whs_1",
    }


def test_what_nobody_did_is_the_systems():
    assert call(replace(EVENT, actor=SYSTEM))["userId"] == "__system__"


def test_who_acted_as_somebody_is_told():
    ana = Actor("user", "usr_ana", "Ana", "ana@example.com")
    told = call(replace(EVENT, actor=replace(OLGA, real=ana)))
    assert told["properties"]["actor"]["real"]["id"] == "usr_ana"


def test_an_event_about_nothing_is_forwarded_too():
    assert call(replace(EVENT, targets=[]))["properties"]["resource"] == {"type": "", "id": "", "name": ""}


@pytest.mark.parametrize("key", sorted(registry.EVENT_TYPES))
def test_every_type_of_the_catalogue_has_its_name(key):
    assert call(replace(EVENT, type=key))["event"] == registry.EVENT_TYPES[key].name


@pytest.mark.parametrize("has_one_name", [False, True])
def test_a_destination_tells_of_it_in_the_sentence_of_the_trail(has_one_name):
    for key, kind in registry.EVENT_TYPES.items():
        sample = kind.sample
        event = replace(
            EVENT,
            type=key,
            area=kind.area,
            targets=[Target(**one) for one in sample["targets"]],
            meta=sample["meta"],
            changes=[Change(one["path"], one["old"], one["new"]) for one in sample["changes"]],
            outcome=sample["outcome"],
        )
        parts = sentence_parts(kind.sentence, **{name: sample[name] for name in ("targets", "meta", "changes")})
        assert told(call(event, has_one_name=has_one_name)).sentence == f"Olga {plain_sentence(parts)}", key


def test_a_type_of_the_workspaces_own_brings_its_words_along():
    kind = replace(
        undeclared_type("invoice.approved"), source="workspace", sentence="approved {resource}[ for {meta.amount}]"
    )
    event = replace(
        EVENT, type="invoice.approved", targets=[Target("invoice", "inv_1", "Invoice 1")], meta={"amount": 90}
    )
    forwarded = track_call(event, kind, workspace_slug="demo", forwarded_at=AT)
    assert forwarded["properties"]["sentence"] == "approved invoice Invoice 1 for 90"
    assert told(forwarded).sentence == "Olga approved invoice Invoice 1 for 90"
    assert "sentence" not in call()["properties"]

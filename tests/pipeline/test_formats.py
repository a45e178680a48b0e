"""Forms for other systems: what they say of an audit event and of any other, and that no text breaks out of a CEF line."""

import re
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.catalogue.types import Risk
from auditapp.forwarding.track_call import track_call
from auditapp.pipeline.formats.rendering import FORMAT_NAMES, Format, render
from auditapp.record.drafts import Actor, Change, EventDraft, Target
from auditapp.record.event_types import undeclared_type

AUDIT = {
    "type": "track",
    "event": "Warehouse Disabled",
    "messageId": "evt_1",
    "userId": "usr_7",
    "timestamp": "2026-11-24T10:00:00.250Z",
    "receivedAt": "2026-11-24T10:00:01Z",
    "context": {"ip": "203.0.113.7", "userAgent": "Mozilla/5.0", "requestId": "req_9"},
    "properties": {
        "type": "warehouse.disabled",
        "area": "warehouses",
        "workspace": {"id": "wsp_1", "name": "Halden Outdoor"},
        "resource": {"type": "warehouse", "id": "whs_1", "name": "Snowflake prod"},
        "outcome": "success",
        "actor": {"kind": "user", "id": "usr_7", "name": "Ana Larsen", "email": "ana@example.com"},
        "changes": [{"path": "enabled", "old": True, "new": False}],
    },
}
MOMENT = round(datetime(2026, 11, 24, 10, 0, 0, 250_000, tzinfo=UTC).timestamp() * 1_000)


def audit(**properties):
    key = properties.get("type", "warehouse.disabled")
    return {**AUDIT, "event": EVENT_TYPES[key].name, "properties": {**AUDIT["properties"], **properties}}


def test_segment_is_the_event_itself():
    assert render(Format.SEGMENT, AUDIT) is AUDIT
    assert {*FORMAT_NAMES} == {*Format}


def test_ocsf_of_a_resource_is_entity_management():
    said = render(Format.OCSF, AUDIT)
    assert (said["class_uid"], said["category_uid"], said["activity_id"], said["type_uid"]) == (3004, 3, 9, 300409)
    assert said["type_name"] == "Entity Management: Disable"
    assert said["time"] == MOMENT
    assert (said["severity_id"], said["status_id"]) == (3, 1)
    assert said["entity"] == {"uid": "whs_1", "name": "Snowflake prod", "type": "warehouse"}
    assert said["actor"]["user"] == {
        "uid": "usr_7",
        "name": "Ana Larsen",
        "email_addr": "ana@example.com",
        "type_id": 1,
        "type": "User",
    }
    assert said["src_endpoint"] == {"ip": "203.0.113.7"}
    assert said["http_request"] == {"user_agent": "Mozilla/5.0", "uid": "req_9"}
    assert said["metadata"]["uid"] == "evt_1"
    assert said["metadata"]["tenant_uid"] == "wsp_1"
    assert said["unmapped"] == {"area": "warehouses", "changes": AUDIT["properties"]["changes"]}
    assert said["message"] == "Warehouse Disabled: Snowflake prod (Ana Larsen)"


@pytest.mark.parametrize(
    ("key", "actor", "class_uid", "activity"),
    [
        ("user.signed_in", "user", 3002, 1),
        ("user.signed_out", "user", 3002, 2),
        ("user.removed", "user", 3001, 6),
        ("user.two_step_enabled", "user", 3001, 10),
        ("source.created", "user", 3004, 1),
        ("source.debugger_viewed", "user", 3004, 2),
        ("source.created", "token", 6003, 1),
        ("source.deleted", "token", 6003, 4),
        ("user.removed", "token", 3001, 6),
    ],
)
def test_ocsf_has_a_class_for_each_kind_of_event(key, actor, class_uid, activity):
    said = render(Format.OCSF, audit(type=key, actor={"kind": actor, "id": "a", "name": "A"}))
    assert (said["class_uid"], said["activity_id"]) == (class_uid, activity)


@pytest.mark.parametrize("key", EVENT_TYPES)
def test_every_type_of_the_catalogue_has_what_its_class_of_ocsf_requires(key):
    for kind in ("user", "token", "system"):
        said = render(Format.OCSF, audit(type=key, actor={"kind": kind, "id": "a"}))
        required = {
            3001: ["user"],
            3002: ["user", "service"],
            3004: ["entity"],
            6003: ["api", "src_endpoint", "resources"],
        }
        base = ("activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata", "actor")
        assert all(said.get(name) not in (None, {}) for name in (*base, *required[said["class_uid"]]))
        assert said["type_uid"] == said["class_uid"] * 100 + said["activity_id"]
    ecs = render(Format.ECS, audit(type=key))
    allowed = {
        "configuration": {"access", "change", "creation", "deletion", "info"},
        "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
        "authentication": {"start", "end", "info"},
    }
    assert {*ecs["event"]["type"]} <= allowed[ecs["event"]["category"][0]]


def test_ecs_says_who_what_and_from_where():
    said = render(Format.ECS, AUDIT)
    assert said == {
        "@timestamp": "2026-11-24T10:00:00.250000Z",
        "ecs": {"version": "8.17.0"},
        "event": {
            "kind": "event",
            "category": ["configuration"],
            "type": ["change"],
            "action": "warehouse.disabled",
            "outcome": "success",
            "severity": 3,
            "dataset": "audit_trail.audit",
            "module": "audit_trail",
            "id": "evt_1",
            "created": "2026-11-24T10:00:01.000000Z",
        },
        "message": "Warehouse Disabled: Snowflake prod (Ana Larsen)",
        "user": {"id": "usr_7", "name": "Ana Larsen", "email": "ana@example.com"},
        "source": {"address": "203.0.113.7", "ip": "203.0.113.7"},
        "user_agent": {"original": "Mozilla/5.0"},
        "http": {"request": {"id": "req_9"}},
        "organization": {"id": "wsp_1", "name": "Halden Outdoor"},
        "related": {"ip": ["203.0.113.7"], "user": ["usr_7", "Ana Larsen", "ana@example.com"]},
        "observer": {"vendor": "Audit Trail", "product": "Audit Trail", "type": "audit"},
        "audit_trail": {
            "area": "warehouses",
            "resource": {"id": "whs_1", "name": "Snowflake prod", "type": "warehouse"},
            "actor_kind": "user",
            "changes": [{"path": "enabled", "old": True, "new": False}],
        },
    }


def test_ecs_puts_no_text_where_an_address_belongs():
    said = render(Format.ECS, {**AUDIT, "context": {"ip": "not-an-ip"}})
    assert said["source"] == {"address": "not-an-ip"}


def test_cef_is_one_line_of_known_keys():
    assert render(Format.CEF, AUDIT) == (
        "CEF:0|Audit Trail|Audit Trail|1|warehouse.disabled|Warehouse Disabled|7|"
        f"rt={MOMENT} externalId=evt_1 cat=warehouses act=warehouse.disabled outcome=success suid=usr_7 "
        "suser=ana@example.com src=203.0.113.7 requestClientApplication=Mozilla/5.0 "
        "msg=Warehouse Disabled: Snowflake prod (Ana Larsen) "
        "cs1Label=Resource Type cs1=warehouse cs2Label=Resource Id cs2=whs_1 "
        "cs3Label=Resource Name cs3=Snowflake prod cs4Label=Workspace cs4=Halden Outdoor "
        'cs5Label=Request Id cs5=req_9 cs6Label=Details cs6={"area":"warehouses","changes":'
        '[{"path":"enabled","old":true,"new":false}]}'
    )


def test_cef_has_another_field_for_ipv6():
    line = render(Format.CEF, {**AUDIT, "context": {"ip": "2001:db8::7"}})
    assert "c6a2Label=Source IPv6 Address c6a2=2001:db8::7 " in line
    assert " src=" not in line


def parse_cef(line):
    """A reader of CEF, written from the standard: seven fields that pipes end, then pairs."""
    pipes = [found.start(1) for found in re.finditer(r"(?<!\\)(?:\\\\)*(\|)", line)][:7]
    header = [line[start + 1 : end] for start, end in pairwise([-1, *pipes])]
    extension = line[pipes[6] + 1 :]
    keys = list(re.finditer(r"(?:^| )([A-Za-z0-9]+)=", extension))
    # Any other = is escaped, so that no reader takes a text for a key.
    assert len(re.findall(r"(?<!\\)(?:\\\\)*=", extension)) == len(keys)
    ends = [found.start() for found in keys[1:]] + [len(extension)]
    pairs = {found[1]: extension[found.end() : end] for found, end in zip(keys, ends, strict=True)}
    return [unescaped(field) for field in header], {key: unescaped(value) for key, value in pairs.items()}


def unescaped(text):
    plain = {"\\\\": "\\", "\\|": "|", "\\=": "=", "\\n": "\n", "\\r": "\r"}
    return re.sub(r"\\.", lambda found: plain[found[0]], text)


hostile = st.text(
    st.sampled_from("ab=|\\\n\r \t\0\u2028\x85é,") | st.characters(exclude_categories=["Cs"]), max_size=25
)
UNSEEN = re.compile(r"[\0-\x08\x0e-\x1b\x1f\x7f]")
BREAKS = re.compile("[\v\f\x1c\x1d\x1e\x85\u2028\u2029]")


def carried(text):
    return BREAKS.sub(" ", UNSEEN.sub("", text)).strip(" ")


@given(name=hostile, person=hostile, resource=hostile, agent=hostile)
@settings(max_examples=400, deadline=None)
def test_a_cef_line_carries_any_text_back(name, person, resource, agent):
    event = {
        "type": "track",
        "event": f"x{name}",
        "userId": person,
        "context": {"userAgent": agent},
        "properties": {"resource": {"id": "1", "name": resource}},
    }
    line = render(Format.CEF, event)
    assert len(line.splitlines()) == 1
    header, pairs = parse_cef(line)
    assert header[5].strip() == re.sub("[\n\r]", " ", BREAKS.sub(" ", UNSEEN.sub("", f"x{name}"))).strip()
    assert pairs.get("suid", "") == carried(person)
    assert pairs.get("cs3", "") == carried(resource)
    assert pairs.get("requestClientApplication", "") == carried(agent)


def test_a_forwarded_event_says_the_same_in_every_form():
    event = EventDraft(
        workspace_id=7,
        id=UUID(int=1),
        type="order.refunded",
        area="other",
        actor=Actor("user", "usr_1", "Bo", "bo@example.com", real=Actor("user", "usr_2", "Ana")),
        targets=[Target("order", "o-1", "Order 1")],
        changes=[Change("paid", True, False)],
        context={"ip": "203.0.113.7", "request_id": "req_1"},
        meta={"amount": 5},
        outcome="failure",
        occurred_at=datetime(2026, 11, 24, tzinfo=UTC),
        received_at=datetime(2026, 11, 24, tzinfo=UTC),
        origin="app",
        scope_id="",
    )
    kind = replace(undeclared_type("order.refunded"), risk=Risk.RISKY)
    call = track_call(event, kind, workspace_slug="halden", forwarded_at=datetime(2026, 11, 24, tzinfo=UTC))
    said = render(Format.OCSF, call)
    assert said["metadata"]["tenant_uid"] == "ws_7"
    assert said["entity"] == {"uid": "o-1", "name": "Order 1", "type": "order"}
    assert (said["severity_id"], said["status_id"], said["activity_id"]) == (3, 2, 3)
    assert said["unmapped"]["real_actor"]["id"] == "usr_2"
    assert said["unmapped"]["meta"] == {"amount": 5}
    ecs = render(Format.ECS, call)
    assert ecs["organization"] == {"id": "ws_7", "name": "halden"}
    assert ecs["http"] == {"request": {"id": "req_1"}}
    assert " cs4Label=Workspace cs4=halden " in render(Format.CEF, call)


def test_segments_own_audit_events_are_read_too():
    event = {
        "type": "track",
        "event": "Audit",
        "userId": "8hv1",
        "properties": {
            "type": "Warehouse Disabled",
            "workspace_id": "wsp_9",
            "details": {"resource_id": "whs_9", "resource_type": "warehouse", "target": "prod"},
        },
    }
    said = render(Format.OCSF, event)
    assert said["metadata"]["event_code"] == "warehouse.disabled"
    assert said["metadata"]["tenant_uid"] == "wsp_9"
    assert said["entity"] == {"uid": "whs_9", "name": "prod", "type": "warehouse"}


def test_any_call_has_a_form():
    order = {"type": "track", "event": "Order Completed", "anonymousId": "x", "properties": {"total": 5}}
    page = {"type": "page", "name": "Home"}
    assert render(Format.OCSF, order)["entity"] == {"name": "Order Completed"}
    assert render(Format.ECS, order)["audit_trail"] == {"total": 5}
    assert render(Format.CEF, page).startswith("CEF:0|Audit Trail|Audit Trail|1|Home|Home|2|rt=0")
    assert render(Format.ECS, {"type": "track", "event": "Report Downloaded"})["event"]["type"] == ["access"]


@pytest.mark.parametrize("form", [Format.OCSF, Format.ECS, Format.CEF])
def test_rendering_changes_nothing(form):
    before = deepcopy(AUDIT)
    assert render(form, AUDIT) == render(form, before)
    assert before == AUDIT


@pytest.mark.parametrize("form", [Format.OCSF, Format.ECS, Format.CEF])
def test_hostile_events_have_a_form(form):
    deep = []
    for _ in range(3_000):
        deep = [deep]
    places = ("type", "event", "messageId", "userId", "timestamp", "receivedAt", "context", "properties")
    inner = ("type", "workspace", "resource", "outcome", "actor", "targets", "details", "area", "changes")
    odd = (deep, "\ud800|=\n", 10**5_000, float("nan"), float("inf"), {1: 2}, object(), [[]], True, "x" * 9_999)
    for value in (*odd, {"id": deep, "name": {}}):
        for event in [{**AUDIT, place: value} for place in places] + [audit_with(name, value) for name in inner]:
            said = render(form, event)
            assert len(said) < 30_000 if isinstance(said, str) else said
    assert orjson.dumps(render(form, {**AUDIT, "userId": "\ud800", "event": "\udfff"}))


def audit_with(name, value):
    return {**AUDIT, "properties": {**AUDIT["properties"], name: value}}


def test_each_form_says_why_it_was_done_and_not_that_there_is_no_reason():
    told = {**AUDIT, "context": {**AUDIT["context"], "reason": "Cost spike | see OPS-2214"}}
    assert render(Format.ECS, told)["event"]["reason"] == "Cost spike | see OPS-2214"
    assert render(Format.OCSF, told)["unmapped"]["reason"] == "Cost spike | see OPS-2214"
    assert " reason=Cost spike | see OPS-2214 " in f"{render(Format.CEF, told)} "
    for form in (Format.ECS, Format.OCSF, Format.CEF):
        assert "reason" not in str(render(form, AUDIT))

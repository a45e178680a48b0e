"""Words put together from cached parts are exactly those that recording an event gives it."""

import orjson
import pytest

from auditapp.record.drafts import Actor, Target
from auditapp.record.envelope import seal_bytes
from auditapp.record.search_tokens import MAX_TOKENS, plain_tokens_of
from auditapp.sealing.token_check import TokenCheck
from tests.sealing.events import OLGA, draft

ANA = Actor("user", "usr_ana", "Ana", "ana@example.com", real=Actor("user", "usr_bo", "Bo", "bo@example.com"))
CASES = [
    {},
    {"actor": ANA},
    {"actor": Actor("token", "tok_77b3", "CI")},
    {"targets": []},
    {"targets": [Target("user", "usr_9", "nina@example.com"), Target("group", "grp_1", "Ops & Co")]},
    {"targets": [Target("source", "whs_0", "Snowflake")]},
    {"scope_id": None, "outcome": "failure", "is_read": True},
    {"context": {}},
    {"context": {"ip": "2001:db8::7", "request_id": "r"}},
    {"context": {"ip": "not an address"}},
    {"meta": {}},
    {"meta": {"b": ["two words", {"c": "nina@example.com"}], "a": 7}},
    {"type": "source.deleted", "area": "sources"},
]


@pytest.mark.parametrize("workspace_id", [1, 2])
def test_the_parts_add_up_to_what_recording_gives(workspace_id):
    check = TokenCheck()
    for values in [{**one, **other} for one in CASES for other in CASES]:
        event = draft(workspace_id=workspace_id, actor=values.pop("actor", OLGA), **values)
        sealed = seal_bytes(event)
        assert check.expected(orjson.loads(sealed.envelope), sealed.units, dict(event.context)) == plain_tokens_of(
            event
        ), values


def test_an_event_with_more_words_than_are_kept_is_computed_whole():
    targets = [Target("user", f"usr_{n}", " ".join(f"word{n}x{m}" for m in range(20))) for n in range(20)]
    event = draft(targets=targets)
    sealed = seal_bytes(event)
    expected = TokenCheck().expected(orjson.loads(sealed.envelope), sealed.units, dict(event.context))
    assert len(expected) == MAX_TOKENS
    assert expected == plain_tokens_of(event)


def test_what_is_remembered_has_a_bound(monkeypatch):
    monkeypatch.setattr("auditapp.sealing.token_check.MAX_PARTS", 10)
    check = TokenCheck()
    for n in range(20):
        event = draft(n=n, meta={"n": f"word{n}"})
        sealed = seal_bytes(event)
        assert check.expected(orjson.loads(sealed.envelope), sealed.units, dict(event.context)) == plain_tokens_of(
            event
        )
    assert len(check._known) <= 10

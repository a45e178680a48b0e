"""Reasons: which events need one, that what was refused for want of it is not done by half, and who may read them."""

import pytest

from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM, Actor, Target
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.event_query import visible_events
from auditapp.record.reasons import MAX_REASON, ReasonNeeded, ReasonTooLong, one_line, require_short
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from tests.record.conftest import OLGA

ALL = Viewer(1, sees_all=True, sees_personal=True)
AUDITOR = Viewer(1, sees_all=True)
EVERYTHING = EventFilter()
SOURCE = Target("source", "src_1", "Web shop")
WHY = "Cost spike, ask ana@example.com"


def _said(wanted=EVERYTHING, viewer=ALL):
    return [row.event.context.get("reason") for row in visible_events(viewer).page(wanted).rows]


def _done(actor=OLGA, type_key="source.disabled", *, outcome="success", reason="", needs=True):
    with in_workspace(1), acting(1, actor, needs_reason=needs, reason=reason):
        return record(type_key, target=SOURCE, outcome=outcome)


@pytest.mark.parametrize("actor", [OLGA, Actor("token", "tok_1", "CI")])
def test_what_is_risky_needs_a_reason_where_the_workspace_wants_one(db, actor):
    with pytest.raises(ReasonNeeded) as refused:
        _done(actor)
    assert (refused.value.field, refused.value.code) == ("reason", "reason_needed")
    assert "Source Disabled" in refused.value.message
    _done(actor, reason=WHY)
    with in_workspace(1):
        assert _said() == [WHY]


@pytest.mark.parametrize(
    "what",
    [
        {"needs": False},
        {"actor": SYSTEM},
        {"actor": Actor("service", "svc_1", "Deploy")},
        {"type_key": "source.enabled"},
        {"type_key": "source.run_failed", "outcome": "failure"},
    ],
    ids=["not asked", "system", "service", "not risky", "a failure"],
)
def test_nothing_else_needs_one(db, what):
    assert _done(**what)


def test_a_refusal_that_a_view_takes_for_a_mistake_in_its_form_still_ends_the_transaction(db):
    def half_done(forget):
        with in_workspace(1), acting(1, OLGA, needs_reason=True) as now:
            record("source.enabled", target=SOURCE)
            try:
                record("source.disabled", target=SOURCE)
            except ReasonNeeded:
                if forget:
                    now.refused.clear()

    with pytest.raises(ReasonNeeded):
        half_done(forget=False)
    with in_workspace(1):
        assert _said() == []
    half_done(forget=True)
    with in_workspace(1):
        assert len(_said()) == 1, "without it, half of it would be done"


def test_a_refusal_deep_inside_ends_what_is_around_it(db):
    def swallowed():
        with in_workspace(1), acting(1, OLGA):
            try:
                with acting(1, OLGA, needs_reason=True, reverts="evt_1"):
                    record("source.disabled", target=SOURCE)
            except ReasonNeeded:
                record("source.enabled", target=SOURCE)

    with pytest.raises(ReasonNeeded):
        swallowed()
    with in_workspace(1):
        assert _said() == []


def test_a_reason_is_one_line_of_at_most_300_characters():
    assert one_line(" a\r\nb\t\x00\x07c ") == "a b c"
    require_short("x" * MAX_REASON)
    with pytest.raises(ReasonTooLong):
        require_short("x" * (MAX_REASON + 1))


def test_a_secret_in_it_is_neither_kept_nor_found(db):
    _done(reason="The key aud_pat_" + "a" * 30 + " leaked")
    with in_workspace(1):
        assert _said() == [{"redacted": "shape"}]
        assert _said(EventFilter(words=(Word("leaked"),))) == []


@pytest.mark.parametrize(
    "wanted",
    [
        EventFilter(words=(Word("spike"),)),
        EventFilter(words=(Word("ana@example.com", is_exact=True),)),
        EventFilter(reasons=Choice(("cost spike",))),
        EventFilter(reasons=Choice(("*",))),
    ],
)
def test_it_is_found_by_its_words_by_who_may_read_it_alone(db, wanted):
    _done(reason=WHY)
    with in_workspace(1):
        assert _said(wanted) == [WHY]
        assert _said(wanted, AUDITOR) == []
        assert _said(viewer=AUDITOR) == [None]
        own = Viewer(1, own_actor_ids=(OLGA.id,))
        assert _said(viewer=own) == [WHY], "everybody reads what they said themselves"


def test_risky_events_without_a_reason_are_found(db):
    _done(reason=WHY)
    plain = _done(needs=False)
    with in_workspace(1):
        page = visible_events(ALL).page(EventFilter(risks=Choice(("risky",)), reasons=Choice((), ("*",))))
        assert [row.id for row in page.rows] == [plain.id]

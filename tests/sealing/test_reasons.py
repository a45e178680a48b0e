"""Reasons are erased with the people they are by and about, and every proof still verifies."""

from django.db import connection

from auditapp.record.acting import acting
from auditapp.record.drafts import Actor, Target
from auditapp.record.erasure import erase_person
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.services import seal_batch
from auditapp.sealing.verification import Verdict, verify_workspace
from tests.sealing.events import OLGA

MILO = Actor("user", "usr_milo", "Milo Member", "milo@example.com")
SOURCE, MEMBER = Target("source", "src_1", "Web shop"), Target("member", MILO.id, MILO.name)
SAID = (
    (MILO, SOURCE, "I said so"),
    (OLGA, MEMBER, "He left on Friday"),
    (OLGA, SOURCE, "Asked by milo@example.com today"),
    (OLGA, SOURCE, "Nobody uses it"),
)


def _reasons():
    rows = visible_events(Viewer(1, sees_all=True, sees_personal=True)).page(EventFilter()).rows
    return {row.event.context.get("reason") for row in rows}


def test_they_go_with_the_person_who_said_them_and_with_those_they_are_about(own_database, as_role):
    with as_role("worker"):
        with in_workspace(1):
            for actor, target, reason in SAID:
                with acting(1, actor, reason=reason, ip="203.0.113.9"):
                    record("source.disabled", target=target)
            assert _reasons() == {reason for _, _, reason in SAID}
        seal_batch()
        with in_workspace(1), acting(1, OLGA):
            erase_person(workspace_id=1, person_id=MILO.id, email="milo@example.com", ground="GDPR art. 17")
        seal_batch()
        assert verify_workspace(1).verdict is Verdict.OK
        with in_workspace(1), connection.cursor() as cursor:
            assert _reasons() == {None, "Nobody uses it"}
            words = cursor.execute("SELECT string_agg(tokens::text, ' ') FROM event").fetchone()[0]
    assert "1:n=uses" in words
    assert "friday" not in words
    assert "milo@example.com" not in words

"""Events from before a rule are found by everybody by their words, until those are hidden; their seal is as it was."""

from dataclasses import replace

from django.core.management import call_command

from auditapp.record import writer
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor, Target
from auditapp.record.event_filter import EventFilter, Word
from auditapp.record.event_query import visible_events
from auditapp.record.search_tokens import plain_tokens_of
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.queries import Outcome, check_event
from tests.factories import make_workspace

OUTSIDER = Actor("user", "ana@hidden.example", "Ana")
EMAIL = "maya@hidden.example"


def found(viewer, *words):
    return {
        word for word in words if visible_events(viewer).page(EventFilter(words=(Word(word),), with_reads=True)).rows
    }


def test_words_of_older_events_are_hidden_and_the_seal_stands(own_database, as_role, monkeypatch, capsys):
    with as_role("worker"):
        workspace = make_workspace()
        everything = Viewer(workspace.id, sees_all=True, sees_personal=True)
        narrow = replace(everything, sees_personal=False)
        words = ("ana", "maya", "wrong", "zelda", "shop")
        with in_workspace(workspace.id), acting(workspace.id, OUTSIDER):
            monkeypatch.setattr(writer, "tokens_of", plain_tokens_of)
            meta = {"email": EMAIL, "reason": "wrong password"}
            old = record("user.sign_in_failed", target=Target("user", "usr_1", "Zelda"), meta=meta, outcome="failure")
            record("source.modified", target=Target("source", EMAIL, "Shop"))
            monkeypatch.undo()
            assert found(narrow, *words) == {*words}
        for _ in range(2):
            call_command("hide_personal_words", workspace=workspace.slug)
        with in_workspace(workspace.id):
            assert found(narrow, *words) == {"wrong", "shop", "ana"}, "Ana is a name"
            assert found(everything, *words) == {*words}
            assert found(narrow, "ana@hidden") == set()
            assert check_event(workspace.id, old.id).outcome is not Outcome.FAILED
    said = capsys.readouterr().out
    assert "Words of 2 among 2 events" in said
    assert "Words of 0 among 2 events" in said

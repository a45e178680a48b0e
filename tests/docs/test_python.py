"""docs/python.md: the script runs as it stands, and what it records is on the trail."""

import pytest

from auditapp.record.services import UnknownEventType, record
from tests.docs.snippets import blocks
from tests.factories import acting_as, events_of, make_user, make_workspace


def test_the_script_records_what_it_says(own_database, as_role, capsys):
    workspace = make_workspace(slug="acme")
    script = "\n".join(text for name, text in blocks("python.md", "python") if name == "script.py")
    with as_role("worker"):
        exec(compile(script, "docs/python.md", "exec"), {})
    found = {row.event.type: row for row in events_of(workspace)}
    warehouse, invoice = found["warehouse.disabled"], found["invoice.approved"]
    assert warehouse.event.actor.name == "Maya Lindqvist"
    assert [change.path for change in warehouse.event.changes] == ["enabled"]
    assert (invoice.type.is_declared, invoice.resource.name) == (True, "Invoice 1")
    assert capsys.readouterr().out.strip()


def test_the_script_may_run_again(own_database, as_role):
    workspace = make_workspace(slug="acme")
    script = "\n".join(text for name, text in blocks("python.md", "python") if name == "script.py")
    with as_role("worker"):
        for _ in range(2):
            exec(compile(script, "docs/python.md", "exec"), {})
    told = sorted(row.event.type for row in events_of(workspace))
    assert told == ["event_type.declared", *2 * ["invoice.approved"], *2 * ["warehouse.disabled"]]


@pytest.mark.django_db
def test_any_other_type_is_refused_as_the_page_says():
    workspace = make_workspace(slug="acme")
    with acting_as(make_user(), workspace), pytest.raises(UnknownEventType):
        record("invoice.approved", target=workspace)

"""A workspace of its own for each test, whose events are sealed and seen by rules as the worker does; messages go to receivers on loopback."""

import pytest
from django.conf import settings

from auditapp.alerts.reader import evaluate_batch, waiting_workspaces
from auditapp.alerts.sending import deliver, due_messages, due_notices, fix_notice
from auditapp.alerts.services import RuleInput, create_alert_rule
from auditapp.alerts.silences import silent_workspaces, tell_silences
from auditapp.sealing.services import seal_batch
from tests.factories import acting_as, make_cast
from tests.lib.outbound.conftest import authority, loopback, server_context, serving

__all__ = ["authority", "loopback", "server_context", "serving"]


@pytest.fixture(autouse=True)
def seal_key_file(tmp_path):
    before = settings.SEAL_KEY_FILE
    settings.SEAL_KEY_FILE = tmp_path / "keys" / "seal.key"
    yield settings.SEAL_KEY_FILE
    settings.SEAL_KEY_FILE = before


@pytest.fixture
def cast(own_database):
    return make_cast()


@pytest.fixture
def rule(cast):
    """Makes a rule of olga's; without more it tells her in the bell at each source that is disabled."""

    def make(query="event:source.disabled", *, who=None, **values):
        owner = who or cast.olga
        given = {"name": query or "All", "query": query, "told_ids": [owner.id], "by_bell": True} | values
        with acting_as(owner, values.pop("workspace", cast.workspace)):
            return create_alert_rule(RuleInput(**given))[0]

    return make


@pytest.fixture
def look(as_role):
    """Seal, let rules see what came, and tell of silences; gives how many places the readers went on."""

    def run(*, limit=500):
        moved = 0
        with as_role("worker"):
            while seal_batch(limit=1_000):
                pass
            while waiting := waiting_workspaces():
                moved += sum(evaluate_batch(one, limit=limit) for one in waiting)
            for one in silent_workspaces():
                tell_silences(one)
        return moved

    return run


@pytest.fixture
def send(as_role):
    """Send what is due; gives how many messages were tried."""

    def run():
        with as_role("worker"):
            for due in due_notices(limit=100):
                fix_notice(due)
            return sum(deliver(due) for due in due_messages(limit=100))

    return run

"""A workspace of its own for each test, whose events are sealed and forwarded as the worker does."""

import orjson
import pytest
from django.conf import settings

from auditapp.forwarding.backfill import start_due_backfills
from auditapp.forwarding.reader import forward_batch, waiting_workspaces
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.services import seal_batch
from auditapp.sources.inbox import read_inbox
from auditapp.tasks.running import run_due_task
from tests.factories import make_cast


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
def work(as_role):
    """Seal and forward until nothing waits; gives how many places the readers went on."""

    def run(*, limit=500):
        moved = 0
        with as_role("worker"):
            while seal_batch(limit=1_000):
                pass
            start_due_backfills()
            while task := run_due_task():
                moved += task.done
            while waiting := waiting_workspaces():
                went = sum(forward_batch(one, limit=limit) for one in waiting)
                if not went:
                    break
                moved += went
        return moved

    return run


@pytest.fixture
def inbox():
    def read(source):
        with in_workspace(source.workspace_id):
            return [orjson.loads(one.payload) for one in read_inbox(source.workspace_id, source.id, 0)]

    return read

"""Tasks that fail, recover or go silent, as their events tell of it; for tests of what is held."""

from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace

OF = 6


def failed(cast, task="tsk_1", number=1, *, of=OF, kind="warehouse.run_failed", warehouse=None):
    """One attempt fails; the last one for good."""
    meta = {"attempt": number, "of": of, "task": task, "final": number == of, "reason": "Connection refused"}
    with in_workspace(cast.workspace.id), acting(cast.workspace.id, SYSTEM):
        record(kind, target=warehouse or cast.warehouse, meta=meta, outcome="failure")


def recovered(cast, task="tsk_1", number=2, *, of=OF, warehouse=None):
    """An attempt succeeds after others failed."""
    meta = {"attempt": number, "of": of, "task": task}
    with in_workspace(cast.workspace.id), acting(cast.workspace.id, SYSTEM):
        record("warehouse.run_recovered", target=warehouse or cast.warehouse, meta=meta)


def fails_for_good(cast, task="tsk_1", *, of=OF):
    for number in range(1, of + 1):
        failed(cast, task, number, of=of)

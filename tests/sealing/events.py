"""Small events to seal."""

from datetime import datetime, timedelta
from uuid import UUID

from auditapp.lib import clock
from auditapp.lib.ids import new_event_id
from auditapp.record.drafts import Actor, Change, EventDraft, Target
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import write_events

OLGA = Actor("user", "usr_olga", "Olga Owner", "olga@example.com")


def draft(*, workspace_id: int = 1, n: int = 0, occurred_at: datetime | None = None, **values: object) -> EventDraft:
    """An event with a value in each unit and a change with two sides."""
    now = clock.now()
    given = {
        "type": "warehouse.modified",
        "area": "warehouses",
        "actor": OLGA,
        "targets": [Target("warehouse", f"whs_{n}", "Snowflake")],
        "scope_id": "src_1",
        "context": {"ip": "203.0.113.7", "request_id": f"req_{n}", "session_id": "ses_1"},
        "meta": {"note": "before the audit"},
        "changes": [Change("password", "old one", "new one"), Change("added", new=n)],
    }
    return EventDraft(
        workspace_id=workspace_id,
        id=new_event_id(),
        occurred_at=occurred_at or now,
        received_at=now,
        **(given | values),
    )


def write(count: int, *, workspace_id: int = 1, spread: timedelta = timedelta(0), **values: object) -> list[UUID]:
    """Record events in one transaction each thousand, `spread` apart going back in time; gives their ids in order."""
    last = values.pop("occurred_at", None) or clock.now()
    drafts = [draft(workspace_id=workspace_id, n=n, occurred_at=last - spread * n, **values) for n in range(count)]
    for start in range(0, count, 1_000):
        with in_workspace(workspace_id):
            write_events(drafts[start : start + 1_000])
    return [event.id for event in drafts]

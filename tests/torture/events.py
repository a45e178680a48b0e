"""Events for the scenarios: small, each with a marker by which it is found again, written as the application writes them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from auditapp.lib import clock
from auditapp.lib.ids import new_event_id
from auditapp.record.drafts import Actor, Change, EventDraft, Target
from auditapp.record.writer import INSERT
from auditapp.record.writer import _row as row_of

OLGA = Actor("user", "usr_olga", "Olga Owner", "olga@example.com")


def make_draft(workspace_id: int, marker: str) -> EventDraft:
    """An event about the resource that the marker names."""
    now = clock.now()
    return EventDraft(
        workspace_id=workspace_id,
        id=new_event_id(),
        type="warehouse.disabled",
        area="warehouses",
        actor=OLGA,
        targets=[Target("warehouse", marker, f"Warehouse {marker}")],
        occurred_at=now,
        received_at=now,
        context={"ip": "203.0.113.7", "request_id": marker},
        changes=[Change("enabled", True, False)],
    )


def insert_events(connection: "psycopg.Connection[Any]", drafts: Sequence[EventDraft]) -> list[UUID]:
    """Write events of one workspace in the connection's open transaction, as audit_app."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.ws', %s, true)", [str(drafts[0].workspace_id)])
        cursor.executemany(INSERT, [row_of(draft)[0] for draft in drafts])
    return [draft.id for draft in drafts]

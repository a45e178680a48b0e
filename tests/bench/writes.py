"""Writing: events by API and by record(), beside what PostgreSQL takes at most; then sealing and verifying them."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.test import Client

from auditapp.lib import clock
from auditapp.lib.ids import new_event_id
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor, Change, EventDraft, Target
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import INSERT, write_events
from auditapp.record.writer import _row as row_of
from auditapp.sealing.services import seal_batch
from auditapp.sealing.verification import verify_workspace
from tests.bench.dataset import COLUMNS
from tests.bench.timing import Timings
from tests.torture.rig import Rig

WORKSPACE = 1_000
BATCH = 500
SINGLES = 50
ACTOR = Actor("user", "usr_bench", "Bench Person", "bench@example.com")
CHANGES = [Change("enabled", True, False), Change("settings.region", "eu-west-1", "eu-central-1")]
META = {"reason": "rotation of the quarter", "ticket": "OPS-4711"}
CONTEXT = {"ip": "203.0.113.7", "user_agent": "bench/1.0", "request_id": "req_1", "session_id": "ses_1"}

MAKE_HEAP = "CREATE TABLE IF NOT EXISTS bench_heap (LIKE event); GRANT INSERT ON bench_heap TO audit_app"
PLACES = ", ".join(["%s"] * 15 + ["%s::tsvector"] + ["%b"] * 4)
INTO_HEAP = f"INSERT INTO bench_heap ({COLUMNS}) VALUES ({PLACES})"
COPY_HEAP = f"COPY bench_heap ({COLUMNS}) FROM STDIN"


@dataclass(slots=True)
class Writes:
    """One installation and a workspace of its own to write to."""

    rig: Rig
    events: int
    headers: dict[str, str]
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="127.0.0.1"))
    written: int = 0
    verified: int = 0

    @classmethod
    def of(cls, rig: Rig, events: int) -> "Writes":
        token = rig.make_token(WORKSPACE)
        with rig.connect("superuser") as superuser:
            superuser.execute(MAKE_HEAP)
        return cls(rig, events, {"Authorization": f"Bearer {token}"})

    def measure(self, timings: Timings) -> None:
        """One round of each way to write 500 events, and of single ones."""
        body = json.dumps({"events": [posted_event(n) for n in range(BATCH)]})
        rows = [row_of(_draft())[0] for _ in range(BATCH)]
        for row, action in (
            (f"POST of {BATCH}", lambda: self._post(body)),
            (f"write_events() of {BATCH}", lambda: _in_transaction(lambda: write_events([_draft() for _ in rows]))),
            (f"its INSERTs alone, {BATCH}", lambda: _in_transaction(lambda: _insert(INSERT, rows))),
            (f"{BATCH} INSERTs into a bare table", lambda: _in_transaction(lambda: _insert(INTO_HEAP, rows))),
            (f"COPY of {BATCH} into a bare table", lambda: _in_transaction(lambda: _copy(rows))),
            (f"{SINGLES} record() in a transaction each", _record_singles),
            (f"{SINGLES} INSERTs into a bare table in a transaction each", lambda: _insert_singles(rows[:SINGLES])),
        ):
            timings.take(row, self.events, action)
        self.written += 3 * BATCH + SINGLES

    def warm_up(self) -> None:
        """Let the first request load what all others find loaded."""
        self._post(json.dumps({"events": [posted_event(0)]}))

    def seal(self, timings: Timings) -> None:
        """Seal all that was written; as the worker."""

        def seal_all() -> None:
            while seal_batch(limit=1_000):
                pass

        timings.take("sealing", self.events, seal_all)

    def verify(self, timings: Timings) -> None:
        """Verify all that was sealed; as the worker."""

        def verify() -> None:
            report = verify_workspace(WORKSPACE)
            assert not report.problems, report.problems[0]
            self.verified = report.events

        timings.take("verifying", self.events, verify)

    def _post(self, body: str) -> None:
        response = self.client.post("/api/audit-events", body, "application/json", headers=self.headers)
        assert response.status_code == 201, response.content[:500]


def posted_event(number: int) -> dict[str, Any]:
    """An event as a client posts it."""
    return {
        "type": "warehouse.disabled",
        "actor": {"id": ACTOR.id, "name": ACTOR.name, "email": ACTOR.email, "kind": ACTOR.kind},
        "target": {"type": "warehouse", "id": f"whs_{number}", "name": "Orders Warehouse"},
        "changes": [{"path": change.path, "old": change.old, "new": change.new} for change in CHANGES],
        "meta": META,
        "context": {"ip": CONTEXT["ip"], "userAgent": CONTEXT["user_agent"], "requestId": CONTEXT["request_id"]},
    }


def _draft() -> EventDraft:
    now = clock.now()
    return EventDraft(
        workspace_id=WORKSPACE,
        id=new_event_id(),
        type="warehouse.disabled",
        area="warehouses",
        actor=ACTOR,
        targets=[Target("warehouse", "whs_1", "Orders Warehouse")],
        occurred_at=now,
        received_at=now,
        context=CONTEXT,
        meta=META,
        changes=CHANGES,
    )


def _in_transaction(action: Any) -> None:
    with in_workspace(WORKSPACE):
        action()


def _insert(sql: str, rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)


def _copy(rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY_HEAP) as copy:
        for row in rows:
            copy.write_row(row)


def _record_singles() -> None:
    for _ in range(SINGLES):
        with in_workspace(WORKSPACE), acting(WORKSPACE, ACTOR, **CONTEXT):
            target = Target("warehouse", "whs_1", "Orders Warehouse")
            record("warehouse.disabled", target=target, changes=CHANGES, meta=META)


def _insert_singles(rows: list[tuple[Any, ...]]) -> None:
    for row in rows:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(INTO_HEAP, row)

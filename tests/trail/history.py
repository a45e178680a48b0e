"""A workspace's history for tests and for looking at the pages: every type of the catalogue with its own sample, sealed or not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.db import connection

from auditapp.access.models import ApiToken, User, Workspace
from auditapp.catalogue import registry
from auditapp.lib import clock
from auditapp.record.acting import acting
from auditapp.record.drafts import MISSING, Actor, Change, EventDraft, Target
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import Recorded, write_events
from auditapp.sealing.services import seal_batch

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ADDRESSES = ("203.0.113.24", "198.51.100.7", "2001:db8:85a3:8d3:1319:8a2e:370:7348")


def tell(
    workspace: Workspace,
    who: User | ApiToken | Actor,
    key: str,
    *targets: Target,
    at: datetime = NOON,
    ip: str = ADDRESSES[0],
    request_id: str = "req_1",
    session_id: str = "ses_1",
    user_agent: str = "Mozilla/5.0",
    **said: Any,
) -> Recorded:
    """Record one event as if it happened at a moment."""
    context = {"ip": ip, "request_id": request_id, "session_id": session_id, "user_agent": user_agent}
    with in_workspace(workspace.id):
        return _tell_inside(workspace, who, key, targets, at, context, said)


def _tell_inside(
    workspace: Workspace,
    who: User | ApiToken | Actor,
    key: str,
    targets: Sequence[Target],
    at: datetime,
    context: Mapping[str, str],
    said: Mapping[str, Any],
) -> Recorded:
    actor = who if isinstance(who, Actor) else who.audit_actor
    with clock.at(at), acting(workspace.id, actor, **context):
        return record(key, target=list(targets) or [Target("warehouse", "whs_1", "Snowflake prod")], **said)


def tell_sample(workspace: Workspace, who: User | ApiToken | Actor, key: str, **how: Any) -> Recorded:
    """Record one event with what the catalogue says of its type."""
    targets, said = _sample_of(key)
    return tell(workspace, who, key, *targets, **(said | how))


def _sample_of(key: str) -> tuple[list[Target], dict[str, Any]]:
    sample = registry.EVENT_TYPES[key].sample
    changes = [Change(one["path"], one.get("old", MISSING), one.get("new", MISSING)) for one in sample["changes"]]
    targets = [Target(**one) for one in sample["targets"]]
    return targets, {"meta": sample["meta"], "changes": changes, "outcome": sample["outcome"]}


def tell_everything(workspace: Workspace, people: Iterable[User | ApiToken | Actor], *, until: datetime = NOON) -> None:
    """Every type of the catalogue once, the actors in turn, over the 30 days before a moment; written together, which takes a
    tenth of the time.
    """
    actors, drafts = list(people), list[EventDraft]()
    keys = list(registry.EVENT_TYPES)

    def keep(told: Sequence[EventDraft]) -> list[None]:
        drafts.extend(told)
        return [None]

    with in_workspace(workspace.id), patch("auditapp.record.services.write_events", keep):
        for number, key in enumerate(keys):
            # Shuffled without chance, so that neighbours are of different areas.
            place = number * 37 % len(keys)
            context = {
                "ip": ADDRESSES[number % len(ADDRESSES)],
                "request_id": f"req_{number // 2}",
                "session_id": f"ses_{number // 5}",
                "user_agent": "Mozilla/5.0",
            }
            at = until - timedelta(hours=30 * 24 * place / len(keys))
            targets, said = _sample_of(key)
            if "task" in said["meta"]:  # each of its own, or two of them would be one row where they meet on a page
                said["meta"] = {**said["meta"], "task": f"{said['meta']['task']}{number}"}
            _tell_inside(workspace, actors[number % len(actors)], key, targets, at, context, said)
    with in_workspace(workspace.id):
        write_events(drafts)


def seal_all() -> None:
    """Give every waiting event its place in the tree, as the worker does."""
    with connection.cursor() as cursor:
        before = cursor.execute("SELECT current_user").fetchone()[0]
        # Not SET LOCAL in a block of its own: sealing wants the outermost transaction for itself.
        cursor.execute("SET ROLE audit_worker")
        try:
            while seal_batch():
                pass
        finally:
            cursor.execute(f"SET ROLE {before}")

"""Alert rules of the demo's owner, and what they fired for in its history: as the worker does it, under the clock of those days."""

from datetime import datetime
from typing import Final

from auditapp.access.models import Workspace
from auditapp.alerts.models import AlertReading
from auditapp.alerts.reader import evaluate_batch
from auditapp.alerts.ready import ready_rule
from auditapp.alerts.sending import deliver, due_messages, due_notices, fix_notice
from auditapp.alerts.services import RuleInput, create_alert_rule
from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.models import Leaf
from auditapp.sealing.readers import reader_position
from auditapp.sealing.services import seal_batch

AT_ONCE: Final = 15
# By key of the ready rule: whether what the owner does counts, and whether mail is sent beside the bell.
CHOSEN: Final = {"disabled": (True, True), "owner": (True, False), "deletions": (False, True)}


def make_rules(owner_id: str) -> None:
    """Three rules of the owner, who acts."""
    for key, (with_own, by_email) in CHOSEN.items():
        ready = ready_rule(key)
        assert ready is not None
        create_alert_rule(
            RuleInput(
                name=ready.name,
                query=ready.query,
                trigger=ready.trigger,
                threshold=ready.threshold,
                window_s=ready.window_s,
                by=ready.by,
                with_own=with_own,
                told_ids=[owner_id],
                by_email=by_email,
                by_bell=True,
            )
        )


def ring(workspace: Workspace) -> None:
    """Seal the history and let the rules see it, batch by batch, at the time of each."""
    while seal_batch():
        pass
    at: datetime | None = None
    while moment := _next_moment(workspace.id):
        at = max(at, moment) if at else moment
        with clock.at(min(at, clock.now())):
            evaluate_batch(workspace.id, limit=AT_ONCE)
            for notice in due_notices(limit=AT_ONCE):
                fix_notice(notice)
            for message in due_messages(limit=AT_ONCE):
                deliver(message)


def _next_moment(workspace_id: int) -> datetime | None:
    """When the last event of the next batch happened; None where all were seen."""
    with in_workspace(workspace_id):
        reading = AlertReading.objects.get(workspace_id=workspace_id)
        position = max(reader_position(workspace_id, reading.reader_name), reading.start_index)
        ahead = Leaf.objects.filter(workspace_id=workspace_id, index__gte=position, index__lt=position + AT_ONCE)
        return ahead.order_by("-occurred_at").values_list("occurred_at", flat=True).first()

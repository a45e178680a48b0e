"""Audit Forwarding: switched, and what goes where. A test and the sending of the past have no way back: what was sent is sent."""

from collections.abc import Mapping
from typing import Any, Final

from auditapp.access.permissions import Access, Permission
from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.queries import forwarding_of, position_of, size_of_log
from auditapp.forwarding.services import save_forwarding, told_of_forwarding
from auditapp.lib.errors import Conflict
from auditapp.record.drafts import EventDraft
from auditapp.revert.kind import RevertKind
from auditapp.sources.models import Source

LABELS: Final = {"source": "Source", "query": "Events", "one_name": "One name for all", "enabled": "Enabled"}


class WentNowhere(Conflict):
    """Before this change audit events went nowhere. Set Enabled back too, or turn Audit Forwarding off on its page."""


class AuditForwardingRevert(RevertKind[Forwarding]):
    """It goes on where its reader stopped: what happened meanwhile is caught up with."""

    resource_type = "audit_forwarding"
    settable = tuple(LABELS)

    def find(self, access: Access, resource_id: str, *, lock: bool = False) -> Forwarding | None:
        if lock:
            Forwarding.objects.select_for_update().filter(workspace_id=access.workspace_id).first()
        found = forwarding_of(access.workspace_id)
        return found if found.audit_target.id == resource_id else None

    def values(self, resource: Forwarding) -> dict[str, Any]:
        return {**told_of_forwarding(resource), "enabled": resource.is_on}

    def require(self, access: Access, resource: Forwarding | None) -> None:
        access.require(Permission.WORKSPACE_MANAGE)

    def label(self, path: str, event: EventDraft) -> str:
        return LABELS.get(path) or super().label(path, event)

    def write(self, resource: Forwarding, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        goal = {**self.values(resource), **values}
        if goal["enabled"] and not goal["source"]:
            raise WentNowhere
        save_forwarding(
            source_id=goal["source"], is_on=goal["enabled"], query=goal["query"], has_one_name=goal["one_name"]
        )

    def effects(self, resource: Forwarding | None, values: Mapping[str, Any]) -> list[str]:
        if resource is None:
            return []
        told = []
        goes_to = Source.objects.filter(workspace_id=resource.workspace_id, id=values.get("source", resource.source_id))
        name = goes_to.values_list("name", flat=True).first()
        if "source" in values:
            told.append(
                f"Audit events go to “{name}” from then on." if name else "Audit events go nowhere from then on."
            )
        if values.get("enabled") is True:
            left = max(size_of_log(resource.workspace_id) - position_of(resource), 0) if resource.generation else 0
            caught = f": {left:,} event{'' if left == 1 else 's'} of meanwhile first" if left else ""
            told.append(f"Forwarding goes on where it stopped{caught}.")
        if values.get("enabled") is False:
            told.append("Nothing is forwarded from then on. Turned on again, it goes on where it stopped.")
        if "query" in values:
            told.append("What waits to be forwarded is chosen by this query; what was forwarded stays.")
        return told

    def is_risky(self, resource: Forwarding | None, values: Mapping[str, Any]) -> bool:
        return "source" in values

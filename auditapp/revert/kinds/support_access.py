"""Support access: what was given is taken back, and what was taken back is given again for what is left of its time."""

from collections.abc import Mapping, Sequence
from typing import Any

from auditapp.access.models import Workspace
from auditapp.access.permissions import Access, Permission
from auditapp.access.support import restore_support, revoke_support
from auditapp.access.support_models import SupportAccess
from auditapp.record.drafts import Change, EventDraft
from auditapp.revert.fields import WHOLE
from auditapp.revert.kind import RevertKind


class SupportAccessRevert(RevertKind[SupportAccess]):
    """It is there while it can be used, and is neither changed nor made longer."""

    resource_type = "support_access"

    def find(self, access: Access, resource_id: str, *, lock: bool = False) -> SupportAccess | None:
        if not access.can(Permission.ACCESS_READ):
            return None
        if lock:  # as every change of access does
            Workspace.objects.select_for_update().get(id=access.workspace_id)
        given = SupportAccess.objects.filter(workspace_id=access.workspace_id, id=resource_id)
        found = given.select_related("granted_by", "user").first()
        return found if found and found.is_open else None

    def values(self, resource: SupportAccess) -> dict[str, Any]:
        return {}

    def require(self, access: Access, resource: SupportAccess | None) -> None:
        access.require(Permission.ACCESS_MANAGE)

    def changes(self, event: EventDraft) -> Sequence[Change]:
        what = event.type.rpartition(".")[2]
        if what == "granted":
            return [Change(WHOLE, new=True)]
        return [Change(WHOLE, old=True)] if what == "revoked" else ()

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_support(support_id=resource_id)

    def delete(self, resource: SupportAccess) -> None:
        revoke_support(support_id=resource.id)

    def effects(self, resource: SupportAccess | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return ["They act again in the name of whoever gave it, until the time that was said then and not longer."]
        if resource is not None and WHOLE in values:
            return [
                f"The next request of {resource.user or resource.email} is refused, and what they have running stops."
            ]
        return []

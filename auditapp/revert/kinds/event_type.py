"""Event types that the workspace declared: declared and removed, each of which is undone by the other."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.record.declarations import declare_type, remove_type, whole_of_type
from auditapp.record.drafts import Change, EventDraft
from auditapp.record.models import DeclaredType
from auditapp.revert.fields import WHOLE
from auditapp.revert.kind import RevertKind

LABELS: Final = {
    "name": "Name",
    "area": "Area",
    "resource_type": "Resource",
    "verb": "Verb",
    "risk": "Risk",
    "sentence": "Sentence",
    "schema": "Schema",
    "sensitive_paths": "Sensitive fields",
    "withheld": "Withheld",
}


class EventTypeRevert(RevertKind[DeclaredType]):
    """A declaration never changes; its key is its id, so that one that comes back is declared anew."""

    resource_type = "event_type"

    def seen(self, access: Access, resource_id: str) -> DeclaredType:
        found = DeclaredType.objects.filter(workspace_id=access.workspace_id, key=resource_id).first()
        if found is None:
            raise NotFound
        return found

    def values(self, resource: DeclaredType) -> dict[str, Any]:
        return whole_of_type(resource)

    def require(self, access: Access, resource: DeclaredType | None) -> None:
        access.require(Permission.EVENT_TYPE_MANAGE)

    def changes(self, event: EventDraft) -> Sequence[Change]:
        whole = {"event_type.declared": Change(WHOLE, new=True), "event_type.removed": Change(WHOLE, old=True)}
        return [whole[event.type], *event.changes] if event.type in whole else ()

    def label(self, path: str, event: EventDraft) -> str:
        return LABELS.get(path) or super().label(path, event)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        told = {path: value for path, value in values.items() if path in LABELS and path != "withheld"}
        declare_type(key=resource_id, **{"name": name, **told}, secret_paths=values.get("withheld"))

    def delete(self, resource: DeclaredType) -> None:
        remove_type(key=resource.key)

    def effects(self, resource: DeclaredType | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return ["Its events are named by it again, those that came meanwhile too; new ones are checked by it."]
        return ["Its events stay, and are shown as undeclared."]

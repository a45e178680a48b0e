"""Labels: made, described, deleted. Which source carries one is the source's to undo."""

from collections.abc import Mapping
from typing import Any

from auditapp.access.label_models import Label
from auditapp.access.labels import delete_label, describe_label, label_at, restore_label, whole_of_label
from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.revert.fields import WHOLE
from auditapp.revert.kind import RevertKind


class LabelRevert(RevertKind[Label]):
    resource_type = "label"
    settable = ("description",)

    def seen(self, access: Access, resource_id: str) -> Label:
        if not access.can(Permission.ACCESS_READ):
            raise NotFound
        return label_at(access.workspace_id, *_parts(resource_id))

    def values(self, resource: Label) -> dict[str, Any]:
        return whole_of_label(resource)

    def require(self, access: Access, resource: Label | None) -> None:
        access.require(Permission.LABEL_MANAGE)

    def write(self, resource: Label, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        describe_label(key=resource.key, value=resource.value, description=str(values["description"]))

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        key, value = _parts(resource_id)
        restore_label(key=key, value=value, description=values.get("description", ""))

    def delete(self, resource: Label) -> None:
        delete_label(key=resource.key, value=resource.value)

    def effects(self, resource: Label | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return ["Sources and roles can be given it again. What carried it before does not get it back by this."]
        return []


def _parts(resource_id: str) -> tuple[str, str]:
    key, _, value = resource_id.partition(":")
    return key, value

"""Spaces, as far as they are changed here: name, labels, made known, marked as deleted."""

from collections.abc import Mapping
from typing import Any

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.record.drafts import MISSING
from auditapp.revert.fields import WHOLE
from auditapp.revert.kind import RevertKind
from auditapp.spaces.models import Space
from auditapp.spaces.queries import space_for
from auditapp.spaces.services import change_space, delete_space, restore_space, whole_of_space


class SpaceRevert(RevertKind[Space]):
    """One that is marked as deleted is not there; it comes back under its id. What other systems told of it has no way to them."""

    resource_type = "space"
    settable = ("name", "labels")

    def seen(self, access: Access, resource_id: str) -> Space:
        found = space_for(access, resource_id)
        if found.deleted_at is not None:
            raise NotFound
        return found

    def values(self, resource: Space) -> dict[str, Any]:
        return whole_of_space(resource)

    def require(self, access: Access, resource: Space | None) -> None:
        if resource is None:
            access.require_everywhere(Permission.SPACE_WRITE)
        else:
            access.require(Permission.SPACE_WRITE, resource)

    def write(self, resource: Space, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        labels = values.get("labels", resource.labels)
        change_space(
            space_id=resource.id,
            name=values.get("name", str(resource)),
            labels=[] if labels is MISSING else labels,
        )

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_space(
            space_id=resource_id, name=values.get("name") or name or resource_id, labels=values.get("labels", ())
        )

    def delete(self, resource: Space) -> None:
        delete_space(space_id=resource.id)

    def effects(self, resource: Space | None, values: Mapping[str, Any]) -> list[str]:
        told = ["Roles over spaces by label follow its labels at once."] if "labels" in values else []
        if values.get(WHOLE) is False:
            told.append("It stays as it is in its own system, and so does its history here.")
        return told

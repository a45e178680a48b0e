"""Saved views: renamed, shared, changed in what they show, deleted. Which one somebody opens the trail with is theirs to pick."""

from collections.abc import Mapping
from typing import Any, Final

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.record.drafts import EventDraft
from auditapp.revert.fields import WHOLE
from auditapp.revert.kind import RevertKind
from auditapp.trail.saved_views.models import SavedView
from auditapp.trail.saved_views.queries import visible_views
from auditapp.trail.saved_views.restoring import restore_saved_view
from auditapp.trail.saved_views.services import change_saved_view, delete_saved_view, may_change, whole_of_view

LABELS: Final = {"name": "Name", "query": "Query", "shared": "Shared", "owner": "Owner"}


class SavedViewRevert(RevertKind[SavedView]):
    resource_type = "saved_view"
    settable = ("name", "query", "shared")

    def seen(self, access: Access, resource_id: str) -> SavedView:
        found = visible_views(access).filter(id=resource_id).first()
        if found is None:
            raise NotFound
        return found

    def values(self, resource: SavedView) -> dict[str, Any]:
        return whole_of_view(resource)

    def require(self, access: Access, resource: SavedView | None) -> None:
        access.require(Permission.AUDIT_READ)
        if resource is not None and not may_change(access, resource):
            access.require(Permission.WORKSPACE_MANAGE)

    def label(self, path: str, event: EventDraft) -> str:
        return LABELS.get(path) or super().label(path, event)

    def write(self, resource: SavedView, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        change_saved_view(
            view_id=resource.id,
            name=values.get("name", resource.name),
            query=values.get("query", resource.query),
            is_shared=values.get("shared", resource.is_shared),
        )

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_saved_view(
            view_id=resource_id,
            owner_id=values.get("owner", ""),
            name=values.get("name", name),
            query=values.get("query", ""),
            is_shared=values.get("shared", False),
        )

    def delete(self, resource: SavedView) -> None:
        delete_saved_view(view_id=resource.id)

    def effects(self, resource: SavedView | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return ["Who opened the trail with it picks it again."]
        told = []
        if WHOLE in values:
            told.append("Who opens the trail with it sees everything again.")
        if values.get("shared") is True:
            told.append("Everyone who may open the trail is offered it.")
        if values.get("shared") is False:
            told.append("Only its owner is offered it from then on.")
        return told

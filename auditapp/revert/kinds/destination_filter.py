"""Filters of destinations: switched, changed, deleted."""

from collections.abc import Mapping
from typing import Any, Final

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destination_filters.restoring import restore_filter
from auditapp.pipeline.destination_filters.services import (
    change_filter,
    delete_filter,
    disable_filter,
    enable_filter,
    whole_of_filter,
)
from auditapp.pipeline.destination_filters.words import from_words, in_words
from auditapp.record.drafts import MISSING
from auditapp.revert.fields import WHOLE, flat
from auditapp.revert.kinds.of_source import OfSourceRevert

DESTINATION: Final = "destination"
DEFINED: Final = ("title", "description", "condition", "actions")


class DestinationFilterRevert(OfSourceRevert[DestinationFilter]):
    """Who changes the source changes the filters of its destinations."""

    resource_type = "destination_filter"
    settable = (*DEFINED, "enabled")
    parent = DESTINATION
    depth = 2

    def seen(self, access: Access, resource_id: str) -> DestinationFilter:
        rows = DestinationFilter.objects.filter(workspace_id=access.workspace_id, id=resource_id)
        found = rows.first()
        if found is None or not access.reach(Permission.SOURCE_READ).covers(found.source_id):
            raise NotFound
        return found

    def values(self, resource: DestinationFilter) -> dict[str, Any]:
        return {**flat(whole_of_filter(resource)), DESTINATION: resource.destination_id}

    def write(self, resource: DestinationFilter, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        where = {"destination_id": resource.destination_id, "filter_id": resource.id}
        if any(path in values for path in DEFINED):
            now = {
                "title": resource.title,
                "description": resource.description,
                "condition": resource.condition,
                "actions": in_words(resource.actions),
            }
            said = now | {path: "" if one is MISSING else one for path, one in values.items() if path in DEFINED}
            change_filter(**where, **said | {"actions": from_words(said["actions"])})
        if "enabled" in values:
            (enable_filter if values["enabled"] else disable_filter)(**where)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_filter(
            filter_id=resource_id,
            destination_id=values.get(DESTINATION, ""),
            title=values.get("title", name),
            description=values.get("description", ""),
            condition=values.get("condition", ""),
            actions=values.get("actions", ()),
            is_enabled=bool(values.get("enabled", True)),
            position=values.get("position", 0),
        )

    def delete(self, resource: DestinationFilter) -> None:
        delete_filter(destination_id=resource.destination_id, filter_id=resource.id)

    def effects(self, resource: DestinationFilter | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return ["What is sent from then on goes through it, also what waits already."]
        if WHOLE in values or values.get("enabled") is False:
            return ["Events that it keeps back or cuts are sent whole from then on, also what waits already."]
        return ["What is sent from then on goes through the filter as it was, also what waits already."]

"""Sources: switched, renamed, labelled, deleted."""

from collections.abc import Mapping
from typing import Any

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.record.drafts import MISSING
from auditapp.revert.fields import WHOLE, flat
from auditapp.revert.kind import RevertKind
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for
from auditapp.sources.restoring import restore_source
from auditapp.sources.services import change_source, delete_source, disable_source, enable_source, whole_of_source


class SourceRevert(RevertKind[Source]):
    """A source that comes back has a new write key; what hangs on it is undone with the request that deleted it."""

    resource_type = "source"
    settable = ("name", "labels", "enabled")

    def find(self, access: Access, resource_id: str, *, lock: bool = False) -> Source | None:
        try:
            found = source_for(access, resource_id)
        except NotFound:
            return None
        locked = Source.objects.select_for_update().filter(workspace_id=access.workspace_id, id=resource_id)
        return locked.first() if lock else found

    def values(self, resource: Source) -> dict[str, Any]:
        return flat(whole_of_source(resource))

    def require(self, access: Access, resource: Source | None) -> None:
        if resource is None:
            access.require_everywhere(Permission.SOURCE_CREATE)
        else:
            access.require(Permission.SOURCE_WRITE, resource)

    def write(self, resource: Source, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        if "name" in values or "labels" in values:
            labels = values.get("labels", resource.labels)
            change_source(
                source_id=resource.id,
                name=values.get("name", resource.name),
                labels=[] if labels is MISSING else labels,
            )
        if "enabled" in values:
            (enable_source if values["enabled"] else disable_source)(source_id=resource.id)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_source(
            source_id=resource_id,
            name=values.get("name", name),
            kind=values.get("kind", "http_api"),
            slug=values.get("slug", ""),
            labels=values.get("labels", ()),
            is_enabled=bool(values.get("enabled", True)),
        )

    def delete(self, resource: Source) -> None:
        delete_source(source_id=resource.id)

    def effects(self, resource: Source | None, values: Mapping[str, Any]) -> list[str]:
        told = []
        if values.get(WHOLE) is True:
            told.append("It gets a new write key. What sends to it has to be given that one: the old keys stay dead.")
        elif WHOLE in values:
            told.append(
                "What hangs on it goes with it: destinations, filters, transformations, its place in warehouses."
            )
        if values.get("enabled") is True:
            told.append("Events sent to it are taken again, and go on to its destinations.")
        if values.get("enabled") is False:
            told.append("Events sent to it are refused from then on.")
        if "labels" in values:
            told.append("Roles that are given by label follow the labels.")
        return told

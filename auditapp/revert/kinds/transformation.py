"""Transformations: switched, changed, deleted."""

from collections.abc import Mapping
from typing import Any, Final

from auditapp.access.permissions import Access
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.transformations.queries import transformation_for
from auditapp.pipeline.transformations.restoring import restore_transformation
from auditapp.pipeline.transformations.services import (
    change_transformation,
    delete_transformation,
    disable_transformation,
    enable_transformation,
    whole_of_transformation,
)
from auditapp.pipeline.transformations.telling import TOLD, definition_of, told
from auditapp.record.drafts import MISSING
from auditapp.revert.fields import WHOLE, flat
from auditapp.revert.kinds.of_source import OfSourceRevert

SOURCE: Final = "source"
KEY: Final = "hash_key"


class TransformationRevert(OfSourceRevert[SavedTransformation]):
    """The key of its hash is in no event: it keeps the one that it has, and comes back with one only where it is entered."""

    resource_type = "transformation"
    settable = ("name", "enabled", *TOLD)
    parent = SOURCE
    depth = 2

    def seen(self, access: Access, resource_id: str) -> SavedTransformation:
        return transformation_for(access, resource_id)

    def values(self, resource: SavedTransformation) -> dict[str, Any]:
        return {**flat(whole_of_transformation(resource)), SOURCE: resource.source_id}

    def asks(self, resource: SavedTransformation | None, values: Mapping[str, Any]) -> dict[str, str]:
        if values.get(WHOLE) is True:
            return {KEY: "Key of its hash: without it, it comes back switched off"} if values.get("keyed") else {}
        if values.get("hash", MISSING) is not MISSING and (resource is None or resource.hash_key is None):
            return {KEY: "Key of the hash, if it had one: without it, it is a plain hash"}
        return {}

    def write(self, resource: SavedTransformation, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        if "name" in values or any(path in values for path in TOLD):
            said = told(resource.definition) | {path: one for path, one in values.items() if path in TOLD}
            change_transformation(
                transformation_id=resource.id,
                name=values.get("name", resource.name),
                definition=definition_of({path: one for path, one in said.items() if one is not MISSING}),
                hash_key=secrets.get(KEY) or None,
            )
        if "enabled" in values:
            (enable_transformation if values["enabled"] else disable_transformation)(transformation_id=resource.id)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_transformation(
            transformation_id=resource_id,
            source_id=values.get(SOURCE, ""),
            destination_id=values.get("destination", ""),
            name=values.get("name", name),
            said={path: values[path] for path in TOLD if path in values},
            hash_key=secrets.get(KEY, ""),
            is_keyed=bool(values.get("keyed")),
            is_enabled=bool(values.get("enabled", True)),
        )

    def delete(self, resource: SavedTransformation) -> None:
        delete_transformation(transformation_id=resource.id)

    def effects(self, resource: SavedTransformation | None, values: Mapping[str, Any]) -> list[str]:
        if WHOLE in values and values[WHOLE] is not True:
            return ["Events go on as they come in from then on. What went through it stays as it left it."]
        if values.get("enabled") is False:
            return ["Events go on as they come in from then on. What went through it stays as it left it."]
        return ["Events that come in from then on go through it. What came in before stays as it is."]

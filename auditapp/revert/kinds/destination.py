"""Destinations: switched, paused, renamed, set otherwise, deleted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from auditapp.access.permissions import Access
from auditapp.pipeline.delivery.positions import head_of, own_delivery
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destination_for
from auditapp.pipeline.destinations.registry import destination_kind, destination_kinds
from auditapp.pipeline.destinations.restoring import restore_destination
from auditapp.pipeline.destinations.services import (
    change_destination,
    delete_destination,
    disable_destination,
    enable_destination,
    pause_destination,
    resume_destination,
    whole_of_destination,
)
from auditapp.record.drafts import MISSING, Change, EventDraft
from auditapp.revert.fields import WHOLE, flat
from auditapp.revert.kinds.of_source import OfSourceRevert

SETTINGS: Final = "settings."
SOURCE: Final = "source"
# What says where data goes, whatever the kind calls it.
ADDRESS: Final = frozenset({"url", "host", "port", "endpoint", "bucket", "region", "site", "recipients"})


class DestinationRevert(OfSourceRevert[Destination]):
    """Its secrets are in no event: it keeps those that it has, and comes back without any, switched off."""

    resource_type = "destination"
    settable = ("name", "format", "enabled", "paused", SETTINGS)
    parent = SOURCE
    # It comes back switched off, however it was.
    left = frozenset({"enabled", "paused"})
    depth = 1

    def seen(self, access: Access, resource_id: str) -> Destination:
        return destination_for(access, resource_id)

    def values(self, resource: Destination) -> dict[str, Any]:
        return {**flat(whole_of_destination(resource)), SOURCE: resource.source_id}

    def changes(self, event: EventDraft) -> Sequence[Change]:
        # The secret before was shown once, and is not kept.
        return () if event.type.endswith(".secret_rotated") else super().changes(event)

    def label(self, path: str, event: EventDraft) -> str:
        if path.startswith(SETTINGS):
            name = path.removeprefix(SETTINGS)
            fields = (field for kind in destination_kinds() for field in kind.fields if field.name == name)
            return next((field.label for field in fields), name)
        return super().label(path, event)

    def asks(self, resource: Destination | None, values: Mapping[str, Any]) -> dict[str, str]:
        if resource is None or not _moves(values):
            return {}
        hidden = [one for one in destination_kind(resource.kind).fields if one.is_secret]
        return {f"{SETTINGS}{one.name}": f"{one.label}, if that address takes another one than now" for one in hidden}

    def write(self, resource: Destination, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        # Turned on under the settings that were tested, before they change.
        if values.get("enabled") is True:
            enable_destination(destination_id=resource.id)
        if any(path in {"name", "format"} or path.startswith(SETTINGS) for path in values):
            known = {one.name for one in destination_kind(resource.kind).fields}
            set_back = {path.removeprefix(SETTINGS): one for path, one in values.items() if path.startswith(SETTINGS)}
            entered = {path.removeprefix(SETTINGS): one for path, one in secrets.items() if one}
            settings = {**resource.settings, **set_back, **entered}
            change_destination(
                destination_id=resource.id,
                name=values.get("name", resource.name),
                form=values.get("format", resource.form),
                settings={name: one for name, one in settings.items() if one is not MISSING and name in known},
            )
        if values.get("enabled") is False:
            disable_destination(destination_id=resource.id)
        if "paused" in values:
            (pause_destination if values["paused"] else resume_destination)(destination_id=resource.id)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_destination(
            destination_id=resource_id,
            source_id=values.get(SOURCE, ""),
            kind=values.get("kind", ""),
            name=values.get("name", name),
            form=values.get("format", "segment"),
            settings={path.removeprefix(SETTINGS): one for path, one in values.items() if path.startswith(SETTINGS)},
        )

    def delete(self, resource: Destination) -> None:
        delete_destination(destination_id=resource.id)

    def effects(self, resource: Destination | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return [
                "It comes back switched off and without secrets: enter them, send a test event, then turn it on.",
                "It gets what comes in from then on. What came in since its deletion can be sent with a replay.",
                "Its filters, transformations and function come back where the whole request is undone.",
            ]
        if WHOLE in values:
            return ["What still waits for it is not sent any more. Its filters and transformations go with it."]
        return _effects(resource, values) if resource else []

    def is_risky(self, resource: Destination | None, values: Mapping[str, Any]) -> bool:
        return WHOLE in values or _moves(values)


def _moves(values: Mapping[str, Any]) -> bool:
    """Whether events would go to another address than now."""
    return any(path.startswith(SETTINGS) and path.removeprefix(SETTINGS) in ADDRESS for path in values)


def _effects(destination: Destination, values: Mapping[str, Any]) -> list[str]:
    told = []
    goes_on = values.get("enabled", destination.is_enabled) and not values.get("paused", destination.paused_at)
    if goes_on and {"enabled", "paused"} & {*values}:
        waiting = max(head_of(destination) - own_delivery(destination).next_index, 0)
        events = f"{waiting:,} event{' waits' if waiting == 1 else 's wait'}"
        told.append(f"Deliveries go on from where they stopped: {events}.")
    elif {"enabled", "paused"} & {*values}:
        told.append("Nothing is sent to it; its place in the inbox stays.")
    if _moves(values):
        told.append("What is sent from then on goes to the address that these settings name.")
    if "format" in values or any(path.startswith(SETTINGS) for path in values):
        told.append("Once it is turned off, it needs a new test event before it is turned on again.")
    if "name" in values:
        told.append("Events that name it in their integrations have to use this name.")
    return told

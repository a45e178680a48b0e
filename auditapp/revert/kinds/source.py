"""Sources: switched, renamed, labelled, deleted; what they let through, and what they do with events that no plan knows."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from auditapp.access.known_labels import known_labels, still_known
from auditapp.access.labelling import Labelled, shifts
from auditapp.access.permissions import Access, Permission, acting_access
from auditapp.lib.errors import Conflict, NotFound
from auditapp.pipeline.plans.connections import change_schema_settings
from auditapp.pipeline.plans.schema_words import BLOCKED_TO, SCHEMA, VIOLATIONS_TO, schema_in_words, settings_from_words
from auditapp.record.acting import current_acting
from auditapp.record.drafts import MISSING, Change, EventDraft
from auditapp.revert.fields import WHOLE, flat
from auditapp.revert.kind import RevertKind
from auditapp.sources.models import SeenEvent, Source
from auditapp.sources.queries import source_for
from auditapp.sources.restoring import restore_source
from auditapp.sources.schema import EventName
from auditapp.sources.schema_services import NAMED, allow_event, archive_event, block_event, restore_event
from auditapp.sources.services import change_source, delete_source, disable_source, enable_source, whole_of_source

ALLOWED: Final = "allowed."
ARCHIVED: Final = "archived."
FORWARDS: Final = (f"{SCHEMA}{VIOLATIONS_TO}", f"{SCHEMA}{BLOCKED_TO}")
# By the end of an event's type: the field that it sets, and to what.
_OF_ONE_EVENT: Final = {
    "event_allowed": (ALLOWED, True),
    "event_blocked": (ALLOWED, False),
    "event_archived": (ARCHIVED, True),
    "event_restored": (ARCHIVED, False),
}


class EventUnseen(Conflict):
    """This source has not seen this event since it came back, so there is nothing to change about it yet."""


class SourceRevert(RevertKind[Source]):
    """A source that comes back has a new write key; what hangs on it is undone with the request that deleted it."""

    resource_type = "source"
    settable = ("name", "labels", "enabled", SCHEMA, ALLOWED, ARCHIVED)

    def seen(self, access: Access, resource_id: str) -> Source:
        return source_for(access, resource_id)

    def values(self, resource: Source) -> dict[str, Any]:
        told = {path: value for path, value in flat(whole_of_source(resource)).items() if path != "blocked"}
        seen = SeenEvent.objects.filter(workspace_id=resource.workspace_id, source_id=resource.id, type__in=NAMED)
        for kind, name, is_allowed, is_archived in seen.values_list("type", "name", "is_allowed", "is_archived"):
            told |= {f"{ALLOWED}{kind}/{name}": is_allowed, f"{ARCHIVED}{kind}/{name}": is_archived}
        return told | flat({"schema": schema_in_words(resource)})

    def require(self, access: Access, resource: Source | None) -> None:
        if resource is None:
            access.require_everywhere(Permission.SOURCE_CREATE)
        else:
            access.require(Permission.SOURCE_WRITE, resource)

    def changes(self, event: EventDraft) -> Sequence[Change]:
        area, _, what = event.type.rpartition(".")
        if area == "source_schema" and what in _OF_ONE_EVENT:
            call, name = event.meta.get("call"), event.meta.get("event")
            field, value = _OF_ONE_EVENT[what]
            return [Change(f"{field}{call}/{name}", not value, value)] if call in NAMED and name is not None else ()
        return [one for change in super().changes(event) for one in _spread(change)]

    def label(self, path: str, event: EventDraft) -> str:
        for field, words in ((ALLOWED, "allowed"), (ARCHIVED, "archived")):
            if path.startswith(field):
                return f"Event {_event_at(path).name} {words}"
        return super().label(path, event)

    def write(self, resource: Source, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        if "name" in values or "labels" in values:
            labels = resource.labels
            if "labels" in values:
                labels = still_known(resource.workspace_id, values["labels"] or ())
            change_source(source_id=resource.id, name=values.get("name", resource.name), labels=labels)
        if "enabled" in values:
            (enable_source if values["enabled"] else disable_source)(source_id=resource.id)
        if schema := {path: value for path, value in values.items() if path.startswith(SCHEMA)}:
            change_schema_settings(source_id=resource.id, **settings_from_words(resource.workspace_id, schema))
        for path, value in values.items():
            if path.startswith((ALLOWED, ARCHIVED)):
                _set_event(resource, path, value)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_source(
            source_id=resource_id,
            name=values.get("name", name),
            kind=values.get("kind", "http_api"),
            slug=values.get("slug", ""),
            labels=values.get("labels", ()),
            is_enabled=bool(values.get("enabled", True)),
            blocked=[_event_at(path) for path, value in values.items() if path.startswith(ALLOWED) and value is False],
        )
        schema = {path: value for path, value in values.items() if path.startswith(SCHEMA)}
        here = current_acting().workspace_id
        names = set(Source.objects.filter(workspace_id=here).values_list("name", flat=True))
        known = {path: value for path, value in schema.items() if path not in FORWARDS or value in names}
        if known:
            change_schema_settings(source_id=resource_id, **settings_from_words(here, known))

    def delete(self, resource: Source) -> None:
        delete_source(source_id=resource.id)

    def effects(self, resource: Source | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            key = "It gets a new write key. What sends to it has to be given that one: the old keys stay dead."
            return [key, *_taken(values), *_gone(values.get("labels") or ())]
        if WHOLE in values:
            return ["What hangs on it goes with it: destinations, filters, transformations, its place in warehouses."]
        told = []
        if values.get("enabled") is True:
            told.append("Events sent to it are taken again, and go on to its destinations.")
        if values.get("enabled") is False:
            told.append("Events sent to it are refused from then on.")
        for path, value in values.items():
            if path.startswith(ALLOWED) and value is True:
                told.append(f"“{_event_at(path).name}” goes on again. What was stopped meanwhile does not.")
            elif path.startswith(ALLOWED):
                told.append(f"“{_event_at(path).name}” is stopped at the source from then on.")
        if any(path.startswith(SCHEMA) for path in values):
            told.append("What comes in from then on is let through by these settings. What was stopped stays so.")
        if "labels" in values:
            told.append("Roles that are given by label follow the labels.")
            told += [*_gone(values["labels"] or ()), *_shifted(resource, values["labels"] or ())]
        return told

    def is_risky(self, resource: Source | None, values: Mapping[str, Any]) -> bool:
        return WHOLE in values or any(values.get(path) is not None for path in FORWARDS)


def _event_at(path: str) -> EventName:
    kind, _, name = path.partition(".")[2].partition("/")
    return EventName(kind, name)


def _set_event(source: Source, path: str, value: Any) -> None:
    where = {"source_id": source.id, **_event_at(path)._asdict()}
    try:
        if path.startswith(ALLOWED):
            (allow_event if value else block_event)(**where)
        else:
            (archive_event if value else restore_event)(**where)
    except NotFound:
        raise EventUnseen from None


def _spread(change: Change) -> list[Change]:
    """The list of what a source blocked, which its end tells, as the fields that each of it is."""
    if change.path != "blocked":
        return [change]
    if change.old is MISSING:
        return [Change(f"{ALLOWED}{one}", new=False) for one in change.new]
    return [Change(f"{ALLOWED}{one}", old=False) for one in change.old]


def _gone(labels: Sequence[str]) -> list[str]:
    """What of its labels was deleted since."""
    known = set(map(str, known_labels(current_acting().workspace_id))) if labels else set()
    return [f"{one} is no label any more: it comes without it." for one in labels if one not in known]


def _shifted(source: Source | None, labels: Sequence[str]) -> list[str]:
    """Who gets what by its labels and who loses what, for who may see that."""
    if source is None or not acting_access().can(Permission.ACCESS_READ):
        return []
    found = shifts(source.workspace_id, Labelled("source", source.id), source.labels, labels)
    sides = [(one.user, verb, side) for one in found for verb, side in (("gains", one.gains), ("loses", one.loses))]
    return [f"{user} {verb}: {', '.join(one.meaning for one in side)}." for user, verb, side in sides if side]


def _taken(values: Mapping[str, Any]) -> list[str]:
    """What another source has by now of what this one comes back with."""
    others = Source.objects.filter(workspace_id=current_acting().workspace_id)
    told = []
    if others.filter(name__iexact=values.get("name", "")).exists():
        told.append(f"Another source is called “{values['name']}” by now. Rename that one first.")
    if others.filter(slug=values.get("slug", "")).exists():
        told.append(f"Another source has the address “{values['slug']}” by now: it comes back under a new one.")
    return told

"""Functions: renamed, coded otherwise, deployed, put somewhere and taken out, deleted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import QuerySet

from auditapp.access.permissions import Access, Permission, acting_access
from auditapp.lib.errors import Conflict, NotFound
from auditapp.pipeline.destinations.queries import visible_destinations
from auditapp.pipeline.functions.models import Function, FunctionUse
from auditapp.pipeline.functions.queries import function_for, version_of
from auditapp.pipeline.functions.restoring import restore_function
from auditapp.pipeline.functions.services import (
    change_function,
    code_of,
    delete_function,
    deploy_function,
    whole_of_function,
)
from auditapp.pipeline.functions.setting_input import from_words
from auditapp.pipeline.functions.uses import put_function, take_function_out
from auditapp.record.drafts import MISSING, Change, EventDraft
from auditapp.revert.fields import WHOLE, flat
from auditapp.revert.kind import RevertKind

CODE: Final = "code_sha256"
ASKS_FOR: Final = "asks_for"
DEPLOYED: Final = "deployed_version"
# in.<id of the source or destination>, and in.<id>.settings.<name>
IN: Final = "in."


class PlaceGone(Conflict):
    """What this function was put into is not there any more. Undo its deletion first."""


class NotThere(Conflict):
    """The function is not there any more: put it back together with its settings."""


class InsertFunctionRevert(RevertKind[Function]):
    """Code is told by its fingerprint, and goes back to the version that has it. Where it is put is a field for each place."""

    resource_type = "insert_function"
    settable = ("name", "description", CODE, ASKS_FOR, DEPLOYED, IN)
    depth = 1

    def seen(self, access: Access, resource_id: str) -> Function:
        return function_for(access, resource_id)

    def values(self, resource: Function) -> dict[str, Any]:
        placed: dict[str, Any] = {}
        for use in _uses(resource):
            place = f"{IN}{use.destination_id or use.source_id}"
            placed |= {place: True, **{f"{place}.settings.{name}": value for name, value in use.settings.items()}}
        return {**flat(whole_of_function(resource)), **placed}

    def require(self, access: Access, resource: Function | None) -> None:
        if resource is None:
            access.require_everywhere(Permission.FUNCTION_WRITE)
        # Who may change a source puts functions into it; whether it is this one, the service asks.
        elif not access.can(Permission.SOURCE_WRITE):
            access.require(Permission.FUNCTION_WRITE, resource)

    def changes(self, event: EventDraft) -> Sequence[Change]:
        what = event.type.partition(".")[2]
        if what in {"enabled", "disabled", "settings_modified"}:
            return [_in_place(f"{IN}{event.targets[1].id}", one) for one in event.changes] if event.targets[1:] else ()
        if what == "deployed":
            # Before the first deployment there was no version to go back to.
            return [one for one in event.changes if one.old is not None]
        if what == "version_restored":
            return [one for one in event.changes if one.path == CODE]
        return super().changes(event)

    def label(self, path: str, event: EventDraft) -> str:
        if not path.startswith(IN):
            return super().label(path, event)
        place, name = _parts(path)
        named = next((one.name for one in event.targets if one.id == place), "") or place
        return f"{name} in {named}" if name else f"Put into {named}"

    def asks(self, resource: Function | None, values: Mapping[str, Any]) -> dict[str, str]:
        hidden = [one for one in resource.settings if one["sensitive"]] if resource else []
        places = [
            path for path, value in values.items() if path.startswith(IN) and value is True and not _parts(path)[1]
        ]
        return {f"{place}.settings.{one['name']}": one["label"] for place in places for one in hidden}

    def write(self, resource: Function, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        gone = [
            path for path, value in values.items() if path.startswith(IN) and value is MISSING and not _parts(path)[1]
        ]
        for path in gone:
            _take_out(resource, _parts(path)[0])
        if {"name", "description", CODE, ASKS_FOR} & {*values}:
            latest = version_of(resource, resource.latest_version)
            change_function(
                function_id=resource.id,
                name=values.get("name", resource.name),
                description=values.get("description", resource.description),
                code=code_of(resource, values[CODE]) if CODE in values else latest.code,
                settings=from_words(values[ASKS_FOR]) if ASKS_FOR in values else None,
            )
        if DEPLOYED in values:
            deploy_function(function_id=resource.id, version=values[DEPLOYED])
        places: dict[str, dict[str, Any]] = defaultdict(dict)
        for path, value in values.items():
            place, name = _parts(path)
            if path.startswith(IN) and f"{IN}{place}" not in gone:
                places[place] |= {name: value} if name else {}
        for place, settings in places.items():
            entered = {_parts(path)[1]: one for path, one in secrets.items() if _parts(path)[0] == place and one}
            _put(resource, place, {**settings, **entered}, is_new=f"{IN}{place}" in values)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_function(
            function_id=resource_id,
            name=values.get("name", name),
            description=values.get("description", ""),
            resource_type=values.get("resource_type", ""),
            settings=from_words(values.get(ASKS_FOR, ())),
            deployed_version=values.get(DEPLOYED),
        )

    def delete(self, resource: Function) -> None:
        delete_function(function_id=resource.id)

    def effects(self, resource: Function | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return ["It comes back with all its versions. No event goes through it before it is put somewhere again."]
        if WHOLE in values:
            return ["It goes with all its versions, which are kept for 30 days."]
        return _effects(resource, values) if resource else []


def _effects(function: Function, values: Mapping[str, Any]) -> list[str]:
    told = []
    if CODE in values:
        told.append("The code of then becomes the latest version. Events go through the deployed one as before.")
    if DEPLOYED in values:
        told.append(f"Events go through version {values[DEPLOYED]} from then on, wherever the function is.")
    for path, value in values.items():
        place, name = _parts(path)
        if not path.startswith(IN) or name:
            continue
        if value is MISSING:
            told.append("Events pass there without the function from then on.")
            continue
        told.append("Events go through the function there from then on.")
        source_id, destination_id = _place(place)
        other = _uses_in(function.workspace_id, source_id, destination_id).exclude(function_id=function.id).first()
        if other:
            held = Function.objects.filter(workspace_id=function.workspace_id, id=other.function_id).first()
            told.append(f"It takes the place of “{held.name if held else 'another one'}”.")
    return told


def _in_place(place: str, change: Change) -> Change:
    """A change of where a function is put, or of its settings there, as a field of the function."""
    if change.path == "enabled":
        return Change(place, old=True) if change.old is True else Change(place, new=True)
    return Change(f"{place}.{change.path}", change.old, change.new)


def _parts(path: str) -> tuple[str, str]:
    """The place, and the name of a setting in it, "" for the place itself."""
    _, place, _, name = [*path.split(".", 3), "", "", ""][:4]
    return place, name


def _uses(function: Function) -> QuerySet[FunctionUse]:
    return FunctionUse.objects.filter(workspace_id=function.workspace_id, function_id=function.id)


def _uses_in(workspace_id: int, source_id: str, destination_id: str) -> QuerySet[FunctionUse]:
    return FunctionUse.objects.filter(workspace_id=workspace_id, source_id=source_id, destination_id=destination_id)


def _place(place_id: str) -> tuple[str, str]:
    """The ids of the source, and of the destination where it is one."""
    destination = visible_destinations(acting_access()).filter(id=place_id).first()
    return (destination.source_id, destination.id) if destination else (place_id, "")


def _take_out(function: Function, place_id: str) -> None:
    source_id, destination_id = _place(place_id)
    if not _uses_in(function.workspace_id, source_id, destination_id).filter(function_id=function.id).exists():
        raise NotThere("The function is not there any more: somebody took it out, or put another one there.")
    take_function_out(source_id=source_id, destination_id=destination_id)


def _put(function: Function, place_id: str, settings: Mapping[str, Any], *, is_new: bool) -> None:
    source_id, destination_id = _place(place_id)
    use = _uses_in(function.workspace_id, source_id, destination_id).filter(function_id=function.id).first()
    if use is None and not is_new:
        raise NotThere
    held = use.settings if use else {}
    try:
        put_function(
            source_id=source_id,
            destination_id=destination_id,
            function_id=function.id,
            settings={name: value for name, value in {**held, **settings}.items() if value is not MISSING},
        )
    except NotFound:
        raise PlaceGone from None

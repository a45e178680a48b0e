"""What a source does with events that its plan does not know or that break it, in the fields of Segment's API."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from auditapp.lib.errors import Invalid, Problem
from auditapp.lib.json_pointer import json_pointer


class OnCommon(StrEnum):
    """What happens where the common schema is broken. OMIT_PROPERTIES and OMIT_TRAITS are one thing for different calls."""

    ALLOW = "ALLOW"
    BLOCK = "BLOCK"
    OMIT = "OMIT"


@dataclass(frozen=True, slots=True)
class CallSettings:
    """For one kind of call: what is allowed. Fields are its properties or traits."""

    allows_unplanned_events: bool = True
    allows_unplanned_fields: bool = True
    allows_event_on_violations: bool = True
    allows_fields_on_violations: bool = True
    on_common_violations: OnCommon = OnCommon.ALLOW


@dataclass(frozen=True, slots=True)
class SchemaSettings:
    """Of one source. Page and screen calls are rows of the plan like track calls and follow the same settings."""

    track: CallSettings = CallSettings()
    identify: CallSettings = CallSettings()
    group: CallSettings = CallSettings()

    def of(self, call: Any) -> CallSettings:
        """The settings of a kind of call; alias has no fields to plan, and is always allowed."""
        if call in ("track", "page", "screen"):
            return self.track
        if call == "identify":
            return self.identify
        return self.group if call == "group" else ALLOW_ALL


ALLOW_ALL: Final = CallSettings()
ALLOW_EVERYTHING: Final = SchemaSettings()
_TRACK_NAMES: Final = {
    "allowUnplannedEvents": "allows_unplanned_events",
    "allowUnplannedEventProperties": "allows_unplanned_fields",
    "allowEventOnViolations": "allows_event_on_violations",
    "allowPropertiesOnViolations": "allows_fields_on_violations",
    "commonEventOnViolations": "on_common_violations",
}
_TRAIT_NAMES: Final = {
    "allowUnplannedTraits": "allows_unplanned_fields",
    "allowTraitsOnViolations": "allows_fields_on_violations",
    "commonEventOnViolations": "on_common_violations",
}
_NAMES: Final = {"track": _TRACK_NAMES, "identify": _TRAIT_NAMES, "group": _TRAIT_NAMES}
_COMMON_NAMES: Final = {
    call: {"ALLOW": OnCommon.ALLOW, "BLOCK": OnCommon.BLOCK, omit: OnCommon.OMIT}
    for call, omit in (("track", "OMIT_PROPERTIES"), ("identify", "OMIT_TRAITS"), ("group", "OMIT_TRAITS"))
}


def settings_as_json(settings: SchemaSettings) -> dict[str, dict[str, Any]]:
    """As the API says them."""
    return {call.name: _call_as_json(call.name, getattr(settings, call.name)) for call in fields(settings)}


def _call_as_json(call: str, settings: CallSettings) -> dict[str, Any]:
    said = {theirs: getattr(settings, ours) for theirs, ours in _NAMES[call].items()}
    words = {ours: theirs for theirs, ours in _COMMON_NAMES[call].items()}
    return {**said, "commonEventOnViolations": words[settings.on_common_violations]}


def settings_of(value: Any, before: SchemaSettings | None = None) -> SchemaSettings:
    """The settings with what this JSON value changes.

    Raises:  Invalid, with a pointer to each problem
    """
    if not isinstance(value, Mapping):
        raise Invalid("Send an object with track, identify and group.")
    problems: list[Problem] = []
    calls = {}
    for call, names in _NAMES.items():
        old = getattr(before or SchemaSettings(), call)
        sent = value.get(call, {})
        changed = {ours: getattr(old, ours) for ours in names.values()}
        if not isinstance(sent, Mapping):
            problems.append(Problem(json_pointer(None, call), "Send an object."))
            continue
        for name, item in sent.items():
            ours = names.get(name)
            wanted = f"one of {', '.join(_COMMON_NAMES[call])}" if ours == "on_common_violations" else "true or false"
            if ours is None:
                problems.append(Problem(json_pointer(None, call, str(name)), f"There are {', '.join(names)}."))
            elif ours == "on_common_violations" and isinstance(item, str) and item in _COMMON_NAMES[call]:
                changed[ours] = _COMMON_NAMES[call][item]
            elif ours != "on_common_violations" and isinstance(item, bool):
                changed[ours] = item
            else:
                problems.append(Problem(json_pointer(None, call, name), f"Send {wanted}."))
        calls[call] = CallSettings(**changed)
    if problems:
        raise Invalid(problems=problems)
    return SchemaSettings(**calls)

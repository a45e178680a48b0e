"""A definition as events of the trail tell it, each kind of change in words, and read back from them."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from auditapp.lib.errors import Invalid
from auditapp.pipeline.field_names import NAME, quoted, unquoted

# What each kind of change is called in an event, and which events it is about.
TOLD: Final = ("condition", "new_name", "rename", "values", "casing", "defined", "allow", "hash", "drop")
_RENAME: Final = re.compile(rf"({NAME}) to ({NAME})")
_SET: Final = re.compile(rf"({NAME}) = (.*)", re.DOTALL)
_CASING: Final = re.compile(rf"({NAME}) in ({NAME})")
_HASH: Final = re.compile(rf"({NAME}) by ({NAME})(?: as ({NAME}))?")


def told(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What events tell of a definition."""
    hashing = definition.get("hashPropertiesConfiguration") or {}
    encoding = f" as {quoted(hashing['encoding'])}" if hashing.get("encoding") else ""
    said: dict[str, Any] = {
        "condition": definition.get("if"),
        "new_name": definition.get("newEventName"),
        "rename": [
            f"{quoted(one['oldName'])} to {quoted(one['newName'])}" for one in definition.get("propertyRenames") or ()
        ],
        "values": [
            f"{quoted(path)} = {_json(one['propertyValue'])}"
            for one in definition.get("propertyValueTransformations") or ()
            for path in one["propertyPaths"]
        ],
        "casing": [
            f"{quoted(path)} in {quoted(one['casing'])}"
            for one in definition.get("propertyCasings") or ()
            for path in one["propertyPaths"]
        ],
        "defined": [
            f"{quoted(one['propertyName'])} = {one['fql']}" for one in definition.get("fqlDefinedProperties") or ()
        ],
        "allow": definition.get("allowProperties"),
        "hash": [f"{quoted(path)} by {quoted(hashing['algorithm'])}{encoding}" for path in hashing.get("paths", ())],
        "drop": definition.get("drop"),
    }
    return {key: value for key, value in said.items() if value}


def definition_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """The definition of which this is told.

    >>> definition_of({"condition": "all", "rename": ["orderId to order_id"]})
    {'if': 'all', 'propertyRenames': [{'oldName': 'orderId', 'newName': 'order_id'}]}

    Raises:  Invalid
    """
    renames = [{"oldName": old, "newName": new} for old, new in _read(_RENAME, said, "rename")]
    values = ((path, json.loads(value)) for path, value in _read(_SET, said, "values"))
    defined = [{"propertyName": name, "fql": fql} for name, fql in _read(_SET, said, "defined")]
    hashes = list(_read(_HASH, said, "hash"))
    found: dict[str, Any] = {
        "if": said.get("condition"),
        "newEventName": said.get("new_name"),
        "propertyRenames": renames,
        "propertyValueTransformations": _together("propertyValue", values),
        "propertyCasings": _together("casing", _read(_CASING, said, "casing")),
        "fqlDefinedProperties": defined,
        "allowProperties": said.get("allow"),
        "drop": said.get("drop"),
    }
    if hashes:
        hashing = {"algorithm": hashes[0][1], "encoding": hashes[0][2], "paths": [path for path, *_ in hashes]}
        found["hashPropertiesConfiguration"] = {key: value for key, value in hashing.items() if value}
    return {key: value for key, value in found.items() if value}


def _read(pattern: re.Pattern[str], said: Mapping[str, Any], key: str) -> Iterable[Sequence[str]]:
    """The parts of each line, names without their quotes; what is set to is as it stands."""
    for line in said.get(key) or ():
        found = pattern.fullmatch(line)
        if found is None:
            raise Invalid(f"This says no change: {line[:100]}", field=key)
        name, *others = found.groups(default="")
        yield [unquoted(name), *(others if pattern is _SET else map(unquoted, others))]


def _json(value: Any) -> str:
    """JSON in one order: what is stored comes back with its keys in another than they were sent in."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _together(name: str, pairs: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Paths that get the same one after the other as one item, as a definition has at most ten."""
    groups = groupby(pairs, key=lambda pair: _json(pair[1]))
    listed = [(json.loads(value), [path for path, _ in group]) for value, group in groups]
    return [{"propertyPaths": paths, name: value} for value, paths in listed]

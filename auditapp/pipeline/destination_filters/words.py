"""A filter in words, which can be read back: for the list, for the trail, and `Only send`, which is a drop of everything else."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from auditapp.lib.errors import AppError, Invalid
from auditapp.pipeline.destination_filters.actions import ActionType, only_send
from auditapp.pipeline.destination_filters.fql import EVERYTHING, compile_fql
from auditapp.pipeline.field_names import NAME, quoted, unquoted

_FIELDS: Final = {"Drop": ActionType.DROP_PROPERTIES, "Keep only": ActionType.ALLOW_PROPERTIES}
_SAMPLE: Final = re.compile(rf"Let ([0-9.]+) %(?: of the values of ({NAME}))? through")
_TOKEN: Final = re.compile(rf"{NAME}|[:,;]")


def in_words(actions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each action as a line.

    >>> in_words([{"type": "DROP_PROPERTIES", "fields": {"properties": ["email", "phone no"], "context": ["ip"]}}])
    ['Drop context: ip; properties: email, "phone no"']
    """
    return [_in_words(action) for action in actions]


def from_words(lines: Sequence[str]) -> list[dict[str, Any]]:
    """The actions that these lines say.

    >>> from_words(["Let 10 % of the values of userId through"])
    [{'type': 'SAMPLE', 'percent': 0.1, 'path': 'userId'}]

    Raises:  Invalid
    """
    return [_from_words(line) for line in lines]


def only_sent(condition: str, actions: Sequence[Mapping[str, Any]]) -> str | None:
    """The condition of what alone is sent, where a filter drops everything else; None where it does something else."""
    if [action.get("type") for action in actions] != [ActionType.DROP]:
        return None
    if condition == "false":
        return EVERYTHING
    if not (condition.startswith("!(") and condition.endswith(")")):
        return None
    inner = condition[2:-1]
    try:
        compile_fql(inner)  # !(a) or (b) begins and ends so, too
    except AppError:
        return None
    return inner if only_send(inner) == condition else None


def _in_words(action: Mapping[str, Any]) -> str:
    kind = action["type"]
    if kind == ActionType.DROP:
        return "Drop"
    if kind == ActionType.SAMPLE:
        of = f" of the values of {quoted(action['path'])}" if action.get("path") else ""
        share = f"{Decimal(str(action['percent'])) * 100:f}"
        return f"Let {share.rstrip('0').rstrip('.') if '.' in share else share} %{of} through"
    groups = []
    # In one order: stored as JSON, they come back in another than they were sent in.
    for place, names in sorted(action["fields"].items()):
        listed = ", ".join(quoted(name) for name in _names(names))
        groups.append(f"{quoted(place)}: {listed}".rstrip() if place or not listed else listed)
    return f"{'Drop' if kind == ActionType.DROP_PROPERTIES else 'Keep only'} {'; '.join(groups)}"


def _from_words(line: str) -> dict[str, Any]:
    if line == "Drop":
        return {"type": str(ActionType.DROP)}
    if sample := _SAMPLE.fullmatch(line):
        path = {"path": unquoted(sample[2])} if sample[2] else {}
        return {"type": str(ActionType.SAMPLE), "percent": float(Decimal(sample[1]) / 100), **path}
    for words, kind in _FIELDS.items():
        if line.startswith(f"{words} "):
            return {"type": str(kind), "fields": _groups(line.removeprefix(f"{words} "))}
    raise Invalid(f"This says no action: {line[:100]}", field="actions")


def _groups(said: str) -> dict[str, list[str]]:
    groups: list[list[str]] = [[]]
    for part in _TOKEN.findall(said):
        if part == ";":
            groups.append([])
        else:
            groups[-1].append(part)
    fields = {}
    for group in groups:
        has_place = group[1:2] == [":"]
        names = group[2:] if has_place else group
        fields[unquoted(group[0]) if has_place else ""] = [unquoted(name) for name in names if name != ","]
    return fields


def _names(value: Any) -> list[str]:
    names: list[str] = value.get("fields", []) if isinstance(value, Mapping) else value
    return names
